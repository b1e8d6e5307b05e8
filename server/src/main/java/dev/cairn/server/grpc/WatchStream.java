package dev.cairn.server.grpc;

import dev.cairn.server.backup.Topics;
import io.grpc.stub.ServerCallStreamObserver;
import java.time.Duration;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.LongFunction;
import org.jspecify.annotations.Nullable;

/**
 * One watch: sends the newest state of something whenever there is a new one and the caller has
 * room, and never keeps more than that one.
 *
 * <pre>
 * OPENING --subscribed--&gt; OPEN --last state sent, cancel, error, drain--&gt; ENDED
 *    '------------------cancel, error, drain-----------------------------------^
 * </pre>
 *
 * <p>Everything happens on the watch thread, which is one for all watches: signals of jobs, room on
 * the wire, timers and cancellation only leave a note there. So the observer is used by one thread,
 * and a job is never slowed. A signal that finds a note already there leaves none.
 *
 * <p>The first state and the last are sent at once, those between at most every {@code
 * minInterval}; when nothing was sent for {@code heartbeat}, a heartbeat is.
 *
 * @param <V> the states
 * @param <A> the messages
 */
final class WatchStream<V extends Topics.State, A> implements Watches.Watch {
  /** How states and heartbeats become messages. */
  record Messages<V, A>(BiFunction<V, Boolean, A> state, LongFunction<A> heartbeat) {}

  /** How often a watch speaks. */
  record Pace(Duration minInterval, Duration heartbeat) {}

  private final ServerCallStreamObserver<A> caller;
  private final Messages<V, A> messages;
  private final Pace pace;
  private final ScheduledExecutorService thread;
  private final Consumer<Watches.Watch> onEnd;
  private final AtomicBoolean noted = new AtomicBoolean();

  // Only touched on the watch thread.
  private Topics.@Nullable Subscription<V> subscription;
  private @Nullable ScheduledFuture<?> timer;
  private boolean ended;
  private long lastSequence;
  private long lastSent = System.nanoTime();
  private long sent;
  private long timerDue;

  /**
   * @param afterSequence the state that the caller has seen already; 0: none
   * @param onEnd called once, when the watch is over
   */
  WatchStream(
      ServerCallStreamObserver<A> caller,
      Messages<V, A> messages,
      Pace pace,
      long afterSequence,
      ScheduledExecutorService thread,
      Consumer<Watches.Watch> onEnd) {
    this.caller = caller;
    this.messages = messages;
    this.pace = pace;
    this.lastSequence = afterSequence;
    this.thread = thread;
    this.onEnd = onEnd;
  }

  /**
   * Begins. May block, and is not called on the watch thread.
   *
   * @param subscribe subscribes the given signal
   */
  void open(Function<Runnable, Topics.Subscription<V>> subscribe) {
    try {
      Topics.Subscription<V> made = subscribe.apply(this::signal);
      thread.execute(() -> opened(made));
    } catch (RuntimeException e) {
      end(e);
    }
  }

  /** Says that there may be something to send. From any thread; returns at once. */
  void signal() {
    if (noted.compareAndSet(false, true)) {
      thread.execute(this::advance);
    }
  }

  /** The caller has gone. From any thread. */
  void cancel() {
    thread.execute(this::finish);
  }

  @Override
  public void end(RuntimeException error) {
    thread.execute(() -> fail(error));
  }

  private void opened(Topics.Subscription<V> made) {
    if (ended) {
      made.close();
      return;
    }
    subscription = made;
    advance();
  }

  private void advance() {
    noted.set(false); // before the state is read, so that no later one is missed
    if (ended || subscription == null) {
      return;
    }
    try {
      tell(subscription.latest());
    } catch (RuntimeException e) {
      fail(e);
    }
  }

  private void tell(V state) {
    long now = System.nanoTime();
    long next = lastSent + pace.heartbeat().toNanos();
    if (state.sequence() != lastSequence || state.settled()) {
      long due = lastSent + pace.minInterval().toNanos();
      // The present state, the first change and the last state are not delayed.
      boolean tooEarly = sent > 1 && !state.settled() && due - now > 0;
      if (tooEarly) {
        next = due;
      } else if (caller.isReady()) {
        send(state, now);
        next = now + pace.heartbeat().toNanos();
      }
    } else if (next - now <= 0) {
      if (caller.isReady()) {
        caller.onNext(messages.heartbeat().apply(state.sequence()));
      }
      lastSent = now;
      next = now + pace.heartbeat().toNanos();
    }
    if (!ended) {
      wakeAt(next - now > 0 ? next : now + pace.heartbeat().toNanos(), now);
    }
  }

  private void send(V state, long now) {
    boolean last = state.settled();
    caller.onNext(messages.state().apply(state, sent == 0 || last));
    lastSequence = state.sequence();
    lastSent = now;
    sent++;
    if (last) {
      caller.onCompleted();
      finish();
    }
  }

  /** Advances then, or before; a caller without room wakes the watch when it has some. */
  private void wakeAt(long due, long now) {
    if (timer != null && !timer.isDone()) {
      if (timerDue - now > 0 && timerDue - due <= 0) {
        return;
      }
      timer.cancel(false);
    }
    timerDue = due;
    timer = thread.schedule(this::advance, due - now, TimeUnit.NANOSECONDS);
  }

  private void fail(RuntimeException error) {
    if (!ended) {
      caller.onError(error);
      finish();
    }
  }

  private void finish() {
    if (ended) {
      return;
    }
    ended = true;
    if (timer != null) {
      timer.cancel(false);
    }
    if (subscription != null) {
      subscription.close();
    }
    onEnd.accept(this);
  }
}
