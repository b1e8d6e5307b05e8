package dev.cairn.server.grpc;

import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import dev.cairn.server.telemetry.NamedThreads;
import io.grpc.Context;
import java.time.Duration;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.MDC;

/**
 * The threads that do the work of calls: a fixed number, and a bounded number of calls at a time.
 * What is bounded is the calls, not the executor's queue, so that a stream that was let in can
 * always be gone on with and closed.
 *
 * <p>As many calls are worked on at a time as there are threads, the others wait in order. A call
 * that waits for something else, a forced write say, need not keep its thread meanwhile: it says
 * {@link #later}, stays one of those that are worked on, and is answered by whoever has what it
 * waits for.
 *
 * <p>Thread-safe.
 */
public final class Workers implements AutoCloseable {
  /** Names the call in every line that is logged while one works on it. */
  static final String CALL_ID = "call";

  /** Names the caller's trace there, if it has one. */
  static final String TRACE_ID = "trace";

  /** What the current thread works on. */
  private static final ThreadLocal<@Nullable Turn> CURRENT = new ThreadLocal<>();

  private final Admission admission;
  private final ThreadPoolExecutor executor;
  private final Semaphore places;

  /** One for each call that is worked on. */
  private final Semaphore turns;

  private final Queue<Turn> waiting = new LinkedBlockingQueue<>();
  private final int capacity;

  /**
   * @param name of the threads
   * @param capacity how many calls may wait or be worked on
   */
  public Workers(String name, int threads, int capacity) {
    this(name, threads, capacity, tooMuch -> 0);
  }

  /**
   * @param carriers bring the calls and take the answers away
   */
  Workers(String name, int threads, int capacity, Admission.Carriers carriers) {
    this.capacity = capacity;
    this.admission = new Admission(threads, carriers, System.nanoTime());
    this.places = new Semaphore(capacity);
    this.turns = new Semaphore(threads);
    this.executor =
        new ThreadPoolExecutor(
            threads,
            threads,
            1,
            TimeUnit.MINUTES,
            new LinkedBlockingQueue<>(),
            new NamedThreads(name));
  }

  /**
   * Lets a call in and runs it.
   *
   * @throws ServiceException OVERLOADED
   */
  void call(Runnable call) {
    if (!places.tryAcquire()) {
      throw new ServiceException(
          Reason.OVERLOADED,
          Map.of("limit", String.valueOf(capacity)),
          "the server works on " + capacity + " calls already; try again after a pause");
    }
    waiting.add(new Turn(Context.current(), call));
    beginNext();
  }

  /**
   * For the call that the current thread works on: it is not over when the thread is done with it,
   * but when what is answered has run. To be run once, by any thread.
   */
  static Later later() {
    Turn turn = CURRENT.get();
    if (turn == null) {
      throw new IllegalStateException("this thread works on no call");
    }
    turn.kept = true;
    return turn;
  }

  /** The rest of a call. */
  interface Later {
    /** Runs {@code end} in the call's context, whereupon the call is over. */
    void run(Runnable end);
  }

  /** A call that was let in. */
  private final class Turn implements Later {
    private final Context context;
    private final Runnable call;

    /** Whether somebody else ends it; touched by the thread that works on it. */
    private boolean kept;

    Turn(Context context, Runnable call) {
      this.context = context;
      this.call = call;
    }

    void begin() {
      CURRENT.set(this);
      try {
        inContext(context, call);
      } finally {
        CURRENT.remove();
        if (!kept) {
          over();
        }
      }
    }

    @Override
    public void run(Runnable end) {
      try {
        inContext(context, end);
      } finally {
        over();
      }
    }

    private void over() {
      leave();
      beginNext();
    }
  }

  private void leave() {
    turns.release();
    places.release();
  }

  private void beginNext() {
    while (!waiting.isEmpty() && turns.tryAcquire()) {
      Turn next = waiting.poll();
      if (next == null) {
        turns.release(); // and look again: whoever came meanwhile may have found none
      } else {
        begin(next);
      }
    }
  }

  private void begin(Turn next) {
    try {
      executor.execute(next::begin);
    } catch (RejectedExecutionException e) {
      leave(); // they are stopped, and nobody waits for the answer any more
    } catch (Error e) { // the system has no thread left
      leave();
      throw e;
    }
  }

  /** Whether as many calls are in as may be. */
  boolean isFull() {
    return places.availablePermits() <= 0;
  }

  /**
   * Whether a call that comes now is better carried out than refused.
   *
   * @param alone whether its connection has no other call open
   */
  boolean hasRoom(boolean alone) {
    return !isFull()
        && admission.admits(
            capacity - places.availablePermits(), waiting.size(), alone, System.nanoTime());
  }

  /**
   * Lets a call in that is better refused than late: if more comes than the threads can do and it
   * has waited for long, {@code refuse} is run in its place.
   *
   * @throws ServiceException OVERLOADED
   */
  void callInTime(Runnable call, Consumer<ServiceException> refuse) {
    long begin = System.nanoTime();
    call(
        () -> {
          if (admission.begins(System.nanoTime() - begin, waiting.size())) {
            call.run();
          } else {
            refuse.accept(tooMuch());
          }
        });
  }

  /** What a call is refused with that is too much. */
  ServiceException tooMuch() {
    return new ServiceException(
        Reason.OVERLOADED,
        Map.of("limit", String.valueOf(capacity)),
        "more calls come than the server can carry out; try again after a pause");
  }

  /** How many calls are in, and how many may be. */
  Load.Place load() {
    return new Load.Place(capacity - places.availablePermits(), capacity);
  }

  /** Runs a step of a call that was let in, in the call's context. */
  void execute(Runnable step) {
    Context context = Context.current();
    executor.execute(() -> inContext(context, step));
  }

  private static void inContext(Context context, Runnable step) {
    Context before = context.attach();
    try {
      named(CallInfo.current(), step);
    } finally {
      context.detach(before);
    }
  }

  /** Runs {@code step} with {@code info} in each line that it logs. */
  static void named(CallInfo info, Runnable step) {
    @Nullable String callBefore = MDC.get(CALL_ID);
    @Nullable String traceBefore = MDC.get(TRACE_ID);
    name(CALL_ID, info.id());
    name(TRACE_ID, info.traceId());
    try {
      step.run();
    } finally {
      name(CALL_ID, callBefore);
      name(TRACE_ID, traceBefore);
    }
  }

  private static void name(String key, @Nullable String value) {
    if (value == null || value.isEmpty()) {
      MDC.remove(key);
    } else {
      MDC.put(key, value);
    }
  }

  /** Ends the threads, once what they do is done or {@code grace} is over. */
  boolean stop(Duration grace) {
    long end = System.nanoTime() + grace.toNanos();
    try {
      boolean over = places.tryAcquire(capacity, grace.toNanos(), TimeUnit.NANOSECONDS);
      if (over) {
        places.release(capacity);
      }
      executor.shutdown();
      return executor.awaitTermination(end - System.nanoTime(), TimeUnit.NANOSECONDS) && over;
    } catch (InterruptedException e) {
      executor.shutdown();
      Thread.currentThread().interrupt();
      return false;
    }
  }

  @Override
  public void close() {
    executor.shutdownNow();
  }
}
