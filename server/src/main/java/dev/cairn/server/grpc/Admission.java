package dev.cairn.server.grpc;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Who may still come to workers that have more to do than they can. It goes by time: how many calls
 * are begun in a while tells how long those that wait will do so.
 *
 * <ul>
 *   <li>It is too much when those who wait would do so for a tenth of a second and become no fewer.
 *       A burst, however large, is different: they become fewer until it is over. A disk that halts
 *       for a moment is different as well: nothing is begun, and to refuse somebody frees nothing.
 *   <li>While it is too much, only so many may wait as are begun within milliseconds, and twice as
 *       many if their connections have no other call open: who asks for little is served beside
 *       those who flood. Whoever has waited for long by then, is refused.
 *   <li>It is no longer too much once hardly anybody was refused for a while.
 * </ul>
 *
 * <p>Thread-safe. A refusal takes no lock but once in an interval.
 */
final class Admission {
  private static final long INTERVAL = Duration.ofMillis(10).toNanos();
  private static final long LONGEST_INTERVAL = Duration.ofMillis(500).toNanos();
  private static final long TOO_LONG = Duration.ofMillis(100).toNanos();
  private static final long SHORT = Duration.ofMillis(2).toNanos();
  private static final long LATE = Duration.ofMillis(20).toNanos();
  private static final long CALM = Duration.ofMillis(100).toNanos();

  /** In how many intervals in a row those who wait have to become no fewer. */
  private static final int GROWING = 3;

  /** Of as many calls that are begun, one that is refused is hardly anybody. */
  private static final int HARDLY = 10;

  /** For as many that are worked on, one may wait in any case. */
  private static final int ROOM = 4;

  private final int threads;
  private final AtomicLong begun = new AtomicLong();
  private final AtomicLong refused = new AtomicLong();
  private volatile boolean tooMuch;
  private volatile int room;
  private volatile long intervalEnd;

  // As of the begin of the interval; guarded by this, as is the rest.
  private long begin;
  private long begunThen;
  private long refusedThen;
  private int waitingThen = Integer.MAX_VALUE;
  private int growing;
  private long lastTooMuch;

  /**
   * @param threads how many calls are worked on at a time
   * @param now as of {@link System#nanoTime}, as everywhere here
   */
  Admission(int threads, long now) {
    this.threads = threads;
    this.begin = now;
    this.intervalEnd = now + INTERVAL;
  }

  /**
   * Whether one that comes now may wait.
   *
   * @param waiting how many do
   * @param alone whether its connection has no other call open
   */
  boolean admits(int waiting, boolean alone, long now) {
    if (now - intervalEnd >= 0) {
      judge(waiting, now);
    }
    if (tooMuch && waiting >= (alone ? 2 * room : room)) {
      refused.incrementAndGet();
      return false;
    }
    return true;
  }

  private synchronized void judge(int waiting, long now) {
    long time = now - begin;
    long count = begun.get() - begunThen;
    boolean tooFewToTell = waiting > threads && count < threads && time < LONGEST_INTERVAL;
    if (time < INTERVAL || tooFewToTell) {
      return;
    }
    double perNano = (double) count / time;
    if (tooMuch) {
      if ((refused.get() - refusedThen) * HARDLY > count) {
        lastTooMuch = now;
      }
      tooMuch = now - lastTooMuch < CALM;
    } else {
      growing = waiting >= waitingThen ? growing + 1 : 0;
      if (growing >= GROWING && waiting > perNano * TOO_LONG) {
        lastTooMuch = now;
        tooMuch = true;
      }
    }
    room = (int) Math.max(Math.ceil((double) threads / ROOM), perNano * SHORT);
    waitingThen = waiting > threads ? waiting : Integer.MAX_VALUE;
    begunThen += count;
    refusedThen = refused.get();
    begin = now;
    intervalEnd = now + INTERVAL;
  }

  /**
   * Whether one that gets to the front is to be begun, rather than refused.
   *
   * @param waited how long that took, in nanoseconds
   * @param waiting how many still do
   */
  boolean begins(long waited, int waiting) {
    if (tooMuch && waited > LATE && waiting > room) {
      return false;
    }
    begun.incrementAndGet();
    return true;
  }
}
