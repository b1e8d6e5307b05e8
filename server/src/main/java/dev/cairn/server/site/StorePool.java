package dev.cairn.server.site;

import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import dev.cairn.server.store.ItemStore;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The content databases that are open. They are opened on first use, shared by counting leases, and
 * closed when idle or when too many are open.
 *
 * <p>States of an entry:
 *
 * <pre>
 * absent --acquire--&gt; open, leased --last lease--&gt; open, idle --evict--&gt; absent
 *                          |                          |
 *                        retire                     retire
 *                          v                          v
 *                 retired, leased --last lease--&gt; closed, then the caller's cleanup runs
 * </pre>
 *
 * <p>A store that is no longer healthy is opened again once nobody uses it; new leases wait a
 * moment for that. If somebody goes on using it, or it can only be opened for reading, it serves
 * reads, and refuses writes itself. Thread-safe: each entry's monitor guards its fields, whose
 * volatile ones may be read without it as a hint. Opening one database never delays a lease on
 * another; closing one delays at most the lease that evicts it. No monitor is held while another is
 * taken.
 */
public final class StorePool implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(StorePool.class);

  /** Between two tries to make a store healthy. */
  private static final Duration CURE_PAUSE = Duration.ofMillis(500);

  /** Databases that are closed for the sake of one that does not open. */
  private static final int CLOSED_AT_ONCE = 3;

  private static final long LAST_LEASE_NANOS = Duration.ofMillis(50).toNanos();

  private final Function<Path, ItemStore> opener;
  private final int maxOpen;
  private final InstantSource clock;
  private final Map<Path, Entry> entries = new ConcurrentHashMap<>();
  private final AtomicInteger openCount = new AtomicInteger();
  private volatile boolean closed;

  /**
   * @param opener opens the database in a directory
   * @param maxOpen how many idle databases may stay open; leased ones may exceed it for a while
   */
  public StorePool(Function<Path, ItemStore> opener, int maxOpen, InstantSource clock) {
    this.opener = opener;
    this.maxOpen = maxOpen;
    this.clock = clock;
  }

  /**
   * A lease on the database in {@code directory}; empty when it has been retired.
   *
   * @throws ServiceException STORAGE_FAILED, DATA_CORRUPT when it cannot be opened; SHUTTING_DOWN
   *     after {@link #close()}
   */
  public Optional<Lease> acquire(Path directory) {
    try {
      return acquireOnce(directory);
    } catch (ServiceException e) {
      // It may have been one file handle too many.
      if (e.reason() != Reason.STORAGE_FAILED || !closeSome()) {
        throw e;
      }
      return acquireOnce(directory);
    }
  }

  private Optional<Lease> acquireOnce(Path directory) {
    while (true) {
      Entry entry = entries.computeIfAbsent(directory, Entry::new);
      @Nullable Lease lease = entry.acquire();
      if (lease != null) {
        evictTooMany();
        return Optional.of(lease);
      }
      if (entry.isRetired()) {
        return Optional.empty();
      }
      // The entry was evicted between the two lines above: take a fresh one.
    }
  }

  /**
   * Hands over a database that is open already, so that the first lease need not open it. The pool
   * owns it from now on, also when this fails.
   */
  void adopt(Path directory, ItemStore store) {
    Entry entry = new Entry(directory);
    entry.store = store;
    entry.lastUse = clock.instant();
    if (entries.putIfAbsent(directory, entry) != null) {
      store.close();
      throw new IllegalStateException("already in the pool: " + directory);
    }
    openCount.incrementAndGet();
  }

  /**
   * Gives no more leases on the database, closes it after the last one, then runs {@code cleanup}
   * once, on the thread that gave the last lease back. What the cleanup throws is logged: whoever
   * gives a lease back cannot help it.
   */
  public void retire(Path directory, Runnable cleanup) {
    while (true) {
      Entry entry = entries.computeIfAbsent(directory, Entry::new);
      if (entry.retire(cleanup)) {
        return;
      }
    }
  }

  /** Forgets that a directory was retired, so that a new database may live there. */
  public void forget(Path directory) {
    entries.remove(directory);
  }

  /** Closes what nobody has used for {@code idle}. */
  public void closeIdle(Duration idle) {
    Instant before = clock.instant().minus(idle);
    for (Entry entry : List.copyOf(entries.values())) {
      entry.closeIfIdleSince(before);
    }
  }

  /** How many databases are open. */
  public int openCount() {
    return openCount.get();
  }

  private void evictTooMany() {
    while (openCount.get() > maxOpen) {
      if (!closeOldest()) {
        return; // all are in use, or another thread is at it
      }
    }
  }

  private boolean closeOldest() {
    return entries.values().stream()
        .filter(Entry::seemsIdle)
        .min(Comparator.comparing(Entry::lastUse))
        .filter(oldest -> oldest.closeIfIdleSince(Instant.MAX))
        .isPresent();
  }

  /** Closes a few idle databases; false if there are none. */
  private boolean closeSome() {
    boolean any = false;
    for (int i = 0; i < CLOSED_AT_ONCE && closeOldest(); i++) {
      any = true;
    }
    return any;
  }

  /**
   * Closes every database and gives no more leases. Nobody may hold a lease; those still held are
   * logged and their databases left open.
   */
  @Override
  public void close() {
    closed = true;
    for (Entry entry : List.copyOf(entries.values())) {
      if (!entry.closeIfIdleSince(Instant.MAX) && entry.isLeased()) {
        log.warn("database still in use at shutdown, left open directory={}", entry.name());
      }
    }
  }

  private final class Entry {
    private final Path directory;
    private volatile @Nullable ItemStore store;
    private volatile int leases;
    private volatile boolean evicted;
    private volatile boolean retired;
    private @Nullable Runnable cleanup;
    private volatile Instant lastUse = Instant.MIN;
    private Instant nextCure = Instant.MIN;
    private Instant nextWait = Instant.MIN;

    Entry(Path directory) {
      this.directory = directory;
    }

    /** A lease, or null when the entry is retired or evicted. */
    synchronized @Nullable Lease acquire() {
      if (retired || evicted) {
        return null;
      }
      if (closed) {
        throw new ServiceException(Reason.SHUTTING_DOWN, "the server is going down");
      }
      @Nullable ItemStore current = store;
      if (current != null && !current.isHealthy()) {
        awaitLastLease(current);
        if (retired || evicted) {
          return null;
        }
        current = store;
        if (current != null && !current.isHealthy() && leases == 0 && isDue(nextCure)) {
          closeStore(current);
          current = null;
        }
      }
      if (current == null) {
        try {
          current = opener.apply(directory);
        } catch (RuntimeException e) {
          evicted = true;
          entries.remove(directory, this);
          throw e;
        }
        store = current;
        openCount.incrementAndGet();
        if (!current.isHealthy()) {
          nextCure = clock.instant().plus(CURE_PAUSE);
        }
      }
      leases++;
      lastUse = clock.instant();
      return new Lease(current, this::release);
    }

    /**
     * Gives those who use a store that failed a moment to leave it, in which nobody else comes.
     * Whoever stays longer, with an export for example, must not hold up everyone again and again.
     */
    private synchronized void awaitLastLease(ItemStore failed) {
      if (leases == 0 || !isDue(nextWait)) {
        return;
      }
      long deadline = System.nanoTime() + LAST_LEASE_NANOS;
      boolean interrupted = false;
      while (leases > 0 && store == failed && !interrupted) {
        long left = deadline - System.nanoTime();
        if (left <= 0) {
          nextWait = clock.instant().plus(CURE_PAUSE);
          break;
        }
        try {
          TimeUnit.NANOSECONDS.timedWait(this, left);
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }

    private boolean isDue(Instant time) {
      return !clock.instant().isBefore(time);
    }

    private void release() {
      @Nullable Runnable after = null;
      synchronized (this) {
        leases--;
        if (leases == 0) {
          notifyAll();
        }
        lastUse = clock.instant();
        if (leases == 0 && retired) {
          after = finishRetirement();
        }
      }
      cleanUp(after);
    }

    boolean retire(Runnable whenClosed) {
      @Nullable Runnable after = null;
      synchronized (this) {
        if (evicted) {
          return false;
        }
        retired = true;
        cleanup = whenClosed;
        if (leases == 0) {
          after = finishRetirement();
        }
      }
      cleanUp(after);
      return true;
    }

    private void cleanUp(@Nullable Runnable after) {
      if (after != null) {
        try {
          after.run();
        } catch (RuntimeException e) {
          log.warn("cleaning up after a database failed directory={}", name(), e);
        }
      }
    }

    private @Nullable Runnable finishRetirement() {
      @Nullable ItemStore open = store;
      if (open != null) {
        closeStore(open);
      }
      Runnable after = cleanup;
      cleanup = null;
      return after;
    }

    synchronized boolean closeIfIdleSince(Instant before) {
      if (retired || evicted || leases > 0 || lastUse.isAfter(before)) {
        return false;
      }
      evicted = true;
      @Nullable ItemStore open = store;
      try {
        if (open != null) {
          closeStore(open);
        }
      } finally {
        // Only now: whoever opens the directory again must find it closed.
        entries.remove(directory, this);
      }
      return true;
    }

    private void closeStore(ItemStore open) {
      store = null;
      openCount.decrementAndGet();
      open.close();
    }

    boolean isRetired() {
      return retired;
    }

    /** A guess that never waits; {@link #closeIfIdleSince} makes sure. */
    boolean seemsIdle() {
      return !retired && !evicted && leases == 0 && store != null;
    }

    boolean isLeased() {
      return leases > 0;
    }

    Instant lastUse() {
      return lastUse;
    }

    String name() {
      return String.valueOf(directory.getFileName());
    }
  }
}
