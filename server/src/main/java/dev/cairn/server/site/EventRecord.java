package dev.cairn.server.site;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Instant;

/**
 * Something that happened to what belongs to a site.
 *
 * @param position in the order of all sites, from 1; positions of deleted sites are left out
 * @param siteId where it happened
 * @param sequence in the order of its site: 1, 2, 3 without gaps
 * @param type which layer can read {@code change}
 * @param change what happened, as that layer wrote it
 */
public record EventRecord(
    long position, SiteId siteId, long sequence, Instant time, String type, JsonNode change) {

  /** The change as the record that was appended. */
  public <T> T change(Class<T> as) {
    return CatalogCodec.fromTree(change, as);
  }
}
