package dev.cairn.client.fake;

import dev.cairn.v1.*;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;

/** Backups of a {@link FakeServer}. */
final class FakeBackups extends BackupServiceGrpc.BackupServiceImplBase {
  private final FakeContent content;

  FakeBackups(FakeContent content) {
    this.content = content;
  }

  @Override
  public void createBackup(CreateBackupRequest q, StreamObserver<CreateBackupResponse> o) {
    content.create(
        o,
        q.getRequestId(),
        () -> {
          FakeContent.FakeSite site = content.site(q.getSiteId());
          Backup made =
              content.newBackup(site, BackupType.BACKUP_TYPE_ON_DEMAND).toBuilder()
                  .setDescription(q.getDescription())
                  .putAllLabels(q.getLabelsMap())
                  .setPinned(q.getPinned())
                  .build();
          site.backups.put(made.getId(), made);
          return CreateBackupResponse.newBuilder().setBackup(made).build();
        });
  }

  private Backup found(String siteId, String backupId) {
    Backup backup = content.site(siteId).backups.get(backupId);
    if (backup == null) {
      throw Errors.notFound(ErrorReason.ERROR_REASON_BACKUP_NOT_FOUND, "backup " + backupId);
    }
    return backup;
  }

  @Override
  public void getBackup(GetBackupRequest q, StreamObserver<GetBackupResponse> o) {
    content.answer(
        o,
        () ->
            GetBackupResponse.newBuilder()
                .setBackup(content.finished(found(q.getSiteId(), q.getBackupId())))
                .build());
  }

  @Override
  public void listBackups(ListBackupsRequest q, StreamObserver<ListBackupsResponse> o) {
    content.answer(
        o,
        () -> {
          List<Backup> all =
              content.site(q.getSiteId()).backups.descendingMap().values().stream()
                  .filter(b -> q.getStatesCount() == 0 || q.getStatesList().contains(b.getState()))
                  .filter(b -> q.getTypesCount() == 0 || q.getTypesList().contains(b.getType()))
                  .toList();
          FakeContent.Page<Backup> page = FakeContent.page(all, q.getPageToken(), q.getPageSize());
          List<Backup> ready =
              all.stream()
                  .filter(b -> b.getState() == BackupState.BACKUP_STATE_READY)
                  .filter(b -> b.getType() == BackupType.BACKUP_TYPE_ON_DEMAND)
                  .toList();
          return ListBackupsResponse.newBuilder()
              .addAllBackups(page.elements())
              .setNextPageToken(page.next())
              .setTotalSize(all.size())
              .setOnDemandLimit(3)
              .setNextEvictedBackupId(ready.size() < 3 ? "" : ready.get(ready.size() - 1).getId())
              .build();
        });
  }

  @Override
  public void updateBackup(UpdateBackupRequest q, StreamObserver<UpdateBackupResponse> o) {
    content.answer(
        o,
        () -> {
          Backup.Builder changed = found(q.getSiteId(), q.getBackupId()).toBuilder();
          for (String path : q.getUpdateMask().getPathsList()) {
            switch (path) {
              case "pinned" -> changed.setPinned(q.getBackup().getPinned());
              case "description" -> changed.setDescription(q.getBackup().getDescription());
              default -> changed.clearLabels().putAllLabels(q.getBackup().getLabelsMap());
            }
          }
          return UpdateBackupResponse.newBuilder().setBackup(content.put(changed.build())).build();
        });
  }

  @Override
  public void deleteBackup(DeleteBackupRequest q, StreamObserver<DeleteBackupResponse> o) {
    content.answer(
        o,
        () ->
            DeleteBackupResponse.newBuilder()
                .setBackup(
                    content.put(
                        found(q.getSiteId(), q.getBackupId()).toBuilder()
                            .setState(BackupState.BACKUP_STATE_DELETED)
                            .setDeleteReason(BackupDeleteReason.BACKUP_DELETE_REASON_REQUESTED)
                            .build()))
                .build());
  }

  @Override
  public void cancelBackup(CancelBackupRequest q, StreamObserver<CancelBackupResponse> o) {
    content.answer(
        o,
        () ->
            CancelBackupResponse.newBuilder()
                .setBackup(
                    content.put(
                        found(q.getSiteId(), q.getBackupId()).toBuilder()
                            .setState(BackupState.BACKUP_STATE_CANCELED)
                            .build()))
                .build());
  }

  @Override
  public void verifyBackup(VerifyBackupRequest q, StreamObserver<VerifyBackupResponse> o) {
    content.answer(
        o,
        () ->
            VerifyBackupResponse.newBuilder()
                .setBackup(
                    content.put(
                        found(q.getSiteId(), q.getBackupId()).toBuilder()
                            .setVerification(
                                BackupVerification.newBuilder()
                                    .setState(VerificationState.VERIFICATION_STATE_RUNNING))
                            .build()))
                .build());
  }

  @Override
  public void watchBackup(WatchBackupRequest q, StreamObserver<WatchBackupResponse> o) {
    try {
      for (long step = q.getAfterSequence() + 1; step <= FakeContent.PROGRESS_STEPS + 1; step++) {
        Backup state;
        synchronized (content.lock) {
          Backup backup = found(q.getSiteId(), q.getBackupId());
          state =
              step > FakeContent.PROGRESS_STEPS
                  ? content.finished(backup)
                  : backup.toBuilder().setProgress(FakeContent.progress(step)).build();
        }
        o.onNext(WatchBackupResponse.newBuilder().setHeartbeat(true).setSequence(step).build());
        o.onNext(WatchBackupResponse.newBuilder().setBackup(state).setSequence(step).build());
        if (state.getState() != BackupState.BACKUP_STATE_PENDING
            && state.getVerification().getState() != VerificationState.VERIFICATION_STATE_RUNNING) {
          break;
        }
      }
      o.onCompleted();
    } catch (StatusRuntimeException e) {
      o.onError(e);
    }
  }

  @Override
  public void listBackupItems(ListBackupItemsRequest q, StreamObserver<ListBackupItemsResponse> o) {
    content.answer(
        o,
        () -> {
          NavigableMap<String, Item> items =
              inBackup(q.getSiteId(), q.getBackupId(), q.getCollectionId());
          FakeContent.Page<Item> page =
              FakeContent.page(items.values(), q.getPageToken(), q.getPageSize());
          return ListBackupItemsResponse.newBuilder()
              .addAllItems(page.elements())
              .setNextPageToken(page.next())
              .setTotalSize(items.size())
              .build();
        });
  }

  @Override
  public void getBackupItem(GetBackupItemRequest q, StreamObserver<GetBackupItemResponse> o) {
    content.answer(
        o,
        () -> {
          Item item =
              inBackup(q.getSiteId(), q.getBackupId(), q.getCollectionId()).get(q.getItemId());
          if (item == null) {
            throw Errors.notFound(ErrorReason.ERROR_REASON_ITEM_NOT_FOUND, "item " + q.getItemId());
          }
          return GetBackupItemResponse.newBuilder().setItem(item).build();
        });
  }

  private NavigableMap<String, Item> inBackup(String siteId, String backupId, String collectionId) {
    found(siteId, backupId);
    NavigableMap<String, Item> items =
        content.site(siteId).snapshots.getOrDefault(backupId, Map.of()).get(collectionId);
    if (items == null) {
      throw Errors.notFound(
          ErrorReason.ERROR_REASON_COLLECTION_NOT_FOUND, "collection " + collectionId);
    }
    return items;
  }
}
