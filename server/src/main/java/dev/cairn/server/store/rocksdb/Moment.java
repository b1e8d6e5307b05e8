package dev.cairn.server.store.rocksdb;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.rocksdb.ReadOptions;
import org.rocksdb.Snapshot;

/**
 * One moment of a database: whatever is read through it belongs together. Confined to one thread at
 * a time; closed before the database.
 */
final class Moment implements AutoCloseable {
  private final Database database;
  private final Snapshot snapshot;
  private final ReadOptions options;

  Moment(Database database) {
    this.database = database;
    // Before anything can be read, so that none of it is removed.
    database.beginReading();
    this.snapshot = database.rocks().getSnapshot();
    this.options = new ReadOptions().setSnapshot(snapshot);
  }

  byte @Nullable [] get(int family, byte[] key) {
    return database.get(family, key, options);
  }

  List<byte[]> getAll(int family, List<byte[]> keys) {
    return database.getAll(family, keys, options);
  }

  /** Walks the keys from {@code from} to before {@code to}; closed before this. */
  Range range(int family, byte[] from, byte[] to) {
    return new Range(database, family, from, to, new ReadOptions(options));
  }

  /** The same for reading very much: reads far ahead and leaves the cache to others. */
  Range bulkRange(int family, byte[] from, byte[] to) {
    ReadOptions bulk =
        new ReadOptions(options).setReadaheadSize(Range.BULK_READAHEAD_BYTES).setFillCache(false);
    return new Range(database, family, from, to, bulk);
  }

  @Override
  public void close() {
    options.close();
    database.rocks().releaseSnapshot(snapshot);
    database.endReading();
  }
}
