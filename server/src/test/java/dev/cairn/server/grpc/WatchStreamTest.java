package dev.cairn.server.grpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cairn.server.backup.Topics;
import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import io.grpc.stub.ServerCallStreamObserver;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** One watch and the set of them, against a caller whose room on the wire the test decides. */
class WatchStreamTest {
  private static final Duration LONG = Duration.ofMinutes(1);

  private final ScheduledThreadPoolExecutor thread = new ScheduledThreadPoolExecutor(1);
  private final Workers workers = new Workers("test", 2, 100);
  private final Topics<String, Run> topics = new Topics<>();
  private final Caller caller = new Caller();

  private record Run(long sequence, boolean settled, String stage) implements Topics.State {
    Run(long sequence, boolean settled) {
      this(sequence, settled, "pending");
    }
  }

  @AfterEach
  void stop() {
    workers.close();
    thread.shutdownNow();
  }

  @Test
  void sendsThePresentStateThenChangesThenTheEnd() {
    topics.publish("job", new Run(5, false));
    watch(Duration.ofMillis(1), LONG, 0);
    caller.awaits("5 whole");

    topics.publish("job", new Run(6, false));
    caller.awaits("5 whole", "6");
    pause(5);
    topics.publish("job", new Run(9, true));

    caller.awaits("5 whole", "6", "9 whole", "end");
  }

  /** It told of the state it began with and of a first change, and is silent for an hour now. */
  private void watchThatRests() {
    topics.publish("job", new Run(1, false));
    watch(LONG, Duration.ofHours(1), 0);
    caller.awaits("1 whole");
    topics.publish("job", new Run(2, false));
    caller.awaits("1 whole", "2");
  }

  @Test
  void theFirstChangeAndTheLastStateComeAtOnceThoseBetweenAtAnInterval() {
    watchThatRests();
    topics.publish("job", new Run(3, false));
    topics.publish("job", new Run(4, false));
    pause(30);
    assertThat(caller.seen).containsExactly("1 whole", "2");
    topics.publish("job", new Run(5, true));

    caller.awaits("1 whole", "2", "5 whole", "end");
  }

  @Test
  void anotherStageComesAtOnceAlthoughSomethingStillRuns() {
    watchThatRests();
    topics.publish("job", new Run(3, false));

    topics.publish("job", new Run(4, false, "ready, being verified"));
    caller.awaits("1 whole", "2", "4");

    topics.publish("job", new Run(5, false, "ready, being verified"));
    pause(30);
    assertThat(caller.seen).containsExactly("1 whole", "2", "4");
  }

  @Test
  void changesWithinAnIntervalBecomeOneMessage() {
    topics.publish("job", new Run(1, false));
    watch(Duration.ofMillis(100), LONG, 0);
    caller.awaits("1 whole");
    topics.publish("job", new Run(2, false));
    caller.awaits("1 whole", "2");

    for (int i = 3; i <= 50; i++) {
      topics.publish("job", new Run(i, false));
    }

    caller.awaits("1 whole", "2", "50");
  }

  @Test
  void changesWhileAWatchRestsCostNothing() throws Exception {
    watchThatRests();
    thread.submit(() -> {}).get(); // whatever that left to do is done
    long before = thread.getTaskCount();

    for (int i = 3; i <= 1_000; i++) {
      topics.publish("job", new Run(i, false));
    }

    assertThat(thread.getTaskCount()).isEqualTo(before);
    topics.publish("job", new Run(1_001, true));
    caller.awaits("1 whole", "2", "1001 whole", "end");
  }

  @Test
  void manyWatchesSpeakMoreRarely() {
    WatchStream.Pace pace = new WatchStream.Pace(Duration.ofMillis(200), Duration.ofSeconds(15));

    assertThat(pace.interval(1)).isEqualTo(Duration.ofMillis(200).toNanos());
    assertThat(pace.interval(400)).isEqualTo(Duration.ofMillis(200).toNanos());
    assertThat(pace.interval(10_000)).isEqualTo(Duration.ofSeconds(5).toNanos());
    assertThat(pace.interval(1_000_000)).isEqualTo(Duration.ofSeconds(15).toNanos());
  }

