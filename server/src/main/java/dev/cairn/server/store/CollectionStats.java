package dev.cairn.server.store;

/**
 * What a collection holds, exactly.
 *
 * @param itemCount number of items
 * @param sizeBytes sum of the items' stored sizes before compression: id, owner, data and times
 */
public record CollectionStats(long itemCount, long sizeBytes) {
  public static final CollectionStats EMPTY = new CollectionStats(0, 0);

  public CollectionStats plus(CollectionStats other) {
    return new CollectionStats(itemCount + other.itemCount, sizeBytes + other.sizeBytes);
  }
}
