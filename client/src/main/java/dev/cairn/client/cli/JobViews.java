package dev.cairn.client.cli;

import com.google.protobuf.Timestamp;
import dev.cairn.v1.Backup;
import dev.cairn.v1.BackupCollection;
import dev.cairn.v1.BackupState;
import dev.cairn.v1.BackupVerification;
import dev.cairn.v1.CollectionPreview;
import dev.cairn.v1.Event;
import dev.cairn.v1.Failure;
import dev.cairn.v1.LogLine;
import dev.cairn.v1.LogSeverity;
import dev.cairn.v1.PreviewRestorationResponse;
import dev.cairn.v1.Progress;
import dev.cairn.v1.Restoration;
import dev.cairn.v1.RestorationDestination;
import dev.cairn.v1.RestoredCollection;
import dev.cairn.v1.VerificationState;
import java.time.Duration;
import java.time.Instant;
import java.util.List;

/**
 * What people see of backups, restorations and their events: a block, the rows of a table, or a
 * line. Long, but a row of independent views.
 */
final class JobViews {
  private JobViews() {}

  // Backups

  static String backup(Backup backup, Instant now) {
    Details details =
        new Details()
            .add("Backup", backup.getId())
            .add("Site", backup.getSiteId())
            .add("State", state(backup))
            .add("Failure", failure(backup.getFailure()))
            .add("Type", type(backup))
            .add("Description", backup.getDescription())
            .add("Labels", Format.labels(backup.getLabelsMap()))
            .addIf(backup.getPinned(), "Pinned", "yes: retention leaves it alone")
            .add("Holds", Format.when(backup.hasSnapshotTime(), backup.getSnapshotTime()))
            .add("Requested", Format.when(backup.hasCreateTime(), backup.getCreateTime()))
            .add("Finished", Format.when(backup.hasFinishTime(), backup.getFinishTime()))
            .addIf(
                backup.hasStartTime() && backup.hasFinishTime(),
                "Took",
                span(backup.getStartTime(), backup.getFinishTime()))
            .add("By", backup.getCreator());
    if (backup.hasSnapshotTime() || backup.getCollectionsCount() > 0) {
      details.add(
          "Content",
          Format.count(backup.getItemCount(), "item")
              + " in "
              + Format.count(backup.getCollectionsCount(), "collection"));
    }
    details
        .addIf(
            backup.getSizeBytes() > 0,
            "Size",
            Format.bytes(backup.getSizeBytes())
                + ", "
                + Format.bytes(backup.getExclusiveSizeBytes())
                + " freed if deleted")
        .add("Verified", verified(backup, now))
        .add("Findings", backup.getVerification().getDetail())
        .add("Evicted", String.join(", ", backup.getEvictedBackupIdsList()))
        .add("Kept by", backup.getRestorationId())
        .add("Deleted", Format.when(backup.hasDeleteTime(), backup.getDeleteTime()))
        .add("Expires", Format.when(backup.hasExpireTime(), backup.getExpireTime()))
        .add("Record until", Format.when(backup.hasPurgeTime(), backup.getPurgeTime()))
        .add("Etag", backup.getEtag());
    Table table = new Table("COLLECTION", "ITEMS>", "SIZE>", "NAME");
    for (BackupCollection collection : backup.getCollectionsList()) {
      table.row(
          collection.getCollectionId(),
          Format.count(collection.getItemCount()),
          "~" + Format.bytes(collection.getSizeBytes()),
          collection.getDisplayName());
    }
    return details + (table.isEmpty() ? "" : "\n" + table) + log(backup.getLogList());
  }

  static String backups(List<Backup> backups, String nextEvicted, Instant now) {
    Table table =
        new Table(
            "BACKUP", "STATE", "TYPE", "AGE", "VERIFIED", "ITEMS>", "SIZE>", "PINNED", "NOTE");
    for (Backup backup : backups) {
      table.row(
          backup.getId(),
          state(backup),
          type(backup),
          Format.age(backup.hasCreateTime(), backup.getCreateTime(), now),
          verified(backup, now),
          Format.count(backup.getItemCount()),
          backup.getSizeBytes() == 0 ? "" : Format.bytes(backup.getSizeBytes()),
          backup.getPinned() ? "pinned" : "",
          note(backup, nextEvicted));
    }
    return table.toString();
  }

