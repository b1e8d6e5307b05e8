package dev.cairn.server.store.rocksdb;

import com.google.protobuf.ByteString;
import dev.cairn.server.store.CollectionId;
import dev.cairn.server.store.StoredItem;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * What a transaction changed: since its start, or on top of that since its savepoint. Confined to
 * the transaction's thread.
 */
final class Layer {
  /** Collections as they will be; empty for those that go. */
  final Map<CollectionId, Optional<CollectionRow>> collections = new HashMap<>();

  /**
   * Items as they will be; empty for those that go. Those of a dropped home do not count. Those of
   * one command stay in the order in which they came: that is mostly the order of their keys, in
   * which writing them to the database takes the least time.
   */
  private Map<ItemKey, Optional<StoredItem>> items = new LinkedHashMap<>();

  /** Markers as they will be; empty for those that go. */
  final TreeMap<String, Optional<ByteString>> markers = new TreeMap<>();

  /** Homes that lose their name, and with it all their items. */
  final Set<Home> dropped = new HashSet<>();

  /** Staged collections that get their names. */
  final Set<RocksStagedCollections> replacements = new LinkedHashSet<>();

  record ItemKey(Home home, String id) {}

  Map<ItemKey, Optional<StoredItem>> items() {
    return items;
  }

  boolean isEmpty() {
    return collections.isEmpty() && items.isEmpty() && markers.isEmpty();
  }

  /** Takes over what {@code above} changed on top of this; {@code above} is not used any more. */
  void add(Layer above) {
    collections.putAll(above.collections);
    addItems(above.items);
    markers.putAll(above.markers);
    dropped.addAll(above.dropped);
    replacements.addAll(above.replacements);
  }

  /** The smaller map goes into the larger. */
  private void addItems(Map<ItemKey, Optional<StoredItem>> above) {
    if (above.size() < items.size()) {
      items.putAll(above);
    } else {
      items.forEach(above::putIfAbsent);
      items = above;
    }
  }
}
