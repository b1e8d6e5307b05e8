package dev.cairn.server.site;

import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import dev.cairn.server.store.CollectionId;
import dev.cairn.server.store.Durability;
import dev.cairn.server.store.ItemTransaction;
import dev.cairn.server.store.StoredItem;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Removes items, all or none; answers the ids that were not there.
 *
 * @param allowMissing whether an item that does not exist is no error
 */
record DeleteItems(
    SiteId siteId,
    Environment environment,
    CollectionId collection,
    List<Removal> removals,
    boolean allowMissing,
    Durability durability)
    implements ContentCommand<List<String>> {

  @Override
  public List<String> apply(ItemTransaction transaction, SiteCollections collections) {
    collections.require(collection);
    List<String> missing = new ArrayList<>();
    for (Removal removal : removals) {
      if (removal.expectedRevision().isPresent()) {
        requireRevision(transaction, removal);
      }
      if (!transaction.delete(collection, removal.itemId())) {
        if (!allowMissing) {
          throw SaveItems.notFound(siteId, collection, removal.itemId());
        }
        missing.add(removal.itemId());
      }
    }
    return missing;
  }

  private void requireRevision(ItemTransaction transaction, Removal removal) {
    Optional<StoredItem> item = transaction.get(collection, removal.itemId());
    long expected = removal.expectedRevision().orElseThrow();
    if (item.isPresent() && item.get().revision() != expected) {
      throw new ServiceException(
          Reason.REVISION_MISMATCH,
          Map.of(
              "site_id", siteId.value(),
              "collection_id", collection.value(),
              "item_id", removal.itemId(),
              "expected_revision", String.valueOf(expected),
              "actual_revision", String.valueOf(item.get().revision())),
          "item " + removal.itemId() + " has changed since it was read");
    }
  }
}
