package dev.cairn.server.site;

import dev.cairn.server.repository.DiskReserve;
import dev.cairn.server.store.CollectionId;
import dev.cairn.server.store.CollectionStats;
import dev.cairn.server.store.Durability;
import dev.cairn.server.store.ItemCursor;
import dev.cairn.server.store.ItemStore;
import dev.cairn.server.store.StoredItem;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * Reads and writes the items of sites. Requests have been checked for form and limits before they
 * come here. Thread-safe.
 *
 * <p>Every method throws {@code ServiceException} with SITE_NOT_FOUND and COLLECTION_NOT_FOUND,
 * writes also with SITE_SWITCHING. Writes of a request's items answer it with the future, which is
 * completed when they are durable, by any thread; nothing that takes long belongs there.
 */
public final class Items {
  private final Sites sites;
  private final Collections collections;
  private final CommandLog commands;
  private final InstantSource clock;
  private final TimeOrderedIds ids;
  private final DiskReserve disk;

  /**
   * @param disk what has to be free for imports
   */
  public Items(
      Sites sites,
      Collections collections,
      CommandLog commands,
      InstantSource clock,
      TimeOrderedIds ids,
      DiskReserve disk) {
    this.sites = sites;
    this.collections = collections;
    this.commands = commands;
    this.clock = clock;
    this.ids = ids;
    this.disk = disk;
  }

  /** Which items are meant. */
  public record Place(SiteId siteId, CollectionId collection, Environment environment) {}

  /** How a write is made: safe to repeat or not, and when it is answered. */
  public record WriteOptions(Optional<RequestId> request, Durability durability) {}

  /** An id for an item that came without one. */
  public String newId() {
    return ids.next();
  }

  /**
   * Adds one item.
   *
   * @throws dev.cairn.server.error.ServiceException ITEM_ALREADY_EXISTS; REQUEST_ID_CONFLICT
   */
  public CompletableFuture<SavedItem> insert(Place place, ItemWrite write, WriteOptions options) {
    return save(place, List.of(write), SaveItems.Mode.INSERT, options)
        .thenApply(saved -> saved.get(0));
  }

  /**
   * Replaces one item that exists.
   *
   * @throws dev.cairn.server.error.ServiceException ITEM_NOT_FOUND; REVISION_MISMATCH
   */
  public CompletableFuture<SavedItem> update(Place place, ItemWrite write, WriteOptions options) {
    return save(place, List.of(write), SaveItems.Mode.UPDATE, options)
        .thenApply(saved -> saved.get(0));
  }

  /**
   * Adds or replaces items, all or none, and answers them in the same order.
   *
   * @throws dev.cairn.server.error.ServiceException REVISION_MISMATCH; REQUEST_ID_CONFLICT
   */
  public CompletableFuture<List<SavedItem>> save(
      Place place, List<ItemWrite> writes, WriteOptions options) {
    return save(place, writes, SaveItems.Mode.SAVE, options);
  }

  private CompletableFuture<List<SavedItem>> save(
      Place place, List<ItemWrite> writes, SaveItems.Mode mode, WriteOptions options) {
    return commands.submit(
        new SaveItems(
            place.siteId(),
            place.environment(),
            place.collection(),
            writes,
            mode,
            options.request(),
            clock.instant(),
            options.durability()));
  }

  /**
   * Removes items, all or none.
   *
   * @return the ids that were not there; none unless {@code allowMissing}
   * @throws dev.cairn.server.error.ServiceException ITEM_NOT_FOUND; REVISION_MISMATCH
   */
  public CompletableFuture<List<String>> delete(
      Place place, List<Removal> removals, boolean allowMissing, Durability durability) {
    return commands.submit(
        new DeleteItems(
            place.siteId(),
            place.environment(),
            place.collection(),
            removals,
            allowMissing,
            durability));
  }

  /** Removes all items and answers how many there were. */
  public long truncate(Place place) {
    return commands.append(
        new TruncateCollection(place.siteId(), place.environment(), place.collection()));
  }

  /**
   * The item.
   *
   * @throws dev.cairn.server.error.ServiceException ITEM_NOT_FOUND
   */
  public StoredItem get(Place place, String itemId) {
    try (Lease lease = lease(place)) {
      return lease
          .store()
          .get(place.collection(), itemId)
          .orElseThrow(() -> SaveItems.notFound(place.siteId(), place.collection(), itemId));
    }
  }

  /** Those of the items that exist, as they were at one moment, by id. */
  public Map<String, StoredItem> get(Place place, List<String> itemIds) {
    try (Lease lease = lease(place)) {
      return lease.store().get(place.collection(), itemIds);
    }
  }

