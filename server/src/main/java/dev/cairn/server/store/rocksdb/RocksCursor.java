package dev.cairn.server.store.rocksdb;

import dev.cairn.server.store.CollectionStats;
import dev.cairn.server.store.ItemCursor;
import dev.cairn.server.store.StoredItem;
import org.jspecify.annotations.Nullable;

/**
 * {@link ItemCursor} over a key range at one moment. Owns both; confined to one thread at a time.
 */
final class RocksCursor implements ItemCursor {
  private final Moment moment;
  private final @Nullable Range range;
  private final CollectionStats stats;
  private @Nullable StoredItem item;
  private boolean ended;
  private boolean closed;

  /**
   * @param row the collection at {@code moment}; null if there was none
   */
  RocksCursor(Moment moment, @Nullable CollectionRow row, String afterItemId) {
    this.moment = moment;
    if (row == null) {
      range = null;
      stats = CollectionStats.EMPTY;
    } else {
      range =
          moment.range(
              RocksItemStore.DATA,
              ItemCodec.after(row.number(), afterItemId),
              ItemCodec.first(row.number() + 1));
      stats = row.stats();
    }
  }

  @Override
  public boolean next() {
    if (closed) {
      throw new IllegalStateException("the cursor is closed");
    }
    item = null;
    if (range == null || ended || !range.next()) {
      ended = true;
      return false;
    }
    item = ItemCodec.decode(ItemCodec.id(range.key()), range.value());
    return true;
  }

  @Override
  public StoredItem item() {
    if (item == null) {
      throw new IllegalStateException("next() has not returned true");
    }
    return item;
  }

  @Override
  public CollectionStats stats() {
    return stats;
  }

  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    if (range != null) {
      range.close();
    }
    moment.close();
  }
}
