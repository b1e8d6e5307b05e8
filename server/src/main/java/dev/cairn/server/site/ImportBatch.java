package dev.cairn.server.site;

import com.google.protobuf.ByteString;
import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import dev.cairn.server.store.CollectionId;
import dev.cairn.server.store.Durability;
import dev.cairn.server.store.ItemStore;
import dev.cairn.server.store.ItemTransaction;
import dev.cairn.server.store.StoredItem;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * One batch of an import, or the look at where it stands. The mark of how far it has come is
 * written with the items, so that a batch sent twice is applied once, whatever happens in between.
 *
 * @param importId the caller's UUID
 * @param sequence the batch's number, from 1 without gaps; 0 only looks
 * @param time becomes the items' update time
 */
record ImportBatch(
    SiteId siteId,
    Environment environment,
    CollectionId collection,
    String importId,
    long sequence,
    ImportMode mode,
    List<ItemWrite> writes,
    Instant time)
    implements ContentCommand<ImportProgress> {

  static final String MARKER = "import/";

  @Override
  public ImportProgress apply(ItemTransaction transaction, SiteCollections collections) {
    collections.require(collection);
    String key = MARKER + importId;
    ImportProgress before =
        transaction
            .marker(key)
            .map(bytes -> CatalogCodec.decode(key, bytes, ImportProgress.class))
            .orElseGet(() -> ImportProgress.start(collection, time));
    if (!before.collection().equals(collection)) {
      throw new ServiceException(
          Reason.REQUEST_ID_CONFLICT,
          Map.of("import_id", importId),
          "import id " + importId + " was used for another collection; use a new one");
    }
    if (sequence <= before.acknowledged()) {
      return before;
    }
    if (sequence > before.acknowledged() + 1) {
      throw new ServiceException(
          Reason.IMPORT_SEQUENCE_GAP,
          Map.of(
              "import_id",
              importId,
              "expected_sequence",
              String.valueOf(before.acknowledged() + 1)),
          "batch "
              + sequence
              + " came, but batch "
              + (before.acknowledged() + 1)
              + " is next; open the import again");
    }
    ImportProgress after = write(transaction, before);
    transaction.putMarker(key, CatalogCodec.encode(after));
    return after;
  }

  /** Makes {@code to} remember the imports that {@code from} knows, and no others. */
  static void carryMarks(ItemStore from, ItemStore to) {
    Map<String, ByteString> live;
    try (ItemTransaction reading = from.begin()) {
      live = reading.markers(MARKER);
    }
    try (ItemTransaction transaction = to.begin()) {
      Map<String, ByteString> old = transaction.markers(MARKER);
      if (!old.equals(live)) {
        old.keySet().forEach(transaction::deleteMarker);
        live.forEach(transaction::putMarker);
        transaction.commit(Durability.SYNCED);
      }
    }
  }

  private ImportProgress write(ItemTransaction transaction, ImportProgress before) {
    long inserted = 0;
    long skipped = 0;
    long bytes = 0;
    transaction.expect(collection, writes.stream().map(ItemWrite::id).toList());
    for (ItemWrite write : writes) {
      Optional<StoredItem> old = transaction.get(collection, write.id());
      bytes += write.data().size();
      if (old.isPresent() && mode == ImportMode.INSERT_ONLY) {
        throw SaveItems.alreadyExists(siteId, collection, write.id());
      }
      if (old.isPresent() && mode == ImportMode.SKIP_EXISTING) {
        skipped++;
        continue;
      }
      inserted += old.isEmpty() ? 1 : 0;
      transaction.put(collection, SaveItems.next(write, old, time));
    }
    return new ImportProgress(
        collection,
        sequence,
        before.received() + writes.size(),
        before.inserted() + inserted,
        before.updated() + writes.size() - inserted - skipped,
        before.skipped() + skipped,
        before.receivedBytes() + bytes,
        time);
  }
}
