package dev.cairn.client;

import dev.cairn.client.Calls.Repeat;
import dev.cairn.v1.CancelRestorationRequest;
import dev.cairn.v1.GetRestorationRequest;
import dev.cairn.v1.ListRestorationsRequest;
import dev.cairn.v1.ListRestorationsResponse;
import dev.cairn.v1.PreviewRestorationRequest;
import dev.cairn.v1.PreviewRestorationResponse;
import dev.cairn.v1.Restoration;
import dev.cairn.v1.RestorationServiceGrpc;
import dev.cairn.v1.RestorationState;
import dev.cairn.v1.RestoreBackupRequest;
import dev.cairn.v1.RestorePartialBackupRequest;
import dev.cairn.v1.UndoRestorationRequest;
import dev.cairn.v1.WatchRestorationRequest;
import dev.cairn.v1.WatchRestorationResponse;
import io.grpc.Status;
import org.jspecify.annotations.Nullable;

/**
 * Calls of {@code RestorationService}. Every method throws {@link CairnException}; the reasons of
 * each stand at the rpc of its name in the contract.
 *
 * <p>Immutable and thread-safe.
 */
public final class RestorationClient {
  private final Calls calls;

  RestorationClient(Calls calls) {
    this.calls = calls;
  }

  /** Tells what a restoration would do, without doing it. Has the long deadline. */
  public PreviewRestorationResponse preview(PreviewRestorationRequest request) {
    return calls.longCall(
        RestorationServiceGrpc.getPreviewRestorationMethod(), request, Repeat.SAFE);
  }

  /** Puts back every collection of a backup; see {@link #restore(RestoreBackupRequest)}. */
  public Restoration restore(String siteId, String backupId) {
    return restore(
        RestoreBackupRequest.newBuilder().setSiteId(siteId).setBackupId(backupId).build());
  }

  /**
   * Requests that every collection of a backup be put back, and returns the PENDING restoration at
   * once; {@link #watch} follows it. Repeated safely: it gets a request id if it has none.
   */
  public Restoration restore(RestoreBackupRequest request) {
    RestoreBackupRequest named =
        request.toBuilder().setRequestId(Calls.requestId(request.getRequestId())).build();
    return calls
        .call(RestorationServiceGrpc.getRestoreBackupMethod(), named, Repeat.SAFE)
        .getRestoration();
  }

  /** As {@link #restore(RestoreBackupRequest)}, for chosen collections. */
  public Restoration restorePartial(RestorePartialBackupRequest request) {
    RestorePartialBackupRequest named =
        request.toBuilder().setRequestId(Calls.requestId(request.getRequestId())).build();
    return calls
        .call(RestorationServiceGrpc.getRestorePartialBackupMethod(), named, Repeat.SAFE)
        .getRestoration();
  }

  /** The restoration with its progress and log. */
  public Restoration get(String siteId, String restorationId) {
    GetRestorationRequest request =
        GetRestorationRequest.newBuilder()
            .setSiteId(siteId)
            .setRestorationId(restorationId)
            .build();
    return calls
        .call(RestorationServiceGrpc.getGetRestorationMethod(), request, Repeat.SAFE)
        .getRestoration();
  }

  /** All restorations of a site's backups, newest first. */
  public Listing<Restoration> list(String siteId) {
    return list(ListRestorationsRequest.newBuilder().setSiteId(siteId).build());
  }

  /** The restorations that the request asks for, newest first, from its page token on. */
  public Listing<Restoration> list(ListRestorationsRequest request) {
    return new Listing<>(
        request.getPageToken(),
        token -> {
          ListRestorationsResponse page = page(request.toBuilder().setPageToken(token).build());
          return new Listing.Page<>(page.getRestorationsList(), page.getNextPageToken());
        });
  }

  /** One page of the restorations. */
  public ListRestorationsResponse page(ListRestorationsRequest request) {
    return calls.call(RestorationServiceGrpc.getListRestorationsMethod(), request, Repeat.SAFE);
  }

  /** Asks for a PENDING restoration to be given up; it may still be PENDING in the answer. */
  public Restoration cancel(String siteId, String restorationId) {
    CancelRestorationRequest request =
        CancelRestorationRequest.newBuilder()
            .setSiteId(siteId)
            .setRestorationId(restorationId)
            .build();
    return calls
        .call(RestorationServiceGrpc.getCancelRestorationMethod(), request, Repeat.SAFE)
        .getRestoration();
  }

  /** Takes a COMPLETED restoration back; see {@link #undo(UndoRestorationRequest)}. */
  public Restoration undo(String siteId, String restorationId) {
    return undo(
        UndoRestorationRequest.newBuilder()
            .setSiteId(siteId)
            .setRestorationId(restorationId)
            .build());
  }

  /**
   * Requests that a COMPLETED restoration be taken back, and returns the new PENDING restoration at
   * once; {@link #watch} follows it. Repeated safely: it gets a request id if it has none.
   */
  public Restoration undo(UndoRestorationRequest request) {
    UndoRestorationRequest named =
        request.toBuilder().setRequestId(Calls.requestId(request.getRequestId())).build();
    return calls
        .call(RestorationServiceGrpc.getUndoRestorationMethod(), named, Repeat.SAFE)
        .getRestoration();
  }

  /** Follows a restoration to its end. To be closed. */
  public Watch<Restoration> watch(String siteId, String restorationId) {
    return new Watch<>(
        calls,
        sequence -> open(siteId, restorationId, sequence),
        state -> state.getState() != RestorationState.RESTORATION_STATE_PENDING,
        RestorationClient::failure);
  }

  private MessageStream<?, Watch.Update<Restoration>> open(
      String siteId, String restorationId, long afterSequence) {
    MessageStream<WatchRestorationRequest, Watch.Update<Restoration>> stream =
        calls.open(RestorationServiceGrpc.getWatchRestorationMethod(), RestorationClient::update);
    stream.send(
        WatchRestorationRequest.newBuilder()
            .setSiteId(siteId)
            .setRestorationId(restorationId)
            .setAfterSequence(afterSequence)
            .build());
    stream.finishSending();
    return stream;
  }

  private static Watch.Update<Restoration> update(WatchRestorationResponse message) {
    return new Watch.Update<>(
        message.hasRestoration() ? message.getRestoration() : null, message.getSequence());
  }

  private static @Nullable CairnException failure(Restoration restoration) {
    return switch (restoration.getState()) {
      case RESTORATION_STATE_COMPLETED -> null;
      case RESTORATION_STATE_FAILED -> CairnException.of(restoration.getFailure());
      default ->
          CairnException.local(
              Status.Code.CANCELLED,
              "Restoration " + restoration.getId() + " is " + restoration.getState() + ".",
              null);
    };
  }
}
