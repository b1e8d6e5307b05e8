package dev.cairn.it.bench;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.cairn.v1.Item;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;
import org.rocksdb.BackupEngine;
import org.rocksdb.BackupEngineOptions;
import org.rocksdb.Checkpoint;
import org.rocksdb.ColumnFamilyDescriptor;
import org.rocksdb.ColumnFamilyHandle;
import org.rocksdb.ConfigOptions;
import org.rocksdb.DBOptions;
import org.rocksdb.Env;
import org.rocksdb.EnvOptions;
import org.rocksdb.FlushOptions;
import org.rocksdb.IngestExternalFileOptions;
import org.rocksdb.Options;
import org.rocksdb.OptionsUtil;
import org.rocksdb.Priority;
import org.rocksdb.ReadOptions;
import org.rocksdb.RestoreOptions;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;
import org.rocksdb.RocksIterator;
import org.rocksdb.SstFileWriter;
import org.rocksdb.WriteBatch;
import org.rocksdb.WriteOptions;

/**
 * What a program would do that has RocksDB and nothing else. The database is a clone of a backup of
 * Cairn's, and its options are read from the backup's own OPTIONS file, so that data and options
 * are the same by construction. All native objects live as long as the process. Confined to one
 * thread, but for {@link #put}.
 */
final class PlainDatabase implements AutoCloseable {
  private static final int BATCH = 1_000;
  private static final int DATA = 1;
  private static final int HEADER_BYTES = 37;
  private static final byte[] NAME = "name".getBytes(UTF_8);

  private final Path directory;
  private final WriteOptions synced = new WriteOptions().setSync(true);
  private int number;
  private volatile @Nullable Opened live;

  static {
    RocksDB.loadLibrary();
  }

  PlainDatabase(Path directory) {
    this.directory = directory;
    int cores = Math.max(2, Runtime.getRuntime().availableProcessors());
    Env.getDefault().setBackgroundThreads(cores, Priority.LOW);
    Env.getDefault().setBackgroundThreads(cores / 2, Priority.HIGH);
  }

  private record Opened(RocksDB rocks, List<ColumnFamilyHandle> families, Path directory) {
    ColumnFamilyHandle data() {
      return families.get(DATA);
    }

    void close() {
      families.forEach(ColumnFamilyHandle::close);
      rocks.close();
    }
  }

  /** The options with which a database was last opened. */
  private record Setup(DBOptions database, List<ColumnFamilyDescriptor> families) {}

  private Setup setup(Path database) throws RocksDBException {
    DBOptions options = new DBOptions();
    List<ColumnFamilyDescriptor> families = new ArrayList<>();
    try (ConfigOptions config = new ConfigOptions()) {
      OptionsUtil.loadLatestOptions(config, database.toString(), options, families);
    }
    return new Setup(options, families);
  }

  private static Opened open(Setup setup, Path database) throws RocksDBException {
    List<ColumnFamilyHandle> handles = new ArrayList<>();
    return new Opened(
        RocksDB.open(setup.database(), database.toString(), setup.families(), handles),
        handles,
        database);
  }

  private Opened live() {
    @Nullable Opened opened = live;
    if (opened == null) {
      throw new IllegalStateException("nothing is open");
    }
    return opened;
  }

  private Path next() {
    return directory.resolve("plain-" + ++number);
  }

  /** Clones a backup and opens the clone, on which all others then work. */
  double open(Path backup) throws IOException, RocksDBException {
    if (live != null) {
      live().close();
      Processes.deleteTree(live().directory());
    }
    Path clone = next();
    linkClone(backup, clone);
    live = open(setup(backup), clone);
    return 0;
  }

  /** A checkpoint of what changed a little, and a manifest forced to the disk. */
  double checkpoint(int seed) throws IOException, RocksDBException {
    Opened opened = live();
    change(opened, seed);
    Path target = next();
    long begin = System.nanoTime();
    try (Checkpoint checkpoint = Checkpoint.create(opened.rocks())) {
      checkpoint.createCheckpoint(target.toString());
    }
    StringBuilder manifest = new StringBuilder();
    for (Path file : list(target)) {
      manifest.append(file.getFileName()).append(' ').append(Files.size(file)).append('\n');
    }
    Path file = target.resolve("MANIFEST.txt");
    Files.writeString(file, manifest);
    force(file);
    force(target);
    force(directory);
    double took = millisSince(begin);
    Processes.deleteTree(target);
    return took;
  }

  /** A hundred items, as the server gets them before its backups. */
  private void change(Opened opened, int seed) throws RocksDBException {
    try (WriteBatch batch = new WriteBatch()) {
      for (int i = 0; i < CairnSite.CHANGES; i++) {
        batch.put(opened.data(), key(1, Dataset.id(i)), value(i, Dataset.document(seed, i)));
      }
      opened.rocks().write(synced, batch);
    }
  }

  /** Makes a database from a backup, and opens it. */
  double cloneAndOpen(Path backup) throws IOException, RocksDBException {
    Setup setup = setup(backup);
    Path target = next();
    long begin = System.nanoTime();
    linkClone(backup, target);
    Opened opened = open(setup, target);
    double took = millisSince(begin);
    opened.close();
    Processes.deleteTree(target);
    return took;
  }

