package dev.cairn.server.backup.schedule;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.server.site.SiteId;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

/**
 * 10,000 sites with the default schedule for a year, a tick each minute.
 *
 * <p>The fair share of a minute is 10,000 runs a week / 10,080 minutes, rounded up to whole
 * backups: 1. So no minute may carry more than 2.
 */
class SimulatedYearTest {
  private static final int SITES = 10_000;
  private static final int DAYS = 365;
  private static final Duration WEEK = Duration.ofDays(7);
  private static final int FAIR_SHARE = 1;
  private static final Duration MAX_DELAY = Duration.ofMinutes(10);

  @Test
  void backsUpEachSiteOnTimeAndNoMinuteCarriesMoreThanTwiceItsShare() {
    long seed = Long.getLong("seed", System.nanoTime());
    Random random = new Random(seed);
    // Memory is made anew seldom: each time costs 10,000 sites of JSON.
    World world =
        new World(new BackupSchedules.Settings(32, Duration.ofDays(100)), MemoryScheduleStore::new);
    for (int i = 0; i < SITES; i++) {
      world.site(i % 2 == 0 ? "site-" + i : RandomNames.next(random));
    }
    int minutes = DAYS * 24 * 60;
    int[] perMinute = new int[minutes + 1];
    Map<SiteId, Instant> lastRun = new HashMap<>();
    Map<SiteId, Integer> runs = new HashMap<>();
    Duration latest = Duration.ZERO;
    for (int minute = 1; minute <= minutes; minute++) {
      world.pass(Duration.ofMinutes(1));
      for (FakeMaker.Made each : world.maker.made) {
        perMinute[minute]++;
        Instant planned = latestPlanned(each.site(), each.time());
        latest = max(latest, Duration.between(planned, each.time()));
        Instant before = lastRun.put(each.site(), planned);
        if (before != null && !before.plus(WEEK).equals(planned)) {
          throw new AssertionError("seed=" + seed + " " + before + " and then " + each);
        }
        runs.merge(each.site(), 1, Integer::sum);
      }
      world.maker.made.clear();
    }
    int most = Arrays.stream(perMinute).max().orElseThrow();
    System.out.printf(
        "seed=%d backups=%d most in a minute=%d fair share=%d longest delay=%s%n",
        seed, Arrays.stream(perMinute).sum(), most, FAIR_SHARE, latest);
    assertThat(most).as("seed=%d", seed).isLessThanOrEqualTo(2 * FAIR_SHARE);
    assertThat(latest).as("seed=%d", seed).isLessThan(MAX_DELAY);
    assertThat(runs).hasSize(SITES);
    assertThat(Set.of(52, 53)).containsAll(runs.values());
  }

  /** The site's last planned moment up to {@code time}, by another way than the server's. */
  private static Instant latestPlanned(SiteId site, Instant time) {
    try {
      byte[] digest =
          MessageDigest.getInstance("SHA-256")
              .digest(site.value().getBytes(StandardCharsets.UTF_8));
      BigInteger hash = new BigInteger(1, Arrays.copyOf(digest, 8)).shiftRight(1);
      long phase = hash.multiply(BigInteger.valueOf(WEEK.toMillis())).shiftRight(63).longValue();
      long since = Math.floorMod(time.toEpochMilli() - phase, WEEK.toMillis());
      return time.minusMillis(since);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  private static Duration max(Duration a, Duration b) {
    return a.compareTo(b) > 0 ? a : b;
  }
}
