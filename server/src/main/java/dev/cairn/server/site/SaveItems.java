package dev.cairn.server.site;

import com.google.protobuf.ByteString;
import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import dev.cairn.server.store.CollectionId;
import dev.cairn.server.store.Durability;
import dev.cairn.server.store.ItemTransaction;
import dev.cairn.server.store.StoredItem;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Writes items, all or none.
 *
 * @param time becomes their update time
 */
record SaveItems(
    SiteId siteId,
    Environment environment,
    CollectionId collection,
    List<ItemWrite> writes,
    Mode mode,
    Optional<RequestId> request,
    Instant time,
    Durability durability)
    implements ContentCommand<List<SavedItem>> {

  /** What an item must be for it to be written. */
  enum Mode {
    INSERT,
    UPDATE,
    SAVE
  }

  /** Where what a request wrote is remembered. */
  static final String REQUEST_MARKER = "request/";

  @Override
  public List<SavedItem> apply(ItemTransaction transaction, SiteCollections collections) {
    collections.require(collection);
    Optional<List<SavedItem>> before =
        request.flatMap(
            id -> transaction.marker(REQUEST_MARKER + id.value()).map(seen -> replay(id, seen)));
    if (before.isPresent()) {
      return before.get();
    }
    transaction.expect(collection, writes.stream().map(ItemWrite::id).toList());
    List<SavedItem> saved = new ArrayList<>(writes.size());
    for (ItemWrite write : writes) {
      saved.add(save(transaction, write));
    }
    request.ifPresent(
        id -> transaction.putMarker(REQUEST_MARKER + id.value(), remember(id, saved)));
    return saved;
  }

  private SavedItem save(ItemTransaction transaction, ItemWrite write) {
    Optional<StoredItem> old = transaction.get(collection, write.id());
    if (mode == Mode.INSERT && old.isPresent()) {
      throw alreadyExists(siteId, collection, write.id());
    }
    if (mode == Mode.UPDATE && old.isEmpty()) {
      throw notFound(siteId, collection, write.id());
    }
    requireRevision(siteId, collection, write, old.map(StoredItem::revision).orElse(0L));
    StoredItem next = next(write, old, time);
    transaction.put(collection, next);
    return new SavedItem(next, old.isEmpty());
  }

  /** What {@code write} makes of {@code old}. */
  static StoredItem next(ItemWrite write, Optional<StoredItem> old, Instant time) {
    return new StoredItem(
        write.id(),
        write.data(),
        write.owner().isEmpty() ? old.map(StoredItem::owner).orElse("") : write.owner(),
        old.map(StoredItem::createTime).orElse(time),
        time,
        old.map(StoredItem::revision).orElse(0L) + 1);
  }

  private ByteString remember(RequestId id, List<SavedItem> saved) {
    List<Answer.Row> rows =
        saved.stream()
            .map(
                each ->
                    new Answer.Row(
                        each.item().id(),
                        each.item().owner(),
                        each.item().createTime(),
                        each.item().updateTime(),
                        each.item().revision(),
                        each.inserted()))
            .toList();
    return CatalogCodec.encode(new Answer(id.fingerprint(), time, rows));
  }

  /** The first answer, made again: the request carries the data, the marker the rest. */
  private List<SavedItem> replay(RequestId id, ByteString marker) {
    Answer answer = CatalogCodec.decode(REQUEST_MARKER + id.value(), marker, Answer.class);
    RequestRecord.requireSame(id, answer.fingerprint());
    List<SavedItem> saved = new ArrayList<>(writes.size());
    for (int i = 0; i < writes.size(); i++) {
      Answer.Row row = answer.rows().get(i);
      saved.add(
          new SavedItem(
              new StoredItem(
                  row.id(),
                  writes.get(i).data(),
                  row.owner(),
                  row.createTime(),
                  row.updateTime(),
                  row.revision()),
              row.inserted()));
    }
    return saved;
  }

  /** What a request was answered, without the data that it carried itself. */
  record Answer(String fingerprint, Instant time, List<Row> rows) {
    record Row(
        String id,
        String owner,
        Instant createTime,
        Instant updateTime,
        long revision,
        boolean inserted) {}
  }

  static ServiceException alreadyExists(SiteId site, CollectionId collection, String itemId) {
    return new ServiceException(
        Reason.ITEM_ALREADY_EXISTS,
        metadata(site, collection, itemId),
        "collection " + collection + " has an item " + itemId + " already");
  }

  static ServiceException notFound(SiteId site, CollectionId collection, String itemId) {
    return new ServiceException(
        Reason.ITEM_NOT_FOUND,
        metadata(site, collection, itemId),
        "collection " + collection + " has no item " + itemId);
  }

  static void requireRevision(SiteId site, CollectionId collection, ItemWrite write, long actual) {
    if (write.expectedRevision().isPresent() && write.expectedRevision().getAsLong() != actual) {
      throw new ServiceException(
          Reason.REVISION_MISMATCH,
          Map.of(
              "site_id", site.value(),
              "collection_id", collection.value(),
              "item_id", write.id(),
              "expected_revision", String.valueOf(write.expectedRevision().getAsLong()),
              "actual_revision", String.valueOf(actual)),
          "item " + write.id() + " has changed since it was read");
    }
  }

  private static Map<String, String> metadata(SiteId site, CollectionId collection, String itemId) {
    return Map.of("site_id", site.value(), "collection_id", collection.value(), "item_id", itemId);
  }
}
