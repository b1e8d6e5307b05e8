package dev.cairn.server.store.rocksdb;

import dev.cairn.server.error.ServiceException;
import dev.cairn.server.store.Durability;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.rocksdb.ColumnFamilyDescriptor;
import org.rocksdb.ColumnFamilyHandle;
import org.rocksdb.DBOptions;
import org.rocksdb.FlushOptions;
import org.rocksdb.ReadOptions;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;
import org.rocksdb.RocksIterator;
import org.rocksdb.Slice;
import org.rocksdb.Status;
import org.rocksdb.WriteBatch;
import org.rocksdb.WriteOptions;

/**
 * One open RocksDB database: its native handles, what its reads and writes share, and its health.
 *
 * <p>Thread-safe, but for {@link #close()}: a native handle used after it ends the process. Closing
 * while something {@linkplain #acquire() acquired} is still open is therefore refused, and calls
 * that come after it fail; a call under way while it runs is beyond help.
 */
final class Database implements AutoCloseable {
  private static final byte[] NOTHING = new byte[0];

  /** Deleted keys that are stepped over, at less than a microsecond each. */
  private static final long MAX_SKIPPED = 1_000;

  private final RocksDB rocks;
  private final Path directory;
  private final List<ColumnFamilyHandle> families;
  private final boolean readOnly;
  private final ReadOptions reads = new ReadOptions();
  private final WriteOptions synced = new WriteOptions().setSync(true);
  private final WriteOptions buffered = new WriteOptions();
  private final AtomicInteger users = new AtomicInteger();

  /** Why it takes no writes until it is opened again; null: it does. */
  private volatile @Nullable ServiceException illness;

  private volatile boolean closed;

  private Database(
      RocksDB rocks, Path directory, List<ColumnFamilyHandle> families, boolean readOnly) {
    this.rocks = rocks;
    this.directory = directory;
    this.families = List.copyOf(families);
    this.readOnly = readOnly;
  }

  static Database open(DBOptions options, List<ColumnFamilyDescriptor> families, Path directory) {
    List<ColumnFamilyHandle> handles = new ArrayList<>();
    try {
      RocksDB rocks = RocksDB.open(options, directory.toString(), families, handles);
      ManifestMark.set(rocks, directory);
      return new Database(rocks, directory, handles, false);
    } catch (RocksDBException e) {
      throw Failures.whileOpening(e);
    }
  }

  static Database openReadOnly(
      DBOptions options, List<ColumnFamilyDescriptor> families, Path directory) {
    List<ColumnFamilyHandle> handles = new ArrayList<>();
    try {
      return new Database(
          RocksDB.openReadOnly(options, directory.toString(), families, handles),
          directory,
          handles,
          true);
    } catch (RocksDBException e) {
      throw Failures.whileOpening(e);
    }
  }

  /**
   * Opens a database that could not be opened for writing, so that reads go on. What is in its log
   * is read, too; it does not count as healthy.
   *
   * @param why what opening it for writing failed with; writes are refused with the same
   * @throws ServiceException {@code why}, when reading does not work either
   */
  static Database openToRead(
      DBOptions options,
      List<ColumnFamilyDescriptor> families,
      Path directory,
      ServiceException why) {
    try {
      Database database = openReadOnly(options, families, directory);
      database.illness = why;
      return database;
    } catch (ServiceException e) {
      why.addSuppressed(e);
      throw why;
    }
  }

  byte @Nullable [] get(int family, byte[] key) {
    return get(family, key, reads);
  }

  byte @Nullable [] get(int family, byte[] key, ReadOptions options) {
    try {
      return rocks().get(families.get(family), options, key);
    } catch (RocksDBException e) {
      throw Failures.of("read", e);
    }
  }

  List<byte[]> getAll(int family, List<byte[]> keys, ReadOptions options) {
    try {
      return rocks()
          .multiGetAsList(options, Collections.nCopies(keys.size(), families.get(family)), keys);
    } catch (RocksDBException e) {
      throw Failures.of("read", e);
    }
  }

  /** The length of a value, or -1 if there is none. */
  int valueLength(int family, byte[] key) {
    try {
      return rocks()
          .get(families.get(family), reads, key, 0, key.length, NOTHING, 0, NOTHING.length);
    } catch (RocksDBException e) {
      throw Failures.of("read", e);
    }
  }

