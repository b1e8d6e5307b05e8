package dev.cairn.server.backup;

import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What could not be settled because the storage failed: mostly that a job has ended, which its
 * record has to say before anything else may happen to it. Done again from time to time until it
 * succeeds, so that nobody has to start the server again once the disk has room. It is in memory
 * only: a start finds the same by itself.
 *
 * <p>Thread-safe. Work may be done twice and must look first at what is recorded.
 */
public final class Overdue {
  private static final Logger log = LoggerFactory.getLogger(Overdue.class);

  private final Queue<Work> works = new ConcurrentLinkedQueue<>();

  private record Work(String what, Runnable task) {}

  /**
   * Does {@code task} now; if the storage fails it, later.
   *
   * @param what for the log, as in "could not <i>record the end of backup b1</i>"
   */
  public void settle(String what, Runnable task) {
    try {
      task.run();
    } catch (ServiceException e) {
      if (!isOfStorage(e)) {
        throw e;
      }
      later(what, task, e);
    }
  }

  /** Does {@code task} later, since {@code why} came in between. */
  public void later(String what, Runnable task, Throwable why) {
    log.warn("could not {}, it will be tried again", what, why);
    works.add(new Work(what, task));
  }

  /** Tries all that is overdue. What fails again stays. */
  public void retry() {
    for (int left = works.size(); left > 0; left--) {
      Work work = works.poll();
      if (work == null) {
        return;
      }
      try {
        work.task().run();
        log.info("made up for it: {}", work.what());
      } catch (ServiceException e) {
        works.add(work);
      } catch (RuntimeException e) {
        log.error("could not {}; the next start does it", work.what(), e);
      }
    }
  }

  /** How much is overdue. */
  public int size() {
    return works.size();
  }

  /** Whether {@code failure} is one that may pass. */
  public static boolean isOfStorage(Throwable failure) {
    return failure instanceof ServiceException known
        && (known.reason() == Reason.DISK_FULL || known.reason() == Reason.STORAGE_FAILED);
  }
}
