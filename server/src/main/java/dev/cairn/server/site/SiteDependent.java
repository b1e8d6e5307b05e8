package dev.cairn.server.site;

/**
 * A layer above that keeps things of a site and lets them go when the site is deleted. The methods
 * are called in the order below; the highest layer first.
 */
public interface SiteDependent {
  /** The site exists from now on. */
  default void afterCreate(SiteRecord site) {}

  /** Stops what runs, or throws to keep the site. The deletion may still be refused after it. */
  void beforeDelete(SiteId id);

  /** How many READY backups it keeps of the site. */
  default long backupCount(SiteId id) {
    return 0;
  }

  /** Removes its records, in the step that removes the site's, or throws to keep the site. */
  void removeRecords(SiteId id, CatalogTransaction transaction);

  /** Removes its files. The site's id may be in use again. */
  void afterDelete(SiteId id);
}
