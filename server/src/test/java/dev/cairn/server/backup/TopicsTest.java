package dev.cairn.server.backup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import dev.cairn.server.site.Threads;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
final class TopicsTest {
  private record Value(long sequence, boolean settled, String stage) implements Topics.State {}

  private final Topics<String, Value> topics = new Topics<>();

  @Test
  void newestStateIsKeptAndOlderOnesAreIgnored() {
    topics.publish("a", running(2));
    topics.publish("a", running(1));
    assertThat(topics.latest("a")).contains(running(2));

    topics.publish("a", running(3));

    assertThat(topics.latest("a")).contains(running(3));
    assertThat(topics.latest("b")).isEmpty();
  }

  @Test
  void subscriberIsSignalledOnceForEachChange() {
    AtomicInteger signals = new AtomicInteger();
    try (Topics.Subscription<Value> subscription =
        topics.subscribe("a", () -> running(1), last -> signals.incrementAndGet())) {
      assertThat(subscription.latest()).isEqualTo(running(1));
      topics.publish("a", running(2));
      topics.publish("a", running(2));
      topics.publish("b", running(9));

      assertThat(signals).hasValue(1);
      assertThat(subscription.latest()).isEqualTo(running(2));
    }
  }

  @Test
  void signalSaysWhetherItIsUrgent() {
    List<Boolean> signals = new ArrayList<>();
    try (Topics.Subscription<Value> subscription =
        topics.subscribe("a", () -> running(1), signals::add)) {
      topics.publish("a", running(2));
      topics.publish("a", ended(3));
      topics.publish("a", running(4));
      topics.publish("a", new Value(5, false, "ready"));
      topics.end("a"::equals, new ServiceException(Reason.SITE_NOT_FOUND, "gone"));

      assertThat(signals).containsExactly(false, true, false, true, true);
      assertThatThrownBy(subscription::latest).hasMessage("gone");
    }
  }

  @Test
  void stateThatIsPublishedWhileASubscriberReadsThePresentOneIsNotLost() {
    try (Topics.Subscription<Value> subscription =
        topics.subscribe(
            "a",
            () -> {
              topics.publish("a", running(2));
              return running(1);
            },
            last -> {})) {
      assertThat(subscription.latest()).isEqualTo(running(2));
    }
  }

  @Test
  void subscriptionThatFailsLeavesNothing() {
    assertThatThrownBy(
            () ->
                topics.subscribe(
                    "a",
                    () -> {
                      throw new IllegalStateException("none");
                    },
                    last -> {}))
        .hasMessage("none");

    assertThat(topics.size()).isZero();
  }

  @Test
  void topicIsKeptWhileSomethingRunsOrSomebodyWatches() {
    topics.publish("a", running(1));
    assertThat(topics.size()).isEqualTo(1);
    Topics.Subscription<Value> subscription = topics.subscribe("a", () -> running(1), last -> {});
    topics.publish("a", ended(2));
    assertThat(topics.size()).isEqualTo(1);
    assertThat(subscription.latest()).isEqualTo(ended(2));

    subscription.close();

    assertThat(topics.size()).isZero();
    topics.publish("a", ended(3));
    assertThat(topics.size()).isZero();
  }

  @Test
  void updateSeesTheNewestStateAndMayLeaveIt() {
    AtomicInteger signals = new AtomicInteger();
    topics.update("a", newest -> newest);
    assertThat(topics.size()).isZero();
    try (Topics.Subscription<Value> subscription =
        topics.subscribe("a", () -> running(5), last -> signals.incrementAndGet())) {
      topics.update("a", newest -> newest);
      assertThat(signals).hasValue(0);
      topics.update("a", newest -> newest.map(each -> running(each.sequence() + 1)));

      assertThat(signals).hasValue(1);
      assertThat(subscription.latest()).isEqualTo(running(6));
    }
  }

  @Test
  void endedTopicTellsWhyAndIsForgotten() {
    AtomicInteger signals = new AtomicInteger();
    ServiceException why = new ServiceException(Reason.SITE_NOT_FOUND, "gone");
    Topics.Subscription<Value> subscription =
        topics.subscribe("a", () -> running(1), last -> signals.incrementAndGet());
    topics.publish("b", running(1));

    topics.end(key -> key.equals("a"), why);

    assertThat(signals).hasValue(1);
    assertThatThrownBy(subscription::latest).isSameAs(why);
    assertThat(topics.latest("a")).isEmpty();
    subscription.close();
    assertThat(topics.size()).isEqualTo(1);
  }

  @Test
  void manyThreadsLoseNoUpdateAndLeaveNoTopic() {
    AtomicLong updates = new AtomicLong();
    List<Topics.Subscription<Value>> held = new ArrayList<>();
    held.add(topics.subscribe("a", () -> running(0), last -> {}));
    Threads.joinAll(
        Threads.start(
            4,
            number -> {
              for (int i = 0; i < 2_000; i++) {
                topics.update(
                    "a",
                    newest -> Optional.of(running(newest.map(Value::sequence).orElse(0L) + 1)));
                updates.incrementAndGet();
                topics.subscribe("a", () -> running(0), last -> {}).close();
                topics.publish("b" + number, i % 2 == 0 ? running(2 * i) : ended(2 * i));
              }
            }));

    assertThat(held.get(0).latest()).isEqualTo(running(updates.get()));
    topics.publish("a", ended(Long.MAX_VALUE));
    held.get(0).close();
    assertThat(topics.size()).isZero();
  }

  private static Value running(long sequence) {
    return new Value(sequence, false, "pending");
  }

  private static Value ended(long sequence) {
    return new Value(sequence, true, "pending");
  }
}
