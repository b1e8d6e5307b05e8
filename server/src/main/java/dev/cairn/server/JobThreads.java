package dev.cairn.server;

import dev.cairn.server.backup.JobQueue;
import dev.cairn.server.telemetry.NamedThreads;
import java.time.Duration;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A few threads for background jobs and the queue in front of them. Thread-safe. */
final class JobThreads {
  private static final Logger log = LoggerFactory.getLogger(JobThreads.class);

  private final String name;
  private final ThreadPoolExecutor executor;
  private final JobQueue queue;

  /**
   * @param capacity how many jobs may wait or run
   */
  JobThreads(String name, int threads, int capacity) {
    this.name = name;
    this.executor =
        new ThreadPoolExecutor(
            threads,
            threads,
            1,
            TimeUnit.MINUTES,
            new LinkedBlockingQueue<>(),
            new NamedThreads(name));
    this.queue = new JobQueue(name, executor, threads, capacity);
  }

  JobQueue queue() {
    return queue;
  }

  /**
   * Starts no further job and waits for those that run. Jobs that waited are found by the next
   * start, which says of them that they were interrupted.
   *
   * @return whether nothing runs any more
   */
  boolean stop(Duration grace) {
    executor.getQueue().clear();
    executor.shutdown();
    try {
      boolean ended = executor.awaitTermination(grace.toMillis(), TimeUnit.MILLISECONDS);
      if (!ended) {
        log.warn("jobs still run at shutdown, the next start will clear up queue={}", name);
      }
      return ended;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }
}
