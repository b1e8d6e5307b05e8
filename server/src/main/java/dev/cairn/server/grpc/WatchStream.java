package dev.cairn.server.grpc;

import dev.cairn.server.backup.Topics;
import io.grpc.stub.ServerCallStreamObserver;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.IntSupplier;
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
 * and a job is never slowed. A signal leaves no note where one is already, or where a timer will
 * look soon enough.
 *
 * <p>The first state, another stage and the last state are sent at once, and so is the first change
 * unless there is a crowd; those between at the {@link Pace}. When nothing was sent for a while, a
 * heartbeat is.
 *
 * @param <V> the states
 * @param <A> the messages
 */
final class WatchStream<V extends Topics.State, A> implements Watches.Watch {
  /**
   * How states and heartbeats become messages, for all watches of a kind: those of one job send the
   * same ones, which are made once. Used on the watch thread.
   */
  static final class Messages<V, A> {
    private final BiFunction<V, Boolean, A> state;
    private final LongFunction<A> heartbeat;
    private @Nullable V lastState;
    private final Map<Boolean, A> lastMessages = new HashMap<>();

    /**
     * @param state makes a message of a state, given whether all that is known is to be in it
     * @param heartbeat makes one of the last sequence
     */
    Messages(BiFunction<V, Boolean, A> state, LongFunction<A> heartbeat) {
      this.state = state;
      this.heartbeat = heartbeat;
    }

    private A message(V now, boolean whole) {
      if (lastState != now) {
        lastMessages.clear();
        lastState = now;
      }
      return lastMessages.computeIfAbsent(whole, each -> state.apply(now, each));
    }

    private A heartbeat(long sequence) {
      return heartbeat.apply(sequence);
    }
  }

  /**
   * How often a watch speaks. A crowd does so more rarely, or what it watches would be slowed by
   * its own progress: all together send some two thousand messages a second at most.
   *
   * @param minInterval between two messages
   * @param heartbeat the longest silence
   */
  record Pace(Duration minInterval, Duration heartbeat) {
    private static final long SHARE_NANOS = Duration.ofSeconds(1).toNanos() / 2_000;

    /**
     * The time between two messages of a watch, in nanoseconds.
     *
     * @param watches how many are open
     */
    long interval(int watches) {
      return Math.min(Math.max(minInterval.toNanos(), watches * SHARE_NANOS), heartbeat.toNanos());
    }
  }

  private final ServerCallStreamObserver<A> caller;
  private final Messages<V, A> messages;
  private final Pace pace;
  private final IntSupplier watches;
  private final WatchThread thread;
  private final Consumer<Watches.Watch> onEnd;
  private final AtomicBoolean noted = new AtomicBoolean();
  private final Runnable advancing = this::advance;

  /** Whether the timer will look at whatever changes until then, but for what is urgent. */
  private volatile boolean resting;

  // Only touched on the watch thread.
  private Topics.@Nullable Subscription<V> subscription;
  private @Nullable ScheduledFuture<?> timer;
  private boolean ended;
  private long lastSequence;
  private @Nullable Object lastStage;
  private long lastSent = System.nanoTime();
  private long sent;
  private long timerDue;

  /**
   * @param watches how many are open
   * @param afterSequence the state that the caller has seen already; 0: none
   * @param onEnd called once, when the watch is over
   */
  WatchStream(
      ServerCallStreamObserver<A> caller,
      Messages<V, A> messages,
      Pace pace,
      IntSupplier watches,
      long afterSequence,
      WatchThread thread,
      Consumer<Watches.Watch> onEnd) {
    this.caller = caller;
    this.messages = messages;
    this.pace = pace;
    this.watches = watches;
    this.lastSequence = afterSequence;
    this.thread = thread;
    this.onEnd = onEnd;
  }

  /**
   * Begins. May block, and is not called on the watch thread.
   *
   * @param subscribe subscribes the given signal
   */
  void open(Function<Topics.Signal, Topics.Subscription<V>> subscribe) {
    try {
      Topics.Subscription<V> made = subscribe.apply(this::changed);
      thread.execute(() -> opened(made));
    } catch (RuntimeException e) {
      end(e);
    }
  }

  /** Says that the caller has room. From any thread; returns at once. */
  void hasRoom() {
    note();
  }

  private void changed(boolean urgent) {
    if (urgent || !resting) {
      note();
    }
  }

  private void note() {
    if (noted.compareAndSet(false, true)) {
      thread.execute(advancing);
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
    // Before the state is read, so that no later one is missed.
    noted.set(false);
    resting = false;
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
    long interval = pace.interval(watches.getAsInt());
    long heartbeat = pace.heartbeat().toNanos();
    long next = lastSent + heartbeat;
    boolean rests = false;
    if (state.sequence() != lastSequence || state.settled()) {
      boolean crowded = interval > pace.minInterval().toNanos();
      boolean begins = sent == 0 || (sent == 1 && !crowded);
      boolean urgent = begins || state.settled() || !state.stage().equals(lastStage);
      boolean tooEarly = !urgent && lastSent + interval - now > 0;
      boolean sends = !tooEarly && caller.isReady();
      if (sends) {
        send(state, now);
      }
      rests = tooEarly || (sends && (sent > 1 || crowded));
      next = lastSent + (rests ? interval : heartbeat);
    } else if (next - now <= 0) {
      if (caller.isReady()) {
        caller.onNext(messages.heartbeat(state.sequence()));
      }
      lastSent = now;
      next = now + heartbeat;
    }
    if (!ended) {
      wakeAt(next - now > 0 ? next : now + heartbeat, now);
      resting = rests;
    }
  }

  private void send(V state, long now) {
    boolean last = state.settled();
    caller.onNext(messages.message(state, sent == 0 || last));
    lastSequence = state.sequence();
    lastStage = state.stage();
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
    timer = thread.schedule(advancing, due - now);
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
