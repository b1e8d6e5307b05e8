package dev.cairn.server.site.query;

import dev.cairn.server.store.StoredItem;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * An answer to an {@link ItemQuery}. Immutable.
 *
 * @param next where to go on; empty when nothing follows
 * @param total how many items match in all, if that was asked for
 * @param examined how many items were looked at
 */
public record QueryPage(
    List<StoredItem> items, Optional<Position> next, OptionalLong total, long examined) {
  public QueryPage {
    items = List.copyOf(items);
  }
}
