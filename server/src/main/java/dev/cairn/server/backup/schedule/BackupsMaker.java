package dev.cairn.server.backup.schedule;

import dev.cairn.server.backup.BackupId;
import dev.cairn.server.backup.BackupRecord;
import dev.cairn.server.backup.BackupType;
import dev.cairn.server.backup.Backups;
import dev.cairn.server.backup.JobFailure;
import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import dev.cairn.server.site.SiteId;

/** The real maker. Thread-safe. */
final class BackupsMaker implements AutoBackupMaker {
  private final Backups backups;

  BackupsMaker(Backups backups) {
    this.backups = backups;
  }

  @Override
  public BackupId request(SiteId site, Alongside alongside) {
    return backups
        .createAuto(
            site,
            (transaction, record) ->
                alongside.requested(transaction, record.id(), record.times().create()))
        .record()
        .id();
  }

  @Override
  public Outcome outcome(SiteId site, BackupId backup) {
    try {
      return outcome(backups.get(site, backup).record());
    } catch (ServiceException e) {
      if (e.reason() == Reason.BACKUP_NOT_FOUND || e.reason() == Reason.SITE_NOT_FOUND) {
        return new Outcome.Gone();
      }
      throw e;
    }
  }

  private static Outcome outcome(BackupRecord record) {
    return switch (record.state()) {
      case PENDING -> new Outcome.Pending();
      case READY, DELETED ->
          new Outcome.Ready(record.times().snapshot().orElse(record.times().create()));
      case FAILED ->
          new Outcome.Failed(
              record.times().finish().orElse(record.times().create()),
              record.failure().map(JobFailure::reason).orElse(Reason.INTERNAL));
      case CANCELED -> new Outcome.Gone();
    };
  }

  @Override
  public void onEnded(Runnable listener) {
    backups.onEnded(
        type -> {
          if (type == BackupType.AUTO) {
            listener.run();
          }
        });
  }

  @Override
  public void applyRetention(SiteId site) {
    backups.applyRetention(site);
  }
}