  /** The same, looking at no further id once the data found has {@code maxBytes}. */
  public ItemStore.Found get(Place place, List<String> itemIds, long maxBytes) {
    try (Lease lease = lease(place)) {
      return lease.store().get(place.collection(), itemIds, maxBytes);
    }
  }

  /**
   * Some items in order of their ids.
   *
   * @param more whether there are items after these
   * @param total how many there are in all
   */
  public record Page(List<StoredItem> items, boolean more, long total) {}

  /**
   * Up to {@code limit} items after {@code after} (empty: from the first), all of one moment.
   *
   * @param maxBytes the page ends early when its data reaches this size, but has at least one item
   */
  public Page list(Place place, String after, int limit, long maxBytes) {
    try (Lease lease = lease(place)) {
      return page(lease.store(), place.collection(), after, limit, maxBytes);
    }
  }

  /** The same of any content database. */
  public static Page page(
      ItemStore store, CollectionId collection, String after, int limit, long maxBytes) {
    try (ItemCursor cursor = store.scan(collection, after)) {
      List<StoredItem> items = new ArrayList<>();
      long bytes = 0;
      while (items.size() < limit && bytes < maxBytes && cursor.next()) {
        items.add(cursor.item());
        bytes += cursor.item().data().size();
      }
      boolean more = (items.size() == limit || bytes >= maxBytes) && cursor.next();
      return new Page(items, more, cursor.stats().itemCount());
    }
  }

  /** How many items there are, exactly. */
  public CollectionStats stats(Place place) {
    try (Lease lease = lease(place)) {
      return lease.store().stats(place.collection());
    }
  }

  /** Opens a walk over all items after {@code after} as they are now. The caller closes it. */
  public Export export(Place place, String after) {
    Lease lease = lease(place);
    try {
      return new Export(lease, lease.store().scan(place.collection(), after), clock.instant());
    } catch (RuntimeException e) {
      lease.close();
      throw e;
    }
  }

  /**
   * Items of one moment, in order of their ids. Confined to one thread at a time.
   *
   * @param snapshotTime the moment
   */
  public record Export(Lease lease, ItemCursor cursor, Instant snapshotTime)
      implements AutoCloseable {
    @Override
    public void close() {
      try (lease) {
        cursor.close();
      }
    }
  }

  /**
   * An import as its caller named it.
   *
   * @param importId the caller's UUID
   */
  public record ImportTarget(Place place, String importId, ImportMode mode) {}

  /**
   * How far the import has come; all zero when it is new.
   *
   * @param createCollection makes the collection, without schema, if it does not exist
   * @throws dev.cairn.server.error.ServiceException COLLECTION_LIMIT_REACHED; REQUEST_ID_CONFLICT;
   *     DISK_FULL
   */
  public ImportProgress openImport(ImportTarget target, boolean createCollection) {
    requireRoom(target);
    if (createCollection) {
      collections.ensure(target.place().siteId(), target.place().collection());
    }
    return commands.append(command(target, 0, List.of()));
  }

  /**
   * A batch of an import.
   *
   * @param sequence its number, from 1
   */
  public record Batch(long sequence, List<ItemWrite> writes) {}

  /**
   * Applies batches of an import that follow each other; they share a forced write. Each is applied
   * whole or not at all and says itself which: IMPORT_SEQUENCE_GAP; ITEM_ALREADY_EXISTS. One that
   * was applied before answers where the import stands.
   *
   * @throws dev.cairn.server.error.ServiceException DISK_FULL
   */
  public List<Submission<ImportProgress>> importBatches(ImportTarget target, List<Batch> batches) {
    requireRoom(target);
    return commands.append(
        target.place().siteId(),
        batches.stream().map(batch -> command(target, batch.sequence(), batch.writes())).toList());
  }

  private void requireRoom(ImportTarget target) {
    disk.require("import into site " + target.place().siteId());
  }

  private ImportBatch command(ImportTarget target, long sequence, List<ItemWrite> writes) {
    Place place = target.place();
    return new ImportBatch(
        place.siteId(),
        place.environment(),
        place.collection(),
        target.importId(),
        sequence,
        target.mode(),
        writes,
        clock.instant());
  }

  /** Forgets request ids and imports last used before {@code before}. */
  public int purgeMarkers(SiteId siteId, Environment environment, Instant before) {
    return commands.append(new PurgeMarkers(siteId, environment, before));
  }

  private Lease lease(Place place) {
    sites.collections(place.siteId()).require(place.collection());
    return sites.lease(place.siteId(), place.environment());
  }
}
