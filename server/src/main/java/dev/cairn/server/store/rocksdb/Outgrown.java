package dev.cairn.server.store.rocksdb;

import dev.cairn.server.store.CollectionId;
import dev.cairn.server.store.CollectionStats;
import dev.cairn.server.store.CopyListener;
import dev.cairn.server.store.Durability;
import dev.cairn.server.store.StagedCollections;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.rocksdb.WriteBatch;

/**
 * Collections of one store that have become so large that they should lie in families of their own,
 * and the way there, which nobody who writes has to wait for:
 *
 * <ol>
 *   <li>A snapshot of the collection is copied into a new family, as a restoration would copy it.
 *       From the snapshot on, {@link Moving} takes down which items were changed.
 *   <li>Those are copied once more, again and again, until only a few are left.
 *   <li>A transaction copies the few, gives the name its new home and removes the old items, all in
 *       one batch ({@link RocksTransaction#resettle}).
 * </ol>
 *
 * <p>Until the third step the copy is a family that no name leads to: a crash leaves it as such,
 * and the next opening removes it.
 *
 * <p>Thread-safe. {@code writing} is held while a transaction is written and noted, so that a
 * snapshot, or the set of what was changed, never falls between the two.
 */
final class Outgrown {
  /** Each costs a little memory and a little time to open, whatever is in it. */
  private static final int MAX_FAMILIES = 64;

  private static final int MAX_ROUNDS = 50;

  /** So many changes can be copied while the door is closed. */
  private static final int FEW = 1_000;

  private static final int CHANGES_AT_ONCE = 500;

  private final RocksItemStore store;
  private final Database database;
  private final EngineOptions options;
  private final ReentrantLock writing = new ReentrantLock();
  private @Nullable Moving moving;
  private volatile boolean any;

  Outgrown(RocksItemStore store, Database database, EngineOptions options) {
    this.store = store;
    this.database = database;
    this.options = options;
  }

  /** Whether a collection of this size should have a family of its own, and may. */
  boolean isLarge(CollectionStats stats) {
    return stats.sizeBytes() >= options.largeCollectionBytes()
        && stats.itemCount() > 0
        && database.ownFamilies().size() < MAX_FAMILIES;
  }

  private boolean isOutgrown(CollectionRow row) {
    return !row.home().own() && isLarge(row.stats());
  }

  /** Whether there is such a collection; never waits. */
  boolean any() {
    return any;
  }

  void look(Collection<CollectionRow> rows) {
    any = rows.stream().anyMatch(this::isOutgrown);
  }

  /** Writes a transaction's batch. */
  void write(Layer changes, WriteBatch batch, Durability durability) {
    writing.lock();
    try {
      database.write(batch, durability);
      if (moving != null) {
        moving.note(changes);
      }
    } finally {
      writing.unlock();
    }
    if (!any) {
      any =
          changes.collections.values().stream()
              .flatMap(Optional::stream)
              .anyMatch(this::isOutgrown);
    }
  }

  /**
   * The first two steps for the largest such collection; empty if there is none, or if it changed
   * faster than it could be copied.
   */
  Optional<StagedCollections> resettle(Path scratch, CopyListener listener) {
    @Nullable Move move = begin();
    if (move == null) {
      return Optional.empty();
    }
    RocksStagedCollections copy =
        new RocksStagedCollections(store, move.moving().collection(), move.to(), move.moving());
    try {
      try (Moment moment = move.moment()) {
        Staging.Copy work = new Staging.Copy(move.source(), move.moving().collection(), move.to());
        new Staging(database, options, scratch, listener).run(database, moment, List.of(work));
      }
      if (catchUp(move)) {
        return Optional.of(copy);
      }
    } catch (RuntimeException | Error e) {
      copy.closeAfter(e);
      throw e;
    }
    copy.close();
    return Optional.empty();
  }

  private record Move(Moment moment, CollectionRow source, CollectionRow to, Moving moving) {}

  private @Nullable Move begin() {
    writing.lock();
    try {
      if (moving != null) {
        throw new IllegalStateException("a collection is being moved already");
      }
      Optional<Map.Entry<CollectionId, CollectionRow>> largest =
          store.rows().entrySet().stream()
              .filter(row -> isOutgrown(row.getValue()))
              .max(Comparator.comparing(row -> row.getValue().stats().sizeBytes()));
      if (largest.isEmpty()) {
        any = false;
        return null;
      }
      CollectionRow source = largest.get().getValue();
      CollectionRow to =
          new CollectionRow(Home.own(store.takeNumber()), source.stats(), source.changed());
      Moving started = new Moving(largest.get().getKey(), source.home(), to.home());
      Move move = new Move(new Moment(database), source, to, started);
      moving = started;
      return move;
    } finally {
      writing.unlock();
    }
  }

  /** False when the changes do not become fewer, or when the collection is not there any more. */
  private boolean catchUp(Move move) {
    for (int round = 0; round < MAX_ROUNDS; round++) {
      Optional<Set<String>> changed = takeChanged(move.moving());
      if (changed.isEmpty()) {
        return false;
      }
      copy(move.moving(), List.copyOf(changed.get()));
      if (changed.get().size() <= FEW) {
        return true;
      }
    }
    return false;
  }

  private Optional<Set<String>> takeChanged(Moving from) {
    writing.lock();
    try {
      return from.takeChanged();
    } finally {
      writing.unlock();
    }
  }

  /** What is written here is on disk once the transaction of the third step is. */
  private void copy(Moving moved, List<String> ids) {
    Home from = moved.from();
    Home to = moved.to();
    for (int start = 0; start < ids.size(); start += CHANGES_AT_ONCE) {
      try (WriteBatch batch = new WriteBatch()) {
        for (String id : ids.subList(start, Math.min(ids.size(), start + CHANGES_AT_ONCE))) {
          byte[] value = database.get(from.family(), from.key(id));
          if (value == null) {
            database.delete(batch, to.family(), to.key(id));
          } else {
            database.put(batch, to.family(), to.key(id), value);
          }
        }
        database.write(batch, Durability.BUFFERED);
      }
    }
  }

  /** Nobody needs to know any more what is changed. */
  void ended(Moving ended) {
    writing.lock();
    try {
      if (moving == ended) {
        moving = null;
        look(store.rows().values());
      }
    } finally {
      writing.unlock();
    }
  }
}
