package dev.cairn.server.site;

import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * What happened, durably and in order: an event is written in the same step as the change that it
 * tells of, so that there is never one without the other.
 *
 * <p>Events lie in the catalog by their position among all sites, and by their sequence within
 * their site. Old ones are purged from the front; how far is remembered, so that a reader who is
 * too late is told instead of silently missing some.
 *
 * <p>Thread-safe. Readers are signalled after the change is durable and then read at their own
 * pace, each with an {@link EventFeed}.
 */
public final class EventLog {
  private static final String BY_POSITION = "event/";
  private static final String BY_SITE = "event-of/";
  private static final String STATE = "event-state";

  private final Catalog catalog;
  private final Set<Listener> listeners = ConcurrentHashMap.newKeySet();

  EventLog(Catalog catalog) {
    this.catalog = catalog;
  }

  /**
   * How far an order of events goes.
   *
   * @param last the newest number; 0 before the first event
   * @param purged everything up to this number is no longer kept
   */
  public record Extent(long last, long purged) {
    static final Extent EMPTY = new Extent(0, 0);

    boolean reaches(long after) {
      return after >= purged && after <= last;
    }
  }

  /** Where in the log the event of a site is. */
  record Pointer(long position) {}

  /**
   * Adds an event to the step that {@code transaction} is.
   *
   * @throws ServiceException SITE_NOT_FOUND when the site was deleted meanwhile
   */
  void append(
      CatalogTransaction transaction, SiteId siteId, Instant time, String type, Object change) {
    Sites.requireExists(transaction, siteId);
    Extent all = transaction.get(STATE, Extent.class).orElse(Extent.EMPTY);
    Extent own = transaction.get(state(siteId), Extent.class).orElse(Extent.EMPTY);
    EventRecord event =
        new EventRecord(
            all.last() + 1, siteId, own.last() + 1, time, type, CatalogCodec.toTree(change));
    transaction.put(BY_POSITION + number(event.position()), event);
    transaction.put(bySite(siteId) + number(event.sequence()), new Pointer(event.position()));
    transaction.put(STATE, new Extent(event.position(), all.purged()));
    transaction.put(state(siteId), new Extent(event.sequence(), own.purged()));
    transaction.eventsOf(siteId);
  }

  /** Tells readers that events of these sites came or went. Called when that is durable. */
  void changed(Set<SiteId> sites) {
    if (!sites.isEmpty()) {
      listeners.forEach(listener -> listener.tell(sites));
    }
  }

  /**
   * Calls {@code signal} after each change, from any thread, until the answer is closed. It has to
   * return at once and must not throw.
   *
   * @param site empty: of any site
   */
  public Subscription subscribe(Optional<SiteId> site, Runnable signal) {
    Listener listener = new Listener(site, signal);
    listeners.add(listener);
    return () -> listeners.remove(listener);
  }

  /** How many are subscribed. */
  public int subscriptionCount() {
    return listeners.size();
  }

  private static final class Listener {
    private final Optional<SiteId> site;
    private final Runnable signal;

    Listener(Optional<SiteId> site, Runnable signal) {
      this.site = site;
      this.signal = signal;
    }

    void tell(Set<SiteId> sites) {
      if (site.isEmpty() || sites.contains(site.get())) {
        signal.run();
      }
    }
  }

  /** Signals until it is closed. */
  @FunctionalInterface
  public interface Subscription extends AutoCloseable {
    @Override
    void close();
  }

  /** How far the log of all sites goes. */
  public Extent extent() {
    return catalog.get(STATE, Extent.class).orElse(Extent.EMPTY);
  }

  /** How far a site's events go. */
  public Extent extent(SiteId siteId) {
    return catalog.get(state(siteId), Extent.class).orElse(Extent.EMPTY);
  }

  /**
   * Up to {@code limit} events of all sites after {@code position}, in order.
   *
   * @throws ServiceException EVENTS_EXPIRED
   */
  List<EventRecord> read(long position, int limit) {
    requireKept(position);
    List<EventRecord> events = new ArrayList<>();
    catalog.scan(
        BY_POSITION,
        BY_POSITION + number(position),
        EventRecord.class,
        (key, event) -> {
          events.add(event);
          return events.size() < limit;
        });
    requireKept(position);
    return events;
  }

