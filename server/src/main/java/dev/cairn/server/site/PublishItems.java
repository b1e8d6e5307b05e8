package dev.cairn.server.site;

import dev.cairn.server.store.CollectionId;
import dev.cairn.server.store.ItemTransaction;
import dev.cairn.server.store.StoredItem;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * Puts copies of SANDBOX items over LIVE ones, all or none; answers how many were not there. Unlike
 * a save, a copy without owner takes the owner away: LIVE shows what SANDBOX showed.
 *
 * @param items as they are in SANDBOX; their times and revisions are not taken over
 * @param time becomes the LIVE items' update time
 */
record PublishItems(SiteId siteId, CollectionId collection, List<StoredItem> items, Instant time)
    implements ContentCommand<Integer> {
  PublishItems {
    items = List.copyOf(items);
  }

  @Override
  public Environment environment() {
    return Environment.LIVE;
  }

  @Override
  public Integer apply(ItemTransaction transaction, SiteCollections collections) {
    collections.require(collection);
    int inserted = 0;
    for (StoredItem item : items) {
      Optional<StoredItem> old = transaction.get(collection, item.id());
      inserted += old.isEmpty() ? 1 : 0;
      transaction.put(collection, next(item, old));
    }
    return inserted;
  }

  private StoredItem next(StoredItem item, Optional<StoredItem> old) {
    return new StoredItem(
        item.id(),
        item.data(),
        item.owner(),
        old.map(StoredItem::createTime).orElse(time),
        time,
        old.map(StoredItem::revision).orElse(0L) + 1);
  }
}
