package dev.cairn.server.backup.schedule;

import dev.cairn.server.site.SiteId;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;

/**
 * How many backups of interval schedules may start in one minute of the clock: twice the fair
 * share. The fair share of a minute is the number of runs that fall on one on average (the sum of 1
 * minute / interval), rounded up to a whole backup. A hash spreads sites evenly only on average:
 * with 10,000 sites on 10,080 minutes some minute gets 7; here the 7 become 2, 2, 2 and 1.
 *
 * <p>Runs that were missed come on top of what is due anyway. If more are due than that, the limit
 * is raised so that all of them have started within an hour.
 *
 * <p>Cron schedules name their minute themselves and are not counted. Not thread-safe: its owner's
 * lock guards it.
 */
final class Pace {
  private static final long WHOLE = 1L << 40; // one run a minute; integers add up exactly
  private static final int CATCH_UP_MINUTES = 60;

  private final Map<SiteId, Long> shares = new HashMap<>();
  private long total;
  private long minute = Long.MIN_VALUE;
  private long started;
  private long limit;
  private long catchUp;

  /** Counts a site in, with its interval. */
  void put(SiteId site, Duration interval) {
    remove(site);
    long share =
        Math.max(
            1, (long) (WHOLE * (double) Duration.ofMinutes(1).toMillis() / interval.toMillis()));
    shares.put(site, share);
    total += share;
  }

  void remove(SiteId site) {
    Long share = shares.remove(site);
    if (share != null) {
      total -= share;
    }
  }

  /** Whether the site is counted. */
  boolean contains(SiteId site) {
    return shares.containsKey(site);
  }

  /** Runs in a minute on average, rounded up; at least 1. */
  long fairShare() {
    return Math.max(1, (total + WHOLE - 1) / WHOLE);
  }

  /** Says what time it is and how many of the counted sites are due. */
  void tick(Instant now, long due) {
    long current = Math.floorDiv(now.getEpochSecond(), 60);
    if (current == minute) {
      limit = Math.max(limit, 2 * fairShare()); // sites may have come since the minute began
      return;
    }
    minute = current;
    started = 0;
    limit = 2 * fairShare();
    if (due <= limit) {
      catchUp = 0;
      return;
    }
    catchUp = Math.max(catchUp, (due + CATCH_UP_MINUTES - 1) / CATCH_UP_MINUTES);
    limit = Math.max(limit, Math.min(due, catchUp));
    if (due <= catchUp) {
      catchUp = 0; // these are the last of them
    }
  }

  boolean hasRoom() {
    return started < limit;
  }

  /** Counts a start. */
  void started() {
    started++;
  }
}
