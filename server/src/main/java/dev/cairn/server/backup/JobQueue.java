package dev.cairn.server.backup;

import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs jobs in the background, a bounded number of them waiting. A place is reserved before the
 * job's record is written, so that no record is ever made for a job that cannot be queued.
 *
 * <p>Thread-safe.
 */
public final class JobQueue {
  private static final Logger log = LoggerFactory.getLogger(JobQueue.class);

  private final String name;
  private final Executor executor;
  private final int threads;
  private final int capacity;
  private final Semaphore places;

  /**
   * @param name of the queue, for logs and errors
   * @param threads how many jobs the executor runs at once; 0: nobody knows
   * @param capacity how many jobs may wait or run
   */
  public JobQueue(String name, Executor executor, int threads, int capacity) {
    this.name = name;
    this.executor = executor;
    this.threads = threads;
    this.capacity = capacity;
    this.places = new Semaphore(capacity);
  }

  /**
   * Reserves a place. Close it, or run a job with it.
   *
   * @throws ServiceException OVERLOADED
   */
  public Place reserve() {
    if (!places.tryAcquire()) {
      throw new ServiceException(
              Reason.OVERLOADED,
              Map.of("limit", String.valueOf(capacity)),
              "there are " + capacity + " jobs in the " + name + " queue; try again later")
          .withRetryAfter(Duration.ofSeconds(5));
    }
    return new Place(length() <= threads);
  }

  /** How many jobs wait or run. */
  public int length() {
    return capacity - places.availablePermits();
  }

  /** How many may. */
  public int capacity() {
    return capacity;
  }

  /** A reserved place in the queue. Confined to one thread until it runs. */
  public final class Place implements AutoCloseable {
    private final boolean startsAtOnce;
    private boolean used;

    private Place(boolean startsAtOnce) {
      this.startsAtOnce = startsAtOnce;
    }

    /**
     * Whether a thread was free when the place was reserved, so that the record of its job may say
     * at once that it runs, which saves a forced write. Another job may be quicker all the same.
     */
    public boolean startsAtOnce() {
      return startsAtOnce;
    }

    /** Runs {@code job} when its turn comes; its failures are its own business. */
    public void run(Runnable job) {
      if (used) {
        throw new IllegalStateException("the place is used");
      }
      used = true;
      try {
        executor.execute(
            () -> {
              try {
                job.run();
              } catch (RuntimeException | Error e) {
                log.error("job ended unexpectedly queue={}", name, e);
              } finally {
                places.release();
              }
            });
      } catch (RejectedExecutionException e) {
        places.release();
        log.info("job not started, the server is going down queue={}", name);
      }
    }

    /** Gives an unused place back. */
    @Override
    public void close() {
      if (!used) {
        used = true;
        places.release();
      }
    }
  }
}
