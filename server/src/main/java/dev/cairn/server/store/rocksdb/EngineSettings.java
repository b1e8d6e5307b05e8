package dev.cairn.server.store.rocksdb;

/**
 * How much of the machine the storage engine may use, all databases together.
 *
 * @param cacheBytes memory for blocks read from table files; the write buffers count towards it
 * @param writeBufferBytes memory for changes not yet in table files, part of {@code cacheBytes}.
 *     Every open database that was written to keeps a little of it whatever it needs, and once the
 *     sum is above this every further write makes a tiny table file, so it must leave room for
 *     {@code maxOpenDatabases}
 * @param backgroundBytesPerSecond how fast flushes and compactions may write to the disk
 * @param backgroundThreads threads for compactions; half as many, at least one, do flushes
 * @param maxOpenDatabases how many databases the caller will have open at once
 * @param maxOpenFiles file descriptors one database may keep open for its table files
 * @param largeCollectionBytes how much a collection may hold before it gets a place of its own,
 *     from which it is restored by links instead of copies
 */
public record EngineSettings(
    long cacheBytes,
    long writeBufferBytes,
    long backgroundBytesPerSecond,
    int backgroundThreads,
    int maxOpenDatabases,
    int maxOpenFiles,
    long largeCollectionBytes) {
  private static final long MIB = 1 << 20;

  /** What one open database may hold on to: two column families, two buffers of 64 KiB each. */
  private static final long WRITE_BUFFER_BYTES_PER_DATABASE = 2 * 2 * 64 * 1024;

  public EngineSettings {
    requireAtLeast("maxOpenDatabases", maxOpenDatabases, 1);
    requireAtLeast("maxOpenFiles", maxOpenFiles, 16);
    requireAtLeast("backgroundThreads", backgroundThreads, 1);
    requireAtLeast("backgroundBytesPerSecond", backgroundBytesPerSecond, MIB);
    requireAtLeast(
        "writeBufferBytes", writeBufferBytes, maxOpenDatabases * WRITE_BUFFER_BYTES_PER_DATABASE);
    requireAtLeast("largeCollectionBytes", largeCollectionBytes, 1);
    requireAtLeast("cacheBytes", cacheBytes, writeBufferBytes + 8 * MIB);
  }

  /** For one server on a machine of its own with 4 GiB or more. */
  public static EngineSettings defaults() {
    int cores = Runtime.getRuntime().availableProcessors();
    return new EngineSettings(
        512 * MIB, 128 * MIB, 200 * MIB, Math.max(2, cores), 256, 512, 256 * MIB);
  }

  private static void requireAtLeast(String name, long value, long least) {
    if (value < least) {
      throw new IllegalArgumentException(name + " must be at least " + least + ": " + value);
    }
  }
}
