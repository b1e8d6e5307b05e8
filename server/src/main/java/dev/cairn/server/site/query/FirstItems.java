package dev.cairn.server.site.query;

import dev.cairn.server.store.StoredItem;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;

/**
 * The first items in an order of all that were offered, as many as fit on a page: never more of
 * them than its size, nor more bytes than its limit and one item. An item that does not fit now
 * never will, because what is offered later can only push it back. Confined to one thread.
 */
final class FirstItems {
  /** What an item takes in an answer beside its texts: lengths, tags, times and revision. */
  private static final int FRAME_BYTES = 64;

  private final int maxItems;
  private final long maxBytes;
  private final TreeMap<Position, StoredItem> first;
  private long bytes;
  private long offered;

  FirstItems(Order order, int maxItems, long maxBytes) {
    this.first = new TreeMap<>(order);
    this.maxItems = maxItems;
    this.maxBytes = maxBytes;
  }

  static long sizeBytes(StoredItem item) {
    return item.sizeBytes() + FRAME_BYTES;
  }

  void offer(Position position, StoredItem item) {
    offered++;
    first.put(position, item);
    bytes += sizeBytes(item);
    while (first.size() > maxItems || bytes - sizeBytes(first.lastEntry().getValue()) >= maxBytes) {
      bytes -= sizeBytes(first.pollLastEntry().getValue());
    }
  }

  long keptBytes() {
    return bytes;
  }

  int keptItems() {
    return first.size();
  }

  /** The items that fit, and where to go on if others follow. */
  Page page() {
    List<Position> positions = new ArrayList<>(first.keySet());
    long size = bytes;
    Optional<Position> next = Optional.empty();
    if (offered > positions.size() || size > maxBytes) {
      int count = positions.size();
      while (count > 1 && size + tokenBytes(positions.get(count - 1)) > maxBytes) {
        count--;
        size -= sizeBytes(itemAt(positions.get(count)));
      }
      positions = positions.subList(0, count);
      next = offered > count ? Optional.of(positions.get(count - 1)) : Optional.empty();
    }
    return new Page(positions.stream().map(this::itemAt).toList(), next);
  }

  /** What the position takes in an answer, where it is written as Base64 once more. */
  private static long tokenBytes(Position position) {
    return position.encode().length() * 4L / 3 + FRAME_BYTES;
  }

  private StoredItem itemAt(Position position) {
    StoredItem item = first.get(position);
    if (item == null) {
      throw new IllegalStateException("the order is not consistent");
    }
    return item;
  }

  record Page(List<StoredItem> items, Optional<Position> next) {}
}
