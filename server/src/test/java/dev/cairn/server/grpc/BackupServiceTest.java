package dev.cairn.server.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.FieldMask;
import com.google.rpc.QuotaFailure;
import dev.cairn.v1.Backup;
import dev.cairn.v1.BackupDeleteReason;
import dev.cairn.v1.BackupState;
import dev.cairn.v1.CancelBackupRequest;
import dev.cairn.v1.CreateBackupRequest;
import dev.cairn.v1.DeleteBackupRequest;
import dev.cairn.v1.ListBackupsRequest;
import dev.cairn.v1.ListBackupsResponse;
import dev.cairn.v1.ListRestorationsRequest;
import dev.cairn.v1.Restoration;
import dev.cairn.v1.RestorationState;
import dev.cairn.v1.UpdateBackupRequest;
import dev.cairn.v1.VerificationState;
import dev.cairn.v1.VerifyBackupRequest;
import dev.cairn.v1.WatchBackupResponse;
import io.grpc.Status;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BackupServiceTest {
  @TempDir Path data;
  private TestServer server;

  @BeforeEach
  void start() {
    server = TestServer.on(data).hasSite("shop").hasCollection("shop", "products");
    server.hasItem("shop", "products", "p1", "{\"name\":\"Chair\"}");
  }

  @AfterEach
  void stop() {
    server.close();
  }

  @Test
  void backsUpBeforeAMajorUpdate() {
    Backup created = server.requestBackup("shop");
    assertThat(created.getState()).isEqualTo(BackupState.BACKUP_STATE_PENDING);

    TestServer.eventually(() -> !list(BackupState.BACKUP_STATE_READY).getBackupsList().isEmpty());

    Backup ready = list(BackupState.BACKUP_STATE_READY).getBackups(0);
    assertThat(ready.getId()).isEqualTo(created.getId());
    assertThat(ready.getItemCount()).isEqualTo(1);
    assertThat(ready.getCollections(0).getCollectionId()).isEqualTo("products");
    assertThat(ready.getSizeBytes()).isPositive();
  }

  @Test
  void restoresTheNewestAndFreesTheSlot() {
    server.makeBackup("shop");
    server.hasItem("shop", "products", "p1", "{\"name\":\"Broken\"}");
    server.hasItem("shop", "products", "p2", "{}");

    Backup newest = list(BackupState.BACKUP_STATE_READY).getBackups(0);
    Restoration requested = server.requestRestoration(newest);
    assertThat(requested.getState()).isEqualTo(RestorationState.RESTORATION_STATE_PENDING);
    TestServer.eventually(
        () ->
            server
                    .restorations()
                    .listRestorations(
                        ListRestorationsRequest.newBuilder()
                            .setSiteId("shop")
                            .setBackupId(newest.getId())
                            .build())
                    .getRestorations(0)
                    .getState()
                == RestorationState.RESTORATION_STATE_COMPLETED);

    assertThat(server.content("shop", "products")).isEqualTo(Map.of("p1", "{\"name\":\"Chair\"}"));
    Backup deleted =
        server
            .backups()
            .deleteBackup(
                DeleteBackupRequest.newBuilder()
                    .setSiteId("shop")
                    .setBackupId(newest.getId())
                    .build())
            .getBackup();
    assertThat(deleted.getState()).isEqualTo(BackupState.BACKUP_STATE_DELETED);
    assertThat(deleted.getDeleteReason())
        .isEqualTo(BackupDeleteReason.BACKUP_DELETE_REASON_REQUESTED);
    assertThat(deleted.hasPurgeTime()).isTrue();
    assertThat(list().getNextEvictedBackupId()).isEmpty();
  }

  @Test
  void theFourthBackupEvictsTheOldestOnceItIsReady() {
    List<String> ids = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      ids.add(server.makeBackup("shop").getId());
    }
    assertThat(list().getNextEvictedBackupId()).isEqualTo(ids.get(0));
    assertThat(list().getOnDemandLimit()).isEqualTo(3);

    Backup fourth = server.makeBackup("shop");

    TestServer.eventually(
        () -> server.backup("shop", ids.get(0)).getState() == BackupState.BACKUP_STATE_DELETED);
    Backup evicted = server.backup("shop", ids.get(0));
    assertThat(evicted.getDeleteReason())
        .isEqualTo(BackupDeleteReason.BACKUP_DELETE_REASON_EVICTED);
    assertThat(server.backup("shop", fourth.getId()).getEvictedBackupIdsList())
        .containsExactly(ids.get(0));
    assertThat(list(BackupState.BACKUP_STATE_READY).getTotalSize()).isEqualTo(3);
    assertThat(list().getTotalSize()).isEqualTo(4);
  }

  @Test
  void pinnedBackupsStayAndNothingGoesWhenAllAre() {
    List<String> ids = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      ids.add(server.makeBackup("shop").getId());
    }
    pin(ids.get(0));
    String fourth = server.makeBackup("shop").getId();
    TestServer.eventually(
        () -> server.backup("shop", ids.get(1)).getState() == BackupState.BACKUP_STATE_DELETED);
    assertThat(server.backup("shop", ids.get(0)).getState())
        .isEqualTo(BackupState.BACKUP_STATE_READY);
    pin(ids.get(2));
    pin(fourth);

    CallError error = CallError.of(() -> server.requestBackup("shop"));

    assertThat(error.code()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
    assertThat(error.reason()).isEqualTo("ALL_BACKUPS_PINNED");
    assertThat(error.fact("backup_ids").split(","))
        .containsExactlyInAnyOrder(ids.get(0), ids.get(2), fourth);
    assertThat(error.fact("limit")).isEqualTo("3");
    assertThat(error.detail(QuotaFailure.class).getViolationsCount()).isEqualTo(1);
    assertThat(list().getNextEvictedBackupId()).isEmpty();
  }

  @Test
  void holdsOnlyTheChosenCollectionsAndWhatWasSaidOfIt() {
    server.hasCollection("shop", "orders").hasItem("shop", "orders", "o1", "{}");
    CreateBackupRequest request =
        CreateBackupRequest.newBuilder()
            .setSiteId("shop")
            .addCollectionIds("orders")
            .setDescription("before the sale")
            .putLabels("by", "ann")
            .setPinned(true)
            .setRequestId(UUID.randomUUID().toString())
            .build();

    Backup created = server.backups().createBackup(request).getBackup();
    Backup again = server.backups().createBackup(request).getBackup();
    Backup ready = server.await(created);

    assertThat(again.getId()).isEqualTo(created.getId());
    assertThat(ready.getRequestedCollectionIdsList()).containsExactly("orders");
    assertThat(ready.getCollectionsList())
        .singleElement()
        .satisfies(each -> assertThat(each.getItemCount()).isEqualTo(1));
    assertThat(ready.getDescription()).isEqualTo("before the sale");
    assertThat(ready.getLabelsMap()).containsEntry("by", "ann");
    assertThat(ready.getPinned()).isTrue();
    assertThat(ready.getCreator()).isEqualTo("anonymous");
    assertThat(ready.getLogList()).isNotEmpty();
    assertThat(ready.getProgress().getFraction()).isEqualTo(1);
    assertThat(
            server
                .backups()
                .listBackups(
                    ListBackupsRequest.newBuilder()
                        .setSiteId("shop")
                        .putLabels("by", "bob")
                        .build())
                .getBackupsList())
        .isEmpty();
  }

  @Test
  void updatesOnlyAtTheExpectedEtag() {
    Backup ready = server.makeBackup("shop");

    UpdateBackupRequest.Builder request =
        UpdateBackupRequest.newBuilder()
            .setSiteId("shop")
            .setBackupId(ready.getId())
            .setBackup(Backup.newBuilder().setDescription("new").setPinned(true))
            .setUpdateMask(FieldMask.newBuilder().addPaths("description"));
    CallError error =
        CallError.of(() -> server.backups().updateBackup(request.setEtag("other").build()));
    assertThat(error.code()).isEqualTo(Status.Code.ABORTED);
    assertThat(error.reason()).isEqualTo("ETAG_MISMATCH");
    String etag = error.fact("actual_etag");
    assertThat(etag).isEqualTo(server.backup("shop", ready.getId()).getEtag());

    Backup updated = server.backups().updateBackup(request.setEtag(etag).build()).getBackup();
    assertThat(updated.getDescription()).isEqualTo("new");
    assertThat(updated.getPinned()).isFalse();
    assertThat(updated.getEtag()).isNotEqualTo(etag);
  }

  @Test
  void deletedBackupsCanBeDeletedAgainButNeitherPinnedNorCancelled() {
    Backup ready = server.makeBackup("shop");
    DeleteBackupRequest request =
        DeleteBackupRequest.newBuilder().setSiteId("shop").setBackupId(ready.getId()).build();
    server.backups().deleteBackup(request);

    Backup again = server.backups().deleteBackup(request).getBackup();

    assertThat(again.getState()).isEqualTo(BackupState.BACKUP_STATE_DELETED);
    assertThat(again.getExclusiveSizeBytes()).isZero();
    assertThat(CallError.of(() -> pin(ready.getId())).reason()).isEqualTo("BACKUP_NOT_READY");
    CallError cancel =
        CallError.of(
            () ->
                server
                    .backups()
                    .cancelBackup(
                        CancelBackupRequest.newBuilder()
                            .setSiteId("shop")
                            .setBackupId(ready.getId())
                            .build()));
    assertThat(cancel.reason()).isEqualTo("NOT_CANCELABLE");
    assertThat(cancel.fact("state")).isEqualTo("DELETED");
    CallError verify =
        CallError.of(
            () ->
                server
                    .backups()
                    .verifyBackup(
                        VerifyBackupRequest.newBuilder()
                            .setSiteId("shop")
                            .setBackupId(ready.getId())
                            .build()));
    assertThat(verify.reason()).isEqualTo("BACKUP_NOT_READY");
  }

  @Test
  void verifiesAgainWhenAsked() {
    Backup ready = server.makeBackup("shop");
    assertThat(ready.getVerification().getState())
        .isEqualTo(VerificationState.VERIFICATION_STATE_VERIFIED);

    Backup running =
        server
            .backups()
            .verifyBackup(
                VerifyBackupRequest.newBuilder()
                    .setSiteId("shop")
                    .setBackupId(ready.getId())
                    .build())
            .getBackup();

    assertThat(running.getVerification().getState())
        .isEqualTo(VerificationState.VERIFICATION_STATE_RUNNING);
    List<WatchBackupResponse> seen = server.watchToTheEnd(running);
    Backup end = seen.get(seen.size() - 1).getBackup();
    assertThat(end.getVerification().getState())
        .isEqualTo(VerificationState.VERIFICATION_STATE_VERIFIED);
    assertThat(end.getVerification().getLastVerifyTime().getSeconds())
        .isGreaterThanOrEqualTo(ready.getVerification().getLastVerifyTime().getSeconds());
  }

  @Test
  void pagesNewestFirst() {
    List<String> made = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      made.add(0, server.makeBackup("shop").getId());
    }

    List<String> listed = new ArrayList<>();
    String token = "";
    do {
      ListBackupsResponse page =
          server
              .backups()
              .listBackups(
                  ListBackupsRequest.newBuilder()
                      .setSiteId("shop")
                      .setPageSize(2)
                      .setPageToken(token)
                      .build());
      assertThat(page.getTotalSize()).isEqualTo(5);
      page.getBackupsList().forEach(each -> listed.add(each.getId()));
      token = page.getNextPageToken();
    } while (!token.isEmpty());

    assertThat(listed).isEqualTo(made);
  }

  private void pin(String id) {
    server
        .backups()
        .updateBackup(
            UpdateBackupRequest.newBuilder()
                .setSiteId("shop")
                .setBackupId(id)
                .setBackup(Backup.newBuilder().setPinned(true))
                .setUpdateMask(FieldMask.newBuilder().addPaths("pinned"))
                .build());
  }

  private ListBackupsResponse list(BackupState... states) {
    return server
        .backups()
        .listBackups(
            ListBackupsRequest.newBuilder()
                .setSiteId("shop")
                .addAllStates(List.of(states))
                .build());
  }
}
