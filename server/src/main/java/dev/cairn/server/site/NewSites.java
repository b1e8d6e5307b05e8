package dev.cairn.server.site;

import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * Sites that come to exist with content: their id is reserved while the content is being made, and
 * they appear, whole, in one step of the catalog, or not at all.
 *
 * <pre>
 * step                                    a crash after it leaves
 * 1 reserve, with the job's record        a reserved id; recovery releases it
 * 2 the folder, its database, CURRENT     the same, and a folder; swept at start
 * 3 admit, with the job's record          the site
 * </pre>
 *
 * <p>Thread-safe; the catalog orders who gets an id.
 */
public final class NewSites {
  private static final String PREFIX = "reserved-site/";

  private final Sites sites;
  private final Catalog catalog;
  private final SiteFiles files;

  NewSites(Sites sites, Catalog catalog, SiteFiles files) {
    this.sites = sites;
    this.catalog = catalog;
    this.files = files;
  }

  /** Who holds an id that is no site yet. */
  record Reservation(String holder) {}

  /**
   * Checks that no site has the id and nobody makes one.
   *
   * @throws ServiceException SITE_ALREADY_EXISTS
   */
  public void requireFree(SiteId id) {
    catalog.apply(
        transaction -> {
          requireFree(transaction, id);
          return Boolean.TRUE;
        });
  }

  private static void requireFree(CatalogTransaction transaction, SiteId id) {
    if (transaction.get(SiteRecord.key(id), SiteRecord.class).isPresent()) {
      throw taken(id, "exists already");
    }
    requireNotReserved(transaction, id);
  }

  static void requireNotReserved(CatalogTransaction transaction, SiteId id) {
    transaction
        .get(PREFIX + id, Reservation.class)
        .ifPresent(
            reservation -> {
              throw taken(id, "is being made by restoration " + reservation.holder());
            });
  }

  private static ServiceException taken(SiteId id, String why) {
    return new ServiceException(
        Reason.SITE_ALREADY_EXISTS, Map.of("site_id", id.value()), "site " + id + " " + why);
  }

  /**
   * Reserves the id as part of a step.
   *
   * @param holder the restoration that makes the site
   * @throws ServiceException SITE_ALREADY_EXISTS
   */
  public void reserve(CatalogTransaction transaction, SiteId id, String holder) {
    requireFree(transaction, id);
    transaction.put(PREFIX + id, new Reservation(holder));
  }

  /** Makes the folder of the reserved site, emptied of what an earlier try left. */
  public Path prepare(SiteId id) {
    sites.makeFolder(id);
    return files.layout().generation(id, 1);
  }

  /** Makes the database in the folder the live one; durable on return. */
  public void finish(SiteId id) {
    files.writeCurrent(id, 1);
  }

  /** Makes the site appear as part of a step. */
  public void admit(
      CatalogTransaction transaction, SiteRecord site, List<CollectionRecord> collections) {
    transaction.delete(PREFIX + site.id());
    transaction.put(SiteRecord.key(site.id()), site);
    collections.forEach(
        record -> transaction.put(CollectionRecord.key(site.id(), record.id()), record));
  }

  /** Tells the layers above of a site that was admitted. Called when it is durable. */
  public void admitted(SiteRecord site) {
    sites.created(site);
  }

  /**
   * Gives up a reserved id: removes the folder, then the reservation.
   *
   * <p>The reservation is written once more first. While the catalog takes no writes, nobody knows
   * whether an {@link #admit} that failed will be found by the next start; the folder stays then.
   *
   * @throws IllegalStateException if the site was admitted
   */
  public void release(SiteId id, String holder) {
    catalog.apply(
        transaction -> {
          if (transaction.get(SiteRecord.key(id), SiteRecord.class).isPresent()) {
            throw new IllegalStateException("site " + id + " exists and cannot be given up");
          }
          transaction.put(PREFIX + id, new Reservation(holder));
          return Boolean.TRUE;
        });
    files.deleteSite(id);
    catalog.apply(
        transaction -> {
          transaction.delete(PREFIX + id);
          return Boolean.TRUE;
        });
  }
}
