package dev.cairn.server.telemetry;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class BurstsTest {
  private final AtomicLong now = new AtomicLong();
  private final Bursts bursts = new Bursts(Duration.ofSeconds(10), now::get);

  private void pass(int seconds) {
    now.addAndGet(Duration.ofSeconds(seconds).toNanos());
  }

  @Test
  void tellsTheFirstAndThenOneAtEachInterval() {
    assertThat(bursts.next("full")).contains(new Bursts.Told(true, 0));
    for (int second = 1; second < 10; second++) {
      pass(1);
      assertThat(bursts.next("full")).isEmpty();
    }
    pass(1);
    assertThat(bursts.next("full")).contains(new Bursts.Told(false, 9));
    pass(1);
    assertThat(bursts.next("full")).isEmpty();
  }

  @Test
  void beginsAnewAfterAnIntervalWithoutAny() {
    assertThat(bursts.begins("full")).isTrue();
    for (int i = 0; i < 5; i++) {
      pass(8);
      assertThat(bursts.begins("full")).isFalse();
    }
    pass(11);
    assertThat(bursts.begins("full")).isTrue();
  }

  @Test
  void kindsHaveNothingToDoWithEachOther() {
    assertThat(bursts.begins("full")).isTrue();
    assertThat(bursts.begins("broken")).isTrue();
    for (int i = 0; i < 2_000; i++) {
      assertThat(bursts.begins("site " + i)).isTrue();
    }
    assertThat(bursts.begins("full")).as("forgotten, so that memory is bounded").isTrue();
  }
}
