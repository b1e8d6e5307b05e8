package dev.cairn.server.backup;

import static dev.cairn.server.site.Installation.CITIES;
import static dev.cairn.server.site.Installation.RIVERS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.cairn.server.backup.Progress.Amount;
import dev.cairn.server.backup.Progress.Phase;
import dev.cairn.server.site.ManualClock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class ProgressTrackerTest {
  private final ManualClock clock = ManualClock.start();
  private final List<Progress> published = new ArrayList<>();
  private final ProgressTracker tracker =
      new ProgressTracker(clock, Map.of(Phase.STAGING, 3.0, Phase.FINALIZING, 1.0), published::add);

  @Test
  void totalsAreExactFromTheStartAndRowsCount() {
    tracker.totals(1_000, 4, Map.of(CITIES, new Amount(10, 100), RIVERS, new Amount(30, 300)));
    tracker.enter(Phase.STAGING);
    tracker.items(CITIES, 10, 100);
    tracker.items(RIVERS, 15, 150);

    Progress now = tracker.now();

    assertThat(now.items()).isEqualTo(new Amount(25, 40));
    assertThat(now.collections()).isEqualTo(new Amount(1, 2));
    assertThat(now.bytes()).isEqualTo(new Amount(0, 1_000));
    assertThat(now.rows())
        .containsExactly(
            new Progress.Row(CITIES, new Amount(10, 10), new Amount(100, 100)),
            new Progress.Row(RIVERS, new Amount(15, 30), new Amount(150, 300)));
    assertThat(now.fraction()).isEqualTo(0.75 * 25 / 40);
  }

  @Test
  void onlySuccessIsTheWhole() {
    tracker.totals(10, 1, Map.of());
    tracker.enter(Phase.STAGING);
    tracker.files(10, 1);
    tracker.enter(Phase.FINALIZING);
    tracker.files(10, 1);

    assertThat(tracker.now().fraction()).isEqualTo(0.99);
    assertThat(tracker.succeeded().fraction()).isEqualTo(1);
    assertThat(tracker.succeeded().etaHigh()).isEmpty();
  }

  @Test
  void remainingTimeIsARangeAroundWhatItTookSoFar() {
    tracker.totals(100, 1, Map.of());
    tracker.enter(Phase.STAGING);
    assertThat(tracker.now().etaLow()).isEmpty();
    clock.advance(Duration.ofSeconds(3));
    tracker.files(40, 0);

    Progress now = tracker.now();

    assertThat(now.fraction()).isCloseTo(0.3, within(1e-9));
    // 7 seconds are left at the speed so far.
    assertThat(now.etaLow().orElseThrow().toMillis()).isBetween(4_899L, 4_901L);
    assertThat(now.etaHigh().orElseThrow().toMillis()).isBetween(13_999L, 14_001L);
  }

  @Test
  void publishesPhasesAtOnceAndTheRestSeldom() {
    tracker.totals(1_000, 10, Map.of());
    tracker.enter(Phase.STAGING);
    for (int i = 1; i <= 100; i++) {
      clock.advance(Duration.ofMillis(10));
      tracker.files(i * 10, 0);
    }
    tracker.enter(Phase.FINALIZING);

    assertThat(published).hasSizeBetween(8, 12);
    assertThat(published.get(0).phase()).isEqualTo(Phase.STAGING);
    assertThat(published.get(published.size() - 1).phase()).isEqualTo(Phase.FINALIZING);
  }

  @Test
  void phasesDoNotGoBack() {
    tracker.enter(Phase.FINALIZING);

    assertThatThrownBy(() -> tracker.enter(Phase.STAGING))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void fractionNeverGoesBackWhateverIsReported() {
    long seed = Long.getLong("seed", System.nanoTime());
    Random random = new Random(seed);
    Phase[] phases = {Phase.VERIFYING, Phase.STAGING, Phase.SWITCHING, Phase.FINALIZING};
    tracker.totals(500, 5, Map.of(CITIES, new Amount(50, 500), RIVERS, new Amount(0, 0)));
    for (Phase phase : phases) {
      tracker.enter(phase);
      for (int i = 0; i < 200; i++) {
        clock.advance(Duration.ofMillis(random.nextInt(60)));
        if (random.nextBoolean()) {
          tracker.files(random.nextInt(700), random.nextInt(8));
        } else {
          tracker.items(CITIES, random.nextInt(70), random.nextInt(700));
        }
      }
    }

    assertThat(published)
        .as("seed " + seed)
        .extracting(Progress::fraction)
        .isSorted()
        .allMatch(each -> each >= 0 && each < 1);
    assertThat(published).allMatch(each -> each.bytes().done() <= 500 && each.items().done() <= 50);
    assertThat(tracker.succeeded().items()).isEqualTo(new Amount(50, 50));
  }
}
