package dev.cairn.server.restore;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import dev.cairn.server.site.SiteId;

/**
 * What a start looks at of all restorations there are. It is read from the same bytes as {@link
 * RestorationRecord}; all else in them is skipped.
 */
@JsonIgnoreProperties(ignoreUnknown = true)
record RestorationOutline(SiteId siteId, RestorationId id, RestorationState state, long sequence) {
  boolean isPending() {
    return state == RestorationState.PENDING;
  }
}
