package dev.cairn.client.fake;

import dev.cairn.v1.*;
import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Restorations of a {@link FakeServer}. */
final class FakeRestorations extends RestorationServiceGrpc.RestorationServiceImplBase {
  private final FakeContent content;

  FakeRestorations(FakeContent content) {
    this.content = content;
  }

  @Override
  public void previewRestoration(
      PreviewRestorationRequest q, StreamObserver<PreviewRestorationResponse> o) {
    content.answer(
        o,
        () ->
            PreviewRestorationResponse.newBuilder()
                .addCollections(
                    CollectionPreview.newBuilder()
                        .setCollectionId("c")
                        .setDestination(RestorationDestination.newBuilder().setCollectionId("c"))
                        .setOutcome(RestorationOutcome.RESTORATION_OUTCOME_REPLACED)
                        .setAddedCount(2))
                .setPreviewToken("token")
                .build());
  }

  private Restoration begin(String siteId, String backupId, RestorationKind kind) {
    FakeContent.FakeSite site = content.site(siteId);
    Backup backup = site.backups.get(backupId);
    if (backup == null) {
      throw Errors.notFound(ErrorReason.ERROR_REASON_BACKUP_NOT_FOUND, "backup " + backupId);
    }
    Restoration made =
        Restoration.newBuilder()
            .setId(String.format("r-%04d", content.nextNumber()))
            .setSiteId(siteId)
            .setDestinationSiteId(siteId)
            .setBackup(backup)
            .setKind(kind)
            .setState(RestorationState.RESTORATION_STATE_PENDING)
            .setCreateTime(FakeContent.now())
            .build();
    site.restorations.put(made.getId(), made);
    return made;
  }

  @Override
  public void restoreBackup(RestoreBackupRequest q, StreamObserver<RestoreBackupResponse> o) {
    content.create(
        o,
        q.getRequestId(),
        () ->
            RestoreBackupResponse.newBuilder()
                .setRestoration(
                    begin(q.getSiteId(), q.getBackupId(), RestorationKind.RESTORATION_KIND_FULL))
                .build());
  }

  @Override
  public void restorePartialBackup(
      RestorePartialBackupRequest q, StreamObserver<RestorePartialBackupResponse> o) {
    content.create(
        o,
        q.getRequestId(),
        () ->
            RestorePartialBackupResponse.newBuilder()
                .setRestoration(
                    begin(q.getSiteId(), q.getBackupId(), RestorationKind.RESTORATION_KIND_PARTIAL))
                .build());
  }

  private Restoration found(String siteId, String id) {
    Restoration restoration = content.site(siteId).restorations.get(id);
    if (restoration == null) {
      throw Errors.notFound(ErrorReason.ERROR_REASON_RESTORATION_NOT_FOUND, "restoration " + id);
    }
    return restoration;
  }

  @Override
  public void undoRestoration(UndoRestorationRequest q, StreamObserver<UndoRestorationResponse> o) {
    content.create(
        o,
        q.getRequestId(),
        () -> {
          Restoration undone = found(q.getSiteId(), q.getRestorationId());
          if (undone.getState() != RestorationState.RESTORATION_STATE_COMPLETED) {
            throw Errors.of(
                Code.FAILED_PRECONDITION,
                ErrorReason.ERROR_REASON_NOT_UNDOABLE,
                "Restoration " + undone.getId() + " is not COMPLETED.",
                Map.of("state", undone.getState().name()));
          }
          return UndoRestorationResponse.newBuilder()
              .setRestoration(
                  begin(
                      q.getSiteId(),
                      undone.getSafetyBackupId(),
                      RestorationKind.RESTORATION_KIND_UNDO))
              .build();
        });
  }

  private Restoration finished(Restoration restoration) {
    if (restoration.getState() != RestorationState.RESTORATION_STATE_PENDING) {
      return restoration;
    }
    FakeContent.FakeSite site = content.site(restoration.getSiteId());
    Restoration.Builder done =
        restoration.toBuilder()
            .setFinishTime(FakeContent.now())
            .setProgress(FakeContent.progress(FakeContent.PROGRESS_STEPS + 1));
    if (content.failJobs) {
      done.setState(RestorationState.RESTORATION_STATE_FAILED).setFailure(FakeContent.failure());
    } else {
      Backup safety = content.newBackup(site, BackupType.BACKUP_TYPE_SAFETY);
      content.finished(safety);
      site.snapshots
          .getOrDefault(restoration.getBackup().getId(), Map.of())
          .forEach(
              (collectionId, items) ->
                  site.items.put(
                      new FakeContent.Place(collectionId, Environment.ENVIRONMENT_LIVE),
                      new TreeMap<>(items)));
      done.setState(RestorationState.RESTORATION_STATE_COMPLETED).setSafetyBackupId(safety.getId());
    }
    site.restorations.put(done.getId(), done.build());
    return done.build();
  }

  @Override
  public void getRestoration(GetRestorationRequest q, StreamObserver<GetRestorationResponse> o) {
    content.answer(
        o,
        () ->
            GetRestorationResponse.newBuilder()
                .setRestoration(finished(found(q.getSiteId(), q.getRestorationId())))
                .build());
  }

  @Override
  public void listRestorations(
      ListRestorationsRequest q, StreamObserver<ListRestorationsResponse> o) {
    content.answer(
        o,
        () -> {
          List<Restoration> all =
              List.copyOf(content.site(q.getSiteId()).restorations.descendingMap().values());
          FakeContent.Page<Restoration> page =
              FakeContent.page(all, q.getPageToken(), q.getPageSize());
          return ListRestorationsResponse.newBuilder()
              .addAllRestorations(page.elements())
              .setNextPageToken(page.next())
              .setTotalSize(all.size())
              .build();
        });
  }

  @Override
  public void cancelRestoration(
      CancelRestorationRequest q, StreamObserver<CancelRestorationResponse> o) {
    content.answer(
        o,
        () ->
            CancelRestorationResponse.newBuilder()
                .setRestoration(
                    found(q.getSiteId(), q.getRestorationId()).toBuilder()
                        .setState(RestorationState.RESTORATION_STATE_CANCELED))
                .build());
  }

  @Override
  public void watchRestoration(
      WatchRestorationRequest q, StreamObserver<WatchRestorationResponse> o) {
    try {
      for (long step = q.getAfterSequence() + 1; step <= FakeContent.PROGRESS_STEPS + 1; step++) {
        Restoration state;
        synchronized (content.lock) {
          Restoration found = found(q.getSiteId(), q.getRestorationId());
          state =
              step > FakeContent.PROGRESS_STEPS
                  ? finished(found)
                  : found.toBuilder().setProgress(FakeContent.progress(step)).build();
        }
        o.onNext(
            WatchRestorationResponse.newBuilder().setRestoration(state).setSequence(step).build());
      }
      o.onCompleted();
    } catch (StatusRuntimeException e) {
      o.onError(e);
    }
  }
}
