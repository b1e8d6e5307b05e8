package dev.cairn.server.grpc;

import java.time.Duration;

/**
 * Tells a queue that stands, because more comes than can be done, from one that only holds a burst:
 * a burst is over at some moment, so somebody waits next to nothing; in a standing queue everybody
 * waits. While it stands, whoever has waited twice the target is too late.
 *
 * <p>This is CoDel (RFC 8289) in the form that servers use it, where a call can be refused instead
 * of a packet dropped. Thread-safe.
 */
final class StandingQueue {
  private static final long TARGET = Duration.ofMillis(5).toNanos();
  private static final long INTERVAL = Duration.ofMillis(100).toNanos();

  // Guarded by this.
  private long intervalEnd;
  private long least = Long.MAX_VALUE;
  private boolean begun;
  private boolean stands;

  /**
   * Whether somebody who gets to the front now is too late.
   *
   * @param waited how long it took, in nanoseconds
   * @param now as of {@link System#nanoTime}
   */
  synchronized boolean isTooLate(long waited, long now) {
    long over = now - intervalEnd;
    if (!begun || over >= 0) {
      // What was long ago says nothing about now.
      stands = begun && over < INTERVAL && least > TARGET;
      begun = true;
      least = waited;
      intervalEnd = now + INTERVAL;
    } else {
      least = Math.min(least, waited);
    }
    return stands && waited > 2 * TARGET;
  }
}
