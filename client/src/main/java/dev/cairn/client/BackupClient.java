package dev.cairn.client;

import dev.cairn.client.Calls.Repeat;
import dev.cairn.v1.Backup;
import dev.cairn.v1.BackupServiceGrpc;
import dev.cairn.v1.BackupState;
import dev.cairn.v1.CancelBackupRequest;
import dev.cairn.v1.CreateBackupRequest;
import dev.cairn.v1.DeleteBackupRequest;
import dev.cairn.v1.ErrorReason;
import dev.cairn.v1.Failure;
import dev.cairn.v1.GetBackupItemRequest;
import dev.cairn.v1.GetBackupRequest;
import dev.cairn.v1.Item;
import dev.cairn.v1.ListBackupItemsRequest;
import dev.cairn.v1.ListBackupItemsResponse;
import dev.cairn.v1.ListBackupsRequest;
import dev.cairn.v1.ListBackupsResponse;
import dev.cairn.v1.UpdateBackupRequest;
import dev.cairn.v1.VerificationState;
import dev.cairn.v1.VerifyBackupRequest;
import dev.cairn.v1.WatchBackupRequest;
import dev.cairn.v1.WatchBackupResponse;
import io.grpc.Status;
import org.jspecify.annotations.Nullable;

/**
 * Calls of {@code BackupService}. Every method throws {@link CairnException}; the reasons of each
 * stand at the rpc of its name in the contract.
 *
 * <p>Immutable and thread-safe.
 */
public final class BackupClient {
  private final Calls calls;

  BackupClient(Calls calls) {
    this.calls = calls;
  }

  /** Requests a backup of everything a site has; see {@link #create(CreateBackupRequest)}. */
  public Backup create(String siteId) {
    return create(CreateBackupRequest.newBuilder().setSiteId(siteId).build());
  }

  /**
   * Requests a backup and returns its PENDING record at once; {@link #watch} follows it. Repeated
   * safely: it gets a request id if it has none.
   */
  public Backup create(CreateBackupRequest request) {
    CreateBackupRequest named =
        request.toBuilder().setRequestId(Calls.requestId(request.getRequestId())).build();
    return calls.call(BackupServiceGrpc.getCreateBackupMethod(), named, Repeat.SAFE).getBackup();
  }

  /** The backup with its progress and log. */
  public Backup get(String siteId, String backupId) {
    GetBackupRequest request =
        GetBackupRequest.newBuilder().setSiteId(siteId).setBackupId(backupId).build();
    return calls.call(BackupServiceGrpc.getGetBackupMethod(), request, Repeat.SAFE).getBackup();
  }

  /** All backups of a site, newest first. */
  public Listing<Backup> list(String siteId) {
    return list(ListBackupsRequest.newBuilder().setSiteId(siteId).build());
  }

  /** The backups that the request asks for, newest first, from its page token on. */
  public Listing<Backup> list(ListBackupsRequest request) {
    return new Listing<>(
        request.getPageToken(),
        token -> {
          ListBackupsResponse page = page(request.toBuilder().setPageToken(token).build());
          return new Listing.Page<>(page.getBackupsList(), page.getNextPageToken());
        });
  }

  /** One page of the backups, with the one that would be evicted next. */
  public ListBackupsResponse page(ListBackupsRequest request) {
    return calls.call(BackupServiceGrpc.getListBackupsMethod(), request, Repeat.SAFE);
  }

  /**
   * Replaces what the mask names. Repeated unless it has an etag, for then a lost answer could come
   * back as a mismatch.
   */
  public Backup update(UpdateBackupRequest request) {
    return calls
        .call(
            BackupServiceGrpc.getUpdateBackupMethod(),
            request,
            request.getEtag().isEmpty() ? Repeat.SAFE : Repeat.IF_NOT_BEGUN)
        .getBackup();
  }

  /** Deletes the data of a backup; a PENDING one is cancelled. */
  public Backup delete(String siteId, String backupId) {
    return delete(DeleteBackupRequest.newBuilder().setSiteId(siteId).setBackupId(backupId).build());
  }

