package dev.cairn.server.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Queue;
import org.junit.jupiter.api.Test;

/** Ticks of a millisecond, in each of which some calls come and some are begun. */
class AdmissionTest {
  private static final int THREADS = 64;
  private static final int CAN_DO = 10;
  private static final long MILLI = 1_000_000;

  private long now = Long.MAX_VALUE - 700 * MILLI; // nanoTime may be anything, and runs over

  /** How late the event loops are now, and how late they once were, until that was asked for. */
  private long lag;

  private long lagOnce;
  private final Admission admission = new Admission(THREADS, this::takeLag, now);
  private final Queue<Long> waiting = new ArrayDeque<>();

  /** What happened in some ticks. */
  private static final class Counts {
    private int refused;
    private int late;
    private int begun;
    private long longestWait;
    private int longestQueue;
  }

  /**
   * @param come calls in each tick
   * @param canDo how many are begun in each
   */
  private Counts tick(int millis, int come, int canDo) {
    Counts counts = new Counts();
    for (int i = 0; i < millis; i++) {
      now += MILLI;
      for (int call = 0; call < come; call++) {
        if (admits(waiting.size(), false)) {
          waiting.add(now);
        } else {
          counts.refused++;
        }
      }
      counts.longestQueue = Math.max(counts.longestQueue, waiting.size());
      for (int begun = 0; begun < canDo && !waiting.isEmpty(); ) {
        long waited = now - waiting.remove();
        if (admission.begins(waited, waiting.size())) {
          begun++;
          counts.begun++;
          counts.longestWait = Math.max(counts.longestWait, waited / MILLI);
        } else {
          counts.late++;
        }
      }
    }
    return counts;
  }

  private long takeLag(boolean tooMuch) {
    long longest = Math.max(lag, lagOnce);
    lagOnce = 0;
    return longest;
  }

  /** Those whose calls wait do so because as many as there are threads are worked on. */
  private boolean admits(int waiting, boolean alone) {
    return admission.admits(THREADS + waiting, waiting, alone, now);
  }

  private void assertNobodyRefused(Counts counts) {
    assertThat(counts.refused).isZero();
    assertThat(counts.late).isZero();
  }

  @Test
  void halfTheLoadIsServedWhole() {
    assertNobodyRefused(tick(10_000, CAN_DO / 2, CAN_DO));
  }

  @Test
  void aBurstIsServedWhole() {
    assertNobodyRefused(tick(1_000, CAN_DO / 2, CAN_DO));
    assertNobodyRefused(tick(1, 4_000, CAN_DO));
    assertNobodyRefused(tick(1_000, CAN_DO / 2, CAN_DO));
  }

  @Test
  void callersWhoWaitForEachOtherAreServedWhileThatTakesNotLong() {
    assertNobodyRefused(tick(1, 500, CAN_DO));
    assertNobodyRefused(tick(10_000, CAN_DO, CAN_DO)); // as many come as are done
  }

  @Test
  void aDiskThatHaltsForAMomentMakesNobodyRefused() {
    for (int halt = 1; halt < 300; halt += 7) {
      assertNobodyRefused(tick(1_000 + halt, CAN_DO / 2, CAN_DO));
      assertNobodyRefused(tick(halt, CAN_DO / 2, 0));
      assertNobodyRefused(tick(1_000, CAN_DO / 2, CAN_DO));
    }
  }

  @Test
  void whatIsTooMuchIsRefusedAndTheRestWaitsForMilliseconds() {
    tick(1_000, CAN_DO / 2, CAN_DO);
    Counts first = tick(200, 4 * CAN_DO, CAN_DO);
    assertThat(first.longestWait).isLessThan(60);
    assertThat(first.late).as("those who came before it was noticed").isPositive();

    Counts later = tick(10_000, 4 * CAN_DO, CAN_DO);

    assertThat(later.begun).as("nothing is wasted").isEqualTo(10_000 * CAN_DO);
    assertThat(later.longestWait).isLessThanOrEqualTo(2);
    assertThat(later.longestQueue).isLessThanOrEqualTo(2 * CAN_DO);
  }

