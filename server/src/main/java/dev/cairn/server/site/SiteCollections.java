package dev.cairn.server.site;

import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import dev.cairn.server.store.CollectionId;
import java.util.Collection;
import java.util.Collections;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/** The collections of one site at one moment, by id. Immutable. */
public final class SiteCollections {
  private final SiteId siteId;
  private final SortedMap<CollectionId, CollectionRecord> byId;

  SiteCollections(SiteId siteId, SortedMap<CollectionId, CollectionRecord> byId) {
    this.siteId = siteId;
    this.byId = Collections.unmodifiableSortedMap(byId);
  }

  /** As the catalog has them now. */
  static SiteCollections read(Catalog catalog, SiteId siteId) {
    SortedMap<CollectionId, CollectionRecord> byId = new TreeMap<>();
    catalog
        .list(CollectionRecord.prefix(siteId), CollectionRecord.class)
        .forEach(record -> byId.put(record.id(), record));
    return new SiteCollections(siteId, byId);
  }

  public Optional<CollectionRecord> find(CollectionId id) {
    return Optional.ofNullable(byId.get(id));
  }

  /**
   * The collection.
   *
   * @throws ServiceException COLLECTION_NOT_FOUND
   */
  public CollectionRecord require(CollectionId id) {
    return find(id).orElseThrow(() -> notFound(siteId, id));
  }

  static ServiceException notFound(SiteId siteId, CollectionId id) {
    return new ServiceException(
        Reason.COLLECTION_NOT_FOUND,
        Map.of("site_id", siteId.value(), "collection_id", id.value()),
        "site " + siteId + " has no collection " + id);
  }

  /** All of them, by id. */
  public Collection<CollectionRecord> all() {
    return byId.values();
  }

  public int size() {
    return byId.size();
  }

  /** The same with {@code record} added or replaced. */
  SiteCollections with(CollectionRecord record) {
    SortedMap<CollectionId, CollectionRecord> next = new TreeMap<>(byId);
    next.put(record.id(), record);
    return new SiteCollections(siteId, next);
  }

  /** The same without {@code id}. */
  SiteCollections without(CollectionId id) {
    SortedMap<CollectionId, CollectionRecord> next = new TreeMap<>(byId);
    next.remove(id);
    return new SiteCollections(siteId, next);
  }
}
