package dev.cairn.server.backup.schedule;

import java.time.Duration;
import java.time.ZoneId;
import java.util.Optional;

/**
 * What people can set of a schedule. Exactly one of {@code interval} and {@code cron} is set.
 *
 * @param interval from 1 minute to 366 days
 * @param cron five fields, valid
 * @param timeZone an IANA name; cron's
 * @param paused whether no AUTO backups are taken
 * @param retentionCount READY AUTO backups to keep, 1 to 1,000; empty: the server's default
 * @param retentionMaxAge their greatest age; empty: any
 */
public record ScheduleSettings(
    Optional<Duration> interval,
    Optional<String> cron,
    String timeZone,
    boolean paused,
    Optional<Integer> retentionCount,
    Optional<Duration> retentionMaxAge) {

  static final Duration DEFAULT_INTERVAL = Duration.ofDays(7);
  static final String DEFAULT_TIME_ZONE = "UTC";

  public static final ScheduleSettings DEFAULT =
      new ScheduleSettings(
          Optional.of(DEFAULT_INTERVAL),
          Optional.empty(),
          DEFAULT_TIME_ZONE,
          false,
          Optional.empty(),
          Optional.empty());

  public ScheduleSettings {
    if (interval.isPresent() == cron.isPresent()) {
      throw new IllegalArgumentException("either an interval or a cron expression");
    }
  }

  Timing timing() {
    return cron.<Timing>map(
            text -> new Timing.Cron(CronExpression.parse(text), ZoneId.of(timeZone)))
        .orElseGet(() -> new Timing.Interval(interval.orElseThrow()));
  }

  /** Whether the two mean the same moments. */
  boolean sameRuns(ScheduleSettings other) {
    return interval.equals(other.interval)
        && cron.equals(other.cron)
        && timeZone.equals(other.timeZone)
        && paused == other.paused;
  }
}