  private static String note(Backup backup, String nextEvicted) {
    String first = backup.getId().equals(nextEvicted) ? "<- goes next" : "";
    String second =
        backup.getState() == BackupState.BACKUP_STATE_FAILED
            ? failure(backup.getFailure())
            : backup.getDescription();
    return Table.shortened(first + (first.isEmpty() || second.isEmpty() ? "" : "  ") + second, 60);
  }

  static String state(Backup backup) {
    String state = Format.name(backup.getState());
    return switch (backup.getState()) {
      case BACKUP_STATE_PENDING -> state + (backup.hasStartTime() ? " (running)" : " (queued)");
      case BACKUP_STATE_DELETED ->
          state + " (" + Format.lower(Format.name(backup.getDeleteReason())) + ")";
      default -> state;
    };
  }

  private static String type(Backup backup) {
    return Format.lower(Format.name(backup.getType()));
  }

  static String verified(Backup backup, Instant now) {
    if (backup.getState() != BackupState.BACKUP_STATE_READY) {
      return "";
    }
    BackupVerification verification = backup.getVerification();
    String when =
        verification.hasLastVerifyTime()
            ? " " + Format.age(verification.getLastVerifyTime(), now) + " ago"
            : "";
    return switch (verification.getState()) {
      case VERIFICATION_STATE_VERIFIED -> "yes," + when;
      case VERIFICATION_STATE_CORRUPT -> "CORRUPT," + when;
      case VERIFICATION_STATE_RUNNING -> "being verified";
      default -> "no";
    };
  }

  // Restorations

  static String restoration(Restoration restoration) {
    Details details =
        new Details()
            .add("Restoration", restoration.getId())
            .add("Site", restoration.getSiteId())
            .addIf(
                !restoration.getDestinationSiteId().equals(restoration.getSiteId()),
                "Into site",
                restoration.getDestinationSiteId())
            .add("State", state(restoration))
            .add("Failure", failure(restoration.getFailure()))
            .add("Kind", Format.lower(Format.name(restoration.getKind())))
            .add("Backup", restoration.getBackup().getId())
            .add("Undoes", restoration.getUndoOfRestorationId())
            .add("Requested", Format.when(restoration.hasCreateTime(), restoration.getCreateTime()))
            .add("Finished", Format.when(restoration.hasFinishTime(), restoration.getFinishTime()))
            .addIf(
                restoration.hasStartTime() && restoration.hasFinishTime(),
                "Took",
                span(restoration.getStartTime(), restoration.getFinishTime()))
            .addIf(
                restoration.hasWritePause(),
                "Writes waited",
                Format.duration(restoration.getWritePause()).toMillis() + " ms at most")
            .add("Safety backup", restoration.getSafetyBackupId())
            .add("By", restoration.getCreator());
    Table table = new Table("COLLECTION", "INTO", "ITEMS>", "OUTCOME");
    for (RestoredCollection collection : restoration.getCollectionsList()) {
      table.row(
          collection.getCollectionId(),
          into(collection.getCollectionId(), collection.getDestination()),
          Format.count(collection.getItemCount()),
          outcome(Format.name(collection.getOutcome())));
    }
    return details + (table.isEmpty() ? "" : "\n" + table) + log(restoration.getLogList());
  }

  static String restorations(List<Restoration> restorations, Instant now) {
    Table table =
        new Table(
            "RESTORATION", "STATE", "KIND", "AGE", "BACKUP", "ITEMS>", "SAFETY BACKUP", "NOTE");
    for (Restoration restoration : restorations) {
      long items =
          restoration.getCollectionsList().stream()
              .mapToLong(RestoredCollection::getItemCount)
              .sum();
      String note =
          restoration.hasFailure()
              ? failure(restoration.getFailure())
              : restoration.getDestinationSiteId().equals(restoration.getSiteId())
                  ? ""
                  : "into site " + restoration.getDestinationSiteId();
      table.row(
          restoration.getId(),
          state(restoration),
          Format.lower(Format.name(restoration.getKind())),
          Format.age(restoration.hasCreateTime(), restoration.getCreateTime(), now),
          restoration.getBackup().getId(),
          Format.count(items),
          restoration.getSafetyBackupId(),
          Table.shortened(note, 60));
    }
    return table.toString();
  }

  static String state(Restoration restoration) {
    String state = Format.name(restoration.getState());
    return switch (restoration.getState()) {
      case RESTORATION_STATE_PENDING ->
          state + (restoration.hasStartTime() ? " (running)" : " (queued)");
      default -> state;
    };
  }

