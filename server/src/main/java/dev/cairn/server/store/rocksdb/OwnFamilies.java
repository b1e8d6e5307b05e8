package dev.cairn.server.store.rocksdb;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.jspecify.annotations.Nullable;
import org.rocksdb.ColumnFamilyDescriptor;
import org.rocksdb.ColumnFamilyHandle;
import org.rocksdb.ColumnFamilyOptions;
import org.rocksdb.ExportImportFilesMetaData;
import org.rocksdb.FlushOptions;
import org.rocksdb.ImportColumnFamilyOptions;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;

/**
 * The column families of a database that hold one collection each. They come and go while the
 * database is in use: a handle is closed only when nobody is in a call with it. Iterators live on
 * without it.
 *
 * <p>Thread-safe. {@code lock} is held for reading while a handle is used, for writing only while
 * one is taken away. The monitor keeps changes apart: RocksDB's list of handles needs that.
 */
final class OwnFamilies implements AutoCloseable {
  private static final String NAME = "own-";

  private final RocksDB rocks;
  private final Map<Integer, ColumnFamilyHandle> handles = new ConcurrentHashMap<>();
  private final ReadWriteLock lock = new ReentrantReadWriteLock();

  OwnFamilies(RocksDB rocks) {
    this.rocks = rocks;
  }

  /** How {@link Database} counts the family of the collection {@code number}: after the shared. */
  static int family(int number) {
    return RocksItemStore.DATA + number;
  }

  static boolean isName(byte[] name) {
    return new String(name, US_ASCII).startsWith(NAME);
  }

  private static byte[] name(int number) {
    return (NAME + number).getBytes(US_ASCII);
  }

  /** Takes over a handle that opening the database gave, if it is of such a family. */
  boolean adopt(ColumnFamilyHandle handle) throws RocksDBException {
    if (!isName(handle.getName())) {
      return false;
    }
    String name = new String(handle.getName(), US_ASCII);
    handles.put(Integer.parseInt(name.substring(NAME.length())), handle);
    return true;
  }

  Set<Integer> numbers() {
    return Set.copyOf(handles.keySet());
  }

  <T> T use(int family, Database.Use<T> use) throws RocksDBException {
    lock.readLock().lock();
    try {
      @Nullable ColumnFamilyHandle handle = handles.get(family - RocksItemStore.DATA);
      if (handle == null) {
        throw new FamilyGoneException(family);
      }
      return use.with(handle);
    } finally {
      lock.readLock().unlock();
    }
  }

  /** Flushes all of these and {@code others} together. */
  void flush(FlushOptions options, List<ColumnFamilyHandle> others) throws RocksDBException {
    if (handles.isEmpty()) {
      rocks.flush(options, others);
      return;
    }
    lock.readLock().lock();
    try {
      List<ColumnFamilyHandle> all = new ArrayList<>(others);
      all.addAll(handles.values());
      rocks.flush(options, all);
    } finally {
      lock.readLock().unlock();
    }
  }

  synchronized void create(int number, ColumnFamilyOptions options) throws RocksDBException {
    handles.put(
        number, rocks.createColumnFamily(new ColumnFamilyDescriptor(name(number), options)));
  }

  synchronized void importFiles(
      int number, ColumnFamilyOptions options, ExportImportFilesMetaData files)
      throws RocksDBException {
    try (ImportColumnFamilyOptions moving = new ImportColumnFamilyOptions().setMoveFiles(true)) {
      handles.put(
          number,
          rocks.createColumnFamilyWithImport(
              new ColumnFamilyDescriptor(name(number), options), moving, files));
    }
  }

  synchronized void drop(int number) throws RocksDBException {
    @Nullable ColumnFamilyHandle handle = take(number);
    if (handle != null) {
      rocks.dropColumnFamily(handle);
      handle.close();
    }
  }

  /** When it returns, nobody uses the handle any more, and nobody finds it. */
  private @Nullable ColumnFamilyHandle take(int number) {
    lock.writeLock().lock();
    try {
      return handles.remove(number);
    } finally {
      lock.writeLock().unlock();
    }
  }

  @Override
  public void close() {
    handles.values().forEach(ColumnFamilyHandle::close);
  }
}
