package dev.cairn.server.restore;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.cairn.server.backup.BackupId;
import dev.cairn.server.backup.BackupItems;
import dev.cairn.server.backup.BackupRecord;
import dev.cairn.server.backup.BackupState;
import dev.cairn.server.backup.BackupType;
import dev.cairn.server.backup.Backups;
import dev.cairn.server.backup.JobQueue;
import dev.cairn.server.backup.OpenBackups;
import dev.cairn.server.backup.Retention;
import dev.cairn.server.backup.Sequences;
import dev.cairn.server.backup.UsageMeter;
import dev.cairn.server.backup.schedule.BackupSchedules;
import dev.cairn.server.backup.schedule.ScheduleStore;
import dev.cairn.server.grpc.GrpcServer;
import dev.cairn.server.repository.BackupKey;
import dev.cairn.server.repository.BackupRepository;
import dev.cairn.server.repository.DiskReserve;
import dev.cairn.server.repository.DurableFiles;
import dev.cairn.server.repository.local.LocalRepositories;
import dev.cairn.server.site.Catalog;
import dev.cairn.server.site.CollectionRecord;
import dev.cairn.server.site.Collections;
import dev.cairn.server.site.CommandLog;
import dev.cairn.server.site.CurrentRecords;
import dev.cairn.server.site.Environment;
import dev.cairn.server.site.ImportMode;
import dev.cairn.server.site.ImportProgress;
import dev.cairn.server.site.ItemWrite;
import dev.cairn.server.site.Items;
import dev.cairn.server.site.Lease;
import dev.cairn.server.site.LocalCommandLog;
import dev.cairn.server.site.Removal;
import dev.cairn.server.site.SandboxPublisher;
import dev.cairn.server.site.SavedItem;
import dev.cairn.server.site.SiteId;
import dev.cairn.server.site.SiteLayout;
import dev.cairn.server.site.Sites;
import dev.cairn.server.site.StorePool;
import dev.cairn.server.site.Threads;
import dev.cairn.server.site.TimeOrderedIds;
import dev.cairn.server.site.query.ItemQueries;
import dev.cairn.server.store.CollectionId;
import dev.cairn.server.store.Durability;
import dev.cairn.server.store.ItemStore;
import dev.cairn.server.store.KeyValueStore;
import dev.cairn.server.store.StoreEngine;
import dev.cairn.server.store.StoreFixtures;
import dev.cairn.server.store.StoredItem;
import dev.cairn.server.store.rocksdb.EngineSettings;
import dev.cairn.server.store.rocksdb.RocksStoreEngine;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Executor;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The parts of a server below the contract's layer, put together on a data directory, with one site
 * and sentences to play with it. Jobs run where they are started unless {@link #jobs} holds them.
 *
 * <p>{@link #kill} copies the data directory as it is at that instant: what a process that died
 * there would have left. Open the copy as another server.
 *
 * <p>It is long because it is a language: tests of crashes, restorations and schedules say with one
 * vocabulary what happens, and only here it is known how.
 */
public final class ServerUnderTest implements AutoCloseable {
  public static final SiteId SITE = new SiteId("shop");

  private static final long MIB = 1 << 20;

  /** One for all tests: databases opened with it are independent. */
  private static final StoreEngine ENGINE =
      new RocksStoreEngine(new EngineSettings(64 * MIB, 16 * MIB, 500 * MIB, 2, 32, 64, 64 * MIB));

  public final Path root;
  public final TestClock clock = new TestClock();
  public final Jobs jobs = new Jobs();
  public final Catalog catalog;
  public final Sites sites;
  public final Collections collections;
  public final Items items;
  public final Backups backups;
  public final Restorations restorations;
  public final BackupSchedules schedules;
  public final BackupRepository repository;
  public final CommandLog commands;
  public final StorePool pool;
  private final StoreEngine engine;
  private final KeyValueStore catalogStore;
  private final OpenBackups openBackups;

  private ServerUnderTest(Settings settings) {
    this.root = settings.root;
    try {
      Files.createDirectories(root);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    SiteLayout layout = new SiteLayout(root);
    Steps steps = settings.steps;
    DurableFiles files =
        new DurableFiles(
            (step, path) -> steps.at("before " + step + " " + name(root.relativize(path))));
    engine = new SteppedEngine(ENGINE, steps);
    catalogStore = engine.openCatalog(layout.catalog());
    catalog = new Catalog(catalogStore);
    pool = new StorePool(engine::open, 16, clock);
    sites =
        new Sites(
            layout, engine, files, pool, catalog, clock, Threads.LEADERS, settings.maxWriteWait);
    commands = new LocalCommandLog(sites, catalog);
    TimeOrderedIds ids = new TimeOrderedIds(clock, new Random(settings.root.hashCode()));
    collections = new Collections(sites, commands, clock, settings.maxCollections);
    items = new Items(sites, collections, commands, clock, ids, DiskReserve.NONE);
    openBackups =
        new OpenBackups(
            new SteppedRepository(LocalRepositories.at(layout.backups(), files), steps),
            new StorePool(engine::openReadOnly, 16, clock));
    repository = openBackups;
    Executor executor = settings.executor.orElse(jobs);
    Sequences sequences = new Sequences(clock);
    ScheduleStore scheduleStore = new ScheduleStore(sites, catalog, commands, 4);
    backups =
        new Backups(
            new Backups.Parts(
                sites,
                catalog,
                commands,
                repository,
                sequences,
                clock,
                ids,
                new JobQueue("backup", executor, settings.jobThreads, 10),
                new JobQueue("verification", executor, settings.jobThreads, 10)),
            new Backups.Settings(
                new Retention(3, 1),
                settings.verifyAfterCreate,
                scheduleStore::retention,
                DiskReserve.NONE));
    restorations =
        new Restorations(
            new Restorations.Parts(
                sites,
                catalog,
                commands,
                backups,
                repository,
                engine,
                files,
                sequences,
                clock,
                ids,
                new JobQueue(
                    "restoration", executor, settings.jobThreads, settings.restorationQueue),
                DiskReserve.NONE,
                settings.maxCollections),
            settings.patience);
    schedules =
        new BackupSchedules(scheduleStore, backups, clock, BackupSchedules.Settings.DEFAULT);
    sites.register(backups);
    sites.register(schedules);
    sites.register(restorations);
  }

  /** The name of a step's file, the same in each run: ids and numbers do not matter. */
  private static String name(Path relative) {
    return relative.toString().replaceAll("[0-9a-z]{26}", "<id>").replaceAll("\\d{6,}", "<n>");
  }

  /** How a server is put together. */
  public static final class Settings {
    private final Path root;
    private Steps steps = Steps.UNDISTURBED;
    private Optional<Executor> executor = Optional.empty();
    private Duration maxWriteWait = Duration.ofSeconds(10);
    private int maxCollections = 50;
    private int restorationQueue = 10;
    private int jobThreads = 1;
    private boolean verifyAfterCreate;
    private Patience patience =
        new Patience(java.util.Collections.nCopies(3, Duration.ZERO), pause -> {});

    private Settings(Path root) {
      this.root = root;
    }

    public Settings steps(Steps value) {
      steps = value;
      return this;
    }

    /** Where jobs run, instead of {@link ServerUnderTest#jobs}. */
    public Settings executor(Executor value) {
      executor = Optional.of(value);
      return this;
    }

    /** With none, jobs are recorded as started only once they are. */
    Settings jobThreads(int value) {
      jobThreads = value;
      return this;
    }

    public Settings maxWriteWait(Duration value) {
      maxWriteWait = value;
      return this;
    }

    public Settings maxCollections(int value) {
      maxCollections = value;
      return this;
    }

    public Settings restorationQueue(int value) {
      restorationQueue = value;
      return this;
    }

    /** How often what must not be given up is tried; three times more without pauses by default. */
    Settings patience(Patience value) {
      patience = value;
      return this;
    }

    public Settings verifyAfterCreate() {
      verifyAfterCreate = true;
      return this;
    }

    /** Starts a server, after a crash or on an empty directory, as the wiring does. */
    public ServerUnderTest start() {
      ServerUnderTest server = new ServerUnderTest(this);
      boolean done = false;
      try {
        server.recover();
        done = true;
        return server;
      } finally {
        if (!done) {
          server.close();
        }
      }
    }

    /** The same without putting anything in order. */
    public ServerUnderTest startWithoutRecovery() {
      return new ServerUnderTest(this);
    }
  }

  public static Settings on(Path root) {
    return new Settings(root);
  }

  /** A started server with the empty {@link #SITE}. */
  public static ServerUnderTest withSite(Path root) {
    ServerUnderTest server = on(root).start();
    server.createSite();
    return server;
  }

  /** Puts everything in order after a crash. */
  public void recover() {
    backups.takeStock();
    restorations.recover();
    backups.recover();
    sites.sweep();
    sites.sweepUnused();
    siteIds().forEach(site -> backups.applyRetention(new SiteId(site)));
  }

  /** What a process that died now would leave, in a directory of its own. */
  public Path kill(Path copy) {
    copyTree(root, copy);
    return copy;
  }

  /** The same as the contract's layer gets it. */
  GrpcServer.Domain forCallers() {
    BackupItems backupItems = new BackupItems(backups, openBackups);
    return new GrpcServer.Domain(
        sites,
        new UsageMeter(sites, backups, new SiteLayout(root), clock),
        collections,
        items,
        new ItemQueries(sites, 1_000),
        new SandboxPublisher(sites, commands, clock),
        backups,
        backupItems,
        schedules,
        restorations,
        new Previews(sites, backups, backupItems, clock),
        catalog.events());
  }

  @Override
  public void close() {
    openBackups.close();
    pool.close();
    catalogStore.close();
  }

  // Sites and items.

  public void createSite() {
    sites.create(SITE, "Shop", Map.of(), Optional.empty());
  }

  public static CollectionId id(String collection) {
    return new CollectionId(collection);
  }

  public void createCollection(String collection) {
    collections.create(
        SITE,
        id(collection),
        new Collections.Description(
            "The " + collection,
            List.of(new CollectionRecord.Declaration("field", "c2NoZW1h")),
            List.of(new CollectionRecord.Declaration("view", "dmlldw=="))),
        Optional.empty());
  }

  /** Makes a collection with items "1" to {@code count} that say {@code value}. */
  public void fill(String collection, int count, String value) {
    createCollection(collection);
    saveAll(collection, count, value);
  }

  /** Saves items "1" to {@code count} that say {@code value}. */
  public void saveAll(String collection, int count, String value) {
    List<ItemWrite> writes = new ArrayList<>();
    for (int i = 1; i <= count; i++) {
      writes.add(write(String.valueOf(i), value));
    }
    Threads.join(items.save(place(collection), writes, OPTIONS));
    clock.advance(Duration.ofSeconds(1));
  }

  /** Imports one item as batch {@code sequence}; 0 only asks how far the import has come. */
  public ImportProgress importInto(String collection, String importId, long sequence) {
    Items.ImportTarget target =
        new Items.ImportTarget(place(collection), importId, ImportMode.UPSERT);
    if (sequence == 0) {
      return items.openImport(target, false);
    }
    Items.Batch batch = new Items.Batch(sequence, List.of(write("imported-" + sequence, importId)));
    return items.importBatches(target, List.of(batch)).get(0).result();
  }

  public SavedItem save(String collection, String item, String value) {
    SavedItem saved =
        Threads.join(items.save(place(collection), List.of(write(item, value)), OPTIONS)).get(0);
    clock.advance(Duration.ofSeconds(1));
    return saved;
  }

  public void saveInSandbox(String collection, String item, String value) {
    Threads.join(
        items.save(
            new Items.Place(SITE, id(collection), Environment.SANDBOX),
            List.of(write(item, value)),
            OPTIONS));
  }

  public void deleteItem(String collection, String item) {
    Threads.join(
        items.delete(
            place(collection),
            List.of(new Removal(item, OptionalLong.empty())),
            false,
            Durability.BUFFERED));
  }

  public void deleteCollection(String collection) {
    collections.delete(SITE, id(collection), OptionalLong.empty());
  }

  public static final Items.WriteOptions OPTIONS =
      new Items.WriteOptions(Optional.empty(), Durability.SYNCED);

  public static ItemWrite write(String item, String value) {
    return new ItemWrite(
        item,
        ByteString.copyFromUtf8("{\"value\":\"" + value + "\"}"),
        "owner of " + item,
        OptionalLong.empty());
  }

  public static Items.Place place(String collection) {
    return new Items.Place(SITE, id(collection), Environment.LIVE);
  }

  /** All collections of the site with all their LIVE items. */
  public Map<String, List<StoredItem>> content() {
    return content(Environment.LIVE);
  }

  public Map<String, List<StoredItem>> content(Environment environment) {
    return content(SITE, environment);
  }

  public Map<String, List<StoredItem>> content(SiteId site) {
    return content(site, Environment.LIVE);
  }

  private Map<String, List<StoredItem>> content(SiteId site, Environment environment) {
    Map<String, List<StoredItem>> content = new TreeMap<>();
    try (Lease lease = sites.lease(site, environment)) {
      for (CollectionRecord record : sites.collections(site).all()) {
        content.put(record.id().value(), StoreFixtures.contents(lease.store(), record.id()));
      }
    }
    return content;
  }

  public List<StoredItem> items(String collection) {
    return Objects.requireNonNull(content().get(collection), collection);
  }

  public List<CollectionRecord> collectionRecords() {
    return List.copyOf(sites.collections(SITE).all());
  }

  // Backups.

  /** A READY backup of all or some collections. */
  public BackupId backup(String... chosen) {
    BackupId id = requestBackup(SITE, chosen).id();
    assertThat(backupRecord(id).state()).isEqualTo(BackupState.READY);
    return id;
  }

  /** Requests a backup of all or some collections; answers its record as the caller gets it. */
  BackupRecord requestBackup(SiteId site, String... chosen) {
    return backups
        .create(
            new Backups.Request(
                site,
                Arrays.stream(chosen).map(CollectionId::new).toList(),
                BackupType.ON_DEMAND,
                BackupRecord.Notes.NONE,
                "tester",
                Optional.empty()))
        .record();
  }

  public BackupRecord backupRecord(BackupId id) {
    return backups.get(SITE, id).record();
  }

  /** READY backups of one type, newest first. */
  public List<BackupId> ready(BackupType type) {
    return backups
        .list(SITE, new Backups.Filter(Set.of(BackupState.READY), Set.of(type), Map.of()))
        .backups()
        .stream()
        .map(BackupRecord::id)
        .toList();
  }

  /** What a READY backup holds, read from its files; only the collections it says it holds. */
  public Map<String, List<StoredItem>> contentOf(BackupId id) {
    return contentOf(SITE, id);
  }

  /** The same of any site. */
  public Map<String, List<StoredItem>> contentOf(SiteId site, BackupId id) {
    BackupRecord record = backups.get(site, id).record();
    Map<String, List<StoredItem>> content = new TreeMap<>();
    try (ItemStore store = ENGINE.openReadOnly(filesOf(site, id))) {
      for (BackupRecord.Content each : record.collections()) {
        List<StoredItem> found = StoreFixtures.contents(store, each.id());
        assertThat(found).hasSize((int) each.itemCount());
        content.put(each.id().value(), found);
      }
    }
    return content;
  }

  public Path filesOf(BackupId id) {
    return filesOf(SITE, id);
  }

  private Path filesOf(SiteId site, BackupId id) {
    return new SiteLayout(root).backups().resolve(site.value()).resolve(id.value());
  }

  // Restorations.

  public static Restorations.Request wish(BackupId backup, Restorations.Selection... selections) {
    return new Restorations.Request(
        SITE,
        backup,
        List.of(selections),
        VerificationMode.CHECKSUMS,
        false,
        "tester",
        Optional.empty());
  }

  /** A collection into that of the same id. */
  public static Restorations.Selection only(String collection) {
    return into(collection, collection, "");
  }

  public static Restorations.Selection into(String source, String destination, String name) {
    return new Restorations.Selection(id(source), id(destination), name);
  }

  /** Starts a restoration and answers it as it is afterwards. */
  public RestorationRecord restore(BackupId backup, Restorations.Selection... selections) {
    return start(wish(backup, selections));
  }

  public RestorationRecord start(Restorations.Request request) {
    RestorationId id = restorations.start(request).record().id();
    return restoration(id);
  }

  public RestorationRecord undo(RestorationRecord record) {
    RestorationId id =
        restorations.undo(SITE, record.id(), "tester", Optional.empty()).record().id();
    return restoration(id);
  }

  public RestorationRecord restoration(RestorationId id) {
    return restorations.get(SITE, id).record();
  }

  /** Asserts that it is COMPLETED. */
  public static RestorationRecord completed(RestorationRecord record) {
    assertThat(record.state())
        .as("state, failure " + record.failure())
        .isEqualTo(RestorationState.COMPLETED);
    return record;
  }

  // What must always hold while nothing runs.

  /**
   * Asserts that nothing is half done: no PENDING record, files exactly those of READY backups and
   * of live content, backups whole, and records that agree with the content.
   */
  public void assertSound() {
    List<RestorationRecord> all = restorations.list(SITE, Set.of(), Optional.empty());
    assertThat(all).noneMatch(RestorationRecord::isPending);
    List<BackupRecord> known = backups.list(SITE, Backups.Filter.ALL).backups();
    assertThat(known).noneMatch(BackupRecord::isPending);
    Set<String> ready =
        known.stream()
            .filter(BackupRecord::isReady)
            .map(each -> each.id().value())
            .collect(Collectors.toSet());
    SiteLayout layout = new SiteLayout(root);
    assertThat(names(layout.backups().resolve(SITE.value())))
        .as("directories of backups")
        .isEqualTo(ready);
    for (BackupRecord record : known) {
      if (record.isReady()) {
        repository.verify(record.repositoryKey(), (bytes, files) -> {});
        contentOf(record.id());
      }
    }
    assertThat(new CurrentRecords("backup").ids(catalog, SITE))
        .as("index of backups")
        .containsExactlyInAnyOrderElementsOf(ready);
    assertThat(new CurrentRecords("restoration").ids(catalog, SITE))
        .as("index of restorations")
        .isEmpty();
    for (RestorationRecord record : all) {
      boolean done = record.state() == RestorationState.COMPLETED;
      assertThat(record.safetyBackupId().isPresent())
          .isEqualTo(done && record.kind() != RestorationKind.CLONE);
      assertThat(record.times().finish()).isPresent();
      assertThat(record.failure().isPresent()).isEqualTo(record.state() == RestorationState.FAILED);
      assertThat(record.collections())
          .allMatch(entry -> (entry.outcome() != RestorationRecord.Outcome.NONE) == done);
    }
    assertSiteFilesAreClean();
    assertRecordsAgreeWithContent();
  }

  /** Asserts that nothing but live content lies in the site's folder. */
  public void assertSiteFilesAreClean() {
    assertFilesAreClean(SITE);
  }

  /** The same of any site. */
  public void assertFilesAreClean(SiteId id) {
    Path site = new SiteLayout(root).site(id);
    try {
      String live = Files.readString(site.resolve("CURRENT")).strip();
      Set<String> names = names(site);
      assertThat(names).as("files of the site").contains("CURRENT", live);
      assertThat(Set.of("CURRENT", live, "sandbox")).as("files of the site").containsAll(names);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** All sites that are listed, by id. */
  public List<String> siteIds() {
    return sites.list("", "", Integer.MAX_VALUE).stream().map(each -> each.id().value()).toList();
  }

  /** The folders that lie where those of sites do, by name. */
  public List<String> siteFolders() {
    return names(new SiteLayout(root).sites()).stream().sorted().toList();
  }

  private void assertRecordsAgreeWithContent() {
    Set<CollectionId> named =
        sites.collections(SITE).all().stream()
            .map(CollectionRecord::id)
            .collect(Collectors.toSet());
    assertThat(named).containsAll(sites.stats(SITE, Environment.LIVE).keySet());
    content();
  }

  private static Set<String> names(Path directory) {
    try {
      return Files.isDirectory(directory)
          ? DurableFiles.list(directory).stream()
              .map(path -> path.getFileName().toString())
              .collect(Collectors.toSet())
          : Set.of();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Closes everything and asserts that nobody held on to a database. */
  public void closeWithNothingLeaked() {
    openBackups.close();
    pool.close();
    assertThat(pool.openCount()).as("databases that somebody still uses").isZero();
    catalogStore.close();
  }

  public BackupKey keyOf(BackupId id) {
    return new BackupKey(SITE.value(), id.value());
  }

  /** Changes when a file does, but for the engine's own diary. */
  static String signature(Path root) {
    StringBuilder signature = new StringBuilder();
    try (Stream<Path> files = Files.walk(root)) {
      files
          .filter(file -> !file.getFileName().toString().startsWith("LOG"))
          .sorted()
          .forEach(file -> signature.append(file).append(describe(file)));
    } catch (IOException | UncheckedIOException e) {
      return "changing " + System.nanoTime();
    }
    return signature.toString();
  }

  private static String describe(Path file) {
    try {
      return Files.isDirectory(file)
          ? ";"
          : " " + Files.size(file) + " " + Files.getLastModifiedTime(file) + ";";
    } catch (NoSuchFileException e) {
      return "";
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Copies a directory as it is at one instant: again when the engine changed it meanwhile. */
  static void copyTree(Path from, Path to) {
    for (int attempt = 0; attempt < 50; attempt++) {
      String before = signature(from);
      copyOnce(from, to);
      if (signature(from).equals(before)) {
        return;
      }
      deleteTree(to);
    }
    throw new IllegalStateException("never at rest: " + from);
  }

  static void deleteTree(Path directory) {
    try {
      new DurableFiles().deleteTree(directory);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void copyOnce(Path from, Path to) {
    try {
      Files.walkFileTree(
          from,
          new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes unused)
                throws IOException {
              Files.createDirectories(to.resolve(from.relativize(directory)));
              return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
                throws IOException {
              try {
                Files.copy(file, to.resolve(from.relativize(file)));
              } catch (NoSuchFileException e) {
                // The engine removed it in the background.
              }
              return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFileFailed(Path file, IOException e) {
              return FileVisitResult.CONTINUE;
            }
          });
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
