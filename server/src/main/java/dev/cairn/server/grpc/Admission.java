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
 *   <li>Who brings the calls and takes the answers away, the event loops, needs time as well, for
 *       what is refused too. While they are late, fewer are worked on at a time, or the answer to
 *       each of them would wait for all the refusals.
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

  /** How late the event loops may be. */
  private static final long LAG = Duration.ofMillis(10).toNanos();

  /** Of those that may be in, so many may be in any case. */
  private static final double LEAST = 1.0 / 16;

  /** What is given back of {@link #share} in an interval in which the event loops were in time. */
  private static final double STEP = 1.0 / 64;

  /** In how many intervals in a row those who wait have to become no fewer. */
  private static final int GROWING = 3;

  /** Of as many calls that are begun, one that is refused is hardly anybody. */
  private static final int HARDLY = 10;

  /** For as many that are worked on, one may wait in any case. */
  private static final int ROOM = 4;

  /** Who brings the calls and takes the answers away. */
  @FunctionalInterface
  interface Carriers {
    /**
     * How late they were at most since this was last asked, in nanoseconds.
     *
     * @param tooMuch whether calls are being refused
     */
    long lag(boolean tooMuch);
  }

  private final int threads;
  private final Carriers carriers;
  private final AtomicLong begun = new AtomicLong();
  private final AtomicLong refused = new AtomicLong();
  private volatile boolean tooMuch;
  private volatile int room;

  /** How many may be in: as many as are worked on, and then as many as have room to wait. */
  private volatile int places;

  private volatile long intervalEnd;

  // As of the begin of the interval; guarded by this, as is the rest.
  private long begin;
  private long begunThen;
  private long refusedThen;
  private int waitingThen = Integer.MAX_VALUE;
  private int growing;
  private long lastTooMuch;

  /** Of those that could be in. */
  private double share = 1;

  /**
   * @param threads how many calls are worked on at a time
   * @param now as of {@link System#nanoTime}, as everywhere here
   */
  Admission(int threads, Carriers carriers, long now) {
    this.threads = threads;
    this.carriers = carriers;
    this.begin = now;
    this.intervalEnd = now + INTERVAL;
  }

  /**
   * Whether one that comes now may wait.
   *
   * @param in how many wait or are worked on
   * @param waiting how many wait
   * @param alone whether its connection has no other call open
   */
  boolean admits(int in, int waiting, boolean alone, long now) {
    if (now - intervalEnd >= 0) {
      judge(waiting, now);
    }
    if (tooMuch && in >= (alone ? places + room : places)) {
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
    long late = carriers.lag(tooMuch); // also while it is of no interest, or it would be an old one
    share = tooMuch ? share(late) : 1;
    room = (int) Math.max(Math.ceil(share * threads / ROOM), perNano * SHORT);
    places = (int) Math.ceil(share * threads) + room;
    waitingThen = waiting > threads ? waiting : Integer.MAX_VALUE;
    begunThen += count;
    refusedThen = refused.get();
    begin = now;
    intervalEnd = now + INTERVAL;
  }

  private double share(long late) {
    if (late > LAG) {
      return Math.max(LEAST, share * Math.max(0.5, (double) LAG / late));
    }
    return late < LAG / 2 ? Math.min(1, share + STEP) : share;
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
