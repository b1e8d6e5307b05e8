package dev.cairn.server.site;

import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The one place where changes of a site pass, in the order in which they came.
 *
 * <p>Two kinds of visitors queue here. <em>Writes</em> that queue together are carried out together
 * by one of them, the leader, so that they share one forced write to disk. An <em>exclusive
 * section</em> is alone: whoever came before it is done, whoever comes after waits; checkpoints,
 * switches and changes of the collections use it.
 *
 * <p>A write need not keep a thread while it queues. If it heads the queue then, a thread that is
 * there for that leads.
 *
 * <pre>
 * WAITING --the queue's head when nobody is inside--&gt; LEADING --done--&gt; DONE
 *    |                                                   takes followers with it:
 *    |--taken by a leader--&gt; TAKEN --leader is done--&gt; DONE
 *    '--its time is over, if its thread waits--&gt; leaves the queue, SITE_SWITCHING
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
  private final Executor leaders;
  private final Duration maxWait;
  private final ReentrantLock lock = new ReentrantLock();
  private final Deque<Visitor<W>> queue = new ArrayDeque<>();

  /** How many exclusive sections run or wait. */
  private int sections;

  private boolean occupied;

  /**
   * @param writer carries out a group of writes; reports each one's outcome by the write itself and
   *     throws only when all of them failed. Runs on the thread of one of them or on a leader's
   * @param leaders lead where no thread waits; as many as there may be doors, or they wait for each
   *     other
   * @param maxWait how long a write whose thread waits may wait for its turn
   */
  Door(Consumer<List<W>> writer, Executor leaders, Duration maxWait) {
    this.writer = writer;
    this.leaders = leaders;
    this.maxWait = maxWait;
  }

  /**
   * Carries out {@code write}, together with others, and waits until that is done.
   *
   * @throws ServiceException SITE_SWITCHING when its turn did not come in time: nothing was written
   */
  void write(W write) {
    Waiting<W> visitor = new Waiting<>(write, lock.newCondition());
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
    RuntimeException failure = lead(group);
    if (failure != null) {
      throw failure;
    }
  }

  /**
   * The same, but leaves when others write just now: they, or one of the threads for leading, carry
   * it out. Behind an exclusive section it waits as {@link #write} does, and no longer.
   *
   * @param done is told what failed, or null, once and by any thread; must not throw
   */
  void submit(W write, Consumer<@Nullable RuntimeException> done) {
    List<Visitor<W>> group;
    lock.lock();
    try {
      if (sections == 0) {
        queue.addLast(new Passing<>(write, done));
        if (occupied || queue.size() > 1) {
          return; // whoever is inside, or the head of the queue, takes it along or wakes it
        }
        occupied = true;
        group = takeGroup();
      } else {
        group = List.of();
      }
    } finally {
      lock.unlock();
    }
    if (group.isEmpty()) {
      done.accept(outcome(write));
    } else {
      lead(group);
    }
  }

  private @Nullable RuntimeException outcome(W write) {
    try {
      write(write);
      return null;
    } catch (RuntimeException e) {
      return e;
    }
  }

  /** For a write that left and is the head of the queue now. */
  private void leadNext() {
    List<Visitor<W>> group;
    lock.lock();
    try {
      if (occupied || !(queue.peekFirst() instanceof Passing)) {
        return;
      }
      occupied = true;
      group = takeGroup();
    } finally {
      lock.unlock();
    }
    lead(group);
  }

  /** Carries out the writes of {@code group}, and answers what failed for all of them. */
  private @Nullable RuntimeException lead(List<Visitor<W>> group) {
    // An interrupt of the leader is its own business: what it does here, it does for the others
    // too.
    boolean interrupted = Thread.interrupted();
    @Nullable RuntimeException failure = null;
    try {
      writer.accept(group.stream().map(Visitor::write).toList());
    } catch (RuntimeException e) {
      failure = e;
    } catch (Error e) {
      failure = new IllegalStateException("the thread that led the write died", e);
      throw e;
    } finally {
      leave(group, failure);
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
    return failure;
  }

  /**
   * Runs {@code section} alone. Waits for as long as it takes: what comes before are single writes
   * and other sections.
   */
  <T> Outcome<T> exclusively(Supplier<T> section) {
    Waiting<W> visitor = new Waiting<>(null, lock.newCondition());
    boolean inside = false;
    lock.lock();
    try {
      sections++;
      queue.addLast(visitor);
      awaitTurn(visitor, Duration.ofDays(1));
      queue.removeFirst();
      inside = true;
    } finally {
      sections -= inside ? 0 : 1;
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
  private boolean awaitTurn(Waiting<W> visitor, Duration patience) {
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
    Visitor<W> next;
    lock.lock();
    try {
      for (Visitor<W> visitor : group) {
        visitor.done = true;
        visitor.failure = failure;
        sections -= visitor.write == null ? 1 : 0;
        signal(visitor);
      }
      occupied = false;
      next = queue.peekFirst();
      signal(next);
    } finally {
      lock.unlock();
    }
    try {
      if (next instanceof Passing) {
        callLeader(); // the next group is on its way to the disk while this one is answered
      }
    } finally {
      tell(group, failure);
    }
  }

  private static <W> void tell(List<Visitor<W>> group, @Nullable RuntimeException failure) {
    for (Visitor<W> visitor : group) {
      if (visitor instanceof Passing<W> passing) {
        passing.whenDone.accept(failure);
      }
    }
  }

  private static void signal(@Nullable Visitor<?> visitor) {
    if (visitor instanceof Waiting<?> waiting) {
      waiting.turn.signal();
    }
  }

  private void callLeader() {
    try {
      leaders.execute(this::leadNext);
    } catch (RejectedExecutionException | OutOfMemoryError e) {
      leadNext(); // the server goes down, or the system has no thread left
    }
  }

  /** Guarded by the lock, as far as it changes. */
  private abstract static class Visitor<W> {
    final @Nullable W write;
    final long since = System.nanoTime();
    boolean taken;
    boolean done;
    @Nullable RuntimeException failure;

    Visitor(@Nullable W write) {
      this.write = write;
    }

    W write() {
      if (write == null) {
        throw new IllegalStateException("an exclusive section has no write");
      }
      return write;
    }
  }

  /** Its thread waits. */
  private static final class Waiting<W> extends Visitor<W> {
    private final Condition turn;

    Waiting(@Nullable W write, Condition turn) {
      super(write);
      this.turn = turn;
    }
  }

  /** Its thread has left. */
  private static final class Passing<W> extends Visitor<W> {
    private final Consumer<@Nullable RuntimeException> whenDone;

    Passing(W write, Consumer<@Nullable RuntimeException> whenDone) {
      super(write);
      this.whenDone = whenDone;
    }
  }
}
