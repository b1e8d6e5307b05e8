package dev.cairn.server.store.rocksdb;

import com.google.protobuf.ByteString;
import dev.cairn.server.error.ServiceException;
import dev.cairn.server.store.CollectionId;
import dev.cairn.server.store.CollectionStats;
import dev.cairn.server.store.Durability;
import dev.cairn.server.store.ItemTransaction;
import dev.cairn.server.store.StagedCollections;
import dev.cairn.server.store.StoredItem;
import dev.cairn.server.store.rocksdb.Layer.ItemKey;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.rocksdb.WriteBatch;

/**
 * {@link ItemTransaction} that keeps its changes in memory and writes them as one batch.
 *
 * <p>Changes lie in two layers, one from the start to the savepoint and one since; a read looks
 * through the upper, the lower and the database, in that order. A rollback forgets the upper layer,
 * counts included, since they are part of it. Nobody else writes meanwhile, so what was read from
 * the database once stays true to the end.
 *
 * <p>Confined to one thread.
 */
final class RocksTransaction implements ItemTransaction {
  private static final long MISSING = -1;

  /** From so many items on, one look at where they would lie costs less than a look for each. */
  private static final int MANY = 16;

  private final RocksItemStore store;
  private final Database database;
  private final long appliedIndex;
  private final Layer lower = new Layer();
  private Layer upper = new Layer();
  private boolean savepoint;
  private boolean committed;
  private boolean closed;

  /** Collections as the database has them. */
  private final Map<CollectionId, Optional<CollectionRow>> storedCollections = new HashMap<>();

  /** What items count for in the database, or {@link #MISSING}. */
  private final Map<ItemKey, Long> storedSizes = new HashMap<>();

  /** Homes given out here: the database has nothing at them. */
  private final Set<Home> freshHomes = new HashSet<>();

  RocksTransaction(RocksItemStore store, Database database) {
    this.store = store;
    this.database = database;
    this.appliedIndex = store.appliedIndex();
  }

  @Override
  public Optional<StoredItem> get(CollectionId collection, String itemId) {
    requireOpen();
    CollectionRow row = row(collection);
    if (row == null) {
      return Optional.empty();
    }
    ItemKey key = new ItemKey(row.home(), itemId);
    Optional<StoredItem> changed = changed(key);
    if (changed != null) {
      return changed;
    }
    Long known = storedSizes.get(key);
    if (freshHomes.contains(key.home()) || (known != null && known == MISSING)) {
      return Optional.empty();
    }
    byte[] keyBytes = key.home().key(itemId);
    byte[] value = database.get(key.home().family(), keyBytes);
    storedSizes.put(
        key, value == null ? MISSING : ItemCodec.sizeBytes(keyBytes.length, value.length));
    return value == null ? Optional.empty() : Optional.of(ItemCodec.decode(itemId, value));
  }

  @Override
  public void expect(CollectionId collection, List<String> itemIds) {
    requireOpen();
    CollectionRow row = row(collection);
    if (row == null || freshHomes.contains(row.home()) || itemIds.size() < MANY) {
      return;
    }
    byte[] first = row.home().key(itemIds.get(0));
    byte[] last = first;
    for (String id : itemIds) {
      byte[] key = row.home().key(id);
      first = Arrays.compareUnsigned(key, first) < 0 ? key : first;
      last = Arrays.compareUnsigned(key, last) > 0 ? key : last;
    }
    byte[] end = Arrays.copyOf(last, last.length + 1); // comes right after it
    if (database.isSurelyEmpty(row.home().family(), first, end)) {
      itemIds.forEach(id -> storedSizes.put(new ItemKey(row.home(), id), MISSING));
    }
  }

  @Override
  public CollectionStats stats(CollectionId collection) {
    requireOpen();
    CollectionRow row = row(collection);
    return row == null ? CollectionStats.EMPTY : row.stats();
  }

  @Override
  public List<CollectionId> collections() {
    requireOpen();
    Set<CollectionId> ids = new TreeSet<>(store.rows().keySet());
    for (Layer layer : List.of(lower, upper)) {
      layer.collections.forEach(
          (id, row) -> {
            if (row.isPresent()) {
              ids.add(id);
            } else {
              ids.remove(id);
            }
          });
    }
    return List.copyOf(ids);
  }

  @Override
  public void put(CollectionId collection, StoredItem item) {
    CollectionRow row = rowOrCreate(collection);
    ItemKey key = new ItemKey(row.home(), item.id());
    long before = sizeOf(key);
    upper.items().put(key, Optional.of(item));
    CollectionRow changed =
        before == MISSING ? row.plus(1, item.sizeBytes()) : row.plus(0, item.sizeBytes() - before);
    upper.collections.put(collection, Optional.of(changed));
  }

