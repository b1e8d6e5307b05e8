package dev.cairn.server.backup.schedule;

import dev.cairn.server.site.SiteId;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;

/** Which moments a schedule means. */
sealed interface Timing {
  /** The first of them after {@code after}; the same answer for the same site, always. */
  Instant nextAfter(Instant after, SiteId site);

  /**
   * Every {@code length}, at a moment within it that a hash of the site chooses. The moments are
   * counted from the epoch: they stay where they are whatever happens to the server, its clock or
   * the schedule's other parts, and sites spread evenly whenever they were made.
   */
  record Interval(Duration length) implements Timing {
    @Override
    public Instant nextAfter(Instant after, SiteId site) {
      long step = length.toMillis();
      long offset = SiteHash.of(site).within(step);
      long before = Math.floorDiv(after.toEpochMilli() - offset, step);
      return Instant.ofEpochMilli((before + 1) * step + offset);
    }
  }

  /** At the local times of {@code zone} that {@code expression} names, to the minute. */
  record Cron(CronExpression expression, ZoneId zone) implements Timing {
    @Override
    public Instant nextAfter(Instant after, SiteId site) {
      return expression.nextAfter(after, zone);
    }
  }
}