  /** As {@link #delete(String, String)}; repeated unless it has an etag. */
  public Backup delete(DeleteBackupRequest request) {
    return calls
        .call(
            BackupServiceGrpc.getDeleteBackupMethod(),
            request,
            request.getEtag().isEmpty() ? Repeat.SAFE : Repeat.IF_NOT_BEGUN)
        .getBackup();
  }

  /** Asks for a PENDING backup to be given up; it may still be PENDING in the answer. */
  public Backup cancel(String siteId, String backupId) {
    CancelBackupRequest request =
        CancelBackupRequest.newBuilder().setSiteId(siteId).setBackupId(backupId).build();
    return calls.call(BackupServiceGrpc.getCancelBackupMethod(), request, Repeat.SAFE).getBackup();
  }

  /**
   * Starts to check every file of a READY backup and answers at once; {@link #watch} follows it.
   */
  public Backup verify(String siteId, String backupId) {
    VerifyBackupRequest request =
        VerifyBackupRequest.newBuilder().setSiteId(siteId).setBackupId(backupId).build();
    return calls.call(BackupServiceGrpc.getVerifyBackupMethod(), request, Repeat.SAFE).getBackup();
  }

  /**
   * Follows the making or the verification of a backup until neither runs any more. To be closed.
   */
  public Watch<Backup> watch(String siteId, String backupId) {
    return new Watch<>(
        calls,
        sequence -> open(siteId, backupId, sequence),
        BackupClient::isFinal,
        BackupClient::failure);
  }

  private MessageStream<?, Watch.Update<Backup>> open(
      String siteId, String backupId, long afterSequence) {
    MessageStream<WatchBackupRequest, Watch.Update<Backup>> stream =
        calls.open(BackupServiceGrpc.getWatchBackupMethod(), BackupClient::update);
    stream.send(
        WatchBackupRequest.newBuilder()
            .setSiteId(siteId)
            .setBackupId(backupId)
            .setAfterSequence(afterSequence)
            .build());
    stream.finishSending();
    return stream;
  }

  private static Watch.Update<Backup> update(WatchBackupResponse message) {
    return new Watch.Update<>(
        message.hasBackup() ? message.getBackup() : null, message.getSequence());
  }

  private static boolean isFinal(Backup backup) {
    return backup.getState() != BackupState.BACKUP_STATE_PENDING
        && backup.getVerification().getState() != VerificationState.VERIFICATION_STATE_RUNNING;
  }

  private static @Nullable CairnException failure(Backup backup) {
    return switch (backup.getState()) {
      case BACKUP_STATE_READY ->
          backup.getVerification().getState() == VerificationState.VERIFICATION_STATE_CORRUPT
              ? CairnException.of(corrupt(backup))
              : null;
      case BACKUP_STATE_FAILED -> CairnException.of(backup.getFailure());
      default ->
          CairnException.local(
              Status.Code.CANCELLED,
              "Backup " + backup.getId() + " is " + backup.getState() + ".",
              null);
    };
  }

  private static Failure corrupt(Backup backup) {
    return Failure.newBuilder()
        .setReason(ErrorReason.ERROR_REASON_BACKUP_CORRUPT)
        .setMessage(
            "Backup " + backup.getId() + " is corrupt: " + backup.getVerification().getDetail())
        .putMetadata("backup_id", backup.getId())
        .build();
  }

  /** The items of one collection inside a READY backup, ordered by id. */
  public Listing<Item> listItems(ListBackupItemsRequest request) {
    return new Listing<>(
        request.getPageToken(),
        token -> {
          ListBackupItemsResponse page = page(request.toBuilder().setPageToken(token).build());
          return new Listing.Page<>(page.getItemsList(), page.getNextPageToken());
        });
  }

  /** One page of the items inside a backup. */
  public ListBackupItemsResponse page(ListBackupItemsRequest request) {
    return calls.call(BackupServiceGrpc.getListBackupItemsMethod(), request, Repeat.SAFE);
  }

  /** One item as it is inside a READY backup. */
  public Item getItem(GetBackupItemRequest request) {
    return calls.call(BackupServiceGrpc.getGetBackupItemMethod(), request, Repeat.SAFE).getItem();
  }
}
