package dev.cairn.server.site;

import dev.cairn.server.error.ServiceException;
import dev.cairn.server.store.CollectionId;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes the records of sites anew from their folders, for a catalog that was lost. What only the
 * catalog knew is gone: names and labels, schemas and views.
 */
final class LostSites {
  private static final Logger log = LoggerFactory.getLogger(LostSites.class);

  private final SiteFiles files;
  private final StorePool pool;
  private final Catalog catalog;
  private final InstantSource clock;

  LostSites(SiteFiles files, StorePool pool, Catalog catalog, InstantSource clock) {
    this.files = files;
    this.pool = pool;
    this.catalog = catalog;
    this.clock = clock;
  }

  /**
   * Makes a record of each folder that bears the name of a site and has none, and of the
   * collections that its content holds.
   *
   * @param backedUp the collections of each site's newest backup, with their names: taken for those
   *     of a site whose content cannot be read
   */
  List<SiteRecord> find(Map<SiteId, Map<CollectionId, String>> backedUp) {
    List<SiteRecord> found = new ArrayList<>();
    for (String name : files.siteNames()) {
      if (SiteId.isValid(name) && files.hasContent(new SiteId(name))) {
        SiteId id = new SiteId(name);
        if (catalog.get(SiteRecord.key(id), SiteRecord.class).isEmpty()) {
          found.add(record(id, backedUp.getOrDefault(id, Map.of())));
        }
      }
    }
    return found;
  }

  private SiteRecord record(SiteId id, Map<CollectionId, String> backedUp) {
    Instant now = clock.instant();
    SiteRecord site = new SiteRecord(id, "", Map.of(), now);
    Set<CollectionId> collections = held(id).orElse(backedUp.keySet());
    catalog.apply(
        transaction -> {
          transaction.put(SiteRecord.key(id), site);
          for (CollectionId collection : collections) {
            transaction.put(
                CollectionRecord.key(id, collection),
                new CollectionRecord(
                    collection,
                    backedUp.getOrDefault(collection, ""),
                    List.of(),
                    List.of(),
                    1,
                    now,
                    now));
          }
          return Boolean.TRUE;
        });
    log.warn("site found on disk, recorded anew site={} collections={}", id, collections.size());
    return site;
  }

  /** The collections of all content of a site; empty if it cannot be read. */
  private Optional<Set<CollectionId>> held(SiteId id) {
    try {
      Set<CollectionId> held =
          new HashSet<>(held(files.layout().generation(id, files.readCurrent(id))));
      if (files.hasSandbox(id)) {
        held.addAll(held(files.layout().sandbox(id)));
      }
      return Optional.of(held);
    } catch (ServiceException e) {
      log.error("the content of a site cannot be read site={}", id, e);
      return Optional.empty();
    }
  }

  private Set<CollectionId> held(Path database) {
    try (Lease lease = pool.acquire(database).orElseThrow()) {
      return Set.copyOf(lease.store().collections().keySet());
    }
  }
}
