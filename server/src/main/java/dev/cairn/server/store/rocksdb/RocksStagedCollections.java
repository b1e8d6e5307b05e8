package dev.cairn.server.store.rocksdb;

import dev.cairn.server.store.CollectionId;
import dev.cairn.server.store.CollectionStats;
import dev.cairn.server.store.StagedCollections;
import java.util.Collections;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicBoolean;

/** {@link StagedCollections}: items under numbers that no name has yet. Thread-safe. */
final class RocksStagedCollections implements StagedCollections {
  private final RocksItemStore store;
  private final SortedMap<CollectionId, CollectionRow> rows;
  private final Optional<Moving> moving;

  /** Replaced or closed: whoever sets it decides what becomes of the items. */
  private final AtomicBoolean settled = new AtomicBoolean();

  RocksStagedCollections(RocksItemStore store, Map<CollectionId, CollectionRow> rows) {
    this(store, rows, Optional.empty());
  }

  /** A collection of the same store, on its way to another home. */
  RocksStagedCollections(RocksItemStore store, CollectionId id, CollectionRow row, Moving moving) {
    this(store, Map.of(id, row), Optional.of(moving));
  }

  private RocksStagedCollections(
      RocksItemStore store, Map<CollectionId, CollectionRow> rows, Optional<Moving> moving) {
    this.store = store;
    this.moving = moving;
    this.rows = Collections.unmodifiableSortedMap(new TreeMap<>(rows));
  }

  @Override
  public Map<CollectionId, CollectionStats> contents() {
    TreeMap<CollectionId, CollectionStats> contents = new TreeMap<>();
    rows.forEach((id, row) -> contents.put(id, row.stats()));
    return contents;
  }

  RocksItemStore store() {
    return store;
  }

  /** Each destination with the number its items lie under. */
  SortedMap<CollectionId, CollectionRow> rows() {
    return rows;
  }

  /** What has changed since the copy was made, where that matters. */
  Optional<Moving> moving() {
    return moving;
  }

  /** Whether they have neither been put in place nor removed. */
  boolean isWaiting() {
    return !settled.get();
  }

  /**
   * Hands the items over to the transaction that is about to name them; it fails if they are gone.
   */
  void handOver() {
    if (!settled.compareAndSet(false, true)) {
      throw new IllegalStateException("the staged collections are closed or in place already");
    }
  }

  @Override
  public void close() {
    moving.ifPresent(store.outgrown()::ended);
    if (settled.compareAndSet(false, true) && store.isHealthy()) {
      store.discard(rows.values().stream().map(CollectionRow::home).toList());
    }
  }

  /** Closes it because of a failure, which counts more than one to do so. */
  void closeAfter(Throwable failure) {
    try {
      close();
    } catch (RuntimeException e) {
      failure.addSuppressed(e);
    }
  }
}