  /**
   * Whether there is surely nothing from {@code from} to before {@code to}. Where it is dear to
   * tell, because much was deleted there, the answer is false.
   */
  boolean isSurelyEmpty(int family, byte[] from, byte[] to) {
    try (Slice lower = new Slice(from);
        Slice upper = new Slice(to);
        ReadOptions options =
            new ReadOptions()
                .setIterateLowerBound(lower)
                .setIterateUpperBound(upper)
                .setMaxSkippableInternalKeys(MAX_SKIPPED);
        RocksIterator iterator = rocks().newIterator(families.get(family), options)) {
      iterator.seekToFirst();
      if (iterator.isValid()) {
        return false;
      }
      iterator.status();
      return true;
    } catch (RocksDBException e) {
      if (e.getStatus() != null && e.getStatus().getCode() == Status.Code.Incomplete) {
        return false;
      }
      throw Failures.of("read", e);
    }
  }

  /** Adds a put to a batch. */
  void put(WriteBatch batch, int family, byte[] key, byte[] value) {
    try {
      batch.put(families.get(family), key, value);
    } catch (RocksDBException e) {
      throw Failures.of("write", e);
    }
  }

  /** Adds a removal to a batch. */
  void delete(WriteBatch batch, int family, byte[] key) {
    try {
      batch.delete(families.get(family), key);
    } catch (RocksDBException e) {
      throw Failures.of("write", e);
    }
  }

  /** Adds the removal of all keys from {@code from} to before {@code to} to a batch. */
  void deleteRange(WriteBatch batch, int family, byte[] from, byte[] to) {
    try {
      batch.deleteRange(families.get(family), from, to);
    } catch (RocksDBException e) {
      throw Failures.of("write", e);
    }
  }

  /** Writes a batch atomically. After a failure nobody knows whether it is there. */
  void write(WriteBatch batch, Durability durability) {
    requireWritable();
    try {
      rocks().write(durability == Durability.SYNCED ? synced : buffered, batch);
    } catch (RocksDBException e) {
      throw ill(Failures.ofWriting(e));
    }
  }

  /** Has what is in memory written to table files by threads of the engine. */
  void beginFlush() {
    flush(false);
  }

  /** Writes what is in memory to table files, and waits for it. */
  void flush() {
    flush(true);
  }

  private void flush(boolean wait) {
    requireWritable();
    try (FlushOptions options = new FlushOptions().setWaitForFlush(wait)) {
      rocks().flush(options, families);
    } catch (RocksDBException e) {
      throw ill(Failures.of("write", e));
    }
    if (wait) {
      ManifestMark.set(rocks(), directory);
    }
  }

  private ServiceException ill(ServiceException failure) {
    illness = failure;
    return failure;
  }

  void requireWritable() {
    @Nullable ServiceException why = illness;
    if (why != null) {
      throw Failures.again(why);
    }
    if (readOnly) {
      throw new IllegalStateException("the database was opened for reading only");
    }
  }

  /** False after a write failed: it then takes no more until it is opened again. */
  boolean isHealthy() {
    return illness == null;
  }

  boolean isReadOnly() {
    return readOnly;
  }

  /** Announces something that must be closed before the database; {@link #release} when it is. */
  void acquire() {
    users.incrementAndGet();
  }

  void release() {
    users.decrementAndGet();
  }

  RocksDB rocks() {
    if (closed) {
      throw new IllegalStateException("the database is closed");
    }
    return rocks;
  }

  ColumnFamilyHandle family(int family) {
    return families.get(family);
  }

  /**
   * Writes what is in memory to table files first, so that the next opening has no log to replay;
   * that is for speed alone, the log has everything. Closing twice does nothing.
   */
  @Override
  public void close() {
    if (closed) {
      return;
    }
    if (users.get() > 0) {
      throw new IllegalStateException(users.get() + " cursors or transactions are still open");
    }
    boolean flushed = false;
    if (illness == null && !readOnly) {
      try (FlushOptions options = new FlushOptions()) {
        rocks.flush(options, families);
        flushed = true;
      } catch (RocksDBException ignored) {
        // The next opening replays the log, or says what is wrong.
      }
    }
    closed = true;
    families.forEach(ColumnFamilyHandle::close);
    rocks.close();
    if (flushed) {
      ManifestMark.setClosed(directory);
    }
    reads.close();
    synced.close();
    buffered.close();
  }
}