  @Override
  public boolean delete(CollectionId collection, String itemId) {
    requireOpen();
    CollectionRow row = row(collection);
    if (row == null) {
      return false;
    }
    ItemKey key = new ItemKey(row.home(), itemId);
    long before = sizeOf(key);
    if (before == MISSING) {
      return false;
    }
    upper.items().put(key, Optional.empty());
    upper.collections.put(collection, Optional.of(row.plus(-1, -before)));
    return true;
  }

  @Override
  public void create(CollectionId collection) {
    rowOrCreate(collection);
  }

  @Override
  public CollectionStats truncate(CollectionId collection) {
    requireOpen();
    CollectionRow row = row(collection);
    if (row == null) {
      return CollectionStats.EMPTY;
    }
    if (row.stats().itemCount() > 0) {
      upper.dropped.add(row.home());
      upper.collections.put(collection, Optional.of(newRow()));
    }
    return row.stats();
  }

  @Override
  public CollectionStats drop(CollectionId collection) {
    requireOpen();
    CollectionRow row = row(collection);
    if (row == null) {
      return CollectionStats.EMPTY;
    }
    upper.dropped.add(row.home());
    upper.collections.put(collection, Optional.empty());
    return row.stats();
  }

  @Override
  public void replace(StagedCollections staged) {
    requireOpen();
    RocksStagedCollections replacements = take(staged);
    replacements
        .rows()
        .forEach(
            (destination, staging) -> {
              drop(destination);
              upper.collections.put(destination, Optional.of(staging));
            });
  }

  private RocksStagedCollections take(StagedCollections staged) {
    RocksStagedCollections replacements = (RocksStagedCollections) staged;
    if (replacements.store() != store || !replacements.isWaiting()) {
      throw new IllegalStateException("these staged collections do not wait for this store");
    }
    if (lower.replacements.contains(replacements) || !upper.replacements.add(replacements)) {
      throw new IllegalStateException("these staged collections are in place already");
    }
    return replacements;
  }

  @Override
  public boolean resettle(StagedCollections moved) {
    requireOpen();
    RocksStagedCollections copy = take(moved);
    Moving moving = copy.moving().orElseThrow();
    CollectionId collection = moving.collection();
    CollectionRow now = row(collection);
    Optional<Set<String>> late = moving.takeChanged();
    if (now == null || !now.home().equals(moving.from()) || late.isEmpty()) {
      upper.replacements.remove(copy);
      return false;
    }
    Set<String> ids = new HashSet<>(late.get());
    for (Layer layer : List.of(lower, upper)) {
      layer.items().keySet().stream()
          .filter(key -> key.home().equals(moving.from()))
          .forEach(key -> ids.add(key.id()));
    }
    Map<ItemKey, Optional<StoredItem>> items = new HashMap<>();
    ids.forEach(id -> items.put(new ItemKey(moving.to(), id), get(collection, id)));
    upper.items().putAll(items);
    upper.dropped.add(moving.from());
    upper.collections.put(
        collection, Optional.of(new CollectionRow(moving.to(), now.stats(), now.changed())));
    return true;
  }

  @Override
  public Optional<ByteString> marker(String key) {
    requireOpen();
    Optional<ByteString> changed = upper.markers.get(key);
    if (changed == null) {
      changed = lower.markers.get(key);
    }
    return changed == null ? store.marker(key) : changed;
  }

  @Override
  public Map<String, ByteString> markers(String prefix) {
    requireOpen();
    TreeMap<String, ByteString> markers = new TreeMap<>(store.markers(prefix));
    for (Layer layer : List.of(lower, upper)) {
      layer
          .markers
          .tailMap(prefix, true)
          .forEach(
              (key, value) -> {
                if (!key.startsWith(prefix)) {
                  return;
                }
                if (value.isPresent()) {
                  markers.put(key, value.get());
                } else {
                  markers.remove(key);
                }
              });
    }
    return markers;
  }

  @Override
  public void putMarker(String key, ByteString value) {
    requireOpen();
    upper.markers.put(key, Optional.of(value));
  }

  @Override
  public void deleteMarker(String key) {
    if (marker(key).isPresent()) {
      upper.markers.put(key, Optional.empty());
    }
  }

  @Override
  public void savepoint() {
    requireOpen();
    lower.add(upper);
    upper = new Layer();
    savepoint = true;
  }

  @Override
  public void rollback() {
    requireOpen();
    if (!savepoint) {
      throw new IllegalStateException("there is no savepoint");
    }
    upper = new Layer();
  }