  @Test
  void watchesOfOneJobShareTheMessageOfAChange() {
    List<String> made = new CopyOnWriteArrayList<>();
    WatchStream.Messages<Run, String> messages =
        new WatchStream.Messages<>(
            (run, whole) -> {
              made.add(run.sequence() + (whole ? " whole" : ""));
              return made.get(made.size() - 1);
            },
            each -> "heartbeat " + each);
    Watches watches = watches(10, LONG, LONG);
    Caller other = new Caller();
    topics.publish("job", new Run(1, false));
    watch(caller, watches, 0, new Run(0, false), messages);
    watch(other, watches, 0, new Run(0, false), messages);
    caller.awaits("1 whole");
    other.awaits("1 whole");

    topics.publish("job", new Run(2, false));

    caller.awaits("1 whole", "2");
    other.awaits("1 whole", "2");
    assertThat(made).containsExactly("1 whole", "2");
  }

  @Test
  void inACrowdTheFirstChangeWaitsButAnotherStageDoesNot() {
    Watches watches = watches(10_000, Duration.ofMillis(1), LONG);
    topics.publish("job", new Run(1, false));
    for (int i = 1; i < 10_000; i++) {
      watches.<Watches.Watch>enter(dev.cairn.server.auth.Caller.ANYONE, leave -> error -> {});
    }
    watch(caller, watches, 0);
    caller.awaits("1 whole");

    topics.publish("job", new Run(2, false));
    pause(30);
    assertThat(caller.seen).containsExactly("1 whole");
    topics.publish("job", new Run(3, false, "ready, being verified"));
    caller.awaits("1 whole", "3");
    topics.publish("job", new Run(4, true));

    caller.awaits("1 whole", "3", "4 whole", "end");
  }

  @Test
  void aSlowReaderGetsTheNewestState() {
    caller.ready = false;
    topics.publish("job", new Run(1, false));
    watch(Duration.ofMillis(1), LONG, 0);
    for (int i = 2; i <= 100; i++) {
      topics.publish("job", new Run(i, false));
    }
    pause(30);
    assertThat(caller.seen).isEmpty();

    caller.hasRoom();

    caller.awaits("100 whole");
  }

  @Test
  void theLastStateWaitsForASlowReader() {
    topics.publish("job", new Run(1, false));
    watch(Duration.ofMillis(1), LONG, 0);
    caller.awaits("1 whole");
    caller.ready = false;
    topics.publish("job", new Run(2, false));
    topics.publish("job", new Run(3, true));
    pause(30);
    assertThat(caller.seen).containsExactly("1 whole");

    caller.hasRoom();

    caller.awaits("1 whole", "3 whole", "end");
  }

  @Test
  void resumesWithWhateverIsNotTheSameState() {
    topics.publish("job", new Run(7, false));
    watch(Duration.ofMillis(1), LONG, 7);
    pause(30);
    assertThat(caller.seen).isEmpty();

    topics.publish("job", new Run(8, false));
    caller.awaits("8 whole");
    Caller other = new Caller();
    watch(other, watches(10, Duration.ofMillis(1), LONG), 99); // from before a restart
    other.awaits("8 whole");
  }

  @Test
  void resumingSomethingThatHasEndedGetsItsEndAtOnce() {
    topics.publish("job", new Run(1, false));
    topics.publish("job", new Run(3, true)); // nobody watches: from now on only the record tells

    watch(caller, watches(10, LONG, LONG), 3, new Run(3, true));

    caller.awaits("3 whole", "end");
  }

  @Test
  void silenceIsFilledWithHeartbeats() {
    topics.publish("job", new Run(4, false));
    watch(Duration.ofMillis(1), Duration.ofMillis(40), 4);

    TestServer.eventually(() -> caller.seen.size() >= 3);

    assertThat(caller.seen).containsOnly("heartbeat 4");
  }

  @Test
  void cancellingLeaksNothing() {
    topics.publish("job", new Run(1, false));
    Watches watches = watches(1, Duration.ofMillis(1), LONG);
    watch(caller, watches, 0);
    caller.awaits("1 whole");
    assertThatThrownBy(() -> watch(new Caller(), watches, 0))
        .isInstanceOfSatisfying(
            ServiceException.class, e -> assertThat(e.reason()).isEqualTo(Reason.OVERLOADED));

    caller.cancel();

    TestServer.eventually(() -> watches.openCount() == 0);
    topics.publish("job", new Run(2, false));
    pause(50);
    assertThat(caller.seen).doesNotContain("2");
    Caller next = new Caller();
    watch(next, watches, 0);
    next.awaits("2 whole");
    next.cancel();
    TestServer.eventually(() -> watches.openCount() == 0);
    topics.publish("job", new Run(3, true));
    assertThat(topics.latest("job")).isEmpty();
  }

