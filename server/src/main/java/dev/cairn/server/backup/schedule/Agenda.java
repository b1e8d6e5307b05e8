package dev.cairn.server.backup.schedule;

import dev.cairn.server.site.SiteId;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/**
 * Sites ordered by a time; each has at most one. Some hundred bytes a site, and a look at what is
 * due costs nothing when nothing is. Not thread-safe: its owner's lock guards it.
 */
final class Agenda {
  private record Entry(Instant time, SiteId site) {}

  private final Map<SiteId, Entry> bySite = new HashMap<>();
  private final TreeSet<Entry> byTime =
      new TreeSet<>(Comparator.comparing(Entry::time).thenComparing(Entry::site));

  void put(SiteId site, Instant time) {
    remove(site);
    Entry entry = new Entry(time, site);
    bySite.put(site, entry);
    byTime.add(entry);
  }

  void remove(SiteId site) {
    Entry old = bySite.remove(site);
    if (old != null) {
      byTime.remove(old);
    }
  }

  /** The same, unless the site has an earlier time already. */
  void putEarlier(SiteId site, Instant time) {
    Entry old = bySite.get(site);
    if (old == null || time.isBefore(old.time())) {
      put(site, time);
    }
  }

  /** The sites whose time has come, the earliest first. */
  List<SiteId> due(Instant now) {
    List<SiteId> due = new ArrayList<>();
    for (Entry entry : byTime) {
      if (entry.time().isAfter(now)) {
        break;
      }
      due.add(entry.site());
    }
    return due;
  }
}
