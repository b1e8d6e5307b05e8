package dev.cairn.server.backup.schedule;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.server.site.SiteId;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class TimingTest {
  @Test
  void anIntervalHasOneMomentEachTimeItPasses() {
    long seed = Long.getLong("seed", System.nanoTime());
    Random random = new Random(seed);
    for (int round = 0; round < 2_000; round++) {
      long length = 60_000 + (long) (random.nextDouble() * Duration.ofDays(366).toMillis());
      Timing timing = new Timing.Interval(Duration.ofMillis(length));
      SiteId site = new SiteId("site-" + random.nextInt());
      Instant now = Instant.ofEpochMilli((long) (random.nextGaussian() * 4e12));

      Instant next = timing.nextAfter(now, site);

      assertThat(next).as("seed=%d", seed).isAfter(now);
      assertThat(next).isBeforeOrEqualTo(now.plusMillis(length));
      assertThat(timing.nextAfter(next, site)).isEqualTo(next.plusMillis(length));
      assertThat(timing.nextAfter(next.minusNanos(1), site)).isEqualTo(next);
    }
  }

  @Test
  void aSiteKeepsItsMomentForEver() {
    Timing weekly = new Timing.Interval(Duration.ofDays(7));

    // Written down so that nobody changes the hash: users see when their backups are taken.
    assertThat(weekly.nextAfter(Instant.parse("2026-01-01T00:00:00Z"), new SiteId("shop")))
        .isEqualTo(Instant.parse("2026-01-04T20:54:01.472Z"));
  }

  @Test
  void hashesSpreadOverTheWholeRange() {
    int[] tenths = new int[10];
    for (int i = 0; i < 10_000; i++) {
      tenths[(int) SiteHash.of(new SiteId("site-" + i)).within(10)]++;
    }

    assertThat(Arrays.stream(tenths)).allMatch(count -> count > 850 && count < 1_150);
    assertThat(new SiteHash(0).within(1_000)).isZero();
    assertThat(new SiteHash(Long.MAX_VALUE).within(1_000)).isEqualTo(999);
  }
}
