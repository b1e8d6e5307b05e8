package dev.cairn.server.grpc;

import java.time.Duration;

/**
 * How many calls a connection may have open. While the event loop is late the connection may have
 * fewer: each call that is open stands before the answers of all others, so that with many callers
 * who never pause it is the number of open calls that makes answers late, whatever becomes of the
 * calls. HTTP/2 lets a server say so at any time (RFC 9113, section 6.5.2), and clients then keep
 * further calls to themselves until others have ended.
 *
 * <p>Calls that have been open for long are not counted, so that watches, which wait more than they
 * speak, neither take the room of others nor are refused themselves.
 *
 * <p>Additive increase, multiplicative decrease; all at once when the connection does not need it.
 * Confined to one thread, the event loop's. All times are as of {@link System#nanoTime}.
 */
final class CallLimit {
  /** Half of what the RFC calls enough to work with, which is for times when all is well. */
  static final int LEAST = 50;

  private static final int STEP = LEAST / 4;
  private static final long LATE = Duration.ofMillis(5).toNanos();

  /** Until it shows what fewer calls have made of it. */
  private static final long PAUSE = Duration.ofMillis(100).toNanos();

  private static final long CALM = Duration.ofSeconds(1).toNanos();

  private final int most;
  private int allowed;
  private int told;
  private long judged;

  /**
   * @param most as many may be open while all is well; also all together
   */
  CallLimit(int most, long now) {
    this.most = most;
    this.allowed = most;
    this.told = most;
    this.judged = now - CALM;
  }

  /**
   * Whether it is worth counting calls: it may be that something is to be told.
   *
   * @param late how late the event loop is, in nanoseconds; 0 if nothing is too much
   */
  boolean isDue(long late, long now) {
    return now - judged >= (late > LATE ? PAUSE : CALM) && (late > LATE || isNarrow());
  }

  /**
   * Looks at what is open.
   *
   * @param late as for {@link #isDue}
   * @param open how many calls are open, without those that have been for long
   * @param old how many have been open for long
   * @return how many may be open from now on, all together
   */
  int judge(long late, int open, int old, long now) {
    judged = now;
    if (late > LATE) {
      if (open <= LEAST && !isNarrow()) {
        return told; // it is others who are too many
      }
      int fewer = (int) (Math.min(open, allowed) * Math.max(0.5, (double) LATE / late));
      allowed = Math.min(allowed, Math.max(LEAST, fewer));
    } else if (open < allowed / 2) {
      allowed = most;
    } else {
      allowed = Math.min(most, allowed + STEP);
    }
    told = Math.min(most, allowed + old);
    return told;
  }

  /** Whether fewer may be open than while all is well. */
  boolean isNarrow() {
    return allowed < most;
  }

  /** As it was last told. */
  int told() {
    return told;
  }
}
