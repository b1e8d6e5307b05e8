package dev.cairn.server.site;

import dev.cairn.server.store.CollectionId;
import java.time.Instant;

/**
 * How far an import has come, over all of its streams. Kept beside the items it wrote.
 *
 * @param acknowledged every batch up to this number is durable; 0: none yet
 * @param received items in these batches: inserted, updated and skipped together
 * @param receivedBytes bytes of data in these batches
 * @param time of the last batch
 */
public record ImportProgress(
    CollectionId collection,
    long acknowledged,
    long received,
    long inserted,
    long updated,
    long skipped,
    long receivedBytes,
    Instant time) {

  static ImportProgress start(CollectionId collection, Instant time) {
    return new ImportProgress(collection, 0, 0, 0, 0, 0, 0, time);
  }
}
