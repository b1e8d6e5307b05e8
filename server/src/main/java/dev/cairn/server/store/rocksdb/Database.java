package dev.cairn.server.store.rocksdb;

import dev.cairn.server.error.ServiceException;
import dev.cairn.server.store.Durability;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.rocksdb.Checkpoint;
import org.rocksdb.ColumnFamilyDescriptor;
import org.rocksdb.ColumnFamilyHandle;
import org.rocksdb.ColumnFamilyOptions;
import org.rocksdb.DBOptions;
import org.rocksdb.ExportImportFilesMetaData;
import org.rocksdb.FlushOptions;
import org.rocksdb.IngestExternalFileOptions;
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

  /** Those that every database of its kind has; their handles are closed with it. */
  private final List<ColumnFamilyHandle> families;

  /** Those of single collections, which come and go. */
  private final OwnFamilies ownFamilies;

  /** Null: it was opened for reading only. */
  private final @Nullable ManifestMark mark;

  private final RemovedHomes removedHomes = new RemovedHomes(this);

  /** Those that are tended; this one leaves them when it is closed. */
  private final Set<Database> tended;

  private final ReadOptions reads = new ReadOptions();
  private final WriteOptions synced = new WriteOptions().setSync(true);
  private final WriteOptions buffered = new WriteOptions();
  private final AtomicInteger users = new AtomicInteger();

  /** Those of them who read at one moment. */
  private final AtomicInteger readers = new AtomicInteger();

  /** Why it takes no writes until it is opened again; null: it does. */
  private volatile @Nullable ServiceException illness;

  private volatile boolean closed;

  private Database(
      RocksDB rocks,
      Path directory,
      List<ColumnFamilyHandle> handles,
      @Nullable ManifestMark mark,
      Set<Database> tended)
      throws RocksDBException {
    this.tended = tended;
    this.rocks = rocks;
    this.directory = directory;
    this.ownFamilies = new OwnFamilies(rocks);
    List<ColumnFamilyHandle> shared = new ArrayList<>();
    for (ColumnFamilyHandle handle : handles) {
      if (!ownFamilies.adopt(handle)) {
        shared.add(handle);
      }
    }
    this.families = List.copyOf(shared);
    this.mark = mark;
  }

  /**
   * @param tended the databases that are open for writing, a set for any number of threads; this
   *     one is among them while it is
   */
  static Database open(
      DBOptions options,
      List<ColumnFamilyDescriptor> families,
      Path directory,
      Set<Database> tended) {
    List<ColumnFamilyHandle> handles = new ArrayList<>();
    try {
      RocksDB rocks = RocksDB.open(options, directory.toString(), families, handles);
      Database database =
          new Database(rocks, directory, handles, ManifestMark.begin(rocks, directory), tended);
      tended.add(database);
      return database;
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
          null,
          Set.of());
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

  /** How the family of the collection {@code number} counts, if it has one of its own. */
  static int ownFamily(int number) {
    return OwnFamilies.family(number);
  }

  /** What a call of the engine answers that needs a family's handle. */
  @FunctionalInterface
  interface Use<T> {
    T with(ColumnFamilyHandle handle) throws RocksDBException;
  }

  /**
   * Uses a family, whose handle stays good meanwhile.
   *
   * @throws FamilyGoneException if it was dropped
   */
  private <T> T use(int family, Use<T> use) throws RocksDBException {
    return family < families.size() ? use.with(shared(family)) : ownFamilies.use(family, use);
  }

  /** The handle of a family that there is as long as the database is open. */
  ColumnFamilyHandle shared(int family) {
    return families.get(family);
  }

  /** An iterator on a family; the family may be dropped while it is open. */
  RocksIterator iterator(int family, ReadOptions options) {
    try {
      return use(family, handle -> rocks().newIterator(handle, options));
    } catch (RocksDBException e) {
      throw Failures.of("read", e);
    }
  }

  byte @Nullable [] get(int family, byte[] key) {
    return get(family, key, reads);
  }

  byte @Nullable [] get(int family, byte[] key, ReadOptions options) {
    try {
      return this.<byte @Nullable []>use(family, handle -> rocks().get(handle, options, key));
    } catch (RocksDBException e) {
      throw Failures.of("read", e);
    }
  }

  List<byte[]> getAll(int family, List<byte[]> keys, ReadOptions options) {
    try {
      return use(
          family,
          handle ->
              rocks().multiGetAsList(options, Collections.nCopies(keys.size(), handle), keys));
    } catch (RocksDBException e) {
      throw Failures.of("read", e);
    }
  }

  /** The length of a value, or -1 if there is none. */
  int valueLength(int family, byte[] key) {
    try {
      return use(
          family,
          handle -> rocks().get(handle, reads, key, 0, key.length, NOTHING, 0, NOTHING.length));
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
        RocksIterator iterator = iterator(family, options)) {
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
      use(
          family,
          handle -> {
            batch.put(handle, key, value);
            return NOTHING;
          });
    } catch (RocksDBException e) {
      throw Failures.of("write", e);
    }
  }

  /** Adds a removal to a batch. */
  void delete(WriteBatch batch, int family, byte[] key) {
    try {
      use(
          family,
          handle -> {
            batch.delete(handle, key);
            return NOTHING;
          });
    } catch (RocksDBException e) {
      throw Failures.of("write", e);
    }
  }

  /** Removes, as one range each, the items at those of {@code homes} that are among others'. */
  void deleteItems(Collection<Home> homes, Durability durability) {
    try (WriteBatch batch = new WriteBatch()) {
      for (Home home : homes) {
        if (!home.own()) {
          deleteItems(batch, home);
        }
      }
      if (batch.count() > 0) {
        write(batch, durability);
      }
    }
  }

  /** Adds the removal of the items at {@code home}, which must be among others', to a batch. */
  void deleteItems(WriteBatch batch, Home home) {
    try {
      batch.deleteRange(shared(home.family()), home.first(), home.end());
    } catch (RocksDBException e) {
      throw Failures.of("write", e);
    }
  }

  /**
   * Removes the table files that hold nothing but items of {@code homes} that are among those of
   * others. Their room is free at once, but this works as if the items had never been: nobody may
   * read them any more. Items in other files stay.
   */
  void deleteFiles(Collection<Home> homes) {
    List<byte[]> ranges = ranges(homes);
    if (ranges.isEmpty()) {
      return;
    }
    requireWritable();
    try {
      rocks().deleteFilesInRanges(shared(RocksItemStore.DATA), ranges, /* includeEnd= */ false);
    } catch (RocksDBException e) {
      throw ill(Failures.of("remove files", e));
    }
    mark();
  }

  /** Beginnings and ends. Neighbours make one range, because they may share a file. */
  private static List<byte[]> ranges(Collection<Home> homes) {
    List<byte[]> ranges = new ArrayList<>();
    int next = -1;
    for (Home home : homes.stream().sorted(Comparator.comparingInt(Home::number)).toList()) {
      if (!home.own()) {
        if (home.number() == next) {
          ranges.set(ranges.size() - 1, home.end());
        } else {
          ranges.add(home.first());
          ranges.add(home.end());
        }
        next = home.number() + 1;
      }
    }
    return ranges;
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
      ownFamilies.flush(options, families);
    } catch (RocksDBException e) {
      throw ill(Failures.of("write", e));
    }
    if (wait) {
      mark();
    }
  }

  /** To be called after what added tables or took them away. */
  void mark() {
    if (mark != null) {
      mark.set();
    }
  }

  /**
   * Does what is due now and then; nothing once it is being closed, which waits for it: that is
   * what the monitor is for. Never throws, may be called at any time from any thread.
   */
  synchronized void tend() {
    if (tended.contains(this)) {
      mark();
      removedHomes.freeFiles();
    }
  }

  /** Takes down whose items nobody will find any more. */
  RemovedHomes removedHomes() {
    return removedHomes;
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
    if (mark == null) {
      throw new IllegalStateException("the database was opened for reading only");
    }
  }

  /** False after a write failed: it then takes no more until it is opened again. */
  boolean isHealthy() {
    return illness == null;
  }

  /** {@link #acquire} for somebody who reads at one moment, and so what others remove meanwhile. */
  void beginReading() {
    acquire();
    readers.incrementAndGet();
  }

  void endReading() {
    readers.decrementAndGet();
    release();
  }

  /** Whether anybody reads at a moment of the past. */
  boolean isRead() {
    return readers.get() > 0;
  }

  boolean isReadOnly() {
    return mark == null;
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

  Path directory() {
    return directory;
  }

  /** The collections that have families of their own, as numbers. */
  Set<Integer> ownFamilies() {
    return ownFamilies.numbers();
  }

  /** Makes an empty family for the collection {@code number}. Durable on return. */
  void createFamily(int number, ColumnFamilyOptions options) {
    changeFamilies("make a column family", () -> ownFamilies.create(number, options));
  }

  /**
   * Makes a family for the collection {@code number} of files that another database has exported,
   * and which are gone from where they were. Durable on return.
   */
  void importFamily(int number, ColumnFamilyOptions options, ExportImportFilesMetaData files) {
    changeFamilies(
        "take a column family over",
        () -> {
          ownFamilies.importFiles(number, options, files);
          forceDirectory();
        });
  }

  /**
   * Removes the family of the collection {@code number} with all that is in it, if there is one.
   */
  void dropFamily(int number) {
    changeFamilies("remove a column family", () -> ownFamilies.drop(number));
  }

  private interface FamilyChange {
    void make() throws RocksDBException;
  }

  private void changeFamilies(String what, FamilyChange change) {
    requireWritable();
    try {
      change.make();
    } catch (RocksDBException e) {
      throw ill(Failures.of(what, e));
    }
    mark();
  }

  /** The engine names imported files in its manifest before their names are on disk. */
  private void forceDirectory() {
    try {
      DatabaseFiles.forceDirectory(directory);
    } catch (IOException e) {
      throw ill(Failures.of("force a directory", e));
    }
  }

  /** Links a family's table files into a directory that does not exist yet. */
  ExportImportFilesMetaData export(int family, Checkpoint checkpoint, Path target)
      throws RocksDBException {
    return use(family, handle -> checkpoint.exportColumnFamily(handle, target.toString()));
  }

  /** Adds a sorted table file, which is gone from where it was, to a family. */
  void ingest(int family, String file) throws RocksDBException {
    try (IngestExternalFileOptions ingestion = new IngestExternalFileOptions().setMoveFiles(true)) {
      use(
          family,
          handle -> {
            rocks().ingestExternalFile(handle, List.of(file), ingestion);
            return NOTHING;
          });
    }
    mark();
  }

  private synchronized void endTending() {
    if (mark != null) {
      tended.remove(this);
    }
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
    endTending();
    if (illness == null && mark != null) {
      try (FlushOptions options = new FlushOptions()) {
        ownFamilies.flush(options, families);
        // Closing does so, too; but then nobody could ask any more what came of it.
        rocks.cancelAllBackgroundWork(/* wait= */ true);
        mark.set();
      } catch (RocksDBException ignored) {
        // The next opening replays the log, or says what is wrong.
      }
    }
    closed = true;
    if (mark != null) {
      mark.end();
    }
    ownFamilies.close();
    families.forEach(ColumnFamilyHandle::close);
    rocks.close();
    reads.close();
    synced.close();
    buffered.close();
  }
}
