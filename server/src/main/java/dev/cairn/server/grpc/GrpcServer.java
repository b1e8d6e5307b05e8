package dev.cairn.server.grpc;

import dev.cairn.server.auth.Tokens;
import dev.cairn.server.backup.BackupItems;
import dev.cairn.server.backup.Backups;
import dev.cairn.server.backup.UsageMeter;
import dev.cairn.server.backup.schedule.BackupSchedules;
import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import dev.cairn.server.restore.Previews;
import dev.cairn.server.restore.Restorations;
import dev.cairn.server.site.Collections;
import dev.cairn.server.site.EventLog;
import dev.cairn.server.site.Items;
import dev.cairn.server.site.SandboxPublisher;
import dev.cairn.server.site.Sites;
import dev.cairn.server.site.query.ItemQueries;
import dev.cairn.server.telemetry.Telemetry;
import io.grpc.BindableService;
import io.grpc.Server;
import io.grpc.ServerBuilder;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.protobuf.services.ChannelzService;
import io.grpc.protobuf.services.HealthStatusManager;
import io.grpc.protobuf.services.ProtoReflectionServiceV1;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;

/**
 * Every service of the contract with its interceptors and threads, behind a transport. Health says
 * SERVING between {@link #start} and {@link #drain}.
 *
 * <p>Thread-safe. It ends its own threads; the domain is closed by whoever made it, after this.
 */
public final class GrpcServer implements AutoCloseable {
  /** Scans keep a core busy each; calls of other kinds mostly wait for the disk. */
  private static final int WORKERS_PER_SCAN = 32;

  /** How long threads may take to end once no call is left. */
  private static final Duration THREADS_GRACE = Duration.ofSeconds(10);

  /** How often the tokens of open streams are looked at. */
  private static final Duration REVIEW = Duration.ofSeconds(1);

  /** How long the errors that end streams may take to their callers. */
  private static final Duration STREAMS_GRACE = Duration.ofSeconds(1);

  private final Server server;
  private final HealthStatusManager health = new HealthStatusManager();
  private final List<BindableService> services;
  private final Workers workers;
  private final Workers scanWorkers;
  private final Workers streamWorkers;
  private final OpenStreams streams;
  private final Watches watches;
  private final Optional<ScheduledFuture<?>> review;
  private volatile boolean serving;

  /** What the services are for. */
  public record Domain(
      Sites sites,
      UsageMeter usage,
      Collections collections,
      Items items,
      ItemQueries queries,
      SandboxPublisher publisher,
      Backups backups,
      BackupItems backupItems,
      BackupSchedules schedules,
      Restorations restorations,
      Previews previews,
      EventLog events) {}

  /**
   * How calls are served.
   *
   * @param onDemandLimit how many on-demand backups a site keeps
   * @param workerQueue unary calls that may wait for a worker
   * @param scans calls that go through many items that may wait or be worked on
   * @param streams imports and exports that may be open at once
   * @param watches that may be open at once
   * @param watchInterval the least time between two messages of progress
   * @param watchHeartbeat the longest silence of a watch
   * @param exportStandstill how long an export may have no room on the wire
   * @param importSilence how long an import may be without a message
   * @param slowCall how long a unary call takes that is worth a line in the log
   * @param backupRetention how long the record of a backup is kept that holds nothing any more
   * @param restorationRetention how long the record of a restoration is kept after its end
   * @param audit whether changes and refusals are worth a line in the audit log
   */
  public record Settings(
      Limits limits,
      int onDemandLimit,
      int workerThreads,
      int workerQueue,
      int scans,
      int streamThreads,
      int streams,
      int watches,
      Duration watchInterval,
      Duration watchHeartbeat,
      Duration exportStandstill,
      Duration importSilence,
      Duration slowCall,
      Duration backupRetention,
      Duration restorationRetention,
      boolean audit) {}