  @Test
  void drainEndsAllWatchesAndEachNewOne() {
    topics.publish("job", new Run(1, false));
    Watches watches = watches(10, LONG, LONG);
    watch(caller, watches, 0);
    caller.awaits("1 whole");

    watches.drain();

    caller.awaits("1 whole", "SHUTTING_DOWN");
    Caller late = new Caller();
    watch(late, watches, 0);
    TestServer.eventually(() -> late.seen.contains("SHUTTING_DOWN"));
    TestServer.eventually(() -> watches.openCount() == 0);
  }

  @Test
  void watchesOfWhatIsDeletedEnd() {
    topics.publish("job", new Run(1, false));
    watch(LONG, LONG, 0);
    caller.awaits("1 whole");

    topics.end("job"::equals, new ServiceException(Reason.SITE_NOT_FOUND, "gone"));

    caller.awaits("1 whole", "SITE_NOT_FOUND");
  }

  @Test
  void whatCannotBeWatchedIsAnError() {
    Watches watches = watches(10, LONG, LONG);
    watches.<Run, String>start(
        dev.cairn.server.auth.Caller.ANYONE,
        caller,
        0,
        messages(),
        signal -> {
          throw new ServiceException(Reason.BACKUP_NOT_FOUND, "no such backup");
        });

    caller.awaits("BACKUP_NOT_FOUND");
    TestServer.eventually(() -> watches.openCount() == 0);
  }

  private void watch(Duration interval, Duration heartbeat, long after) {
    watch(caller, watches(10, interval, heartbeat), after);
  }

  private void watch(Caller who, Watches watches, long after) {
    watch(who, watches, after, new Run(0, false));
  }

  private void watch(Caller who, Watches watches, long after, Run present) {
    watch(who, watches, after, present, messages());
  }

  private void watch(
      Caller who,
      Watches watches,
      long after,
      Run present,
      WatchStream.Messages<Run, String> messages) {
    watches.<Run, String>start(
        dev.cairn.server.auth.Caller.ANYONE,
        who,
        after,
        messages,
        signal -> topics.subscribe("job", () -> present, signal));
  }

  private static WatchStream.Messages<Run, String> messages() {
    return new WatchStream.Messages<>(
        (run, whole) -> run.sequence() + (whole ? " whole" : ""), each -> "heartbeat " + each);
  }

  private Watches watches(int max, Duration interval, Duration heartbeat) {
    return new Watches(max, new WatchStream.Pace(interval, heartbeat), thread, workers);
  }

  private static void pause(long millis) {
    for (int i = 0; i < millis / 10 + 1; i++) {
      TestServer.pause();
    }
  }

  /** A caller on the other side of the wire. */
  private static final class Caller extends ServerCallStreamObserver<String> {
    private final List<String> seen = new CopyOnWriteArrayList<>();
    private volatile boolean ready = true;
    private volatile @Nullable Runnable onCancel;
    private volatile @Nullable Runnable onReady;

    void awaits(String... messages) {
      TestServer.eventually(() -> seen.size() >= messages.length);
      assertThat(seen).containsExactly(messages);
    }

    void hasRoom() {
      ready = true;
      run(onReady);
    }

    void cancel() {
      run(onCancel);
    }

    private static void run(@Nullable Runnable handler) {
      assertThat(handler).isNotNull();
      handler.run();
    }

    @Override
    public void onNext(String message) {
      seen.add(message);
    }

    @Override
    public void onError(Throwable error) {
      seen.add(((ServiceException) error).reason().name());
    }

    @Override
    public void onCompleted() {
      seen.add("end");
    }

    @Override
    public boolean isReady() {
      return ready;
    }

    @Override
    public boolean isCancelled() {
      return false;
    }

    @Override
    public void setOnCancelHandler(Runnable handler) {
      onCancel = handler;
    }

    @Override
    public void setOnReadyHandler(Runnable handler) {
      onReady = handler;
    }

    @Override
    public void setCompression(String compression) {}

    @Override
    public void setMessageCompression(boolean enable) {}

    @Override
    public void disableAutoInboundFlowControl() {}

    @Override
    public void request(int count) {}
  }
}
