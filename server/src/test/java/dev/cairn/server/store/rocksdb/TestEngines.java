package dev.cairn.server.store.rocksdb;

/** Engines that take little of the machine. */
final class TestEngines {
  private static final long MIB = 1 << 20;

  private TestEngines() {}

  static RocksStoreEngine small() {
    return withLargeCollectionsFrom(64 * MIB);
  }

  /** To which almost every collection is large. */
  static RocksStoreEngine ofOwnFamilies() {
    return withLargeCollectionsFrom(50);
  }

  private static RocksStoreEngine withLargeCollectionsFrom(long bytes) {
    return new RocksStoreEngine(new EngineSettings(32 * MIB, 8 * MIB, 500 * MIB, 2, 16, 64, bytes));
  }
}