  /**
   * Nothing is served yet.
   *
   * @param tokens empty: everybody may do everything
   * @param lag of the transport
   * @param watchThread one thread; has to live until nothing is published any more
   * @param transport where calls come from; it is given everything else that it needs
   */
  public GrpcServer(
      Domain domain,
      Settings settings,
      Optional<Tokens> tokens,
      Telemetry telemetry,
      EventLoopLag lag,
      ScheduledExecutorService watchThread,
      ServerBuilder<?> transport) {
    Limits limits = settings.limits();
    this.workers =
        new Workers(
            "worker",
            settings.workerThreads(),
            settings.workerThreads() + settings.workerQueue(),
            lag::takeLongest);
    this.scanWorkers =
        new Workers(
            "scan", Math.max(1, settings.workerThreads() / WORKERS_PER_SCAN), settings.scans());
    this.streamWorkers = new Workers("stream", settings.streamThreads(), settings.streams());
    this.streams = new OpenStreams(settings.streams());
    this.watches =
        new Watches(
            settings.watches(),
            new WatchStream.Pace(settings.watchInterval(), settings.watchHeartbeat()),
            watchThread,
            workers);
    BackupMessages backupMessages =
        new BackupMessages(settings.backupRetention(), domain.backups()::expireTime);
    RestorationMessages restorationMessages =
        new RestorationMessages(backupMessages, settings.restorationRetention());
    ItemGrpcService items =
        new ItemGrpcService(
            domain.items(),
            new QueryCalls(domain.sites(), domain.queries(), domain.publisher(), limits),
            limits,
            new ItemGrpcService.Streams(
                streamWorkers,
                streams,
                watchThread,
                settings.exportStandstill(),
                settings.importSilence()));
    BackupGrpcService backups =
        new BackupGrpcService(
            domain.backups(), domain.backupItems(), backupMessages, watches, limits);
    RestorationGrpcService restorations =
        new RestorationGrpcService(
            domain.restorations(), domain.previews(), restorationMessages, watches, limits);
    this.services =
        List.of(
            new SiteGrpcService(domain.sites(), domain.usage(), settings.onDemandLimit(), limits),
            new CollectionGrpcService(domain.collections(), limits),
            items::definition,
            backups::definition,
            restorations::definition,
            new BackupScheduleGrpcService(domain.schedules(), limits),
            new EventGrpcService(
                domain.events(),
                new EventMessages(backupMessages, restorationMessages),
                new EventGrpcService.Streams(
                    watches, streamWorkers, watchThread, settings.watchHeartbeat()),
                limits));
    CheckedRequests checked = new CheckedRequests(limits.messageBytes());
    services.forEach(service -> transport.addService(checked.of(service.bindService())));
    CallLog log = new CallLog(System::nanoTime, settings.slowCall());
    this.server =
        transport
            .directExecutor()
            .addTransportFilter(Gate.counting())
            .addService(health.getHealthService())
            .addService(ProtoReflectionServiceV1.newInstance())
            .addService(ChannelzService.newInstance(100))
            .fallbackHandlerRegistry(new UnknownMethods())
            // The last one added is the first to see a call.
            .intercept(new WorkerInterceptor(workers, scanWorkers))
            .intercept(new AccessControl(tokens, Rights.ofContract(), workers))
            .intercept(new ErrorInterceptor())
            .intercept(new AuditLog(settings.audit()))
            .intercept(log)
            .intercept(new Gate(workers, scanWorkers, log))
            .intercept(new CallMetrics(telemetry, System::nanoTime))
            .build();
    setHealth(ServingStatus.NOT_SERVING);
    this.review = tokens.map(each -> reviewing(each, watchThread));
  }

  /** A stream has no later request at which its token could be checked. */
  private ScheduledFuture<?> reviewing(Tokens tokens, ScheduledExecutorService thread) {
    return thread.scheduleWithFixedDelay(
        () -> {
          watches.review(tokens);
          streams.review(tokens);
        },
        REVIEW.toMillis(),
        REVIEW.toMillis(),
        TimeUnit.MILLISECONDS);
  }

  /** Begins to serve. */
  public void start() throws IOException {
    server.start();
    setHealth(ServingStatus.SERVING);
    serving = true;
  }

  private void setHealth(ServingStatus status) {
    health.setStatus(HealthStatusManager.SERVICE_NAME_ALL_SERVICES, status);
    services.forEach(
        service ->
            health.setStatus(service.bindService().getServiceDescriptor().getName(), status));
  }

  /** Whether calls are taken. */
  public boolean isServing() {
    return serving;
  }

  /** How busy it is now. */
  public Load load() {
    return new Load(workers.load(), scanWorkers.load(), streams.load(), watches.load());
  }

  /** The port listened on. */
  public int port() {
    return server.getPort();
  }

  /**
   * Takes no new calls, ends watches so that their clients go elsewhere, lets the others finish for
   * {@code grace}, ends imports and exports that did not, and cuts off the rest.
   */
  public void drain(Duration grace) {
    serving = false;
    health.enterTerminalState();
    watches.drain();
    server.shutdown();
    if (await(grace)) {
      return;
    }
    streams.drain();
    if (!await(STREAMS_GRACE)) {
      server.shutdownNow();
      await(THREADS_GRACE);
    }
  }

  private boolean await(Duration time) {
    try {
      return server.awaitTermination(time.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  /** What a watch or stream is ended with when the server goes down. */
  static ServiceException shuttingDown() {
    return new ServiceException(
            Reason.SHUTTING_DOWN, "the server is going down; connect again and resume")
        .withRetryAfter(Duration.ofSeconds(1));
  }

  /**
   * Cuts off what is still open and ends the threads.
   *
   * @return whether nothing works on the domain any more, so that it may be closed
   */
  public boolean stop() {
    if (!server.isTerminated()) {
      drain(Duration.ZERO);
    }
    review.ifPresent(each -> each.cancel(false));
    boolean ended = workers.stop(THREADS_GRACE);
    ended &= scanWorkers.stop(THREADS_GRACE);
    ended &= streamWorkers.stop(THREADS_GRACE);
    return ended;
  }

  @Override
  public void close() {
    stop();
  }
}
