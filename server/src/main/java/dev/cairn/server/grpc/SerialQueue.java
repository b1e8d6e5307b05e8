package dev.cairn.server.grpc;

import io.grpc.Context;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Runs the steps of one stream on the workers, one at a time and in order, so that what they touch
 * is confined to them.
 *
 * <p>Thread-safe; the monitor guards the queue.
 */
final class SerialQueue {
  /** How many steps are run before other streams get the thread. */
  private static final int STEPS = 8;

  private final Workers workers;
  private final Consumer<RuntimeException> onFailure;
  private final Context context = Context.current();
  private final Deque<Runnable> steps = new ArrayDeque<>();
  private boolean running;

  /**
   * Made in the context of the call.
   *
   * @param onFailure told what a step throws, as part of that step
   */
  SerialQueue(Workers workers, Consumer<RuntimeException> onFailure) {
    this.workers = workers;
    this.onFailure = onFailure;
  }

  void execute(Runnable step) {
    boolean begin;
    synchronized (this) {
      steps.add(step);
      begin = !running;
      running = true;
    }
    if (begin) {
      context.run(() -> workers.execute(this::work));
    }
  }

  private void work() {
    int done = 0;
    @Nullable Runnable step = next();
    while (step != null) {
      run(step);
      if (++done % STEPS == 0 && handOver()) {
        return;
      }
      step = next();
    }
  }

  private synchronized @Nullable Runnable next() {
    Runnable step = steps.poll();
    running = step != null;
    return step;
  }

  /** Lets others have the thread; false when there is no other thread any more. */
  private boolean handOver() {
    try {
      workers.execute(this::work);
      return true;
    } catch (RejectedExecutionException e) {
      return false; // at shutdown: finish here
    }
  }

  private void run(Runnable step) {
    try {
      step.run();
    } catch (RuntimeException e) {
      onFailure.accept(e);
    }
  }
}
