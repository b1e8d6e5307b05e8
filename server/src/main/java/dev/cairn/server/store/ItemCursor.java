package dev.cairn.server.store;

/**
 * Walks the items of a collection as they were at the moment the cursor was made, in ascending
 * order of their ids' UTF-8 bytes. Confined to one thread at a time; whoever made it closes it
 * before the store is closed.
 */
public interface ItemCursor extends AutoCloseable {
  /**
   * Steps to the next item.
   *
   * @return false at the end
   */
  boolean next();

  /** The item stepped to; valid after {@link #next()} returned true. */
  StoredItem item();

  /** The same as bytes, valid until the next step. */
  default ItemBytes bytes() {
    return ItemBytes.of(item());
  }

  /** What the collection held at the cursor's moment. */
  CollectionStats stats();

  @Override
  void close();
}
