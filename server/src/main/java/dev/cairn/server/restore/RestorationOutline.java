package dev.cairn.server.restore;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import dev.cairn.server.site.SiteId;

/**
 * What is looked at where all restorations there are have to be: at a start, and before another one
 * begins. It is read from the same bytes as {@link RestorationRecord}; all else in them is skipped.
 */
@JsonIgnoreProperties(ignoreUnknown = true)
record RestorationOutline(
    SiteId siteId,
    RestorationId id,
    SiteId destinationSiteId,
    RestorationState state,
    long sequence) {
  boolean isPending() {
    return state == RestorationState.PENDING;
  }
}
