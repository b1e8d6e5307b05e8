package dev.cairn.server.grpc;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one thread on which all watches speak. Whoever leaves a note there pays for an entry of a
 * queue. That of the timers has a lock and an order: noting in it took a job that ten thousand
 * watch some 60 ms. Thread-safe.
 */
final class WatchThread {
  private static final Logger log = LoggerFactory.getLogger(WatchThread.class);

  /** Notes that are worked off before timers get their turn. */
  private static final int NOTES = 256;

  private final ScheduledExecutorService thread;
  private final Queue<Runnable> notes = new ConcurrentLinkedQueue<>();
  private final AtomicBoolean working = new AtomicBoolean();

  /**
   * @param thread one thread, which others may use, too
   */
  WatchThread(ScheduledExecutorService thread) {
    this.thread = thread;
  }

  /**
   * Runs {@code note} on the thread, after those that came before. Returns at once.
   *
   * @throws RejectedExecutionException at shutdown
   */
  void execute(Runnable note) {
    notes.add(note);
    begin();
  }

  /** Runs {@code work} on the thread after {@code nanos} nanoseconds. */
  ScheduledFuture<?> schedule(Runnable work, long nanos) {
    return thread.schedule(work, nanos, TimeUnit.NANOSECONDS);
  }

  private void begin() {
    if (working.compareAndSet(false, true)) {
      try {
        thread.execute(this::work);
      } catch (RejectedExecutionException e) {
        working.set(false);
        throw e;
      }
    }
  }

  private void work() {
    for (int i = 0; i < NOTES; i++) {
      Runnable note = notes.poll();
      if (note == null) {
        break;
      }
      run(note);
    }
    working.set(false); // before the look, so that no note is left lying
    if (!notes.isEmpty()) {
      begin();
    }
  }

  /** One watch's trouble is not that of those behind it. */
  private static void run(Runnable note) {
    try {
      note.run();
    } catch (RuntimeException | Error e) {
      log.warn("a watch could not go on", e);
    }
  }
}
