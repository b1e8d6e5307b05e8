package dev.cairn.server.site;

import dev.cairn.server.store.CollectionId;
import dev.cairn.server.store.ItemTransaction;

/** What deleting a collection does to one environment's content. */
final class DropCollection {
  private DropCollection() {}

  /**
   * Removes its items, and how far imports into it have come: a collection made again under the
   * same name has nothing of them.
   */
  static void apply(ItemTransaction transaction, CollectionId id) {
    transaction
        .markers(ImportBatch.MARKER)
        .forEach(
            (key, bytes) -> {
              ImportProgress progress = CatalogCodec.decode(key, bytes, ImportProgress.class);
              if (progress.collection().equals(id)) {
                transaction.deleteMarker(key);
              }
            });
    transaction.drop(id);
  }
}
