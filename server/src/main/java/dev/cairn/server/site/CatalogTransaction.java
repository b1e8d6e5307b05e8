package dev.cairn.server.site;

import com.google.protobuf.ByteString;
import dev.cairn.server.store.KeyValueStore;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Reads and changes of one {@link CatalogCommand}; the changes become durable together. Its reads
 * see its own changes, and a record is decoded once: nobody else changes the catalog meanwhile, and
 * records are immutable. Confined to the thread that applies the command.
 */
public final class CatalogTransaction {
  private final Catalog catalog;
  private final Map<String, Optional<ByteString>> changes = new TreeMap<>();

  /** What was read or put last under each key, as it is after the changes so far. */
  private final Map<String, Object> known = new HashMap<>();

  private final Set<SiteId> sitesWithEvents = new HashSet<>();

  CatalogTransaction(Catalog catalog) {
    this.catalog = catalog;
  }

  public <T> Optional<T> get(String key, Class<T> type) {
    @Nullable Object record = known.get(key);
    if (type.isInstance(record)) {
      return Optional.of(type.cast(record));
    }
    Optional<ByteString> changed = changes.get(key);
    Optional<T> read =
        changed == null
            ? catalog.get(key, type)
            : changed.map(bytes -> CatalogCodec.decode(key, bytes, type));
    read.ifPresent(each -> known.put(key, each));
    return read;
  }

  /** The records under {@code prefix}, by key. */
  public <T> List<T> list(String prefix, Class<T> type) {
    Map<String, T> found = new TreeMap<>();
    catalog.scan(
        prefix,
        type,
        (key, value) -> {
          found.put(key, value);
          return true;
        });
    changes.forEach(
        (key, value) -> {
          if (key.startsWith(prefix)) {
            found.remove(key);
            value.ifPresent(bytes -> found.put(key, CatalogCodec.decode(key, bytes, type)));
          }
        });
    return new ArrayList<>(found.values());
  }

  public void put(String key, Object record) {
    changes.put(key, Optional.of(CatalogCodec.encode(record)));
    known.put(key, record);
  }

  public void delete(String key) {
    changes.put(key, Optional.empty());
    known.remove(key);
  }

  /** The keys under {@code prefix}, in order. */
  List<String> keys(String prefix) {
    Set<String> found = new TreeSet<>(catalog.keys(prefix));
    changes.forEach(
        (key, value) -> {
          if (key.startsWith(prefix)) {
            if (value.isPresent()) {
              found.add(key);
            } else {
              found.remove(key);
            }
          }
        });
    return new ArrayList<>(found);
  }

  /** Removes every record under {@code prefix}. */
  public void deleteAll(String prefix) {
    changes.keySet().removeIf(key -> key.startsWith(prefix));
    known.keySet().removeIf(key -> key.startsWith(prefix));
    catalog.keys(prefix).forEach(this::delete);
  }

  /**
   * Records that something happened to a site, in the same durable step.
   *
   * @param type tells readers which record {@code change} is
   */
  public void addEvent(SiteId siteId, Instant time, String type, Object change) {
    catalog.events().append(this, siteId, time, type, change);
  }

  /** Notes that the events of a site change, so that their readers are told. */
  void eventsOf(SiteId siteId) {
    sitesWithEvents.add(siteId);
  }

  Set<SiteId> sitesWithEvents() {
    return sitesWithEvents;
  }

  List<KeyValueStore.Change> changes() {
    List<KeyValueStore.Change> result = new ArrayList<>();
    changes.forEach((key, value) -> result.add(new KeyValueStore.Change(key, value.orElse(null))));
    return result;
  }
}
