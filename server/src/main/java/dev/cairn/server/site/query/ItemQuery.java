package dev.cairn.server.site.query;

import java.util.List;
import java.util.Optional;

/**
 * A question for items of one collection. Immutable.
 *
 * @param sort none: by id
 * @param after where the page before ended, as it said; empty: the first page
 * @param pageSize items wanted, at least 1
 * @param maxBytes about how much the answer may hold, next position included; one item is answered
 *     even if it is larger
 * @param total whether to count all that match
 */
public record ItemQuery(
    Filter filter,
    List<SortKey> sort,
    Optional<Position> after,
    int pageSize,
    long maxBytes,
    boolean total) {
  public ItemQuery {
    sort = List.copyOf(sort);
    if (pageSize < 1 || maxBytes < 1) {
      throw new IllegalArgumentException("a page has room for one item at least");
    }
  }
}
