package dev.cairn.server.backup.schedule;

import dev.cairn.server.backup.BackupId;
import dev.cairn.server.site.SiteId;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * A site's schedule as the catalog keeps it: what people set and what became of its runs. The next
 * run follows from it. A site without a record has {@link #initial}. Immutable.
 *
 * @param revision of the settings, 0 at first
 * @param updateTime when the settings last changed
 * @param plannedFrom the next regular run is the first one after this: when the last one began, or
 *     when the runs were planned anew
 * @param last the last run
 * @param lastSuccess the moment that the newest AUTO backup that became READY holds
 * @param failures how many of the last runs failed in a row
 * @param lastFailure when the last run failed; empty if it did not, or is under way
 */
public record BackupSchedule(
    SiteId siteId,
    ScheduleSettings settings,
    long revision,
    Instant updateTime,
    Instant plannedFrom,
    Optional<Run> last,
    Optional<Instant> lastSuccess,
    int failures,
    Optional<Instant> lastFailure) {

  private static final String PREFIX = "schedule/";
  private static final Duration FIRST_PAUSE = Duration.ofMinutes(1);
  private static final Duration LAST_PAUSE = Duration.ofHours(6);
  private static final Duration CLOCK_TOLERANCE = Duration.ofHours(1);

  /**
   * A run.
   *
   * @param time when the backup was requested
   * @param ended whether its outcome is part of this record
   */
  public record Run(BackupId backupId, Instant time, boolean ended) {}

  static String key(SiteId siteId) {
    return PREFIX + siteId;
  }

  /** The schedule of a site that nobody set anything for and that had no run. */
  static BackupSchedule initial(SiteId siteId, Instant siteCreated) {
    return new BackupSchedule(
        siteId,
        ScheduleSettings.DEFAULT,
        0,
        siteCreated,
        siteCreated,
        Optional.empty(),
        Optional.empty(),
        0,
        Optional.empty());
  }

  /** Changes with every change of the settings, also when the site is deleted and made again. */
  public String etag() {
    return Long.toHexString(updateTime.toEpochMilli()) + "-" + Long.toHexString(revision);
  }

  /** The run that is under way, as far as this record knows. */
  Optional<Run> running() {
    return last.filter(run -> !run.ended());
  }

  /** When the next run is due; in the past if it is overdue, empty while paused. */
  Optional<Instant> due() {
    if (settings.paused()) {
      return Optional.empty();
    }
    Instant regular = settings.timing().nextAfter(plannedFrom, siteId);
    return Optional.of(
        lastFailure
            .map(failure -> failure.plus(pauseAfter(failures)))
            .filter(retry -> retry.isBefore(regular))
            .orElse(regular));
  }

  /** How long to wait after that many failures in a row: 1 minute, doubled up to 6 hours. */
  static Duration pauseAfter(int failures) {
    Duration pause = FIRST_PAUSE.multipliedBy(1L << Math.min(Math.max(failures, 1) - 1, 20));
    return pause.compareTo(LAST_PAUSE) < 0 ? pause : LAST_PAUSE;
  }

  /**
   * Whether the clock was set back since the runs were planned, by so much that waiting for it
   * would lose runs. Less than that is not worth a run more.
   */
  boolean isAheadOf(Instant now) {
    if (lastFailure.isPresent() && lastFailure.get().isAfter(now.plus(CLOCK_TOLERANCE))) {
      return true;
    }
    if (!plannedFrom.isAfter(now)) {
      return false;
    }
    Duration ahead = Duration.between(now, plannedFrom);
    Instant regular = settings.timing().nextAfter(plannedFrom, siteId);
    Duration half = Duration.between(plannedFrom, regular).dividedBy(2);
    return ahead.compareTo(half.compareTo(CLOCK_TOLERANCE) < 0 ? half : CLOCK_TOLERANCE) > 0;
  }

  /** The same, planned anew from {@code now}. */
  BackupSchedule replanned(Instant now) {
    return with(settings, revision, updateTime, now).failed(failures, lastFailure.map(t -> now));
  }

  /**
   * The same with a change; nothing changes if it changes nothing. The runs are planned anew from
   * {@code now} if they change; an overdue one stays due if only the retention does.
   */
  BackupSchedule changed(ScheduleChange change, Instant now) {
    ScheduleSettings next = change.applyTo(settings);
    if (next.equals(settings)) {
      return this;
    }
    return with(next, revision + 1, now, next.sameRuns(settings) ? plannedFrom : now);
  }

  /** The same after a backup was requested. */
  BackupSchedule started(BackupId backupId, Instant time, Instant now) {
    return new BackupSchedule(
        siteId,
        settings,
        revision,
        updateTime,
        now,
        Optional.of(new Run(backupId, time, false)),
        lastSuccess,
        failures,
        Optional.empty());
  }

  /** The same after the run that was under way ended; unchanged if {@code outcome} is pending. */
  BackupSchedule ended(BackupId backupId, Outcome outcome) {
    if (running().filter(run -> run.backupId().equals(backupId)).isEmpty()) {
      return this;
    }
    if (outcome instanceof Outcome.Ready ready) {
      return withEnded(Optional.of(ready.snapshot())).failed(0, Optional.empty());
    }
    if (outcome instanceof Outcome.Failed failed) {
      return withEnded(lastSuccess).failed(failures + 1, Optional.of(failed.time()));
    }
    if (outcome instanceof Outcome.Gone) {
      return withEnded(lastSuccess).failed(0, Optional.empty());
    }
    return this;
  }

  private BackupSchedule with(
      ScheduleSettings settings, long revision, Instant updateTime, Instant plannedFrom) {
    return new BackupSchedule(
        siteId,
        settings,
        revision,
        updateTime,
        plannedFrom,
        last,
        lastSuccess,
        failures,
        lastFailure);
  }

  private BackupSchedule withEnded(Optional<Instant> success) {
    return new BackupSchedule(
        siteId,
        settings,
        revision,
        updateTime,
        plannedFrom,
        last.map(run -> new Run(run.backupId(), run.time(), true)),
        success,
        failures,
        lastFailure);
  }

  private BackupSchedule failed(int count, Optional<Instant> time) {
    return new BackupSchedule(
        siteId, settings, revision, updateTime, plannedFrom, last, lastSuccess, count, time);
  }
}
