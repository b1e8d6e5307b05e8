package dev.cairn.server.grpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import io.grpc.Context;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class WorkersTest {
  private final Workers workers = new Workers("test", 2, 3);
  private final CountDownLatch gate = new CountDownLatch(1);

  @AfterEach
  void stop() {
    workers.close();
  }

  @Test
  void callsBeyondTheBoundAreRefusedUntilOneHasEnded() {
    for (int i = 0; i < 3; i++) {
      workers.call(this::waitAtTheGate);
    }

    assertThatThrownBy(() -> workers.call(() -> {}))
        .isInstanceOfSatisfying(
            ServiceException.class,
            e -> {
              assertThat(e.reason()).isEqualTo(Reason.OVERLOADED);
              assertThat(e.metadata()).containsEntry("limit", "3");
            });

    gate.countDown();
    TestServer.eventually(() -> accepts(() -> {}));
  }

  @Test
  void aCallThatFailsLeavesItsPlace() {
    for (int i = 0; i < 20; i++) {
      TestServer.eventually(
          () ->
              accepts(
                  () -> {
                    throw new IllegalStateException("on purpose");
                  }));
    }
  }

  @Test
  void aCallThatIsAnsweredLaterKeepsItsPlaceAndNoThread() {
    List<Workers.Later> kept = new CopyOnWriteArrayList<>();
    for (int i = 0; i < 3; i++) {
      workers.call(() -> kept.add(Workers.later()));
    }
    TestServer.eventually(() -> kept.size() == 2);
    CountDownLatch ran = new CountDownLatch(1);
    workers.execute(ran::countDown);
    TestServer.eventually(() -> ran.getCount() == 0);

    assertThat(kept).as("as many calls as threads").hasSize(2);
    assertThat(workers.load()).isEqualTo(new Load.Place(3, 3));
    assertThat(accepts(() -> {})).isFalse();

    kept.get(0).run(() -> {});
    TestServer.eventually(() -> kept.size() == 3);
    assertThat(workers.load()).isEqualTo(new Load.Place(2, 3));

    kept.get(1).run(() -> {});
    assertThatThrownBy(
            () ->
                kept.get(2)
                    .run(
                        () -> {
                          throw new IllegalStateException("on purpose");
                        }))
        .hasMessage("on purpose");
    assertThat(workers.load()).isEqualTo(new Load.Place(0, 3));
  }

  @Test
  void theRestOfACallRunsInItsContextAndLeavesThatOfTheThread() {
    Context.Key<String> name = Context.key("name");
    List<Workers.Later> kept = new CopyOnWriteArrayList<>();
    Context.current()
        .withValue(name, "mine")
        .run(() -> workers.call(() -> kept.add(Workers.later())));
    TestServer.eventually(() -> kept.size() == 1);
    List<String> seen = new CopyOnWriteArrayList<>();

    Context.current()
        .withValue(name, "other")
        .run(
            () -> {
              kept.get(0).run(() -> seen.add(name.get()));
              seen.add(name.get());
            });

    assertThat(seen).containsExactly("mine", "other");
  }

  @Test
  void nothingIsAnsweredLaterWhereNoCallIsWorkedOn() {
    assertThatThrownBy(Workers::later).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void stoppingWaitsForCallsThatAreAnsweredLater() {
    List<Workers.Later> kept = new CopyOnWriteArrayList<>();
    workers.call(() -> kept.add(Workers.later()));
    TestServer.eventually(() -> kept.size() == 1);

    assertThat(workers.stop(Duration.ofMillis(50))).isFalse();
    kept.get(0).run(() -> {});
    assertThat(workers.stop(Duration.ofSeconds(10))).isTrue();
  }

  @Test
  void callsThatStillWaitWhenTheWorkersHaveStoppedAreNotBegun() {
    List<Workers.Later> kept = new CopyOnWriteArrayList<>();
    workers.call(() -> kept.add(Workers.later()));
    workers.call(() -> kept.add(Workers.later()));
    TestServer.eventually(() -> kept.size() == 2);
    CountDownLatch begun = new CountDownLatch(1);
    workers.call(begun::countDown);

    assertThat(workers.stop(Duration.ofMillis(50))).isFalse();
    kept.forEach(each -> each.run(() -> {}));

    assertThat(workers.stop(Duration.ofSeconds(10))).isTrue();
    assertThat(begun.getCount()).isEqualTo(1);
    assertThat(workers.load()).isEqualTo(new Load.Place(0, 3));
  }

  @Test
  void stepsOfAStreamRunOneAtATimeAndInOrderAlsoWhenOneFails() {
    List<Integer> seen = new CopyOnWriteArrayList<>();
    List<String> failures = new CopyOnWriteArrayList<>();
    SerialQueue queue = new SerialQueue(workers, e -> failures.add(String.valueOf(e.getMessage())));

    IntStream.range(0, 1_000)
        .forEach(
            i ->
                queue.execute(
                    () -> {
                      if (i == 500) {
                        throw new IllegalStateException("on purpose");
                      }
                      seen.add(i);
                    }));

    TestServer.eventually(() -> seen.size() == 999);
    assertThat(seen).isSorted();
    assertThat(failures).containsExactly("on purpose");
  }

  @Test
  void stepsThatWaitAreRunAlsoWhenTheWorkersStop() {
    List<Integer> seen = new CopyOnWriteArrayList<>();
    SerialQueue queue = new SerialQueue(workers, e -> {});
    queue.execute(this::waitAtTheGate);
    IntStream.range(0, 100).forEach(i -> queue.execute(() -> seen.add(i)));
    Thread opener =
        new Thread(
            () -> {
              TestServer.pause();
              gate.countDown();
            });
    opener.start();

    assertThat(workers.stop(Duration.ofSeconds(10))).isTrue();

    assertThat(seen).hasSize(100);
  }

  private boolean accepts(Runnable call) {
    try {
      workers.call(call);
      return true;
    } catch (ServiceException e) {
      return false;
    }
  }

  private void waitAtTheGate() {
    try {
      gate.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
