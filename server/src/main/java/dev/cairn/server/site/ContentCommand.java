package dev.cairn.server.site;

import dev.cairn.server.store.Durability;
import dev.cairn.server.store.ItemTransaction;

/**
 * A change to the items of one site.
 *
 * @param <R> what it answers
 */
public interface ContentCommand<R> {
  SiteId siteId();

  Environment environment();

  default Durability durability() {
    return Durability.SYNCED;
  }

  /**
   * Makes the change. Depends on nothing but the command, the transaction and the site's
   * collections, so that applying it twice to equal states gives equal states. When it throws, what
   * it did to the transaction is taken back.
   */
  R apply(ItemTransaction transaction, SiteCollections collections);
}
