package dev.cairn.server.grpc;

import dev.cairn.server.site.Environment;
import dev.cairn.server.site.ImportMode;
import dev.cairn.server.site.ImportProgress;
import dev.cairn.server.site.ItemWrite;
import dev.cairn.server.site.Items;
import dev.cairn.server.site.SavedItem;
import dev.cairn.server.site.SiteId;
import dev.cairn.server.store.CollectionId;
import dev.cairn.server.store.Durability;
import dev.cairn.server.store.StoredItem;
import dev.cairn.v1.BatchSaveItemsResponse;
import dev.cairn.v1.ImportItemsResponse;
import dev.cairn.v1.Item;
import dev.cairn.v1.WriteOutcome;
import java.util.OptionalLong;

/** Items as the contract has them. Requests have been checked. */
final class ItemMessages {
  private ItemMessages() {}

  static Item toProto(StoredItem item) {
    return Item.newBuilder()
        .setId(item.id())
        .setData(item.data())
        .setOwner(item.owner())
        .setCreateTime(Times.toProto(item.createTime()))
        .setUpdateTime(Times.toProto(item.updateTime()))
        .setRevision(item.revision())
        .build();
  }

  /** A page that fits into one message. */
  static Replies.Page<Item> page(Items.Page read, int size, Limits limits) {
    // What was read may be a little too much: ids and owners count too.
    Replies.Page<Item> page =
        Replies.page(
            read.items().stream().map(ItemMessages::toProto).toList(),
            size,
            Item::getSerializedSize,
            limits);
    return new Replies.Page<>(page.entries(), page.more() || read.more());
  }

  static BatchSaveItemsResponse.Result result(SavedItem saved) {
    return BatchSaveItemsResponse.Result.newBuilder()
        .setItemId(saved.item().id())
        .setRevision(saved.item().revision())
        .setOutcome(outcome(saved))
        .setCreateTime(Times.toProto(saved.item().createTime()))
        .setUpdateTime(Times.toProto(saved.item().updateTime()))
        .build();
  }

  static WriteOutcome outcome(SavedItem saved) {
    return saved.inserted()
        ? WriteOutcome.WRITE_OUTCOME_INSERTED
        : WriteOutcome.WRITE_OUTCOME_UPDATED;
  }

  /** The item to write, with an id made for it if it has none. */
  static ItemWrite write(Item item, OptionalLong expectedRevision, Items items) {
    return new ItemWrite(
        item.getId().isEmpty() ? items.newId() : item.getId(),
        item.getData(),
        item.getOwner(),
        expectedRevision);
  }

  static OptionalLong revision(boolean present, long revision) {
    return present ? OptionalLong.of(revision) : OptionalLong.empty();
  }

  static Items.Place place(
      String siteId, String collectionId, dev.cairn.v1.Environment environment) {
    return new Items.Place(
        new SiteId(siteId), new CollectionId(collectionId), environment(environment));
  }

  private static Environment environment(dev.cairn.v1.Environment environment) {
    return switch (environment) {
      case ENVIRONMENT_UNSPECIFIED, ENVIRONMENT_LIVE -> Environment.LIVE;
      case ENVIRONMENT_SANDBOX -> Environment.SANDBOX;
      case UNRECOGNIZED -> throw new IllegalArgumentException("the request was not checked");
    };
  }

  static Durability durability(dev.cairn.v1.Durability durability) {
    return switch (durability) {
      case DURABILITY_UNSPECIFIED, DURABILITY_SYNCED -> Durability.SYNCED;
      case DURABILITY_BUFFERED -> Durability.BUFFERED;
      case UNRECOGNIZED -> throw new IllegalArgumentException("the request was not checked");
    };
  }

  static ImportMode mode(dev.cairn.v1.ImportMode mode) {
    return switch (mode) {
      case IMPORT_MODE_UNSPECIFIED, IMPORT_MODE_UPSERT -> ImportMode.UPSERT;
      case IMPORT_MODE_INSERT_ONLY -> ImportMode.INSERT_ONLY;
      case IMPORT_MODE_SKIP_EXISTING -> ImportMode.SKIP_EXISTING;
      case UNRECOGNIZED -> throw new IllegalArgumentException("the request was not checked");
    };
  }

  static ImportItemsResponse acknowledgement(ImportProgress progress) {
    return ImportItemsResponse.newBuilder()
        .setAcknowledgedSequence(progress.acknowledged())
        .setReceivedCount(progress.received())
        .setInsertedCount(progress.inserted())
        .setUpdatedCount(progress.updated())
        .setSkippedCount(progress.skipped())
        .setReceivedBytes(progress.receivedBytes())
        .build();
  }
}
