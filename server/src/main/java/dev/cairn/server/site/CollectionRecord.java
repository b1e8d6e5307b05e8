package dev.cairn.server.site;

import dev.cairn.server.store.CollectionId;
import java.time.Instant;
import java.util.List;

/**
 * A collection as the catalog keeps it: its schema and named views, never its items.
 *
 * @param revision 1 at first, one more with each change
 */
public record CollectionRecord(
    CollectionId id,
    String displayName,
    List<Declaration> fields,
    List<Declaration> views,
    long revision,
    Instant createTime,
    Instant updateTime) {

  private static final String PREFIX = "collection/";

  public CollectionRecord {
    fields = List.copyOf(fields);
    views = List.copyOf(views);
  }

  static String prefix(SiteId siteId) {
    return PREFIX + siteId + "/";
  }

  static String key(SiteId siteId, CollectionId id) {
    return prefix(siteId) + id;
  }

  /**
   * A declared field or a named view. Only the contract's layer reads what is inside.
   *
   * @param name unique among the collection's fields, or among its views
   * @param message the contract's message in Base64
   */
  public record Declaration(String name, String message) {}
}
