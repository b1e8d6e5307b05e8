package dev.cairn.server.backup.schedule;

import dev.cairn.server.backup.AutoRetention;
import dev.cairn.server.backup.BackupId;
import dev.cairn.server.backup.Backups;
import dev.cairn.server.backup.Retention;
import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import dev.cairn.server.site.CatalogTransaction;
import dev.cairn.server.site.SiteDependent;
import dev.cairn.server.site.SiteId;
import dev.cairn.server.site.SiteRecord;
import dev.cairn.server.telemetry.Bursts;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The schedules of all sites: shown, changed, and carried out.
 *
 * <p>{@link #tick} does everything that happens by itself: it notes what became of the backups that
 * run, starts those that are due and asks for retention by age. The truth is in the catalog; what
 * is here in memory only finds it quickly, is made from it by the first tick, and is made anew from
 * time to time and when the clock was set back. So a run that was missed for whatever reason is
 * found overdue and is caught up, once, because the run after it is planned from then on.
 *
 * <p>A site has at most one AUTO backup under way; a run that is due meanwhile waits.
 *
 * <p>Thread-safe; {@code lock} guards what is in memory, and the step from a record to it, so that
 * the last change of a record wins. The catalog is used under the lock, and never the other way
 * round. {@code tick} is called from one thread only.
 */
public final class BackupSchedules implements SiteDependent {
  private static final Logger log = LoggerFactory.getLogger(BackupSchedules.class);
  private static final Duration CLOCK_STEP = Duration.ofMinutes(1);

  /** What fails at every tick is told once, until it was well for so long. */
  private static final Duration QUIET = Duration.ofMinutes(5);

  private final ScheduleStore store;
  private final AutoBackupMaker maker;
  private final InstantSource clock;
  private final Settings settings;

  private final Object lock = new Object();
  private final Agenda runs = new Agenda();
  private final Agenda checks = new Agenda();
  private final Pace pace = new Pace();
  private final Map<SiteId, BackupId> running = new HashMap<>();
  private final Map<SiteId, Integer> refusals = new HashMap<>();

  private final Bursts bursts = new Bursts(QUIET, System::nanoTime);
  private @Nullable Instant lastTick; // of the ticking thread
  private Instant lastRebuild = Instant.MIN;

  /**
   * How schedules are carried out.
   *
   * @param maxRunning AUTO backups under way at the same time, waiting ones included; less than the
   *     queue takes, so that there is room for others
   * @param rebuildEvery how often memory is made anew from the catalog
   */
  public record Settings(int maxRunning, Duration rebuildEvery) {
    public static final Settings DEFAULT = new Settings(32, Duration.ofHours(6));
  }

  public BackupSchedules(
      ScheduleStore store, Backups backups, InstantSource clock, Settings settings) {
    this(store, new BackupsMaker(backups), clock, settings);
  }

  BackupSchedules(
      ScheduleStore store, AutoBackupMaker maker, InstantSource clock, Settings settings) {
    this.store = store;
    this.maker = maker;
    this.clock = clock;
    this.settings = settings;
  }

  /**
   * A schedule as people see it.
   *
   * @param nextRun when the next backup will be requested; now if it is overdue, empty while paused
   */
  public record View(BackupSchedule schedule, AutoRetention retention, Optional<Instant> nextRun) {}

  /**
   * The site's schedule.
   *
   * @throws ServiceException SITE_NOT_FOUND
   */
  public View get(SiteId site) {
    return view(store.get(site));
  }

  private View view(BackupSchedule stored) {
    Instant now = clock.instant();
    BackupSchedule schedule = stored.isAheadOf(now) ? stored.replanned(now) : stored;
    if (schedule.running().isPresent()) {
      BackupId backup = schedule.running().get().backupId();
      schedule = schedule.ended(backup, maker.outcome(schedule.siteId(), backup));
    }
    return new View(
        schedule,
        store.retention(schedule.settings()),
        schedule.due().map(due -> due.isBefore(now) ? now : due));
  }

  /**
   * Replaces parts of a schedule. Backups that a new retention no longer keeps go with the next
   * tick.
   *
   * @param etag the one it must have; empty: any
   * @throws ServiceException INVALID_ARGUMENT; SITE_NOT_FOUND; ETAG_MISMATCH
   */
  public View update(SiteId site, ScheduleChange change, String etag) {
    change.check();
    Instant now = clock.instant();
    BackupSchedule updated;
    synchronized (lock) {
      updated =
          store.change(
              site,
              schedule -> {
                requireEtag(schedule, etag);
                return schedule.changed(change, now);
              });
      plan(updated);
      checks.put(site, now);
    }
    log.info("backup schedule updated site={} revision={}", site, updated.revision());
    return view(updated);
  }

  private static void requireEtag(BackupSchedule schedule, String etag) {
    if (!etag.isEmpty() && !etag.equals(schedule.etag())) {
      throw new ServiceException(
          Reason.ETAG_MISMATCH,
          Map.of("site_id", schedule.siteId().value(), "actual_etag", schedule.etag()),
          "the backup schedule of site " + schedule.siteId() + " has changed since it was read");
    }
  }

  /**
   * Has {@code scheduler}, which has one thread, call {@link #tick} from now on: every {@code
   * period}, and when a backup has ended, since the next one may take its place.
   */
  @SuppressWarnings("FutureReturnValueIgnored") // a tick catches what it throws
  public void start(ScheduledExecutorService scheduler, Duration period) {
    Runnable tick = () -> tick(clock.instant());
    AtomicBoolean asked = new AtomicBoolean();
    maker.onEnded(
        () -> {
          if (!asked.compareAndSet(false, true)) {
            return; // the one that was asked for has yet to begin and will see this end, too
          }
          try {
            scheduler.execute(
                () -> {
                  asked.set(false);
                  tick.run();
                });
          } catch (RejectedExecutionException e) {
            log.debug("no tick, the server is going down");
          }
        });
    scheduler.scheduleWithFixedDelay(tick, 0, period.toMillis(), TimeUnit.MILLISECONDS);
  }

  /** Does what is to be done at {@code now}. Its failures are logged and tried again later. */
  public void tick(Instant now) {
    try {
      boolean setBack = lastTick != null && now.plus(CLOCK_STEP).isBefore(lastTick);
      if (lastTick == null || setBack || !lastRebuild.plus(settings.rebuildEvery).isAfter(now)) {
        rebuild(now);
        lastRebuild = now;
      }
      lastTick = now;
      noteOutcomes();
      startDue(now);
      checkRetention(now);
    } catch (RuntimeException e) {
      if (bursts.begins("tick")) {
        log.error("the backup schedules could not be carried out; they are tried again", e);
      }
    }
  }

  private void rebuild(Instant now) {
    for (SiteId site : store.sites()) {
      try {
        synchronized (lock) {
          if (find(site).filter(schedule -> schedule.isAheadOf(now)).isPresent()) {
            log.info("the clock was set back, planning anew site={}", site);
            store.change(site, schedule -> schedule.replanned(now));
          }
          plan(site);
        }
      } catch (RuntimeException e) {
        log.error("the site gets no automatic backups until the next attempt site={}", site, e);
      }
    }
  }

  private Optional<BackupSchedule> find(SiteId site) {
    try {
      return Optional.of(store.get(site));
    } catch (ServiceException e) {
      if (e.reason() == Reason.SITE_NOT_FOUND) {
        return Optional.empty();
      }
      throw e;
    }
  }

  /** Brings memory in line with the site's record. */
  private void plan(SiteId site) {
    synchronized (lock) {
      find(site).ifPresentOrElse(this::plan, () -> forget(site));
    }
  }

  private void forget(SiteId site) {
    runs.remove(site);
    running.remove(site);
    refusals.remove(site);
    pace.remove(site);
    checks.remove(site);
  }

  private void plan(BackupSchedule schedule) {
    SiteId site = schedule.siteId();
    runs.remove(site);
    running.remove(site);
    refusals.remove(site);
    pace.remove(site);
    if (!schedule.settings().paused()) {
      schedule.settings().interval().ifPresent(interval -> pace.put(site, interval));
    }
    schedule
        .running()
        .ifPresentOrElse(
            run -> running.put(site, run.backupId()),
            () -> schedule.due().ifPresent(due -> runs.put(site, due)));
    planCheck(schedule);
  }

  private void planCheck(BackupSchedule schedule) {
    SiteId site = schedule.siteId();
    schedule
        .settings()
        .retentionMaxAge()
        .ifPresent(age -> checks.putEarlier(site, nextCheck(clock.instant(), age, site)));
  }

  private static Instant nextCheck(Instant now, Duration maxAge, SiteId site) {
    return new Timing.Interval(Retention.checkPeriod(maxAge)).nextAfter(now, site);
  }

  private void noteOutcomes() {
    Map<SiteId, BackupId> underWay;
    synchronized (lock) {
      underWay = Map.copyOf(running);
    }
    underWay.forEach(
        (site, backup) -> {
          try {
            Outcome outcome = maker.outcome(site, backup);
            if (!(outcome instanceof Outcome.Pending)) {
              noteOutcome(site, backup, outcome);
            }
          } catch (RuntimeException e) {
            log.warn("the end of a backup could not be noted site={} backup={}", site, backup, e);
          }
        });
  }

  private void noteOutcome(SiteId site, BackupId backup, Outcome outcome) {
    BackupSchedule schedule;
    synchronized (lock) {
      try {
        schedule = store.change(site, old -> old.ended(backup, outcome));
        plan(schedule);
      } catch (ServiceException e) {
        if (e.reason() != Reason.SITE_NOT_FOUND) {
          throw e;
        }
        forget(site);
        return;
      }
    }
    if (outcome instanceof Outcome.Failed failed) {
      log.warn(
          "automatic backup failed site={} backup={} reason={} failures={} next={}",
          site,
          backup,
          failed.reason(),
          schedule.failures(),
          schedule.due().map(Instant::toString).orElse("paused"));
    }
  }

  private void startDue(Instant now) {
    List<SiteId> due;
    synchronized (lock) {
      due = runs.due(now);
      pace.tick(now, due.stream().filter(pace::contains).count());
    }
    for (SiteId site : due) {
      synchronized (lock) {
        if (running.size() >= settings.maxRunning) {
          return;
        }
        if (pace.contains(site) && !pace.hasRoom()) {
          continue;
        }
      }
      if (!start(site, now)) {
        return;
      }
    }
  }

  /** Requests a backup. Answers whether it makes sense to request others. */
  private boolean start(SiteId site, Instant now) {
    try {
      BackupSchedule stored = store.get(site);
      if (stored.running().isPresent()) {
        plan(stored); // it was recorded after all, although that was reported failed
        return true;
      }
      BackupId backup =
          maker.request(
              site,
              (transaction, id, time) ->
                  store.change(transaction, site, schedule -> schedule.started(id, time, now)));
      synchronized (lock) {
        runs.remove(site);
        running.put(site, backup);
        if (pace.contains(site)) {
          pace.started();
        }
      }
    } catch (ServiceException e) {
      switch (e.reason()) {
        case OVERLOADED, SHUTTING_DOWN -> {
          return false;
        }
        case SITE_NOT_FOUND -> plan(site);
        default -> refused(site, now, e);
      }
    } catch (RuntimeException e) {
      refused(site, now, e);
    }
    return true;
  }

  /** Not even a record could be made of it: the memory of that has to be enough. */
  private void refused(SiteId site, Instant now, RuntimeException e) {
    Instant again;
    synchronized (lock) {
      int count = refusals.merge(site, 1, Integer::sum);
      again = now.plus(BackupSchedule.pauseAfter(count));
      runs.put(site, again);
    }
    if (e instanceof ServiceException known) {
      log.warn(
          "automatic backup could not be requested site={} reason={} again={}",
          site,
          known.reason(),
          again);
    } else {
      log.error("automatic backup could not be requested site={} again={}", site, again, e);
    }
  }

  private void checkRetention(Instant now) {
    List<SiteId> due;
    synchronized (lock) {
      due = checks.due(now);
    }
    for (SiteId site : due) {
      synchronized (lock) {
        checks.remove(site);
      }
      try {
        maker.applyRetention(site);
      } catch (RuntimeException e) {
        log.warn("retention could not be applied, it is tried again later site={}", site, e);
      }
      synchronized (lock) {
        find(site).ifPresent(this::planCheck);
      }
    }
  }

  // The life of sites.

  @Override
  public void afterCreate(SiteRecord site) {
    plan(site.id());
  }

  @Override
  public void beforeDelete(SiteId id) {}

  @Override
  public void removeRecords(SiteId id, CatalogTransaction transaction) {
    store.delete(id, transaction);
  }

  @Override
  public void afterDelete(SiteId id) {
    plan(id);
  }
}