  static String preview(PreviewRestorationResponse preview) {
    Table table =
        new Table(
            "COLLECTION", "INTO", "OUTCOME", "NOW>", "BACKUP>", "ADDED>", "CHANGED>", "REMOVED>");
    StringBuilder samples = new StringBuilder();
    for (CollectionPreview collection : preview.getCollectionsList()) {
      table.row(
          collection.getCollectionId(),
          into(collection.getCollectionId(), collection.getDestination()),
          outcome(Format.name(collection.getOutcome())),
          Format.count(collection.getLiveCount()),
          Format.count(collection.getBackupCount()),
          Format.count(collection.getAddedCount()),
          Format.count(collection.getChangedCount()),
          Format.count(collection.getRemovedCount()));
      sample(samples, collection, "added", collection.getAddedItemIdsList());
      sample(samples, collection, "changed", collection.getChangedItemIdsList());
      sample(samples, collection, "removed", collection.getRemovedItemIdsList());
    }
    return table
        + (samples.isEmpty() ? "" : "\n" + samples)
        + "\nTo restore only if nothing changes until then: --preview-token "
        + preview.getPreviewToken()
        + "\n";
  }

  private static void sample(
      StringBuilder text, CollectionPreview collection, String what, List<String> ids) {
    if (!ids.isEmpty()) {
      String line = collection.getCollectionId() + " " + what + ": " + String.join(", ", ids);
      text.append(Table.shortened(Table.clean(line))).append('\n');
    }
  }

  private static String into(String collectionId, RestorationDestination destination) {
    String id = destination.getCollectionId();
    return id.isEmpty() || id.equals(collectionId) ? "" : id;
  }

  private static String outcome(String name) {
    return name.equals("UNSPECIFIED") ? "" : Format.lower(name);
  }

  // Events

  static String event(Event event) {
    String what =
        switch (event.getChangeCase()) {
          case BACKUP_STATE_CHANGED -> {
            Backup backup = event.getBackupStateChanged().getBackup();
            VerificationState before = event.getBackupStateChanged().getPreviousVerificationState();
            boolean verification =
                before != backup.getVerification().getState()
                    && before != VerificationState.VERIFICATION_STATE_UNSPECIFIED;
            yield "backup "
                + backup.getId()
                + "  "
                + state(backup)
                + (verification ? ", " + Format.name(backup.getVerification().getState()) : "")
                + "  "
                + type(backup)
                + failed(backup.getFailure());
          }
          case RESTORATION_STATE_CHANGED -> {
            Restoration restoration = event.getRestorationStateChanged().getRestoration();
            yield "restoration "
                + restoration.getId()
                + "  "
                + state(restoration)
                + "  "
                + Format.lower(Format.name(restoration.getKind()))
                + " of "
                + restoration.getBackup().getId()
                + failed(restoration.getFailure());
          }
          case CHANGE_NOT_SET -> "something that this version does not know";
        };
    return Format.time(event.getTime())
        + "  "
        + event.getSiteId()
        + " #"
        + event.getSequence()
        + "  "
        + Table.clean(what)
        + "\n";
  }

  private static String failed(Failure failure) {
    String text = failure(failure);
    return text.isEmpty() ? "" : "  " + text;
  }

  // Parts

  static String failure(Failure failure) {
    return failure.getMessage().isEmpty() && failure.getReasonValue() == 0
        ? ""
        : failure.getMessage() + " (" + Format.name(failure.getReason()) + ")";
  }

  /** A phase of a job, in words. */
  static String phase(Progress progress) {
    return switch (progress.getPhase()) {
      case PHASE_UNSPECIFIED, UNRECOGNIZED -> "";
      default -> Format.lower(Format.name(progress.getPhase()));
    };
  }

  private static String log(List<LogLine> lines) {
    if (lines.isEmpty()) {
      return "";
    }
    StringBuilder text = new StringBuilder("\n");
    for (LogLine line : lines) {
      text.append(Format.time(line.getTime()))
          .append("  ")
          .append(
              line.getSeverity() == LogSeverity.LOG_SEVERITY_INFO
                  ? ""
                  : Format.name(line.getSeverity()) + ": ")
          .append(Table.clean(line.getMessage()))
          .append('\n');
    }
    return text.toString();
  }

  private static String span(Timestamp from, Timestamp to) {
    Duration span = Duration.between(Format.instant(from), Format.instant(to));
    return span.toMillis() < 1_000 ? span.toMillis() + " ms" : Format.span(span);
  }
}
