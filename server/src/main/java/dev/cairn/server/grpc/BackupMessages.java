package dev.cairn.server.grpc;

import dev.cairn.server.backup.BackupRecord;
import dev.cairn.server.backup.BackupState;
import dev.cairn.server.backup.BackupType;
import dev.cairn.server.backup.BackupView;
import dev.cairn.server.backup.Backups;
import dev.cairn.server.backup.DeleteReason;
import dev.cairn.server.backup.Verification;
import dev.cairn.v1.Backup;
import dev.cairn.v1.BackupCollection;
import dev.cairn.v1.BackupDeleteReason;
import dev.cairn.v1.BackupVerification;
import dev.cairn.v1.VerificationState;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.function.Function;

/** Backups as the contract has them. Immutable. */
final class BackupMessages {
  private final Duration recordRetention;
  private final Function<BackupRecord, Optional<Instant>> expireTime;

  /**
   * @param recordRetention how long the record of a backup is kept once it holds nothing
   * @param expireTime when a backup goes because of its age
   */
  BackupMessages(Duration recordRetention, Function<BackupRecord, Optional<Instant>> expireTime) {
    this.recordRetention = recordRetention;
    this.expireTime = expireTime;
  }

  /** With progress, without the log: a message in the middle of a watch. */
  Backup withProgress(BackupView view) {
    return progress(view).build();
  }

  /** With progress and log. */
  Backup whole(BackupView view) {
    Backup.Builder message = progress(view);
    view.record().log().forEach(line -> message.addLog(ProgressMessages.line(line)));
    return message.build();
  }

  private Backup.Builder progress(BackupView view) {
    Backup.Builder message = builder(view.record());
    // One that nothing ever ran on, such as a safety backup, has no progress.
    if (!view.settled() || view.record().progress().isPresent()) {
      message.setProgress(
          ProgressMessages.toProto(view.progress(), view.sequence(), view.record().log()));
    }
    return message;
  }

  /** Without progress and log, as in lists. */
  Backup brief(BackupRecord record) {
    return builder(record).build();
  }

  private Backup.Builder builder(BackupRecord record) {
    Backup.Builder message =
        Backup.newBuilder()
            .setId(record.id().value())
            .setSiteId(record.siteId().value())
            .setState(state(record.state()))
            .setType(type(record.type()))
            .setDescription(record.notes().description())
            .putAllLabels(record.notes().labels())
            .setPinned(record.notes().pinned())
            .setEtag(Backups.etag(record))
            .setCreator(record.creator())
            .setItemCount(record.itemCount())
            .setSizeBytes(record.sizeBytes())
            .setExclusiveSizeBytes(record.exclusiveBytes())
            .setVerification(verification(record.verification()));
    times(record, message);
    record.requested().forEach(id -> message.addRequestedCollectionIds(id.value()));
    record.collections().forEach(each -> message.addCollections(collection(each)));
    record.failure().ifPresent(each -> message.setFailure(ProgressMessages.failure(each)));
    record.deleteReason().ifPresent(each -> message.setDeleteReason(deleteReason(each)));
    record.evicted().forEach(id -> message.addEvictedBackupIds(id.value()));
    record.restorationId().ifPresent(message::setRestorationId);
    return message;
  }

  private void times(BackupRecord record, Backup.Builder message) {
    BackupRecord.Times times = record.times();
    message.setCreateTime(Times.toProto(times.create()));
    times.start().ifPresent(time -> message.setStartTime(Times.toProto(time)));
    times.finish().ifPresent(time -> message.setFinishTime(Times.toProto(time)));
    times.snapshot().ifPresent(time -> message.setSnapshotTime(Times.toProto(time)));
    times.delete().ifPresent(time -> message.setDeleteTime(Times.toProto(time)));
    expireTime.apply(record).ifPresent(time -> message.setExpireTime(Times.toProto(time)));
    (switch (record.state()) {
          case PENDING, READY -> Optional.<Instant>empty();
          case FAILED, CANCELED -> times.finish();
          case DELETED -> times.delete();
        })
        .ifPresent(end -> message.setPurgeTime(Times.toProto(end.plus(recordRetention))));
  }

