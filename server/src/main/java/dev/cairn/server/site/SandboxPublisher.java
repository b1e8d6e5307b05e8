package dev.cairn.server.site;

import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import dev.cairn.server.store.CollectionId;
import dev.cairn.server.store.ItemCursor;
import dev.cairn.server.store.StoredItem;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.function.BooleanSupplier;

/**
 * Copies SANDBOX items over LIVE. Each collection is copied as it was in SANDBOX at one moment, in
 * order of the ids, in batches that pass the site's door like any other write: a restoration or a
 * backup comes between two of them, never into one. Thread-safe.
 */
public final class SandboxPublisher {
  private static final int BATCH_ITEMS = 1_000;

  /** Bounds what a batch holds in memory and how long it keeps other writes waiting. */
  private static final long BATCH_BYTES = 4 << 20;

  private final Sites sites;
  private final CommandLog commands;
  private final InstantSource clock;

  public SandboxPublisher(Sites sites, CommandLog commands, InstantSource clock) {
    this.sites = sites;
    this.commands = commands;
    this.clock = clock;
  }

  /** What happened to the LIVE items of a collection. */
  public record Published(CollectionId collection, long inserted, long updated) {}

  /**
   * Publishes collections; what was done before a failure stays done.
   *
   * @param collections none: all that the site has
   * @param cancelled asked before each batch whether to stop
   * @return one row for each collection, by id
   * @throws ServiceException SITE_NOT_FOUND; COLLECTION_NOT_FOUND, before anything is published if
   *     it can be known; SITE_SWITCHING; CANCELLED
   */
  public List<Published> publish(
      SiteId siteId, List<CollectionId> collections, BooleanSupplier cancelled) {
    SiteCollections existing = sites.collections(siteId);
    collections.forEach(existing::require);
    List<CollectionId> chosen =
        collections.isEmpty()
            ? existing.all().stream().map(CollectionRecord::id).toList()
            : List.copyOf(new TreeSet<>(collections));
    if (!sites.hasSandbox(siteId)) {
      return chosen.stream().map(id -> new Published(id, 0, 0)).toList();
    }
    List<Published> rows = new ArrayList<>();
    for (CollectionId id : chosen) {
      rows.add(publish(siteId, id, cancelled));
    }
    return rows;
  }

  private Published publish(SiteId siteId, CollectionId collection, BooleanSupplier cancelled) {
    long inserted = 0;
    long copied = 0;
    try (Lease lease = sites.lease(siteId, Environment.SANDBOX);
        ItemCursor cursor = lease.store().scan(collection, "")) {
      List<StoredItem> batch = new ArrayList<>();
      long bytes = 0;
      while (cursor.next()) {
        batch.add(cursor.item());
        bytes += cursor.item().data().size();
        if (batch.size() == BATCH_ITEMS || bytes >= BATCH_BYTES) {
          inserted += write(siteId, collection, batch, cancelled);
          copied += batch.size();
          batch.clear();
          bytes = 0;
        }
      }
      if (!batch.isEmpty()) {
        inserted += write(siteId, collection, batch, cancelled);
        copied += batch.size();
      }
    }
    return new Published(collection, inserted, copied - inserted);
  }

  private int write(
      SiteId siteId, CollectionId collection, List<StoredItem> batch, BooleanSupplier cancelled) {
    if (cancelled.getAsBoolean()) {
      throw new ServiceException(Reason.CANCELLED, "the call was cancelled");
    }
    return commands.append(new PublishItems(siteId, collection, batch, clock.instant()));
  }
}
