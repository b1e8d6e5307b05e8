package dev.cairn.server.site;

import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The one place where changes of a site pass, in the order in which they came.
 *
 * <p>Two kinds of visitors queue here. <em>Writes</em> that wait together are carried out together
 * by the thread of the first of them, the leader, so that they share one forced write to disk. An
 * <em>exclusive section</em> is alone: whoever came before it is done, whoever comes after waits;
 * checkpoints, switches and changes of the collections use it.
 *
 * <pre>
 * WAITING --the queue's head when nobody is inside--&gt; LEADING --done--&gt; DONE
 *    |                                                   takes followers with it:
 *    |--taken by a leader--&gt; TAKEN --leader is done--&gt; DONE
 *    '--its time is over--&gt; leaves the queue, SITE_SWITCHING
 * </pre>
 *
 * <p>Thread-safe; {@code lock} guards the queue and every visitor's state. It is never held while a
 * write is carried out or an exclusive section runs. A section must not enter the same door again.
 *
 * @param <W> what a write is
 */
final class Door<W> {
  /** Bounds the size of one forced write, so that the first in a group need not wait for long. */
  static final int MAX_GROUP = 256;

  private static final Duration RETRY_AFTER = Duration.ofMillis(100);

  private final Consumer<List<W>> writer;
  private final Duration maxWait;
  private final ReentrantLock lock = new ReentrantLock();
  private final Deque<Visitor<W>> queue = new ArrayDeque<>();
  private boolean occupied;

  /**
   * @param writer carries out a group of writes; reports each one's outcome by the write itself and
   *     throws only when all of them failed. Runs on the thread of one of them
   * @param maxWait how long a write may wait for its turn
   */
  Door(Consumer<List<W>> writer, Duration maxWait) {
    this.writer = writer;
    this.maxWait = maxWait;
  }

  /**
   * Carries out {@code write}, together with others that wait.
   *
   * @throws ServiceException SITE_SWITCHING when its turn did not come in time: nothing was written
   */
  void write(W write) {
    Visitor<W> visitor = new Visitor<>(write, lock.newCondition());
    List<Visitor<W>> group;
    lock.lock();
    try {
      queue.addLast(visitor);
      if (!awaitTurn(visitor, maxWait)) {
        return; // a leader carried it out
      }
      group = takeGroup();
    } finally {
      lock.unlock();
    }
    // An interrupt of the leader is its own business: what it does here, it does for the others
    // too.
    boolean interrupted = Thread.interrupted();
    @Nullable RuntimeException failure =
        new IllegalStateException("the thread that led the write died");
    try {
      writer.accept(group.stream().map(Visitor::write).toList());
      failure = null;
    } catch (RuntimeException e) {
      failure = e;
      throw e;
    } finally {
      leave(group, failure);
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /**
   * Runs {@code section} alone. Waits for as long as it takes: what comes before are single writes
   * and other sections.
   */
  <T> Outcome<T> exclusively(Supplier<T> section) {
    Visitor<W> visitor = new Visitor<>(null, lock.newCondition());
    lock.lock();
    try {
      queue.addLast(visitor);
      awaitTurn(visitor, Duration.ofDays(1));
      queue.removeFirst();
    } finally {
      lock.unlock();
    }
    long begin = System.nanoTime();
    try {
      T result = section.get();
      return new Outcome<>(result, longestWaitSince(begin));
    } finally {
      leave(List.of(visitor), null);
    }
  }

  /**
   * What an exclusive section answered.
   *
   * @param longestWait how long the first of the writes that waited for it has waited; empty if
   *     none did
   */
  record Outcome<T>(T result, Optional<Duration> longestWait) {}

  private Optional<Duration> longestWaitSince(long begin) {
    lock.lock();
    try {
      return queue.stream()
          .filter(visitor -> visitor.write != null)
          .findFirst()
          .map(
              first ->
                  Duration.ofNanos(
                      System.nanoTime() - (first.since - begin > 0 ? first.since : begin)));
    } finally {
      lock.unlock();
    }
  }

  /** How many visitors wait for their turn. */
  int waiting() {
    lock.lock();
    try {
      return queue.size();
    } finally {
      lock.unlock();
    }
  }

  /** Waits until the visitor leads (true) or was carried out by another (false). */
  private boolean awaitTurn(Visitor<W> visitor, Duration patience) {
    long deadline = System.nanoTime() + patience.toNanos();
    boolean interrupted = false;
    try {
      while (true) {
        long remaining = deadline - System.nanoTime();
        if (visitor.done) {
          if (visitor.failure != null) {
            throw visitor.failure;
          }
          return false;
        }
        if (!occupied && queue.peekFirst() == visitor) {
          occupied = true;
          return true;
        }
        if (remaining <= 0 && !visitor.taken) {
          // Whoever heads the queue now need not be told: had the door been free, this visitor
          // would have led or another one been woken when it became so.
          queue.remove(visitor);
          throw new ServiceException(
                  Reason.SITE_SWITCHING,
                  "the site is being switched to other content; the write was not made, try again")
              .withRetryAfter(RETRY_AFTER);
        }
        try {
          if (visitor.taken) {
            visitor.turn.await();
          } else {
            visitor.turn.awaitNanos(remaining);
          }
        } catch (InterruptedException e) {
          interrupted = true; // finish what is under way; the caller sees the flag
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private List<Visitor<W>> takeGroup() {
    List<Visitor<W>> group = new ArrayList<>();
    while (group.size() < MAX_GROUP) {
      @Nullable Visitor<W> head = queue.peekFirst();
      if (head == null || head.write == null) {
        break;
      }
      head.taken = true;
      group.add(queue.removeFirst());
    }
    return group;
  }

  private void leave(List<Visitor<W>> group, @Nullable RuntimeException failure) {
    lock.lock();
    try {
      for (Visitor<W> visitor : group) {
        visitor.done = true;
        visitor.failure = failure;
        visitor.turn.signal();
      }
      occupied = false;
      wakeHead();
    } finally {
      lock.unlock();
    }
  }

  private void wakeHead() {
    Visitor<W> head = queue.peekFirst();
    if (head != null && !occupied) {
      head.turn.signal();
    }
  }

  private static final class Visitor<W> {
    private final @Nullable W write;
    private final Condition turn;
    private final long since = System.nanoTime();
    private boolean taken;
    private boolean done;
    private @Nullable RuntimeException failure;

    Visitor(@Nullable W write, Condition turn) {
      this.write = write;
      this.turn = turn;
    }

    W write() {
      if (write == null) {
        throw new IllegalStateException("an exclusive section has no write");
      }
      return write;
    }
  }
}
