package dev.cairn.server.backup;

import dev.cairn.server.error.ServiceException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells whoever watches that something has a new state. Only the newest state is kept: a subscriber
 * is signalled and fetches it when it is ready, so that a slow one costs nothing and slows nobody.
 *
 * <p>Thread-safe; each topic's monitor guards its newest state. Signals are sent without any lock
 * and have to return at once. A topic is kept while something runs or somebody watches.
 *
 * @param <K> names what is watched
 * @param <V> its states
 */
public final class Topics<K, V extends Topics.State> {
  /** A state of something that can be watched. */
  public interface State {
    /** Grows with every change. */
    long sequence();

    /** Whether nothing runs any more, so that a watch ends with it. */
    boolean settled();

    /** What has become of it so far; a change of that is told without delay, unlike progress. */
    Object stage();
  }

  private static final Logger log = LoggerFactory.getLogger(Topics.class);

  private final Map<K, Topic<V>> topics = new ConcurrentHashMap<>();

  /** Called after each change, from any thread; has to return at once. */
  @FunctionalInterface
  public interface Signal {
    /**
     * There is another state.
     *
     * @param urgent whether it is settled or in another stage, or there will be none any more
     */
    void changed(boolean urgent);
  }

  /** A subscription; closing it stops the signals. */
  public interface Subscription<V> extends AutoCloseable {
    /**
     * The newest state.
     *
     * @throws ServiceException why there are none any more, when the topic was ended
     */
    V latest();

    @Override
    void close();
  }

  /** Makes {@code state} the newest one, unless a newer one came first, and signals it. */
  public void publish(K key, V state) {
    update(
        key,
        newest ->
            newest
                .filter(each -> each.sequence() >= state.sequence())
                .or(() -> Optional.of(state)));
  }

  /**
   * Changes the newest state and signals it. States that are made of what others publish are made
   * here, so that none of it is lost.
   *
   * @param change given the newest state, if any, answers the next one or the same; nobody else
   *     changes the topic meanwhile, so it has to be quick and may not wait for anything
   */
  public void update(K key, UnaryOperator<Optional<V>> change) {
    AtomicReference<Change> made = new AtomicReference<>(Change.NONE);
    Topic<V> topic = touch(key, each -> made.set(each.update(change)));
    if (made.get() != Change.NONE) {
      signal(topic, made.get() == Change.URGENT);
    }
    removeIfUnused(key);
  }

  /** What an update did. */
  private enum Change {
    NONE,
    PROGRESS,
    URGENT
  }

  private static void signal(Topic<?> topic, boolean urgent) {
    topic.listeners.forEach(listener -> signal(listener, urgent));
  }

  /** What goes wrong in a listener is no business of whoever publishes. */
  private static void signal(Listener listener, boolean urgent) {
    try {
      listener.signal.changed(urgent);
    } catch (RuntimeException e) {
      log.warn("a listener failed", e);
    }
  }

  /** How many topics are kept. */
  int size() {
    return topics.size();
  }

  /** Ends the topics whose key is chosen, because what they are about is gone. */
  public void end(Predicate<K> chosen, ServiceException why) {
    for (K key : List.copyOf(topics.keySet())) {
      if (chosen.test(key)) {
        Topic<V> topic = topics.remove(key);
        if (topic != null) {
          topic.end(why);
          signal(topic, true);
        }
      }
    }
  }

  /** The newest state that was published; empty when nothing runs and nobody watches. */
  public Optional<V> latest(K key) {
    Topic<V> topic = topics.get(key);
    return topic == null ? Optional.empty() : topic.newest();
  }

  /**
   * Subscribes to what {@code key} names.
   *
   * @param present reads its present state, for when nothing runs
   */
  public Subscription<V> subscribe(K key, Supplier<V> present, Signal signal) {
    Listener listener = new Listener(signal);
    Topic<V> topic = touch(key, each -> each.listeners.add(listener));
    try {
      if (topic.newest().isEmpty()) {
        topic.offer(present.get());
      }
    } catch (RuntimeException e) {
      unsubscribe(key, topic, listener);
      throw e;
    }
    return new Subscription<>() {
      @Override
      public V latest() {
        return topic.require();
      }

      @Override
      public void close() {
        unsubscribe(key, topic, listener);
      }
    };
  }

  /** Changes the topic, made when absent, while nobody can remove it. */
  private Topic<V> touch(K key, Consumer<Topic<V>> change) {
    return topics.compute(
        key,
        (same, existing) -> {
          Topic<V> topic = existing == null ? new Topic<>() : existing;
          change.accept(topic);
          return topic;
        });
  }

  private void unsubscribe(K key, Topic<V> topic, Listener listener) {
    topic.listeners.remove(listener);
    removeIfUnused(key);
  }

  private void removeIfUnused(K key) {
    topics.computeIfPresent(
        key,
        (same, topic) ->
            topic.listeners.isEmpty() && topic.newest().map(State::settled).orElse(true)
                ? null
                : topic);
  }

  /** One subscription, even if two have the same signal. */
  private static final class Listener {
    private final Signal signal;

    Listener(Signal signal) {
      this.signal = signal;
    }
  }

  private static final class Topic<V extends State> {
    private final Set<Listener> listeners = ConcurrentHashMap.newKeySet();
    private @Nullable V newest;
    private @Nullable ServiceException end;

    synchronized void end(ServiceException why) {
      end = why;
    }

    synchronized V require() {
      if (end != null) {
        throw end;
      }
      return newest().orElseThrow();
    }

    synchronized Change update(UnaryOperator<Optional<V>> change) {
      @Nullable V old = newest;
      @Nullable V next = change.apply(Optional.ofNullable(old)).orElse(null);
      newest = next;
      if (next == old) {
        return Change.NONE;
      }
      if (next == null || old == null || next.settled()) {
        return Change.URGENT;
      }
      return next.stage().equals(old.stage()) ? Change.PROGRESS : Change.URGENT;
    }

    synchronized void offer(V state) {
      if (newest == null || newest.sequence() < state.sequence()) {
        newest = state;
      }
    }

    synchronized Optional<V> newest() {
      return Optional.ofNullable(newest);
    }
  }
}
