package dev.cairn.server.backup;

import java.time.Instant;
import java.util.List;

/**
 * What a site occupied when it was measured. Sizes are bytes on disk; a file that several of the
 * three share counts for the first of LIVE, SANDBOX and backups.
 *
 * @param live everything of the site that is neither SANDBOX content nor a backup
 * @param backupBytes what only backups hold
 * @param backups READY ones, newest requested first
 */
public record SiteUsage(
    Part live, Part sandbox, long backupBytes, List<OfBackup> backups, Instant time) {

  public SiteUsage {
    backups = List.copyOf(backups);
  }

  /** Items in one environment, and the bytes that they fill. */
  public record Part(long itemCount, long bytes) {}

  /**
   * What a backup occupies.
   *
   * @param bytes of all its files
   * @param exclusiveBytes of those that nothing else uses
   */
  public record OfBackup(BackupId id, long bytes, long exclusiveBytes) {}

  /** Bytes of the whole site. */
  public long totalBytes() {
    return live.bytes() + sandbox.bytes() + backupBytes;
  }
}
