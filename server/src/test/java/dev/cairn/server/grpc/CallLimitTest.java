package dev.cairn.server.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class CallLimitTest {
  private static final int MOST = 1_000;
  private static final long LATE = Duration.ofMillis(20).toNanos();

  private long now = System.nanoTime();
  private final CallLimit limit = new CallLimit(MOST, now);

  private void pass(Duration time) {
    now += time.toNanos();
  }

  @Test
  void halvesWhatIsOpenWhileTheLoopIsLate() {
    assertThat(limit.isDue(LATE, now)).isTrue();
    assertThat(limit.judge(LATE, 800, 0, now)).isEqualTo(400);
    assertThat(limit.isNarrow()).isTrue();
    assertThat(limit.judge(LATE, 400, 0, now)).isEqualTo(200);
  }

  @Test
  void takesLessWhereTheLoopIsHardlyLate() {
    assertThat(limit.judge(Duration.ofMillis(6).toNanos(), 600, 0, now)).isEqualTo(500);
  }

  @Test
  void leavesSomeInAnyCase() {
    assertThat(limit.judge(LATE, 60, 0, now)).isEqualTo(CallLimit.LEAST);
    assertThat(new CallLimit(3, now).judge(LATE, 3, 0, now)).isEqualTo(3);
  }

  @Test
  void leavesAConnectionAloneThatHasFewOpen() {
    assertThat(limit.judge(LATE, CallLimit.LEAST, 300, now)).isEqualTo(MOST);
    assertThat(limit.isNarrow()).isFalse();
    assertThat(limit.isDue(LATE, now)).isFalse();
  }

  @Test
  void givesBackWhatItTookThoughTheOldOnesLeftRoomForAll() {
    limit.judge(LATE, 60, 950, now);
    assertThat(limit.told()).isEqualTo(MOST);
    assertThat(limit.isNarrow()).isTrue();
    limit.judge(0, 3, 950, now);
    assertThat(limit.isNarrow()).isFalse();
  }

  @Test
  void thoseThatHaveBeenOpenForLongAreOnTop() {
    assertThat(limit.judge(LATE, 100, 700, now)).isEqualTo(700 + CallLimit.LEAST);
    assertThat(limit.judge(LATE, 100, 990, now)).isEqualTo(MOST);
  }

  @Test
  void waitsForWhatItDidBeforeItDoesMore() {
    limit.judge(LATE, 800, 0, now);
    assertThat(limit.isDue(LATE, now)).isFalse();
    pass(Duration.ofMillis(100));
    assertThat(limit.isDue(LATE, now)).isTrue();
    assertThat(limit.isDue(0, now)).isFalse();
    pass(Duration.ofMillis(900));
    assertThat(limit.isDue(0, now)).isTrue();
  }

  @Test
  void givesBackLittleByLittleWhatIsUsed() {
    limit.judge(LATE, 800, 0, now);
    int first = limit.judge(0, 400, 0, now);
    assertThat(first).isBetween(401, 450);
    assertThat(limit.judge(0, first, 0, now)).isBetween(first + 1, 2 * first - 400);
  }

  @Test
  void givesBackAllWhereItIsNotUsed() {
    limit.judge(LATE, 800, 0, now);
    assertThat(limit.judge(0, 3, 0, now)).isEqualTo(MOST);
    assertThat(limit.isNarrow()).isFalse();
    pass(Duration.ofHours(1));
    assertThat(limit.isDue(0, now)).isFalse();
  }
}
