package dev.cairn.server.store.rocksdb;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import dev.cairn.server.error.ServiceException;
import dev.cairn.server.store.Durability;
import dev.cairn.server.store.KeyValueStore;
import dev.cairn.server.telemetry.Bursts;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.BiPredicate;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.rocksdb.WriteBatch;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * {@link KeyValueStore} on a RocksDB database with one column family, which heals itself.
 *
 * <pre>
 * HEALTHY --a write fails--&gt; closed, then opened: HEALTHY, or READ ONLY, or ABSENT
 *                                                    '--the next write or, when ABSENT, read
 *                                                       after a pause--&gt; closed, then opened
 * </pre>
 *
 * <p>A write that failed is never tried again: it may be on disk already. The database is opened
 * again within the call that failed, so that nobody decides anything by a state that the log
 * contradicts.
 *
 * <p>Thread-safe. {@code lock} is shared by whoever uses the database and taken alone by whoever
 * replaces it. A visitor must not write.
 */
final class RocksCatalog implements KeyValueStore {
  private static final Logger log = LoggerFactory.getLogger(RocksCatalog.class);
  private static final Duration QUIET = Duration.ofMinutes(1);
  private static final int ENTRIES = 0;

  /** Opening takes some milliseconds, in which nobody reads. */
  private static final long PAUSE_NANOS = Duration.ofMillis(250).toNanos();

  private final Opener opener;
  private final ReentrantReadWriteLock lock = new ReentrantReadWriteLock();
  private volatile @Nullable Database database;
  private boolean closed;
  private long lastOpening;

  /** A disk that stays broken has it opened again and again. */
  private final Bursts bursts = new Bursts(QUIET, System::nanoTime);

  /** How the database is opened again. */
  interface Opener {
    Database open();

    /** For reading only, since opening it for writing failed with {@code why}. */
    Database openToRead(ServiceException why);
  }

  RocksCatalog(Database database, Opener opener) {
    this.database = database;
    this.opener = opener;
  }

  @Override
  public Optional<ByteString> get(String key) {
    lockForReading();
    try {
      byte[] value = database().get(ENTRIES, key.getBytes(UTF_8));
      return value == null ? Optional.empty() : Optional.of(UnsafeByteOperations.unsafeWrap(value));
    } finally {
      lock.readLock().unlock();
    }
  }

  @Override
  public void scan(String prefix, String after, BiPredicate<String, ByteString> visitor) {
    byte[] from = prefix.getBytes(UTF_8);
    byte[] afterKey = after.getBytes(UTF_8);
    if (!after.isEmpty() && Arrays.compareUnsigned(afterKey, from) >= 0) {
      from = Arrays.copyOf(afterKey, afterKey.length + 1);
    }
    byte[] to = MetaKeys.afterPrefix(prefix.getBytes(UTF_8));
    lockForReading();
    try (Range range = new Range(database(), ENTRIES, from, to.length == 0 ? null : to)) {
      boolean more = true;
      while (more && range.next()) {
        more = visit(range, visitor);
      }
    } finally {
      lock.readLock().unlock();
    }
  }

  @Override
  public void scanDescending(
      String prefix, String before, BiPredicate<String, ByteString> visitor) {
    byte[] to = MetaKeys.afterPrefix(prefix.getBytes(UTF_8));
    byte[] beforeKey = before.getBytes(UTF_8);
    if (!before.isEmpty() && (to.length == 0 || Arrays.compareUnsigned(beforeKey, to) < 0)) {
      to = beforeKey;
    }
    byte[] from = prefix.getBytes(UTF_8);
    lockForReading();
    try (Range range = new Range(database(), ENTRIES, from, to.length == 0 ? null : to)) {
      boolean more = true;
      while (more && range.previous()) {
        more = visit(range, visitor);
      }
    } finally {
      lock.readLock().unlock();
    }
  }

  private static boolean visit(Range range, BiPredicate<String, ByteString> visitor) {
    return visitor.test(
        new String(range.key(), UTF_8), UnsafeByteOperations.unsafeWrap(range.value()));
  }

  @Override
  public void write(List<Change> changes) {
    healIf(Database::isHealthy);
    boolean failed = true;
    lock.readLock().lock();
    try {
      write(database(), changes);
      failed = false;
    } finally {
      lock.readLock().unlock();
      if (failed) {
        healIf(Database::isHealthy);
      }
    }
  }

  private static void write(Database database, List<Change> changes) {
    try (WriteBatch batch = new WriteBatch()) {
      for (Change change : changes) {
        byte[] key = change.key().getBytes(UTF_8);
        ByteString value = change.value();
        if (value == null) {
          database.delete(batch, ENTRIES, key);
        } else {
          database.put(batch, ENTRIES, key, value.toByteArray());
        }
      }
      database.write(batch, Durability.SYNCED);
    }
  }

  private void lockForReading() {
    healIf(there -> true);
    lock.readLock().lock();
  }

  /** The one in use; the caller holds the lock. */
  private Database database() {
    if (closed) {
      throw new IllegalStateException("the catalog is closed");
    }
    @Nullable Database now = database;
    if (now == null) {
      throw Failures.again(Failures.refused("The catalog could not be opened."));
    }
    return now;
  }

  /** Opens the database again if there is none or it is not {@code sound}; never throws. */
  private void healIf(Predicate<Database> sound) {
    if (isSound(sound) || lock.getReadHoldCount() > 0) {
      return;
    }
    lock.writeLock().lock();
    try {
      long now = System.nanoTime();
      boolean justOpened = lastOpening != 0 && now - lastOpening < PAUSE_NANOS;
      boolean failedNow = isSound(there -> !there.isHealthy() && !there.isReadOnly());
      if (!closed && !isSound(sound) && (failedNow || !justOpened)) {
        openAgain();
        lastOpening = System.nanoTime();
      }
    } finally {
      lock.writeLock().unlock();
    }
  }

  private boolean isSound(Predicate<Database> sound) {
    @Nullable Database now = database;
    return now != null && sound.test(now);
  }

  private void openAgain() {
    @Nullable Database failed = database;
    database = null;
    try {
      if (failed != null) {
        failed.close();
      }
      Database opened = open();
      database = opened;
      if (bursts.begins("writable=" + opened.isHealthy())) {
        log.warn("catalog opened again after a failure writable={}", opened.isHealthy());
      }
    } catch (RuntimeException e) {
      if (bursts.begins("closed")) {
        log.error("the catalog cannot be opened, it will be tried again", e);
      }
    }
  }

  private Database open() {
    try {
      return opener.open();
    } catch (ServiceException e) {
      if (!Failures.leavesReading(e)) {
        throw e;
      }
      return opener.openToRead(e);
    }
  }

  @Override
  public void close() {
    lock.writeLock().lock();
    try {
      closed = true;
      @Nullable Database last = database;
      database = null;
      if (last != null) {
        last.close();
      }
    } finally {
      lock.writeLock().unlock();
    }
  }
}