  @Test
  void aLittleTooMuchIsNoticedToo() {
    Counts counts = tick(5_000, CAN_DO + 1, CAN_DO);

    assertThat(counts.refused + counts.late).isPositive();
    assertThat(counts.longestWait).isLessThan(200);
  }

  @Test
  void aSlowDiskIsNoHalt() {
    for (int i = 0; i < 20; i++) {
      tick(199, 1, 0);
      tick(1, 1, THREADS);
    }
    for (int i = 0; i < 20; i++) {
      tick(199, 2, 0);
      assertThat(tick(1, 2, THREADS).longestWait).isLessThan(2_000);
    }
    assertThat(tick(200, 2, 0).refused).isPositive();
  }

  @Test
  void threadsThatDoNothingAtAllAreNoHaltForLong() {
    Counts counts = tick(3_000, CAN_DO, 0);

    assertThat(counts.refused).isPositive();
    assertThat(counts.longestQueue).isLessThan(2_000 * CAN_DO);
  }

  @Test
  void isOverSoonOnceLessComes() {
    tick(3_000, 4 * CAN_DO, CAN_DO);
    tick(200, CAN_DO / 2, CAN_DO);

    assertNobodyRefused(tick(1, 1_000, CAN_DO));
    assertNobodyRefused(tick(5_000, CAN_DO / 2, CAN_DO));
  }

  @Test
  void whoAsksForLittleIsServedBesideWhoFloods() {
    tick(3_000, 4 * CAN_DO, CAN_DO);
    int admitted = 0;
    for (int i = 0; i < 1_000; i++) {
      tick(1, 4 * CAN_DO, CAN_DO);
      admitted += admits(waiting.size() + CAN_DO, true) ? 1 : 0;
    }

    assertThat(admitted).isEqualTo(1_000);
    assertThat(admits(2 * THREADS, true)).as("but not without a bound").isFalse();
  }

  // Event loops that are late.

  /** How many may be in while it is too much. */
  private int places() {
    int in = 0;
    while (in < 10 * THREADS && admission.admits(in, Math.max(0, in - THREADS), false, now)) {
      in++;
    }
    return in;
  }

  private void overloaded(int millis, Duration late) {
    lag = late.toNanos();
    tick(millis, 4 * CAN_DO, CAN_DO);
  }

  @Test
  void fewerAreWorkedOnWhileTheEventLoopsAreLate() {
    overloaded(1_000, Duration.ofMillis(1));
    assertThat(places()).isGreaterThanOrEqualTo(THREADS);

    overloaded(100, Duration.ofMillis(50));
    assertThat(places()).isLessThan(THREADS / 2);

    overloaded(1_000, Duration.ofMillis(50));
    assertThat(places()).as("but never nobody").isBetween(4, 30);
  }

  @Test
  void asManyAsBeforeAreWorkedOnOnceTheEventLoopsAreInTime() {
    overloaded(1_000, Duration.ofMillis(50));

    overloaded(1_000, Duration.ofMillis(1));

    assertThat(places()).isGreaterThanOrEqualTo(THREADS);
  }

  @Test
  void thatEventLoopsWereLateLongAgoIsNoReason() {
    lagOnce = Duration.ofSeconds(1).toNanos();
    tick(1_000, CAN_DO / 2, CAN_DO);

    overloaded(70, Duration.ofMillis(1));

    assertThat(places()).isBetween(THREADS, 2 * THREADS);
  }

  @Test
  void lateEventLoopsAloneAreNoReasonToRefuse() {
    lag = Duration.ofSeconds(1).toNanos();

    assertNobodyRefused(tick(5_000, CAN_DO / 2, CAN_DO));
  }
}
