package dev.cairn.server.backup.schedule;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.server.site.SiteId;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import org.junit.jupiter.api.Test;

class PaceTest {
  private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");

  private final Pace pace = new Pace();

  @Test
  void theFairShareIsTheAverageRoundedUp() {
    assertThat(pace.fairShare()).isEqualTo(1);
    for (int i = 0; i < 3; i++) {
      pace.put(new SiteId("minutely-" + i), Duration.ofMinutes(1));
    }
    pace.put(new SiteId("hourly"), Duration.ofHours(1));
    assertThat(pace.fairShare()).isEqualTo(4);

    pace.put(new SiteId("hourly"), Duration.ofMinutes(1));
    pace.put(new SiteId("minutely-0"), Duration.ofHours(1));
    pace.remove(new SiteId("minutely-0"));
    pace.remove(new SiteId("minutely-0"));
    assertThat(pace.fairShare()).isEqualTo(3);
  }

  @Test
  void aMinuteTakesTwiceTheFairShare() {
    pace.tick(START, 2);
    assertThat(take(10)).isEqualTo(2);
    pace.tick(START.plusSeconds(59), 5);
    assertThat(take(10)).isZero();
    pace.tick(START.plusSeconds(60), 5);
    assertThat(take(10)).isEqualTo(2);
    pace.tick(START.minus(Duration.ofDays(400)), 5);
    assertThat(take(10)).isEqualTo(2);
  }

  @Test
  void sitesThatComeWithinAMinuteCountInIt() {
    pace.tick(START, 0);
    for (int i = 0; i < 30; i++) {
      pace.put(new SiteId("minutely-" + i), Duration.ofMinutes(1));
    }

    pace.tick(START.plusSeconds(5), 10);

    assertThat(take(100)).isEqualTo(60);
  }

  @Test
  void missedRunsAreCaughtUpWithinAnHour() {
    int due = 10_000;
    int most = 0;
    for (int minute = 0; minute < 60; minute++) {
      pace.tick(START.plusSeconds(60L * minute), due);
      int taken = take(due);
      most = Math.max(most, taken);
      due -= taken;
    }
    assertThat(due).isZero();
    assertThat(most).isEqualTo(167);

    pace.tick(START.plusSeconds(3_600), 3);
    assertThat(take(10)).isEqualTo(2);
  }

  private int take(int wanted) {
    int taken = 0;
    while (taken < wanted && pace.hasRoom()) {
      pace.started();
      taken++;
    }
    return taken;
  }

  /** Numbered and random names, rare and frequent runs: never more than twice, never late. */
  @Test
  void hashesAreEvenEnoughForThePaceToDelayByMinutesOnly() {
    long seed = Long.getLong("seed", System.nanoTime());
    Random random = new Random(seed);
    for (Duration interval : List.of(Duration.ofDays(7), Duration.ofDays(1), Duration.ofHours(1))) {
      for (boolean numbered : new boolean[] {true, false}) {
        List<SiteId> sites = new ArrayList<>();
        for (int i = 0; i < 10_000; i++) {
          sites.add(new SiteId(numbered ? "tenant-" + i : RandomNames.next(random)));
        }
        assertThat(worstDelayMinutes(sites, interval))
            .as("seed=%d interval=%s numbered=%s", seed, interval, numbered)
            .isLessThan(10);
      }
    }
  }

  private static int worstDelayMinutes(List<SiteId> sites, Duration interval) {
    Pace pace = new Pace();
    int minutes = (int) interval.toMinutes();
    int[] arrivals = new int[minutes];
    for (SiteId site : sites) {
      pace.put(site, interval);
      Instant run = new Timing.Interval(interval).nextAfter(START.minusMillis(1), site);
      arrivals[(int) Duration.between(START, run).toMinutes()]++;
    }
    assertThat(Arrays.stream(arrivals).sum()).isEqualTo(sites.size());
    Queue<Integer> due = new ArrayDeque<>();
    int worst = 0;
    for (int minute = 0; minute < 2 * minutes; minute++) {
      for (int i = 0; i < arrivals[minute % minutes]; i++) {
        due.add(minute);
      }
      pace.tick(START.plusSeconds(60L * minute), due.size());
      for (int started = 0; !due.isEmpty() && pace.hasRoom(); started++) {
        assertThat(started).isLessThan((int) (2 * pace.fairShare()));
        pace.started();
        worst = Math.max(worst, minute - due.remove());
      }
    }
    return worst;
  }
}
