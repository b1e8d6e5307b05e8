package dev.cairn.server.grpc;

import dev.cairn.server.restore.Previews;
import dev.cairn.server.restore.RestorationKind;
import dev.cairn.server.restore.RestorationRecord;
import dev.cairn.server.restore.RestorationState;
import dev.cairn.server.restore.RestorationView;
import dev.cairn.server.restore.VerificationMode;
import dev.cairn.v1.CollectionPreview;
import dev.cairn.v1.Restoration;
import dev.cairn.v1.RestorationDestination;
import dev.cairn.v1.RestorationOutcome;
import dev.cairn.v1.RestoredCollection;
import java.time.Duration;

/** Restorations as the contract has them. Immutable. */
final class RestorationMessages {
  private final BackupMessages backups;
  private final Duration recordRetention;

  /**
   * @param recordRetention how long the record of a restoration is kept after its end
   */
  RestorationMessages(BackupMessages backups, Duration recordRetention) {
    this.backups = backups;
    this.recordRetention = recordRetention;
  }

  /** With progress, without the log: a message in the middle of a watch. */
  Restoration withProgress(RestorationView view) {
    return progress(view).build();
  }

  /** With progress and log. */
  Restoration whole(RestorationView view) {
    Restoration.Builder message = progress(view);
    view.record().log().forEach(line -> message.addLog(ProgressMessages.line(line)));
    return message.build();
  }

  private Restoration.Builder progress(RestorationView view) {
    return builder(view.record())
        .setProgress(
            ProgressMessages.toProto(view.progress(), view.sequence(), view.record().log()));
  }

  /** Without progress and log, as in lists. */
  Restoration brief(RestorationRecord record) {
    return builder(record).build();
  }

  private Restoration.Builder builder(RestorationRecord record) {
    Restoration.Builder message =
        Restoration.newBuilder()
            .setId(record.id().value())
            .setSiteId(record.siteId().value())
            .setDestinationSiteId(record.destinationSiteId().value())
            .setBackup(backups.brief(record.backup()))
            .setState(state(record.state()))
            .setKind(kind(record.kind()))
            .setCreateTime(Times.toProto(record.times().create()))
            .setVerification(mode(record.verification()))
            .setCreator(record.creator());
    record.times().start().ifPresent(time -> message.setStartTime(Times.toProto(time)));
    record
        .times()
        .finish()
        .ifPresent(
            time ->
                message
                    .setFinishTime(Times.toProto(time))
                    .setPurgeTime(Times.toProto(time.plus(recordRetention))));
    record.collections().forEach(each -> message.addCollections(collection(each)));
    record.safetyBackupId().ifPresent(id -> message.setSafetyBackupId(id.value()));
    record.undoOf().ifPresent(id -> message.setUndoOfRestorationId(id.value()));
    record.writePause().ifPresent(pause -> message.setWritePause(Times.toProto(pause)));
    record.failure().ifPresent(each -> message.setFailure(ProgressMessages.failure(each)));
    return message;
  }

  private static RestoredCollection collection(RestorationRecord.Entry entry) {
    return RestoredCollection.newBuilder()
        .setCollectionId(entry.source().value())
        .setDestination(destination(entry))
        .setItemCount(entry.itemCount())
        .setOutcome(outcome(entry.outcome()))
        .build();
  }

  private static RestorationDestination destination(RestorationRecord.Entry entry) {
    return RestorationDestination.newBuilder()
        .setCollectionId(entry.destination().value())
        .setDisplayName(entry.displayName())
        .build();
  }

  static CollectionPreview preview(Previews.Row row) {
    return CollectionPreview.newBuilder()
        .setCollectionId(row.entry().source().value())
        .setDestination(destination(row.entry()))
        .setOutcome(outcome(row.entry().outcome()))
        .setLiveCount(row.liveCount())
        .setBackupCount(row.backupCount())
        .setAddedCount(row.addedCount())
        .setChangedCount(row.changedCount())
        .setRemovedCount(row.removedCount())
        .addAllAddedItemIds(row.added())
        .addAllChangedItemIds(row.changed())
        .addAllRemovedItemIds(row.removed())
        .build();
  }

  private static RestorationOutcome outcome(RestorationRecord.Outcome outcome) {
    return switch (outcome) {
      case NONE -> RestorationOutcome.RESTORATION_OUTCOME_UNSPECIFIED;
      case REPLACED -> RestorationOutcome.RESTORATION_OUTCOME_REPLACED;
      case CREATED -> RestorationOutcome.RESTORATION_OUTCOME_CREATED;
      case REMOVED -> RestorationOutcome.RESTORATION_OUTCOME_REMOVED;
      case UNCHANGED -> RestorationOutcome.RESTORATION_OUTCOME_UNCHANGED;
    };
  }

  static dev.cairn.v1.RestorationState state(RestorationState state) {
    return switch (state) {
      case PENDING -> dev.cairn.v1.RestorationState.RESTORATION_STATE_PENDING;
      case COMPLETED -> dev.cairn.v1.RestorationState.RESTORATION_STATE_COMPLETED;
      case FAILED -> dev.cairn.v1.RestorationState.RESTORATION_STATE_FAILED;
      case CANCELED -> dev.cairn.v1.RestorationState.RESTORATION_STATE_CANCELED;
    };
  }

  static RestorationState state(dev.cairn.v1.RestorationState state) {
    return switch (state) {
      case RESTORATION_STATE_PENDING -> RestorationState.PENDING;
      case RESTORATION_STATE_COMPLETED -> RestorationState.COMPLETED;
      case RESTORATION_STATE_FAILED -> RestorationState.FAILED;
      case RESTORATION_STATE_CANCELED -> RestorationState.CANCELED;
      case RESTORATION_STATE_UNSPECIFIED, UNRECOGNIZED ->
          throw new IllegalArgumentException("the request was not checked");
    };
  }

  private static dev.cairn.v1.RestorationKind kind(RestorationKind kind) {
    return switch (kind) {
      case FULL -> dev.cairn.v1.RestorationKind.RESTORATION_KIND_FULL;
      case PARTIAL -> dev.cairn.v1.RestorationKind.RESTORATION_KIND_PARTIAL;
      case UNDO -> dev.cairn.v1.RestorationKind.RESTORATION_KIND_UNDO;
      case CLONE -> dev.cairn.v1.RestorationKind.RESTORATION_KIND_CLONE;
    };
  }

  private static dev.cairn.v1.VerificationMode mode(VerificationMode mode) {
    return switch (mode) {
      case CHECKSUMS -> dev.cairn.v1.VerificationMode.VERIFICATION_MODE_CHECKSUMS;
      case SKIP -> dev.cairn.v1.VerificationMode.VERIFICATION_MODE_SKIP;
    };
  }

  static VerificationMode mode(dev.cairn.v1.VerificationMode mode) {
    return switch (mode) {
      case VERIFICATION_MODE_UNSPECIFIED, VERIFICATION_MODE_CHECKSUMS -> VerificationMode.CHECKSUMS;
      case VERIFICATION_MODE_SKIP -> VerificationMode.SKIP;
      case UNRECOGNIZED -> throw new IllegalArgumentException("the request was not checked");
    };
  }
}
