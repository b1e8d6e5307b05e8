package dev.cairn.server.store.rocksdb;

import dev.cairn.server.store.CollectionStats;
import dev.cairn.server.store.ItemBytes;
import dev.cairn.server.store.ItemCursor;
import dev.cairn.server.store.StoredItem;
import java.nio.ByteBuffer;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;

/**
 * {@link ItemCursor} over a key range at one moment. Owns both; confined to one thread at a time.
 */
final class RocksCursor implements ItemCursor {
  private final Moment moment;
  private final @Nullable Range range;
  private final CollectionStats stats;

  /** What {@link #bytes()} reads into, again and again; there is more room once one needs it. */
  private ByteBuffer key = ByteBuffer.allocate(0);

  private ByteBuffer value = ByteBuffer.allocate(0);

  /** The item stepped to, once somebody has asked for it. */
  private @Nullable StoredItem item;

  private boolean onItem;
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
      range = moment.range(row.home().family(), row.home().after(afterItemId), row.home().end());
      stats = row.stats();
    }
  }

  @Override
  public boolean next() {
    if (closed) {
      throw new IllegalStateException("the cursor is closed");
    }
    item = null;
    onItem = range != null && !ended && range.next();
    ended = !onItem;
    return onItem;
  }

  @Override
  public StoredItem item() {
    Range there = onItem();
    @Nullable StoredItem made = item;
    if (made == null) {
      made = ItemCodec.decode(ItemCodec.id(there.key()), there.value());
      item = made;
    }
    return made;
  }

  @Override
  public ItemBytes bytes() {
    Range there = onItem();
    key = read(there::key, key);
    value = read(there::value, value);
    return ItemCodec.bytes(key, value);
  }

  /** Where the item that was stepped to is. */
  private Range onItem() {
    if (range == null || !onItem) {
      throw new IllegalStateException("next() has not returned true");
    }
    return range;
  }

  /** Reads into {@code target}, or into a larger one if it has to be. */
  private static ByteBuffer read(ToIntFunction<ByteBuffer> source, ByteBuffer target) {
    int length = source.applyAsInt(target.clear());
    if (length <= target.capacity()) {
      return target;
    }
    ByteBuffer larger = ByteBuffer.allocate(Math.max(length, 2 * target.capacity()));
    var unused = source.applyAsInt(larger);
    return larger;
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
    onItem = false; // what it stood on is freed below
    if (range != null) {
      range.close();
    }
    moment.close();
  }
}
