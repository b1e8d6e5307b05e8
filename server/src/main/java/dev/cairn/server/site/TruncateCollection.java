package dev.cairn.server.site;

import dev.cairn.server.store.CollectionId;
import dev.cairn.server.store.ItemTransaction;

/** Removes all items of a collection in one environment; answers how many there were. */
record TruncateCollection(SiteId siteId, Environment environment, CollectionId collection)
    implements ContentCommand<Long> {

  @Override
  public Long apply(ItemTransaction transaction, SiteCollections collections) {
    collections.require(collection);
    return transaction.truncate(collection).itemCount();
  }
}
