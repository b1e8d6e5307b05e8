package dev.cairn.server.site;

import dev.cairn.server.store.KeyValueStore;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BiPredicate;

/**
 * Everything that is known about sites except their content: sites, collections, backups,
 * restorations, request ids, events. Reads are typed and never wait; changes go through {@link
 * CommandLog}.
 *
 * <p>Each change has a number, written with it, so that an older copy of the catalog can be told
 * from a newer one.
 *
 * <p>Thread-safe; {@code lock} orders the changes.
 */
public final class Catalog {
  private static final String LAST_CHANGE = "last-change";

  private final KeyValueStore store;
  private final ReentrantLock lock = new ReentrantLock();
  private final EventLog events = new EventLog(this);

  /** The number of the last change that was tried; guarded by {@code lock}. */
  private long tried;

  private volatile long durable;

  /** The number of a change. */
  record Change(long number) {}

  public Catalog(KeyValueStore store) {
    this.store = store;
    this.tried = get(LAST_CHANGE, Change.class).map(Change::number).orElse(0L);
    this.durable = tried;
  }

  /**
   * The number of a change that is on disk, like all before it; 0 before the first one. The numbers
   * grow, but a change that failed leaves a gap.
   */
  public long lastChange() {
    return durable;
  }

  /** A catalog made anew goes on counting where the one that it stands for had come to. */
  public void continueAfter(long number) {
    lock.lock();
    try {
      tried = Math.max(tried, number);
      write(new ArrayList<>());
    } finally {
      lock.unlock();
    }
  }

  /** What happened, written with the changes themselves. */
  public EventLog events() {
    return events;
  }

  public <T> Optional<T> get(String key, Class<T> type) {
    return store.get(key).map(bytes -> CatalogCodec.decode(key, bytes, type));
  }

  /** Whether there is such a record; whether it can be read is another question. */
  boolean contains(String key) {
    return store.get(key).isPresent();
  }

  /** All records under {@code prefix}, by key. */
  public <T> List<T> list(String prefix, Class<T> type) {
    List<T> result = new ArrayList<>();
    scan(
        prefix,
        type,
        (key, value) -> {
          result.add(value);
          return true;
        });
    return result;
  }

  /** Visits the records under {@code prefix}, by key, until the visitor answers false. */
  public <T> void scan(String prefix, Class<T> type, BiPredicate<String, T> visitor) {
    scan(prefix, "", type, visitor);
  }

  /** The same, only what comes after the key {@code after}. */
  public <T> void scan(String prefix, String after, Class<T> type, BiPredicate<String, T> visitor) {
    store.scan(
        prefix, after, (key, bytes) -> visitor.test(key, CatalogCodec.decode(key, bytes, type)));
  }

  /** Visits the records under {@code prefix} from the last key down. */
  public <T> void scanDescending(String prefix, Class<T> type, BiPredicate<String, T> visitor) {
    store.scanDescending(
        prefix, "", (key, bytes) -> visitor.test(key, CatalogCodec.decode(key, bytes, type)));
  }

  List<String> keys(String prefix) {
    List<String> result = new ArrayList<>();
    store.scan(prefix, "", (key, bytes) -> result.add(key));
    return result;
  }

  <R> R apply(CatalogCommand<R> command) {
    CatalogTransaction transaction = new CatalogTransaction(this);
    R result;
    lock.lock();
    try {
      result = command.apply(transaction);
      List<KeyValueStore.Change> changes = transaction.changes();
      if (!changes.isEmpty()) {
        write(changes);
      }
    } finally {
      lock.unlock();
    }
    events.changed(transaction.sitesWithEvents());
    return result;
  }

  /** The caller holds the lock. A number is never used twice: one that failed may be on disk. */
  private void write(List<KeyValueStore.Change> changes) {
    tried++;
    changes.add(KeyValueStore.Change.put(LAST_CHANGE, CatalogCodec.encode(new Change(tried))));
    store.write(changes);
    durable = tried;
  }
}