  @Override
  public long commit(Durability durability) {
    requireOpen();
    lower.add(upper);
    upper = new Layer();
    committed = true;
    if (lower.isEmpty()) {
      return appliedIndex;
    }
    List<Home> families = lower.dropped.stream().filter(Home::own).toList();
    try (WriteBatch batch = new WriteBatch()) {
      fill(batch);
      lower.replacements.forEach(RocksStagedCollections::handOver);
      store.outgrown().write(lower, batch, families.isEmpty() ? durability : Durability.SYNCED);
    }
    dropFamilies(families);
    database.removedHomes().add(lower.dropped);
    return appliedIndex + 1;
  }

  /** The commit has happened: what fails here concerns the database only, which is opened again. */
  private void dropFamilies(List<Home> homes) {
    try {
      store.dropFamilies(homes);
    } catch (ServiceException ignored) {
      // Nothing leads there, and the next opening removes it.
    }
  }

  private void fill(WriteBatch batch) {
    for (Home home : lower.dropped) {
      if (!home.own() && !freshHomes.contains(home)) {
        database.deleteItems(batch, home);
      }
    }
    lower
        .items()
        .forEach(
            (key, item) -> {
              if (!lower.dropped.contains(key.home())) {
                byte[] keyBytes = key.home().key(key.id());
                if (item.isPresent()) {
                  database.put(batch, key.home().family(), keyBytes, ItemCodec.encode(item.get()));
                } else {
                  database.delete(batch, key.home().family(), keyBytes);
                }
              }
            });
    lower.collections.forEach(
        (id, row) ->
            putOrDelete(
                batch,
                MetaKeys.collection(id),
                row.map(each -> each.changedAt(appliedIndex + 1).encode())));
    lower.markers.forEach(
        (key, value) ->
            putOrDelete(batch, MetaKeys.marker(key), value.map(ByteString::toByteArray)));
    byte[] next = MetaKeys.number(store.nextNumber());
    database.put(batch, RocksItemStore.META, MetaKeys.nextNumber(), next);
    byte[] index = MetaKeys.number(appliedIndex + 1);
    database.put(batch, RocksItemStore.META, MetaKeys.appliedIndex(), index);
  }

  private void putOrDelete(WriteBatch batch, byte[] key, Optional<byte[]> value) {
    if (value.isPresent()) {
      database.put(batch, RocksItemStore.META, key, value.get());
    } else {
      database.delete(batch, RocksItemStore.META, key);
    }
  }

  private @Nullable CollectionRow row(CollectionId collection) {
    Optional<CollectionRow> row = upper.collections.get(collection);
    if (row == null) {
      row = lower.collections.get(collection);
    }
    if (row == null) {
      row = storedCollections.get(collection);
    }
    if (row == null) {
      row = Optional.ofNullable(store.row(collection));
      storedCollections.put(collection, row);
    }
    return row.orElse(null);
  }

  private CollectionRow rowOrCreate(CollectionId collection) {
    requireOpen();
    CollectionRow row = row(collection);
    if (row == null) {
      row = newRow();
      upper.collections.put(collection, Optional.of(row));
    }
    return row;
  }

  private CollectionRow newRow() {
    Home home = Home.shared(store.takeNumber());
    freshHomes.add(home);
    return new CollectionRow(home, CollectionStats.EMPTY, 0);
  }

  /** The item as this transaction left it; null if it left it alone. */
  @SuppressWarnings("NullableOptional") // an Optional that is empty says that the item is gone
  private @Nullable Optional<StoredItem> changed(ItemKey key) {
    Optional<StoredItem> item = upper.items().get(key);
    return item == null ? lower.items().get(key) : item;
  }

  /** What the item counts for now, or {@link #MISSING}. */
  private long sizeOf(ItemKey key) {
    Optional<StoredItem> changed = changed(key);
    if (changed != null) {
      return changed.isPresent() ? changed.get().sizeBytes() : MISSING;
    }
    if (freshHomes.contains(key.home())) {
      return MISSING;
    }
    Long known = storedSizes.get(key);
    if (known == null) {
      byte[] keyBytes = key.home().key(key.id());
      int length = database.valueLength(key.home().family(), keyBytes);
      known = length < 0 ? MISSING : ItemCodec.sizeBytes(keyBytes.length, length);
      storedSizes.put(key, known);
    }
    return known;
  }

  private void requireOpen() {
    if (closed || committed) {
      throw new IllegalStateException("the transaction is over");
    }
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      store.transactionClosed();
    }
  }
}
