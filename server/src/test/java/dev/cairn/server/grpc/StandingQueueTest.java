package dev.cairn.server.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class StandingQueueTest {
  private final StandingQueue queue = new StandingQueue();
  private long now = -5; // nanoTime may be anything

  /** How many of those who come to the front, one each millisecond, are too late. */
  private int tooLate(int millis, int waitedMillis) {
    int count = 0;
    for (int i = 0; i < millis; i++) {
      now += Duration.ofMillis(1).toNanos();
      count += queue.isTooLate(Duration.ofMillis(waitedMillis).toNanos(), now) ? 1 : 0;
    }
    return count;
  }

  @Test
  void aBurstIsServedWhole() {
    assertThat(tooLate(90, 80)).isZero();
    assertThat(tooLate(500, 1)).isZero();
    assertThat(tooLate(90, 80)).isZero();
  }

  @Test
  void inAStandingQueueWhoWaitedTooLongIsRefused() {
    assertThat(tooLate(100, 50)).isZero();
    assertThat(tooLate(100, 50)).isPositive();
    assertThat(tooLate(300, 50)).isEqualTo(300);
    assertThat(tooLate(100, 9)).as("who waited less is served").isZero();
  }

  @Test
  void isOverOnceSomebodyHardlyWaits() {
    tooLate(300, 50);
    tooLate(1, 1);
    tooLate(100, 50);

    assertThat(tooLate(80, 50)).isZero();
  }

  @Test
  void whatWasLongAgoSaysNothing() {
    tooLate(300, 50);
    now += Duration.ofMinutes(1).toNanos();

    assertThat(tooLate(90, 50)).isZero();
  }
}
