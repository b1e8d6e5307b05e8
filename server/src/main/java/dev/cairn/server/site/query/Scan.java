package dev.cairn.server.site.query;

import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import dev.cairn.server.site.Lease;
import dev.cairn.server.store.CollectionId;
import dev.cairn.server.store.ItemCursor;
import dev.cairn.server.store.StoredItem;
import java.util.List;
import java.util.function.BooleanSupplier;

/**
 * Goes through the items of one moment that lie in a range of ids, counts them, and reads of each
 * what a filter and an order want to know. Owns the lease; confined to one thread.
 */
final class Scan implements AutoCloseable {
  private final Lease lease;
  private final ItemCursor cursor;
  private final IdRange range;
  private final Filter filter;
  private final FieldReader fields;
  private final BooleanSupplier cancelled;
  private long examined;
  private boolean ended;

  /**
   * @param cancelled asked at each item whether to give up
   */
  Scan(
      Lease lease,
      CollectionId collection,
      IdRange range,
      Filter filter,
      List<SortKey> sort,
      BooleanSupplier cancelled) {
    this.lease = lease;
    this.range = range;
    this.filter = filter;
    this.fields = FieldReader.of(filter, sort);
    this.cancelled = cancelled;
    this.cursor = lease.store().scan(collection, range.after());
  }

  /**
   * Steps to the next item and reads it.
   *
   * @throws ServiceException CANCELLED; DATA_CORRUPT
   */
  boolean next() {
    if (!hasNext()) {
      return false;
    }
    examined++;
    fields.read(cursor.item());
    return true;
  }

  /** Steps to the next item without looking at it; the scan is over then. */
  boolean hasNext() {
    if (cancelled.getAsBoolean()) {
      throw new ServiceException(Reason.CANCELLED, "the call was cancelled");
    }
    ended = ended || !cursor.next() || range.endsBefore(cursor.item().id());
    return !ended;
  }

  StoredItem item() {
    return cursor.item();
  }

  boolean matches() {
    return filter.matches(fields);
  }

  Position position(Order order) {
    return order.position(fields, cursor.item().id());
  }

  long examined() {
    return examined;
  }

  /** All items of the collection at the moment of the scan, whether in the range or not. */
  long itemCount() {
    return cursor.stats().itemCount();
  }

  @Override
  public void close() {
    try (lease) {
      cursor.close();
    }
  }
}
