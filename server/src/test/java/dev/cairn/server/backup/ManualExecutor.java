package dev.cairn.server.backup;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;

/** Runs jobs when the test says so, on the test's thread. */
final class ManualExecutor implements Executor {
  private final Queue<Runnable> jobs = new ConcurrentLinkedQueue<>();
  private volatile boolean down;

  @Override
  public void execute(Runnable job) {
    if (down) {
      throw new RejectedExecutionException("down");
    }
    jobs.add(job);
  }

  /** Runs the job that waited for longest. */
  void runNext() {
    jobs.remove().run();
  }

  /** Runs all, those included that come meanwhile. */
  void runAll() {
    for (Runnable job = jobs.poll(); job != null; job = jobs.poll()) {
      job.run();
    }
  }

  int waiting() {
    return jobs.size();
  }

  /** Takes no more jobs and forgets those that wait. */
  void shutDown() {
    down = true;
    jobs.clear();
  }
}
