package dev.cairn.server.store.rocksdb;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;
import org.rocksdb.ReadOptions;
import org.rocksdb.RocksDBException;
import org.rocksdb.RocksIterator;
import org.rocksdb.Slice;

/**
 * Walks a range of keys as they were when it was made. Confined to one thread at a time; closed
 * before the database. It keeps the bounds alive as long as the iterator: RocksDB reads them in
 * place.
 */
final class Range implements AutoCloseable {
  static final long BULK_READAHEAD_BYTES = 2 << 20;

  private final Database database;
  private final Slice from;
  private final @Nullable Slice to;
  private final ReadOptions options;
  private final RocksIterator iterator;
  private boolean started;

  /** From {@code from} to before {@code to}, or to the end. */
  Range(Database database, int family, byte[] from, byte @Nullable [] to) {
    this(database, family, from, to, new ReadOptions());
  }

  /** Takes {@code options} over. */
  Range(Database database, int family, byte[] from, byte @Nullable [] to, ReadOptions options) {
    this.database = database;
    this.options = options;
    this.from = new Slice(from);
    options.setIterateLowerBound(this.from);
    this.to = to == null ? null : new Slice(to);
    if (this.to != null) {
      options.setIterateUpperBound(this.to);
    }
    this.iterator = open(family);
    database.acquire();
  }

  /** What was made so far goes if the family has gone. */
  private RocksIterator open(int family) {
    boolean done = false;
    try {
      RocksIterator opened = database.iterator(family, options);
      done = true;
      return opened;
    } finally {
      if (!done) {
        closeBounds();
      }
    }
  }

  /** Steps to the next key, at first to the first; false at the end. */
  boolean next() {
    if (started) {
      iterator.next();
    } else {
      iterator.seekToFirst();
      started = true;
    }
    return isValid();
  }

  /** Steps to the key before, at first to the last; false at the end. */
  boolean previous() {
    if (started) {
      iterator.prev();
    } else {
      iterator.seekToLast();
      started = true;
    }
    return isValid();
  }

  private boolean isValid() {
    if (iterator.isValid()) {
      return true;
    }
    try {
      iterator.status();
    } catch (RocksDBException e) {
      throw Failures.of("read", e);
    }
    return false;
  }

  byte[] key() {
    return iterator.key();
  }

  byte[] value() {
    return iterator.value();
  }

  /** Fills {@code target}, as far as there is room, and returns the key's length. */
  int key(ByteBuffer target) {
    return iterator.key(target);
  }

  /** Fills {@code target}, as far as there is room, and returns the value's length. */
  int value(ByteBuffer target) {
    return iterator.value(target);
  }

  @Override
  public void close() {
    iterator.close();
    closeBounds();
    database.release();
  }

  private void closeBounds() {
    options.close();
    from.close();
    if (to != null) {
      to.close();
    }
  }
}
