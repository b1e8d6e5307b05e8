package dev.cairn.server;

import dev.cairn.server.backup.Backups;
import dev.cairn.server.backup.OpenBackups;
import dev.cairn.server.backup.Retention;
import dev.cairn.server.restore.Restorations;
import dev.cairn.server.site.Environment;
import dev.cairn.server.site.EventLog;
import dev.cairn.server.site.Items;
import dev.cairn.server.site.SiteId;
import dev.cairn.server.site.SiteRecord;
import dev.cairn.server.site.Sites;
import dev.cairn.server.site.StorePool;
import dev.cairn.server.telemetry.Bursts;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What is done beside the calls: once, removing what a crash left; from time to time, closing
 * databases that nobody uses, forgetting request ids and records whose time is over, making up for
 * what a failing disk prevented. Confined to the thread of its scheduler.
 */
final class Maintenance {
  private static final Logger log = LoggerFactory.getLogger(Maintenance.class);

  /** What fails at every tick is told once, until it was well for so long. */
  private static final Duration QUIET = Duration.ofMinutes(5);

  private static final Duration MAX_TICK = Duration.ofMinutes(1);
  private static final Duration HEALING_TICK = Duration.ofSeconds(1);
  private static final Duration MIN_TICK = Duration.ofMillis(500);

  /** A purge opens every site's database, so it is done a few times in a retention only. */
  private static final int PURGES_PER_RETENTION = 4;

  private static final int EVENTS_AT_ONCE = 200;

  /** Sites whose backups are measured in one tick. */
  private static final int SITES_MEASURED = 20;

  private final StorePool pool;
  private final OpenBackups openBackups;
  private final Sites sites;
  private final Items items;
  private final Backups backups;
  private final Restorations restorations;
  private final EventLog events;
  private final ReserveFile reserve;
  private final Runnable marks;
  private final InstantSource clock;
  private final Settings settings;
  private final Bursts bursts = new Bursts(QUIET, System::nanoTime);
  private Instant nextRecordPurge = Instant.MIN;
  private Instant lastPurge;
  private String lastMeasured = "";

  /** How long things are kept. */
  record Settings(
      Duration idleClose,
      Duration requestIdRetention,
      Duration backupRetention,
      Duration restorationRetention,
      Duration eventRetention) {}

  Maintenance(
      StorePool pool,
      OpenBackups openBackups,
      Sites sites,
      Items items,
      Backups backups,
      Restorations restorations,
      EventLog events,
      ReserveFile reserve,
      Runnable marks,
      InstantSource clock,
      Settings settings) {
    this.pool = pool;
    this.openBackups = openBackups;
    this.sites = sites;
    this.items = items;
    this.backups = backups;
    this.restorations = restorations;
    this.events = events;
    this.reserve = reserve;
    this.marks = marks;
    this.clock = clock;
    this.settings = settings;
    this.lastPurge = clock.instant();
  }

  @SuppressWarnings("FutureReturnValueIgnored") // a tick catches what it throws
  void start(ScheduledExecutorService scheduler) {
    scheduler.execute(this::finishStart);
    long millis =
        Math.max(
            MIN_TICK.toMillis(),
            Math.min(MAX_TICK.toMillis(), settings.idleClose().toMillis() / 2));
    scheduler.scheduleWithFixedDelay(this::tick, millis, millis, TimeUnit.MILLISECONDS);
    long heal = HEALING_TICK.toMillis();
    scheduler.scheduleWithFixedDelay(this::heal, heal, heal, TimeUnit.MILLISECONDS);
  }

  /** What a start need not wait for, since nobody sees whether it was done. */
  private void finishStart() {
    try {
      sites.sweepUnused();
      forEachSite(backups::applyRetention);
    } catch (RuntimeException e) {
      log.error("what a crash or another configuration left remains until the next start", e);
    }
  }

  /** What fails for one site does not keep the others from their turn. */
  private void forEachSite(Consumer<SiteId> work) {
    for (SiteId site : sites.ids()) {
      if (Thread.currentThread().isInterrupted()) {
        return;
      }
      try {
        if (sites.exists(site)) {
          work.accept(site);
        }
      } catch (RuntimeException e) {
        log.warn("a site was left out site={}", site, e);
      }
    }
  }

  /** What waits for the disk to work again, and the marks; little when all is well. */
  private void heal() {
    try {
      marks.run();
      backups.overdue().retry();
      reserve.fill();
    } catch (RuntimeException e) {
      if (bursts.begins("healing")) {
        log.error("healing failed, it will be tried again", e);
      }
    }
  }

  private void tick() {
    try {
      pool.closeIdle(settings.idleClose());
      openBackups.closeIdle(settings.idleClose());
      Instant now = clock.instant();
      purgeRecords(now);
      purgeEvents(now.minus(settings.eventRetention()));
      measureSome();
      Duration pause = settings.requestIdRetention().dividedBy(PURGES_PER_RETENTION);
      if (!now.isBefore(lastPurge.plus(pause))) {
        lastPurge = now;
        purgeMarkers(now.minus(settings.requestIdRetention()));
      }
    } catch (RuntimeException e) {
      if (bursts.begins("maintenance")) {
        log.error("maintenance failed, it will be tried again", e);
      }
    }
  }

  /** Some sites at a time, in turn, because it looks at all files of their backups. */
  private void measureSome() {
    List<SiteRecord> some = sites.list("", lastMeasured, SITES_MEASURED);
    for (SiteRecord site : some) {
      try {
        backups.measure(site.id());
      } catch (RuntimeException e) {
        log.warn("backups of a site could not be measured site={}", site.id(), e);
      }
    }
    boolean more = some.size() == SITES_MEASURED;
    lastMeasured = more ? some.get(some.size() - 1).id().value() : "";
  }

  /** Reads every record there is, so it is not done at each tick. */
  private void purgeRecords(Instant now) {
    if (now.isBefore(nextRecordPurge)) {
      return;
    }
    nextRecordPurge = now.plus(Retention.checkPeriod(settings.backupRetention()));
    int backupCount = backups.purge(now.minus(settings.backupRetention()));
    int restorationCount = restorations.purge(now.minus(settings.restorationRetention()));
    if (backupCount + restorationCount > 0) {
      log.info("records purged backups={} restorations={}", backupCount, restorationCount);
    }
  }

  /** In small steps, because the whole catalog waits for each. */
  private void purgeEvents(Instant before) {
    int purged = 0;
    int some = EVENTS_AT_ONCE;
    while (some == EVENTS_AT_ONCE && !Thread.currentThread().isInterrupted()) {
      some = events.purge(before, EVENTS_AT_ONCE);
      purged += some;
    }
    if (purged > 0) {
      log.info("events purged count={}", purged);
    }
  }

  private void purgeMarkers(Instant before) {
    LongAdder purged = new LongAdder();
    purged.add(sites.purgeRequests(before));
    forEachSite(site -> purged.add(purgeMarkers(site, before)));
    if (purged.sum() > 0) {
      log.info("request ids purged count={}", purged);
    }
  }

  private int purgeMarkers(SiteId site, Instant before) {
    int purged = items.purgeMarkers(site, Environment.LIVE, before);
    boolean sandbox = !sites.stats(site, Environment.SANDBOX).isEmpty();
    return purged + (sandbox ? items.purgeMarkers(site, Environment.SANDBOX, before) : 0);
  }
}