  /**
   * Up to {@code limit} events of the site after {@code sequence}, in order.
   *
   * @throws ServiceException EVENTS_EXPIRED
   */
  List<EventRecord> read(SiteId siteId, long sequence, int limit) {
    requireKept(siteId, sequence);
    List<Pointer> pointers = new ArrayList<>();
    catalog.scan(
        bySite(siteId),
        bySite(siteId) + number(sequence),
        Pointer.class,
        (key, pointer) -> {
          pointers.add(pointer);
          return pointers.size() < limit;
        });
    List<EventRecord> events =
        pointers.stream()
            .map(each -> catalog.get(BY_POSITION + number(each.position()), EventRecord.class))
            .flatMap(Optional::stream)
            .toList();
    requireKept(siteId, sequence); // or one of them may have been purged between the two reads
    return events;
  }

  /** Where the event of a site is; empty when it is not kept. */
  Optional<Long> positionOf(SiteId siteId, long sequence) {
    return catalog.get(bySite(siteId) + number(sequence), Pointer.class).map(Pointer::position);
  }

  /** The newest sequence of the site whose position is not after {@code position}. */
  long sequenceAt(SiteId siteId, long position) {
    Extent own = extent(siteId);
    long low = own.purged();
    long high = own.last();
    while (low < high) {
      long middle = low + (high - low + 1) / 2;
      // What is not kept any more came before everything that is.
      boolean reached = positionOf(siteId, middle).map(each -> each <= position).orElse(true);
      if (reached) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    return low;
  }

  /** Throws EVENTS_EXPIRED unless all events after {@code position} are kept. */
  void requireKept(long position) {
    if (!extent().reaches(position)) {
      throw expired(Map.of());
    }
  }

  private void requireKept(SiteId siteId, long sequence) {
    if (!extent(siteId).reaches(sequence)) {
      throw expired(siteId);
    }
  }

  /** The error for a watch of one site. */
  ServiceException expired(SiteId siteId) {
    Extent own = extent(siteId);
    return expired(
        Map.of(
            "site_id", siteId.value(),
            "oldest_sequence", String.valueOf(own.purged() + 1),
            "newest_sequence", String.valueOf(own.last())));
  }

  private static ServiceException expired(Map<String, String> metadata) {
    return new ServiceException(
        Reason.EVENTS_EXPIRED,
        metadata,
        "the events after that position are not kept, or it was never reached; read the lists anew"
            + " and start afresh");
  }

  /**
   * The site as it is now, to be recognized later.
   *
   * @throws ServiceException SITE_NOT_FOUND
   */
  SiteRecord site(SiteId siteId) {
    return catalog
        .get(SiteRecord.key(siteId), SiteRecord.class)
        .orElseThrow(() -> SiteSection.siteNotFound(siteId));
  }

  /** Removes up to {@code limit} of the oldest events if older than {@code before}. */
  public int purge(Instant before, int limit) {
    return catalog.apply(transaction -> purge(transaction, before, limit));
  }

  private int purge(CatalogTransaction transaction, Instant before, int limit) {
    List<EventRecord> old = new ArrayList<>();
    catalog.scan(
        BY_POSITION,
        "",
        EventRecord.class,
        (key, event) -> {
          if (!event.time().isBefore(before)) {
            return false;
          }
          old.add(event);
          return old.size() < limit;
        });
    for (EventRecord event : old) {
      transaction.delete(BY_POSITION + number(event.position()));
      transaction.delete(bySite(event.siteId()) + number(event.sequence()));
      Extent all = transaction.get(STATE, Extent.class).orElse(Extent.EMPTY);
      transaction.put(STATE, new Extent(all.last(), event.position()));
      Extent own = transaction.get(state(event.siteId()), Extent.class).orElse(Extent.EMPTY);
      transaction.put(state(event.siteId()), new Extent(own.last(), event.sequence()));
    }
    return old.size();
  }

  /** Removes a site's events, in the step that removes the site. */
  void removeSite(CatalogTransaction transaction, SiteId siteId) {
    for (Pointer pointer : transaction.list(bySite(siteId), Pointer.class)) {
      transaction.delete(BY_POSITION + number(pointer.position()));
    }
    transaction.deleteAll(bySite(siteId));
    transaction.delete(state(siteId));
    transaction.eventsOf(siteId);
  }

  private static String bySite(SiteId siteId) {
    return BY_SITE + siteId + "/";
  }

  private static String state(SiteId siteId) {
    return STATE + "/" + siteId;
  }

  /** Fixed width, so that keys sort as numbers do. */
  private static String number(long value) {
    return String.format(Locale.ROOT, "%019d", value);
  }
}
