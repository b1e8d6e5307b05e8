package dev.cairn.server.site;

import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which records of a kind are current: those that have ended stay on record for long, and most
 * steps look at the others only. So what such a step costs does not grow with a site's history.
 *
 * <p>An index in the catalog, changed in the same durable steps as the records. Thread-safe.
 */
public final class CurrentRecords {
  private static final Logger log = LoggerFactory.getLogger(CurrentRecords.class);

  private final String prefix;

  /**
   * @param kind of record, as in "backup"
   */
  public CurrentRecords(String kind) {
    this.prefix = "current-" + kind + "/";
  }

  /** Names a record across sites. */
  public record Name(SiteId siteId, String id) {}

  /** Says, in the step that writes a record, whether it is current from now on. */
  public void note(CatalogTransaction transaction, SiteId siteId, String id, boolean current) {
    if (current) {
      transaction.put(ofSite(siteId) + id, Boolean.TRUE);
    } else {
      transaction.delete(ofSite(siteId) + id);
    }
  }

  /** Forgets those of a site, in the step that removes its records. */
  public void removeSite(CatalogTransaction transaction, SiteId siteId) {
    transaction.deleteAll(ofSite(siteId));
  }

  /** The ids of a site's current records, in ascending order. */
  public List<String> ids(Catalog catalog, SiteId siteId) {
    return ids(catalog.keys(ofSite(siteId)), siteId);
  }

  /** The same as {@code transaction} is about to leave them. */
  public List<String> ids(CatalogTransaction transaction, SiteId siteId) {
    return ids(transaction.keys(ofSite(siteId)), siteId);
  }

  private List<String> ids(List<String> keys, SiteId siteId) {
    int start = ofSite(siteId).length();
    return keys.stream().map(key -> key.substring(start)).toList();
  }

  /**
   * Makes the index agree with the records, which another version of the server may have written
   * without it. Called at a start, before anything else changes them.
   *
   * @throws dev.cairn.server.error.ServiceException when it cannot be written; a server must not
   *     start with an index that misses records
   */
  public void recover(Catalog catalog, CommandLog commands, List<Name> current) {
    Set<String> right = new TreeSet<>();
    current.forEach(name -> right.add(ofSite(name.siteId()) + name.id()));
    Set<String> present = new TreeSet<>(catalog.keys(prefix));
    Set<String> missing = new TreeSet<>(right);
    missing.removeAll(present);
    Set<String> wrong = new TreeSet<>(present);
    wrong.removeAll(right);
    if (missing.isEmpty() && wrong.isEmpty()) {
      return;
    }
    log.info("index mended index={} added={} removed={}", prefix, missing.size(), wrong.size());
    commands.append(
        transaction -> {
          missing.forEach(key -> transaction.put(key, Boolean.TRUE));
          wrong.forEach(transaction::delete);
          return Boolean.TRUE;
        });
  }

  private String ofSite(SiteId siteId) {
    return prefix + siteId + "/";
  }
}
