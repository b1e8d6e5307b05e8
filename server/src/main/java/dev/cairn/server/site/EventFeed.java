package dev.cairn.server.site;

import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * One reader's way through the {@link EventLog}: the events of one site, or of all, each once and
 * in order. It keeps two numbers and no event, so that a slow reader costs nothing.
 *
 * <p>A feed of one site is that of the site which bore the name when it began: when the site is
 * deleted it ends, even if another of the same name was made since.
 *
 * <p>Confined to one thread at a time.
 */
public final class EventFeed {
  private final EventLog log;
  private final @Nullable SiteRecord site;

  /** All events up to here were read, or left out because they are of other sites. */
  private long position;

  /** The same in the order of the site. */
  private long sequence;

  /** Whether it begins with the oldest event that is kept, whichever that will be. */
  private boolean atOldest;

  /** Where a feed begins. */
  public sealed interface Start {}

  /** With the first event from now on. */
  public record Now() implements Start {}

  /** With the oldest event that is kept. */
  public record Beginning() implements Start {}

  /** After an event of the site; 0: with its first. */
  public record AfterSequence(long sequence) implements Start {}

  /** After a position of an earlier feed, of the same site or another or all. */
  public record AfterPosition(long position) implements Start {}

  /**
   * @param siteId empty: all sites; then {@code start} is no {@link AfterSequence}
   * @throws ServiceException SITE_NOT_FOUND; EVENTS_EXPIRED
   */
  public EventFeed(EventLog log, Optional<SiteId> siteId, Start start) {
    this.log = log;
    this.site = siteId.map(log::site).orElse(null);
    if (start instanceof Now) {
      goTo(log.extent().last());
    } else if (start instanceof Beginning) {
      atOldest = true;
      goToOldest();
    } else if (start instanceof AfterPosition after) {
      goTo(after.position());
      requireKept(after.position()); // after the sequence was looked up, which skips what is purged
    } else if (start instanceof AfterSequence after) {
      goToSequence(after.sequence());
    }
  }

  private void goTo(long newPosition) {
    position = newPosition;
    sequence = site == null ? 0 : log.sequenceAt(site.id(), newPosition);
  }

  private void goToOldest() {
    position = log.extent().purged();
    sequence = site == null ? 0 : log.extent(site.id()).purged();
  }

  private void goToSequence(long after) {
    if (site == null) {
      throw new IllegalArgumentException("a sequence is that of one site");
    }
    if (!log.extent(site.id()).reaches(after)) {
      throw log.expired(site.id());
    }
    sequence = after;
    // What is not kept any more came before all that is.
    position = log.positionOf(site.id(), after).orElseGet(() -> log.extent().purged());
  }

  private void requireKept(long after) {
    try {
      log.requireKept(after);
    } catch (ServiceException e) {
      throw site == null ? e : log.expired(site.id());
    }
  }

  /** Where the next feed goes on after this one; grows. */
  public long position() {
    return position;
  }

  /**
   * Up to {@code limit} of the events that come next, none when there are no more now. Each counts
   * as read only when it was {@link #passed}.
   *
   * @throws ServiceException SITE_NOT_FOUND when the site is gone; EVENTS_EXPIRED when the next
   *     event is no longer kept
   */
  public List<EventRecord> next(int limit) {
    long end = log.extent().last(); // before reading: all up to here will be seen
    List<EventRecord> events = read(limit);
    if (events.isEmpty()) {
      position = Math.max(position, end);
      atOldest = false;
    }
    return events;
  }

  private List<EventRecord> read(int limit) {
    while (true) {
      try {
        List<EventRecord> events =
            site == null ? log.read(position, limit) : log.read(site.id(), sequence, limit);
        requireSite();
        return events;
      } catch (ServiceException e) {
        requireSite();
        if (!atOldest || e.reason() != Reason.EVENTS_EXPIRED) {
          throw e;
        }
        goToOldest();
      }
    }
  }

  private void requireSite() {
    if (site != null && !log.site(site.id()).createTime().equals(site.createTime())) {
      throw SiteSection.siteNotFound(site.id());
    }
  }

  /** The event has been dealt with: the one that was next. */
  public void passed(EventRecord event) {
    position = event.position();
    sequence = event.sequence();
    atOldest = false;
  }
}
