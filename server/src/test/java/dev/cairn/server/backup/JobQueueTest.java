package dev.cairn.server.backup;

import static dev.cairn.server.store.StoreFixtures.assertFails;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cairn.server.error.Reason;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

final class JobQueueTest {
  private final ManualExecutor executor = new ManualExecutor();
  private final JobQueue queue = new JobQueue("test", executor, 1, 2);
  private final AtomicInteger runs = new AtomicInteger();

  @Test
  void placesAreBoundedAndComeBackWithTheEndOfTheirJobs() {
    queue.reserve().run(runs::incrementAndGet);
    queue.reserve().run(runs::incrementAndGet);

    assertFails(Reason.OVERLOADED, queue::reserve);
    executor.runNext();

    queue.reserve().run(runs::incrementAndGet);
    assertFails(Reason.OVERLOADED, queue::reserve);
    executor.runAll();
    assertThat(runs).hasValue(3);
  }

  @Test
  void onlyWhatNothingIsInTheWayOfStartsAtOnce() {
    JobQueue.Place first = queue.reserve();
    assertThat(first.startsAtOnce()).isTrue();
    JobQueue.Place second = queue.reserve();
    assertThat(second.startsAtOnce()).isFalse();
    first.run(runs::incrementAndGet);
    second.run(runs::incrementAndGet);

    executor.runAll();

    assertThat(second.startsAtOnce()).isFalse();
    assertThat(queue.reserve().startsAtOnce()).isTrue();
    assertThat(new JobQueue("unknown", executor, 0, 2).reserve().startsAtOnce()).isFalse();
  }

  @Test
  void unusedPlaceIsGivenBackOnce() {
    JobQueue.Place place = queue.reserve();
    JobQueue.Place other = queue.reserve();

    place.close();
    place.close();

    queue.reserve();
    assertFails(Reason.OVERLOADED, queue::reserve);
    assertThat(other).isNotNull();
  }

  @Test
  void usedPlaceIsNotGivenBackTwice() {
    try (JobQueue.Place place = queue.reserve()) {
      place.run(runs::incrementAndGet);
      assertThatThrownBy(() -> place.run(runs::incrementAndGet))
          .isInstanceOf(IllegalStateException.class);
    }
    queue.reserve();
    assertFails(Reason.OVERLOADED, queue::reserve);
  }

  @Test
  void jobThatThrowsGivesItsPlaceBack() {
    for (Throwable thrown : new Throwable[] {new IllegalStateException("a"), new Error("b")}) {
      queue
          .reserve()
          .run(
              () -> {
                if (thrown instanceof Error error) {
                  throw error;
                }
                throw (RuntimeException) thrown;
              });
      executor.runAll();
    }
    queue.reserve();
    queue.reserve();
  }

  @Test
  void jobsAreNotStartedWhenTheServerGoesDownAndTheirPlacesComeBack() {
    executor.shutDown();
    for (int i = 0; i < 5; i++) {
      queue.reserve().run(runs::incrementAndGet);
    }
    assertThat(runs).hasValue(0);
  }
}
