package dev.cairn.server.grpc;

import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import io.grpc.Context;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.slf4j.MDC;

/**
 * The threads that do the work of calls: a fixed number, and a bounded number of calls at a time.
 * What is bounded is the calls, not the executor's queue, so that a stream that was let in can
 * always be gone on with and closed.
 *
 * <p>Thread-safe.
 */
public final class Workers implements AutoCloseable {
  /** Names the call in every line that is logged while one works on it. */
  static final String CALL_ID = "call";

  /** Names the caller's trace there, if it has one. */
  static final String TRACE_ID = "trace";

  private final Admission admission;
  private final ThreadPoolExecutor executor;
  private final Semaphore places;
  private final int capacity;

  /**
   * @param name of the threads
   * @param capacity how many calls may wait or be worked on
   */
  public Workers(String name, int threads, int capacity) {
    this.capacity = capacity;
    this.admission = new Admission(threads, System.nanoTime());
    this.places = new Semaphore(capacity);
    this.executor =
        new ThreadPoolExecutor(
            threads, threads, 1, TimeUnit.MINUTES, new LinkedBlockingQueue<>(), named(name));
  }

  static ThreadFactory named(String name) {
    AtomicInteger number = new AtomicInteger();
    return task -> {
      Thread thread = new Thread(task, name + "-" + number.incrementAndGet());
      thread.setDaemon(true);
      return thread;
    };
  }

  /**
   * Lets a call in. Leave with the answer.
   *
   * @throws ServiceException OVERLOADED
   */
  Runnable enter() {
    if (!places.tryAcquire()) {
      throw new ServiceException(
          Reason.OVERLOADED,
          Map.of("limit", String.valueOf(capacity)),
          "the server works on " + capacity + " calls already; try again after a pause");
    }
    return places::release;
  }

  /**
   * Lets a call in and runs it.
   *
   * @throws ServiceException OVERLOADED
   */
  void call(Runnable call) {
    Runnable leave = enter();
    execute(
        () -> {
          try {
            call.run();
          } finally {
            leave.run();
          }
        });
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
    return !isFull() && admission.admits(executor.getQueue().size(), alone, System.nanoTime());
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
          if (admission.begins(System.nanoTime() - begin, executor.getQueue().size())) {
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
    executor.execute(() -> run(context, step));
  }

  private static void run(Context context, Runnable step) {
    Context before = context.attach();
    CallInfo info = CallInfo.current();
    MDC.put(CALL_ID, info.id());
    if (!info.traceId().isEmpty()) {
      MDC.put(TRACE_ID, info.traceId());
    }
    try {
      step.run();
    } finally {
      MDC.remove(CALL_ID);
      MDC.remove(TRACE_ID);
      context.detach(before);
    }
  }

  /** Ends the threads, once what they do is done or {@code grace} is over. */
  boolean stop(Duration grace) {
    executor.shutdown();
    boolean interrupted = false;
    try {
      return executor.awaitTermination(grace.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      interrupted = true;
      return false;
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  @Override
  public void close() {
    executor.shutdownNow();
  }
}
