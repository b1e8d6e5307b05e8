package dev.cairn.server.site;

import java.time.Instant;
import java.util.Map;

/** A site as the catalog keeps it. */
public record SiteRecord(
    SiteId id, String displayName, Map<String, String> labels, Instant createTime) {

  /** Where site records live. */
  static final String PREFIX = "site/";

  public SiteRecord {
    labels = Map.copyOf(labels);
  }

  static String key(SiteId id) {
    return PREFIX + id;
  }
}
