package dev.cairn.server.backup.schedule;

import dev.cairn.server.backup.BackupId;
import dev.cairn.server.site.CatalogTransaction;
import dev.cairn.server.site.SiteId;
import java.time.Instant;

/** Makes the backups that schedules ask for. Thread-safe. */
interface AutoBackupMaker {
  /**
   * Requests an AUTO backup of all collections; answers its id.
   *
   * @param alongside what becomes durable together with the request
   * @throws dev.cairn.server.error.ServiceException SITE_NOT_FOUND; OVERLOADED, and nothing was
   *     requested
   */
  BackupId request(SiteId site, Alongside alongside);

  /** What became of it. */
  Outcome outcome(SiteId site, BackupId backup);

  /** Has {@code listener} told, by any thread, when a backup that was requested has ended. */
  void onEnded(Runnable listener);

  /** Lets go of what the site's retention no longer keeps. */
  void applyRetention(SiteId site);

  /** A part of the durable step that makes a backup's record. */
  @FunctionalInterface
  interface Alongside {
    void requested(CatalogTransaction transaction, BackupId backup, Instant createTime);
  }
}
