package dev.cairn.server.site;

import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import dev.cairn.server.store.CollectionId;
import dev.cairn.server.store.ItemStore;
import dev.cairn.server.store.ItemTransaction;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * What can be done behind a site's closed door: writes wait, reads go on. Valid only while the
 * section runs, on its thread; be quick.
 */
public interface SiteSection {
  SiteId siteId();

  SiteCollections collections();

  Lease lease(Environment environment);

  /** Whether SANDBOX content was ever used; asking for a lease on it makes it. */
  boolean hasSandbox();

  /** One synced transaction on the content. */
  <T> T write(Environment environment, Function<ItemTransaction, T> work);

  /**
   * Adds, replaces and removes collection records, in one durable step. Items of those removed are
   * invisible from now on, and go with the next write to the environment that holds them.
   */
  default void change(List<CollectionRecord> put, List<CollectionId> remove) {
    change(put, remove, transaction -> {});
  }

  /** The same, with other changes to the catalog in the same step. */
  void change(
      List<CollectionRecord> put,
      List<CollectionId> remove,
      Consumer<CatalogTransaction> alongside);

  /**
   * The same after the commit point of a restoration, where there is no way back: the server goes
   * on with the change even when it cannot be made durable now, and the restoration's recovery
   * makes it again.
   */
  void adopt(List<CollectionRecord> put, List<CollectionId> remove);

  /** The number that the next generation of LIVE content gets. */
  long nextGeneration();

  /**
   * Makes the generation {@code number} live: the durable commit point of a full restoration.
   * Readers that hold a lease on the old one keep it; its files go after the last of them.
   *
   * <p>When it fails, the old one is live as before and the new one's files go. If even that cannot
   * be made sure, because CURRENT can no longer be written, the site refuses everything with
   * STORAGE_FAILED or DISK_FULL until it can be written, or until the next start, which goes by
   * what CURRENT says then.
   *
   * @param store the open database in that generation's directory; the site owns it from now on,
   *     also when this fails
   * @throws ServiceException STORAGE_FAILED; DISK_FULL
   */
  void switchTo(long number, ItemStore store);

  /**
   * Removes the site: its records and {@code records}' changes in one durable step, then its files.
   */
  void delete(Function<CatalogTransaction, Boolean> records);

  static ServiceException siteNotFound(SiteId id) {
    return new ServiceException(
        Reason.SITE_NOT_FOUND, Map.of("site_id", id.value()), "there is no site " + id);
  }
}