  /** Table files are linked, everything else is copied and forced. */
  private static void linkClone(Path source, Path target) throws IOException {
    Files.createDirectory(target);
    for (Path file : list(source)) {
      Path copy = target.resolve(file.getFileName());
      if (file.toString().endsWith(".sst")) {
        Files.createLink(copy, file);
      } else {
        Files.copy(file, copy);
        force(copy);
      }
    }
    force(target);
    Path parent = target.getParent();
    if (parent != null) {
      force(parent);
    }
  }

  /**
   * Reads every file of a backup once and sums it, in chunks that stay in the processor's cache.
   */
  static double readWithChecksums(Path backup) throws IOException {
    ByteBuffer chunk = ByteBuffer.allocateDirect(128 << 10);
    long begin = System.nanoTime();
    for (Path file : list(backup)) {
      CRC32C checksum = new CRC32C();
      try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
        while (channel.read(chunk) >= 0) {
          checksum.update(chunk.flip());
          chunk.clear();
        }
      }
    }
    return millisSince(begin);
  }

  /**
   * Stores all items in a new database, a thousand in each forced batch; answers items a second.
   */
  double load(Dataset dataset) throws IOException, RocksDBException {
    Setup setup = setup(live().directory());
    setup.database().setCreateIfMissing(true).setCreateMissingColumnFamilies(true);
    Path target = next();
    Opened opened = open(setup, target);
    long begin = System.nanoTime();
    for (int collection = 0; collection < Dataset.COLLECTIONS.size(); collection++) {
      for (int from = 0; from < dataset.itemsPerCollection(); from += BATCH) {
        try (WriteBatch batch = new WriteBatch()) {
          int to = Math.min(from + BATCH, dataset.itemsPerCollection());
          for (int i = from; i < to; i++) {
            byte[] document = Dataset.document(collection, i);
            batch.put(opened.data(), key(collection + 1, Dataset.id(i)), value(i, document));
          }
          opened.rocks().write(synced, batch);
        }
      }
    }
    double rate = dataset.items() / (millisSince(begin) / 1_000);
    opened.close();
    Processes.deleteTree(target);
    return rate;
  }

  /** Reads every item once, in order; answers items a second. */
  double scan() throws RocksDBException {
    long items = 0;
    long bytes = 0;
    long begin = System.nanoTime();
    try (ReadOptions options = new ReadOptions().setReadaheadSize(2 << 20).setFillCache(false);
        RocksIterator iterator = live().rocks().newIterator(live().data(), options)) {
      for (iterator.seekToFirst(); iterator.isValid(); iterator.next()) {
        items++;
        bytes += iterator.key().length + iterator.value().length;
      }
      iterator.status();
    }
    double took = millisSince(begin);
    if (bytes < items) {
      throw new IllegalStateException("items without keys");
    }
    return items / (took / 1_000);
  }

  /**
   * Puts one collection of a backup into the database under a new number: a scan into a sorted
   * table file, its ingestion, a forced batch for the name, and the removal of the old number.
   */
  double copyCollection(Path backup, int collection) throws IOException, RocksDBException {
    Setup setup = setup(backup);
    int fresh = 1_000 + ++number;
    Path file = directory.resolve("copy-" + fresh + ".sst");
    long begin = System.nanoTime();
    List<ColumnFamilyHandle> handles = new ArrayList<>();
    try (RocksDB source =
            RocksDB.openReadOnly(setup.database(), backup.toString(), setup.families(), handles);
        EnvOptions env = new EnvOptions();
        Options options = new Options(setup.database(), setup.families().get(DATA).getOptions());
        SstFileWriter writer = new SstFileWriter(env, options);
        ReadOptions reads = new ReadOptions().setReadaheadSize(2 << 20).setFillCache(false);
        RocksIterator iterator = source.newIterator(handles.get(DATA), reads)) {
      writer.open(file.toString());
      iterator.seek(key(collection, ""));
      while (iterator.isValid()) {
        byte[] key = iterator.key();
        if (ByteBuffer.wrap(key).getInt() != collection) {
          break;
        }
        ByteBuffer.wrap(key).putInt(fresh);
        writer.put(key, iterator.value());
        iterator.next();
      }
      writer.finish();
      handles.forEach(ColumnFamilyHandle::close);
    }
    try (IngestExternalFileOptions options = new IngestExternalFileOptions();
        WriteBatch batch = new WriteBatch()) {
      options.setMoveFiles(true);
      live().rocks().ingestExternalFile(live().data(), List.of(file.toString()), options);
      batch.put(NAME, key(fresh, ""));
      live().rocks().write(synced, batch);
    }
    double took = millisSince(begin);
    live().rocks().deleteRange(live().data(), key(fresh, ""), key(fresh + 1, ""));
    return took;
  }

  /** What a thread does again and again. */
  private interface Step {
    void take(Opened opened, int index) throws RocksDBException;
  }

  /** Threads that put one item after the other, each forced; answers items a second. */
  double write(int threads, int millis) throws Exception {
    return repeated(
        threads,
        millis,
        (opened, index) -> {
          byte[] key = key(1 + index % 10, "written-" + index);
          opened.rocks().put(opened.data(), synced, key, value(index, Dataset.document(1, index)));
        });
  }

  /** The same with batches of items; answers batches a second. */
  double writeBatches(int threads, int millis) throws Exception {
    return repeated(
        threads,
        millis,
        (opened, index) -> {
          try (WriteBatch batch = new WriteBatch()) {
            for (int i = index * Callers.BATCH; i < (index + 1) * Callers.BATCH; i++) {
              byte[] key = key(1 + index % 10, "batched-" + i);
              batch.put(opened.data(), key, value(i, Dataset.document(1, i)));
            }
            opened.rocks().write(synced, batch);
          }
        });
  }

  /** Threads that read one item of the dataset after the other; answers items a second. */
  double read(int threads, int millis, int itemsPerCollection) throws Exception {
    return repeated(
        threads,
        millis,
        (opened, index) -> {
          String id = Dataset.id(Callers.spread(index, itemsPerCollection));
          byte[] value = opened.rocks().get(opened.data(), key(1 + index % 10, id));
          if (value == null) {
            throw new IllegalStateException("no item " + id);
          }
        });
  }

  private double repeated(int threads, int millis, Step step) throws Exception {
    Opened opened = live();
    ExecutorService executor = Executors.newFixedThreadPool(threads);
    AtomicInteger taken = new AtomicInteger();
    long begin = System.nanoTime();
    long end = begin + millis * 1_000_000L;
    List<Future<?>> all = new ArrayList<>();
    for (int thread = 0; thread < threads; thread++) {
      all.add(
          executor.submit(
              () -> {
                while (System.nanoTime() < end) {
                  step.take(opened, taken.getAndIncrement());
                }
                return true;
              }));
    }
    for (Future<?> each : all) {
      each.get();
    }
    double rate = taken.get() / (millisSince(begin) / 1_000);
    executor.shutdown();
    return rate;
  }

  /** Puts an item and forces it to the disk. By any thread, while the database is open. */
  void put(int collection, Item item) throws RocksDBException {
    Opened opened = live();
    byte[] value = value(item.getOwner().getBytes(UTF_8), item.getData().toByteArray());
    opened.rocks().put(opened.data(), synced, key(collection, item.getId()), value);
  }

  /** Records of a kilobyte, each forced before the next one. */
  double records(int count) throws RocksDBException {
    byte[] record = new byte[1 << 10];
    long begin = System.nanoTime();
    for (int i = 0; i < count; i++) {
      live().rocks().put(synced, NAME, record);
    }
    return millisSince(begin);
  }

  /** RocksDB's own backups: the first copies all, later ones what is new. */
  double backUpWithEngine(int seed) throws RocksDBException, IOException {
    change(live(), seed);
    long begin = System.nanoTime();
    try (BackupEngineOptions options = engine();
        BackupEngine engine = BackupEngine.open(Env.getDefault(), options)) {
      engine.createNewBackup(live().rocks(), true);
    }
    return millisSince(begin);
  }

  double restoreWithEngine() throws RocksDBException, IOException {
    Path target = next();
    Setup setup = setup(live().directory());
    long begin = System.nanoTime();
    try (BackupEngineOptions options = engine();
        BackupEngine engine = BackupEngine.open(Env.getDefault(), options);
        RestoreOptions restore = new RestoreOptions(false)) {
      engine.restoreDbFromLatestBackup(target.toString(), target.toString(), restore);
    }
    Opened opened = open(setup, target);
    double took = millisSince(begin);
    opened.close();
    Processes.deleteTree(target);
    return took;
  }

  private BackupEngineOptions engine() throws IOException {
    Path backups = directory.resolve("engine");
    Files.createDirectories(backups);
    return new BackupEngineOptions(backups.toString()).setSync(true);
  }

  /** A key as the server writes it. */
  private static byte[] key(int collection, String id) {
    byte[] bytes = id.getBytes(UTF_8);
    return ByteBuffer.allocate(4 + bytes.length).putInt(collection).put(bytes).array();
  }

  /** A value as long as the server's, which has times, revision and owner before the document. */
  private static byte[] value(int index, byte[] document) {
    return value(Dataset.owner(index).getBytes(UTF_8), document);
  }

  private static byte[] value(byte[] owner, byte[] document) {
    return ByteBuffer.allocate(HEADER_BYTES + owner.length + document.length)
        .position(HEADER_BYTES)
        .put(owner)
        .put(document)
        .array();
  }

  private static List<Path> list(Path directory) throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.sorted().toList();
    }
  }

  private static void force(Path path) throws IOException {
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }

  private static double millisSince(long begin) {
    return (System.nanoTime() - begin) / 1e6;
  }

  @Override
  public void close() throws RocksDBException {
    if (live != null) {
      Opened opened = live();
      try (FlushOptions options = new FlushOptions()) {
        opened.rocks().flush(options, opened.families());
      }
      opened.close();
      live = null;
    }
  }
}
