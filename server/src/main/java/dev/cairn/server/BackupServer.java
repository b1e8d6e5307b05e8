package dev.cairn.server;

import dev.cairn.server.backup.BackupItems;
import dev.cairn.server.backup.Backups;
import dev.cairn.server.backup.OpenBackups;
import dev.cairn.server.backup.Retention;
import dev.cairn.server.backup.Sequences;
import dev.cairn.server.backup.UsageMeter;
import dev.cairn.server.backup.schedule.BackupSchedules;
import dev.cairn.server.backup.schedule.ScheduleStore;
import dev.cairn.server.error.ServiceException;
import dev.cairn.server.grpc.Connections;
import dev.cairn.server.grpc.EventLoopLag;
import dev.cairn.server.grpc.GrpcServer;
import dev.cairn.server.grpc.Limits;
import dev.cairn.server.grpc.NettyTransport;
import dev.cairn.server.repository.DiskReserve;
import dev.cairn.server.repository.DurableFiles;
import dev.cairn.server.repository.local.LocalBackupRepository;
import dev.cairn.server.restore.Patience;
import dev.cairn.server.restore.Previews;
import dev.cairn.server.restore.Restorations;
import dev.cairn.server.site.Catalog;
import dev.cairn.server.site.Collections;
import dev.cairn.server.site.CommandLog;
import dev.cairn.server.site.Items;
import dev.cairn.server.site.LocalCommandLog;
import dev.cairn.server.site.Resettling;
import dev.cairn.server.site.SandboxPublisher;
import dev.cairn.server.site.SiteLayout;
import dev.cairn.server.site.Sites;
import dev.cairn.server.site.StorePool;
import dev.cairn.server.site.TimeOrderedIds;
import dev.cairn.server.site.query.ItemQueries;
import dev.cairn.server.store.KeyValueStore;
import dev.cairn.server.store.rocksdb.EngineSettings;
import dev.cairn.server.store.rocksdb.RocksStoreEngine;
import dev.cairn.server.telemetry.AdminServer;
import dev.cairn.server.telemetry.AuditFile;
import dev.cairn.server.telemetry.NamedThreads;
import dev.cairn.server.telemetry.Telemetry;
import io.grpc.ServerBuilder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The whole server, put together: the only place where parts are made and joined, and where the
 * system's clock and schedulers come from.
 *
 * <p>Made in this order, closed in the opposite one: lock, engine, catalog, pool, domain, recovery,
 * port. Which backups there are is looked at first, since restorations take ids and apply
 * retention. They are recovered next, because they decide which generation is live and which safety
 * backup exists; then backups; only then may files that belong to nothing be swept.
 *
 * <p>Thread-safe once made. A second {@link #close} does nothing.
 */
public final class BackupServer implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(BackupServer.class);

  /** Jobs that may wait or run, of each kind. */
  private static final int JOBS = 1_000;

  private static final int STREAMS = 256;

  /** How late an automatic backup may be; a look costs next to nothing when none is due. */
  private static final Duration SCHEDULE_TICK = Duration.ofSeconds(5);

  private static final Duration COUNTING_TICK = Duration.ofSeconds(1);
  private static final Duration AGES_TICK = Duration.ofMinutes(1);
  private static final Duration SLOW_CALL = Duration.ofSeconds(1);

  /** How long jobs may go on once the last call has ended. */
  private static final Duration JOBS_GRACE = Duration.ofSeconds(30);

  /** The contract's default; see {@code Restoration.purge_time}. */
  private static final Duration RESTORATION_RETENTION = Duration.ofDays(90);

  private final ServerConfig config;
  private final Closer storage = new Closer();
  private final Telemetry telemetry = new Telemetry();
  private final GrpcServer grpc;
  private final Optional<AdminServer> admin;
  private final ScheduledExecutorService maintenanceThread;
  private final ScheduledExecutorService scheduleThread;
  private final ScheduledExecutorService watchThread;
  private final ScheduledExecutorService reloadThread;
  private final ScheduledExecutorService telemetryThread;
  private final JobThreads makeThreads;
  private final JobThreads verifyThreads;
  private final JobThreads restoreThreads;

  /** One for each site that is written to at the same time; they wait for the disk. */
  private final ExecutorService leaderThreads;

  private final ExecutorService resettleThread;
  private @Nullable Resettling resettling;

  /** Takes down how far the catalog and the databases have come. */
  private final Runnable marks;

  private boolean closed;

  /**
   * Opens the data directory, puts in order what a crash left, and serves.
   *
   * @throws StartException when that cannot be done
   */
  public static BackupServer start(ServerConfig config) {
    return start(new ServerConfig.Start(config, false));
  }

  static BackupServer start(ServerConfig.Start command) {
    ServerConfig config = command.config();
    InetSocketAddress address = Protection.address(config);
    Protection protection = Protection.of(config);
    return new BackupServer(
        command,
        protection,
        settings -> NettyTransport.listenOn(address, protection.tls(), settings));
  }

  /** The same, behind another transport, for programs that embed the server. */
  public static BackupServer start(
      ServerConfig config, Function<NettyTransport.Settings, ServerBuilder<?>> transport) {
    return new BackupServer(
        new ServerConfig.Start(config, false), Protection.of(config), transport);
  }

  private BackupServer(
      ServerConfig.Start command,
      Protection protection,
      Function<NettyTransport.Settings, ServerBuilder<?>> transport) {
    this.config = command.config();
    InstantSource clock = InstantSource.system();
    makeThreads = new JobThreads("backup", config.backup().concurrentJobs(), JOBS);
    verifyThreads = new JobThreads("verify", 1, JOBS);
    restoreThreads = new JobThreads("restore", config.restore().concurrentJobs(), JOBS);
    leaderThreads = Executors.newCachedThreadPool(new NamedThreads("write"));
    resettleThread = Executors.newSingleThreadExecutor(new NamedThreads("resettle"));
    maintenanceThread = timerThread("maintenance");
    scheduleThread = timerThread("schedule");
    watchThread = timerThread("watch");
    reloadThread = timerThread("reload");
    telemetryThread = timerThread("telemetry");
    boolean started = false;
    try {
      Path data = prepareDataDirectory();
      Optional<AuditFile> audit = config.security().auditFile().map(BackupServer::openAudit);
      audit.ifPresent(storage::add);
      SiteLayout layout = new SiteLayout(data);
      ReserveFile reserve = new ReserveFile(data.resolve("RESERVE"), config.diskReserveBytes());
      reserve.release();
      DiskReserve disk = new DiskReserve(config.diskReserveBytes(), usableBytes(data));
      FileHandles handles =
          FileHandles.of(
              config.store().openSites(),
              EngineSettings.defaults().maxOpenFiles(),
              config.limits().connections());
      Connections connections = new Connections(handles.connections());
      EventLoopLag lag = new EventLoopLag(telemetry);
      RocksStoreEngine engine = storage.add(openEngine(engineSettings(handles)));
      CatalogMark mark = new CatalogMark(data, new DurableFiles());
      CatalogGuard guard = new CatalogGuard(layout, mark, clock);
      boolean rebuild = guard.prepare(command.rebuildCatalog());
      KeyValueStore catalogStore = storage.add(engine.openCatalog(layout.catalog()));
      Catalog catalog = new Catalog(catalogStore);
      if (!rebuild) {
        guard.requireNewest(catalog);
      }
      StorePool pool = storage.add(new StorePool(engine::open, handles.openSites(), clock));

      DurableFiles files = new DurableFiles();
      Sites sites =
          new Sites(
              layout,
              engine,
              files,
              pool,
              catalog,
              clock,
              leaderThreads,
              config.restore().switchWait());
      CommandLog commands = new LocalCommandLog(sites, catalog);
      TimeOrderedIds ids = new TimeOrderedIds(clock, new SecureRandom());
      Sequences sequences = new Sequences(clock);
      int maxCollections = config.limits().collectionsPerSite();
      Collections collections = new Collections(sites, commands, clock, maxCollections);
      Items items = new Items(sites, collections, commands, clock, ids, disk);
      resettling = new Resettling(sites, layout, disk, clock, resettleThread);
      sites.onOutgrown(resettling::ask);
      StorePool backupPool = new StorePool(engine::openReadOnly, handles.openSites(), clock);
      OpenBackups repository =
          storage.add(new OpenBackups(new LocalBackupRepository(layout.backups()), backupPool));
      ScheduleStore scheduleStore =
          new ScheduleStore(sites, catalog, commands, config.backup().autoLimit());
      Backups backups =
          new Backups(
              new Backups.Parts(
                  sites,
                  catalog,
                  commands,
                  repository,
                  sequences,
                  clock,
                  ids,
                  makeThreads.queue(),
                  verifyThreads.queue()),
              new Backups.Settings(
                  new Retention(config.backup().onDemandLimit(), config.backup().safetyLimit()),
                  config.backup().verifyAfterCreate(),
                  scheduleStore::retention,
                  disk));
      Restorations restorations =
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
                  restoreThreads.queue(),
                  disk,
                  maxCollections),
              Patience.ofAMinute(pause -> Thread.sleep(pause.toMillis())));
      BackupSchedules schedules =
          new BackupSchedules(scheduleStore, backups, clock, BackupSchedules.Settings.DEFAULT);
      // The last one is asked first whether a site may go: a restoration that runs refuses before
      // anything else stops.
      sites.register(backups);
      sites.register(schedules);
      sites.register(restorations);

      if (rebuild) {
        backups.findLost();
        guard.rebuilt(catalog);
      }
      backups.takeStock();
      restorations.recover();
      backups.recover();
      sites.sweep();
      reserve.fill();
      marks =
          () -> {
            engine.tend();
            mark.set(catalog.lastChange());
          };
      marks.run();

      BackupItems backupItems = new BackupItems(backups, repository);
      grpc =
          new GrpcServer(
              new GrpcServer.Domain(
                  sites,
                  new UsageMeter(sites, backups, layout, clock),
                  collections,
                  items,
                  new ItemQueries(sites, config.limits().examinedItems()),
                  new SandboxPublisher(sites, commands, clock),
                  backups,
                  backupItems,
                  schedules,
                  restorations,
                  new Previews(sites, backups, backupItems, clock),
                  catalog.events()),
              grpcSettings(),
              protection.tokens(),
              telemetry,
              lag,
              watchThread,
              transport.apply(transportSettings(connections, lag)));
      new Maintenance(
              pool,
              repository,
              sites,
              items,
              backups,
              restorations,
              catalog.events(),
              reserve,
              marks,
              clock,
              new Maintenance.Settings(
                  config.store().idleClose(),
                  config.requestIdRetention(),
                  config.backup().recordRetention(),
                  RESTORATION_RETENTION,
                  config.eventRetention()))
          .start(maintenanceThread);
      startReloading(protection, audit);
      ServerMetrics.process(telemetry, ServerMain.version());
      ServerMetrics.disk(telemetry, disk, backups.overdue());
      ServerMetrics.databases(telemetry, pool, backupPool, handles.openSites());
      ServerMetrics.connections(telemetry, connections);
      ServerMetrics.events(telemetry, catalog.events());
      ServerMetrics.engine(telemetry, engine);
      ServerMetrics.queues(
          telemetry,
          grpc,
          Map.of(
              "backup", makeThreads.queue(),
              "verify", verifyThreads.queue(),
              "restore", restoreThreads.queue()));
      startCounting(
          new JobMetrics(catalog.events(), telemetry),
          new VerifiedAges(sites, backups, clock, telemetry));
      admin = startAdmin();
      listen();
      schedules.start(scheduleThread, SCHEDULE_TICK);
      started = true;
    } catch (IOException e) {
      throw new StartException(
          StartException.Kind.DATA, "the data directory cannot be used: " + e.getMessage(), e);
    } catch (ServiceException e) {
      throw CatalogGuard.explained(e);
    } finally {
      if (!started) {
        stopJobs();
        storage.close();
      }
    }
  }

  @SuppressWarnings("FutureReturnValueIgnored") // a look catches what it throws
  private void startReloading(Protection protection, Optional<AuditFile> audit) {
    long millis = config.security().reloadInterval().toMillis();
    reloadThread.scheduleWithFixedDelay(protection::look, millis, millis, TimeUnit.MILLISECONDS);
    audit.ifPresent(
        each ->
            reloadThread.scheduleWithFixedDelay(each::look, millis, millis, TimeUnit.MILLISECONDS));
  }

  @SuppressWarnings("FutureReturnValueIgnored") // both catch what they throw
  private void startCounting(JobMetrics jobs, VerifiedAges ages) {
    telemetryThread.scheduleWithFixedDelay(
        () -> quietly(jobs::count), 0, COUNTING_TICK.toMillis(), TimeUnit.MILLISECONDS);
    telemetryThread.scheduleWithFixedDelay(
        () -> quietly(ages::look), 0, AGES_TICK.toMillis(), TimeUnit.MILLISECONDS);
  }

  private static void quietly(Runnable work) {
    try {
      work.run();
    } catch (RuntimeException e) {
      log.warn("metrics are not up to date", e);
    }
  }

  private Optional<AdminServer> startAdmin() throws IOException {
    ServerConfig.Admin where = config.admin();
    if (where.port().isEmpty()) {
      return Optional.empty();
    }
    try {
      AdminServer server =
          AdminServer.start(
              new InetSocketAddress(where.address(), where.port().getAsInt()),
              telemetry,
              ServerMain.version(),
              grpc::isServing);
      log.info("metrics on {}:{}", where.address(), server.port());
      return Optional.of(server);
    } catch (IOException e) {
      throw new StartException(
          StartException.Kind.CANNOT_LISTEN,
          "cannot listen on "
              + where.address()
              + ":"
              + where.port().getAsInt()
              + " for metrics; choose another admin.port, or off",
          e);
    }
  }

  private static ScheduledExecutorService timerThread(String name) {
    ScheduledThreadPoolExecutor executor =
        new ScheduledThreadPoolExecutor(1, new NamedThreads(name));
    executor.setRemoveOnCancelPolicy(true);
    return executor;
  }

  private Path prepareDataDirectory() throws IOException {
    Path data = config.dataDirectory().toAbsolutePath().normalize();
    new DurableFiles().createDirectories(data);
    storage.add(DirectoryLock.take(new SiteLayout(data).lock()));
    return data;
  }

  private static AuditFile openAudit(Path file) {
    try {
      return new AuditFile(file);
    } catch (IOException e) {
      throw new StartException(
          StartException.Kind.CONFIGURATION, "audit.file cannot be written: " + e.getMessage(), e);
    }
  }

  private static RocksStoreEngine openEngine(EngineSettings settings) {
    try {
      return new RocksStoreEngine(settings);
    } catch (UncheckedIOException e) {
      throw new StartException(StartException.Kind.ENGINE, String.valueOf(e.getMessage()), e);
    }
  }

  private static LongSupplier usableBytes(Path directory) throws IOException {
    FileStore disk = Files.getFileStore(directory); // looks through all mounts, once
    return () -> {
      try {
        return disk.getUsableSpace();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    };
  }

  private EngineSettings engineSettings(FileHandles handles) {
    EngineSettings defaults = EngineSettings.defaults();
    ServerConfig.Store store = config.store();
    return new EngineSettings(
        store.blockCacheBytes() + store.writeBuffersBytes(),
        store.writeBuffersBytes(),
        defaults.backgroundBytesPerSecond(),
        defaults.backgroundThreads(),
        handles.openSites(),
        handles.filesPerSite(),
        store.largeCollectionBytes());
  }

  private GrpcServer.Settings grpcSettings() {
    ServerConfig.Limits limits = config.limits();
    return new GrpcServer.Settings(
        new Limits(
            limits.itemBytes(),
            limits.batchItems(),
            limits.fieldsPerCollection(),
            limits.pageSize(),
            limits.filterValues(),
            limits.messageBytes()),
        config.backup().onDemandLimit(),
        limits.workerThreads(),
        limits.workerQueue(),
        limits.scans(),
        limits.streamThreads(),
        STREAMS,
        limits.watches(),
        config.watch().minInterval(),
        config.watch().heartbeat(),
        limits.exportStandstill(),
        limits.importSilence(),
        SLOW_CALL,
        config.backup().recordRetention(),
        RESTORATION_RETENTION,
        // Of callers without names there is nothing to tell, unless somebody wants to have it.
        config.security().auth().isPresent() || config.security().auditFile().isPresent());
  }

  private NettyTransport.Settings transportSettings(Connections connections, EventLoopLag lag) {
    return new NettyTransport.Settings(
        connections,
        lag,
        config.limits().messageBytes(),
        config.limits().metadataBytes(),
        config.limits().callsPerConnection(),
        config.connection().keepalivePermit(),
        config.connection().maxIdle(),
        config.connection().maxAge());
  }

  private void listen() throws IOException {
    try {
      grpc.start();
    } catch (IOException e) {
      throw new StartException(
          StartException.Kind.CANNOT_LISTEN,
          "cannot listen on "
              + config.listen().address()
              + ":"
              + config.listen().port()
              + "; is another server running there?",
          e);
    }
    if (config.listen().portFile().isPresent()) {
      writePort(config.listen().portFile().get());
    }
  }

  /** Whoever waits for the file reads all of it or does not find it. */
  private void writePort(Path file) throws IOException {
    Path target = file.toAbsolutePath();
    Path temporary = target.resolveSibling(target.getFileName() + ".tmp");
    Files.writeString(temporary, grpc.port() + "\n");
    Files.move(
        temporary, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  /** The port that metrics and health are read from; empty when that is off. */
  public OptionalInt adminPort() {
    return admin.map(server -> OptionalInt.of(server.port())).orElse(OptionalInt.empty());
  }

  /** The port listened on. */
  public int port() {
    return grpc.port();
  }

  /**
   * Stops gracefully: takes no new calls, ends watches, lets calls finish for the configured grace,
   * waits for running jobs, then closes every database.
   */
  @Override
  public synchronized void close() {
    if (closed) {
      return;
    }
    closed = true;
    log.info("draining grace={}", config.shutdownGrace());
    grpc.drain(config.shutdownGrace());
    boolean quiet = grpc.stop();
    admin.ifPresent(AdminServer::close);
    quiet &= stopJobs();
    marks.run();
    if (quiet) {
      storage.close();
    } else {
      // Closing a database that is in use ends the process at once; leaving it open harms nothing.
      log.warn("something still works on the databases, they are left open");
    }
    log.info("stopped");
  }

  /** Waits for what runs, which works on the catalog or on content. */
  private static boolean stop(ExecutorService threads) {
    threads.shutdown();
    try {
      return threads.awaitTermination(JOBS_GRACE.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  private boolean stopJobs() {
    reloadThread.shutdownNow();
    maintenanceThread.shutdownNow();
    if (resettling != null) {
      resettling.stop();
    }
    boolean ended = stop(resettleThread);
    ended &= stop(leaderThreads);
    ended &= stop(telemetryThread);
    ended &= stop(scheduleThread);
    ended &= makeThreads.stop(JOBS_GRACE);
    ended &= verifyThreads.stop(JOBS_GRACE);
    ended &= restoreThreads.stop(JOBS_GRACE);
    watchThread.shutdownNow(); // last: jobs publish to it
    return ended;
  }
}
