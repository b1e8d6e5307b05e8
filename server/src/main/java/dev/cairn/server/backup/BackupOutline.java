package dev.cairn.server.backup;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import dev.cairn.server.repository.BackupKey;
import dev.cairn.server.site.SiteId;

/**
 * What of a backup's record a start looks at, for every backup there is, and a verification while
 * it runs. It is read from the same bytes as {@link BackupRecord}; all else in them is skipped, and
 * not even kept aside as unknown, which takes a fraction of the time.
 */
@JsonIgnoreProperties(ignoreUnknown = true)
record BackupOutline(
    SiteId siteId, BackupId id, BackupState state, Checked verification, long sequence) {
  /** What is known of its files. */
  @JsonIgnoreProperties(ignoreUnknown = true)
  record Checked(Verification.State state, boolean running) {}

  boolean isReady() {
    return state == BackupState.READY;
  }

  /** Whether something was under way when the server stopped. */
  boolean isUnsettled() {
    return state == BackupState.PENDING || verification.running();
  }

  BackupKey repositoryKey() {
    return new BackupKey(siteId.value(), id.value());
  }
}