  private static BackupCollection collection(BackupRecord.Content content) {
    return BackupCollection.newBuilder()
        .setCollectionId(content.id().value())
        .setDisplayName(content.displayName())
        .setItemCount(content.itemCount())
        .setSizeBytes(content.sizeBytes())
        .build();
  }

  private static BackupVerification verification(Verification verification) {
    BackupVerification.Builder message =
        BackupVerification.newBuilder()
            .setState(state(verification))
            .setDetail(verification.detail());
    verification.lastTime().ifPresent(time -> message.setLastVerifyTime(Times.toProto(time)));
    return message.build();
  }

  private static VerificationState state(Verification verification) {
    return verification.running()
        ? VerificationState.VERIFICATION_STATE_RUNNING
        : result(verification.state());
  }

  static VerificationState result(Verification.State state) {
    return switch (state) {
      case UNVERIFIED -> VerificationState.VERIFICATION_STATE_UNVERIFIED;
      case VERIFIED -> VerificationState.VERIFICATION_STATE_VERIFIED;
      case CORRUPT -> VerificationState.VERIFICATION_STATE_CORRUPT;
    };
  }

  private static BackupDeleteReason deleteReason(DeleteReason reason) {
    return switch (reason) {
      case REQUESTED -> BackupDeleteReason.BACKUP_DELETE_REASON_REQUESTED;
      case EVICTED -> BackupDeleteReason.BACKUP_DELETE_REASON_EVICTED;
      case EXPIRED -> BackupDeleteReason.BACKUP_DELETE_REASON_EXPIRED;
    };
  }

  static dev.cairn.v1.BackupState state(BackupState state) {
    return switch (state) {
      case PENDING -> dev.cairn.v1.BackupState.BACKUP_STATE_PENDING;
      case READY -> dev.cairn.v1.BackupState.BACKUP_STATE_READY;
      case FAILED -> dev.cairn.v1.BackupState.BACKUP_STATE_FAILED;
      case DELETED -> dev.cairn.v1.BackupState.BACKUP_STATE_DELETED;
      case CANCELED -> dev.cairn.v1.BackupState.BACKUP_STATE_CANCELED;
    };
  }

  static BackupState state(dev.cairn.v1.BackupState state) {
    return switch (state) {
      case BACKUP_STATE_PENDING -> BackupState.PENDING;
      case BACKUP_STATE_READY -> BackupState.READY;
      case BACKUP_STATE_FAILED -> BackupState.FAILED;
      case BACKUP_STATE_DELETED -> BackupState.DELETED;
      case BACKUP_STATE_CANCELED -> BackupState.CANCELED;
      case BACKUP_STATE_UNSPECIFIED, UNRECOGNIZED ->
          throw new IllegalArgumentException("the request was not checked");
    };
  }

  private static dev.cairn.v1.BackupType type(BackupType type) {
    return switch (type) {
      case ON_DEMAND -> dev.cairn.v1.BackupType.BACKUP_TYPE_ON_DEMAND;
      case AUTO -> dev.cairn.v1.BackupType.BACKUP_TYPE_AUTO;
      case SAFETY -> dev.cairn.v1.BackupType.BACKUP_TYPE_SAFETY;
    };
  }

  static BackupType type(dev.cairn.v1.BackupType type) {
    return switch (type) {
      case BACKUP_TYPE_ON_DEMAND -> BackupType.ON_DEMAND;
      case BACKUP_TYPE_AUTO -> BackupType.AUTO;
      case BACKUP_TYPE_SAFETY -> BackupType.SAFETY;
      case BACKUP_TYPE_UNSPECIFIED, UNRECOGNIZED ->
          throw new IllegalArgumentException("the request was not checked");
    };
  }
}
