package dev.cairn.server.store;

import com.google.protobuf.ByteString;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** {@link ItemTransaction} on a copy of an in-memory store's content. Confined to one thread. */
final class InMemoryTransaction implements ItemTransaction {
  private final InMemoryItemStore store;
  private InMemoryContent content;
  private boolean changed;
  private List<InMemoryItemStore.Staged> replaced = new ArrayList<>();
  private @Nullable Savepoint savepoint;
  private boolean over;

  private record Savepoint(
      InMemoryContent content, boolean changed, List<InMemoryItemStore.Staged> replaced) {}

  InMemoryTransaction(InMemoryItemStore store, InMemoryContent content) {
    this.store = store;
    this.content = content.copy();
  }

  @Override
  public Optional<StoredItem> get(CollectionId collection, String itemId) {
    requireOpen();
    return content.items(collection).map(items -> items.get(itemId));
  }

  @Override
  public void expect(CollectionId collection, List<String> itemIds) {
    requireOpen();
  }

  @Override
  public CollectionStats stats(CollectionId collection) {
    requireOpen();
    return content.stats(collection);
  }

  @Override
  public List<CollectionId> collections() {
    requireOpen();
    return List.copyOf(content.collections());
  }

  @Override
  public void put(CollectionId collection, StoredItem item) {
    requireOpen();
    content.change(collection).put(item.id(), item);
    changed = true;
  }

  @Override
  public boolean delete(CollectionId collection, String itemId) {
    if (get(collection, itemId).isEmpty()) {
      return false;
    }
    content.change(collection).remove(itemId);
    changed = true;
    return true;
  }

  @Override
  public void create(CollectionId collection) {
    requireOpen();
    if (content.items(collection).isEmpty()) {
      content.change(collection);
      changed = true;
    }
  }

  @Override
  public CollectionStats truncate(CollectionId collection) {
    CollectionStats held = stats(collection);
    if (held.itemCount() > 0) {
      content.remove(collection);
      content.change(collection);
      changed = true;
    }
    return held;
  }

  @Override
  public CollectionStats drop(CollectionId collection) {
    CollectionStats held = stats(collection);
    if (content.items(collection).isPresent()) {
      content.remove(collection);
      changed = true;
    }
    return held;
  }

  @Override
  public void replace(StagedCollections staged) {
    requireOpen();
    InMemoryItemStore.Staged replacement = (InMemoryItemStore.Staged) staged;
    if (replacement.settled || replaced.contains(replacement)) {
      throw new IllegalStateException("these staged collections do not wait for this store");
    }
    replacement.items.forEach(content::replace);
    replaced.add(replacement);
    changed = true;
  }

  @Override
  public Optional<ByteString> marker(String key) {
    requireOpen();
    return Optional.ofNullable(content.markers.get(key));
  }

  @Override
  public Map<String, ByteString> markers(String prefix) {
    requireOpen();
    Map<String, ByteString> markers = new TreeMap<>(content.markers);
    markers.keySet().removeIf(key -> !key.startsWith(prefix));
    return markers;
  }

  @Override
  public void putMarker(String key, ByteString value) {
    requireOpen();
    content.markers.put(key, value);
    changed = true;
  }

  @Override
  public void deleteMarker(String key) {
    requireOpen();
    changed |= content.markers.remove(key) != null;
  }

  @Override
  public void savepoint() {
    requireOpen();
    savepoint = new Savepoint(content.copy(), changed, List.copyOf(replaced));
  }

  @Override
  public void rollback() {
    requireOpen();
    if (savepoint == null) {
      throw new IllegalStateException("there is no savepoint");
    }
    content = savepoint.content().copy();
    changed = savepoint.changed();
    replaced = new ArrayList<>(savepoint.replaced());
  }

  @Override
  public long commit(Durability durability) {
    requireOpen();
    over = true;
    if (changed) {
      content.appliedIndex++;
      replaced.forEach(staged -> staged.settled = true);
      store.commit(content);
    }
    return content.appliedIndex;
  }

  private void requireOpen() {
    if (over) {
      throw new IllegalStateException("the transaction is over");
    }
  }

  @Override
  public void close() {
    over = true;
  }
}
