package dev.cairn.server.restore;

import java.time.Duration;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Does again what must not be given up at the first failure, a few times and less and less often.
 * Immutable.
 *
 * @param pauses before the second try, the third and so on
 */
public record Patience(List<Duration> pauses, Waiting waiting) {
  private static final Logger log = LoggerFactory.getLogger(Patience.class);

  /** Waits on the job's thread. */
  @FunctionalInterface
  public interface Waiting {
    void during(Duration pause) throws InterruptedException;
  }

  public Patience {
    pauses = List.copyOf(pauses);
  }

  /** Tries for about a minute: a hiccup of the disk is over by then, a broken one never is. */
  public static Patience ofAMinute(Waiting waiting) {
    return new Patience(
        Stream.iterate(Duration.ofMillis(50), pause -> pause.multipliedBy(2)).limit(11).toList(),
        waiting);
  }

  /**
   * What {@code work} answers at last.
   *
   * @param what for the log
   * @throws RuntimeException the last failure, also when the thread was interrupted while it waited
   */
  <T> T insist(String what, Supplier<T> work) {
    for (Duration pause : pauses) {
      try {
        return work.get();
      } catch (RuntimeException e) {
        log.warn(
            "failed, trying again what={} after_ms={} why={}",
            what,
            pause.toMillis(),
            e.getMessage());
        try {
          waiting.during(pause);
        } catch (InterruptedException interrupt) {
          Thread.currentThread().interrupt();
          throw e;
        }
      }
    }
    return work.get();
  }
}
