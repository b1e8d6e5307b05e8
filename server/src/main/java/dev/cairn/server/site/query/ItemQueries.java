package dev.cairn.server.site.query;

import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import dev.cairn.server.site.Items.Place;
import dev.cairn.server.site.Lease;
import dev.cairn.server.site.Sites;
import dev.cairn.server.store.StoredItem;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.BooleanSupplier;

/**
 * Finds and counts items by what is in them. Each call sees one moment.
 *
 * <p>A query without a sort and without a total is answered as it goes: it stops when the page is
 * full or when it looked at as many items as one call may. Every other question needs all items at
 * once, and is refused when that is too many.
 *
 * <p>Thread-safe. Every method throws {@code ServiceException}: SITE_NOT_FOUND,
 * COLLECTION_NOT_FOUND, QUERY_TOO_LARGE, CANCELLED.
 */
public final class ItemQueries {
  private final Sites sites;
  private final long maxExamined;

  /**
   * @param maxExamined how many items one call may look at
   */
  public ItemQueries(Sites sites, long maxExamined) {
    this.sites = sites;
    this.maxExamined = maxExamined;
  }

  /**
   * One page of the items that match.
   *
   * @param cancelled asked again and again whether nobody waits for the answer any more
   * @throws ServiceException INVALID_PAGE_TOKEN when the position is one of another order
   */
  public QueryPage query(Place place, ItemQuery query, BooleanSupplier cancelled) {
    Order order = Order.of(query.sort());
    query.after().ifPresent(after -> requireFit(after, order));
    boolean countAll = query.total() && !query.filter().equals(Filter.ALL);
    boolean asStored = order.isById() && !countAll;
    IdRange range = IdRange.of(query.filter());
    if (asStored && query.after().isPresent()) {
      range = range.from(query.after().get().id());
    }
    try (Scan scan = open(place, range, query.filter(), order, cancelled)) {
      return asStored ? answerAsStored(scan, query) : answerAll(place, scan, range, query, order);
    }
  }

  /** How many items match. Without a condition it looks at none. */
  public long count(Place place, Filter filter, BooleanSupplier cancelled) {
    IdRange range = IdRange.of(filter);
    try (Scan scan = open(place, range, filter, Order.of(List.of()), cancelled)) {
      if (filter.equals(Filter.ALL)) {
        return scan.itemCount();
      }
      requireSmall(place, scan, range);
      long count = 0;
      while (scan.next()) {
        requireSmall(place, scan);
        count += scan.matches() ? 1 : 0;
      }
      return count;
    }
  }

  private Scan open(
      Place place, IdRange range, Filter filter, Order order, BooleanSupplier cancelled) {
    sites.collections(place.siteId()).require(place.collection());
    Lease lease = sites.lease(place.siteId(), place.environment());
    try {
      return new Scan(lease, place.collection(), range, filter, order.keys(), cancelled);
    } catch (RuntimeException e) {
      lease.close();
      throw e;
    }
  }

  private QueryPage answerAsStored(Scan scan, ItemQuery query) {
    List<StoredItem> items = new ArrayList<>();
    long bytes = 0;
    Optional<Position> last = query.after();
    boolean full = false;
    while (!full && scan.examined() < maxExamined && scan.next()) {
      if (scan.matches()) {
        bytes += FirstItems.sizeBytes(scan.item());
        if (bytes > query.maxBytes() && !items.isEmpty()) {
          return page(items, last, query, scan);
        }
        items.add(scan.item());
        full = items.size() == query.pageSize();
      }
      last = Optional.of(Position.of(scan.item().id()));
    }
    return page(items, scan.hasNext() ? last : Optional.empty(), query, scan);
  }

  private static QueryPage page(
      List<StoredItem> items, Optional<Position> next, ItemQuery query, Scan scan) {
    OptionalLong total = query.total() ? OptionalLong.of(scan.itemCount()) : OptionalLong.empty();
    return new QueryPage(items, next, total, scan.examined());
  }

  private QueryPage answerAll(Place place, Scan scan, IdRange range, ItemQuery query, Order order) {
    requireSmall(place, scan, range);
    FirstItems first = new FirstItems(order, query.pageSize(), query.maxBytes());
    long total = 0;
    while (scan.next()) {
      requireSmall(place, scan);
      if (!scan.matches()) {
        continue;
      }
      total++;
      Position position = scan.position(order);
      if (query.after().isEmpty() || order.compare(position, query.after().get()) > 0) {
        first.offer(position, scan.item());
      }
    }
    FirstItems.Page page = first.page();
    return new QueryPage(
        page.items(),
        page.next(),
        query.total() ? OptionalLong.of(total) : OptionalLong.empty(),
        scan.examined());
  }

  /** Refuses before the first item what is sure to be refused after the last. */
  private void requireSmall(Place place, Scan scan, IdRange range) {
    if (range.isAll() && scan.itemCount() > maxExamined) {
      throw tooLarge(place);
    }
  }

  private void requireSmall(Place place, Scan scan) {
    if (scan.examined() > maxExamined) {
      throw tooLarge(place);
    }
  }

  private ServiceException tooLarge(Place place) {
    return new ServiceException(
        Reason.QUERY_TOO_LARGE,
        Map.of(
            "site_id", place.siteId().value(),
            "collection_id", place.collection().value(),
            "limit", String.valueOf(maxExamined)),
        "the answer needs a look at more than "
            + maxExamined
            + " items of collection "
            + place.collection()
            + "; narrow the filter by @id, leave out the sort and the total, or export the items");
  }

  private static void requireFit(Position after, Order order) {
    if (after.keys().size() != order.keys().size()) {
      throw new ServiceException(
          Reason.INVALID_PAGE_TOKEN,
          "the page token belongs to another query; start again from the first page");
    }
  }
}
