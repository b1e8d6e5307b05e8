package dev.cairn.server.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.rpc.PreconditionFailure;
import dev.cairn.v1.Backup;
import dev.cairn.v1.BackupType;
import dev.cairn.v1.CancelRestorationRequest;
import dev.cairn.v1.CollectionPreview;
import dev.cairn.v1.DeleteBackupRequest;
import dev.cairn.v1.ListBackupsRequest;
import dev.cairn.v1.ListRestorationsRequest;
import dev.cairn.v1.ListRestorationsResponse;
import dev.cairn.v1.PreviewRestorationRequest;
import dev.cairn.v1.PreviewRestorationResponse;
import dev.cairn.v1.Restoration;
import dev.cairn.v1.RestorationDestination;
import dev.cairn.v1.RestorationKind;
import dev.cairn.v1.RestorationOutcome;
import dev.cairn.v1.RestorationSelection;
import dev.cairn.v1.RestorationState;
import dev.cairn.v1.RestoreBackupRequest;
import dev.cairn.v1.RestorePartialBackupRequest;
import dev.cairn.v1.UndoRestorationRequest;
import dev.cairn.v1.VerificationMode;
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

class RestorationServiceTest {
  @TempDir Path data;
  private TestServer server;
  private Backup backup;

  @BeforeEach
  void start() {
    server =
        TestServer.on(data)
            .hasSite("shop")
            .hasCollection("shop", "products")
            .hasCollection("shop", "orders")
            .hasItem("shop", "products", "p1", "{\"v\":1}")
            .hasItem("shop", "orders", "o1", "{\"v\":1}");
    backup = server.makeBackup("shop");
    server
        .hasItem("shop", "products", "p1", "{\"v\":2}")
        .hasItem("shop", "products", "p2", "{\"v\":2}")
        .hasItem("shop", "orders", "o1", "{\"v\":2}");
  }

  @AfterEach
  void stop() {
    server.close();
  }

  @Test
  void putsEverythingBackAndTakesItBackAgain() {
    Restoration done = server.restore(backup);

    assertThat(done.getKind()).isEqualTo(RestorationKind.RESTORATION_KIND_FULL);
    assertThat(done.getDestinationSiteId()).isEqualTo("shop");
    assertThat(done.getBackup().getId()).isEqualTo(backup.getId());
    assertThat(done.getBackup().getLogList()).isEmpty();
    assertThat(done.getVerification()).isEqualTo(VerificationMode.VERIFICATION_MODE_CHECKSUMS);
    assertThat(done.getCollectionsList())
        .allSatisfy(
            each ->
                assertThat(each.getOutcome())
                    .isEqualTo(RestorationOutcome.RESTORATION_OUTCOME_REPLACED));
    assertThat(done.getProgress().getFraction()).isEqualTo(1);
    assertThat(server.content("shop", "products")).isEqualTo(Map.of("p1", "{\"v\":1}"));

    Restoration undo =
        server.await(
            server
                .restorations()
                .undoRestoration(
                    UndoRestorationRequest.newBuilder()
                        .setSiteId("shop")
                        .setRestorationId(done.getId())
                        .build())
                .getRestoration());

    assertThat(undo.getKind()).isEqualTo(RestorationKind.RESTORATION_KIND_UNDO);
    assertThat(undo.getUndoOfRestorationId()).isEqualTo(done.getId());
    assertThat(undo.getBackup().getType()).isEqualTo(BackupType.BACKUP_TYPE_SAFETY);
    assertThat(server.content("shop", "products"))
        .isEqualTo(Map.of("p1", "{\"v\":2}", "p2", "{\"v\":2}"));
    assertThat(server.content("shop", "orders")).isEqualTo(Map.of("o1", "{\"v\":2}"));
  }

  @Test
  void putsOneCollectionBackIntoAnother() {
    Restoration done =
        server.await(
            server
                .restorations()
                .restorePartialBackup(
                    RestorePartialBackupRequest.newBuilder()
                        .setSiteId("shop")
                        .setBackupId(backup.getId())
                        .addCollections(
                            RestorationSelection.newBuilder()
                                .setCollectionId("products")
                                .setDestination(
                                    RestorationDestination.newBuilder()
                                        .setCollectionId("old-products")
                                        .setDisplayName("Old")))
                        .build())
                .getRestoration());

    assertThat(done.getState()).isEqualTo(RestorationState.RESTORATION_STATE_COMPLETED);
    assertThat(done.getKind()).isEqualTo(RestorationKind.RESTORATION_KIND_PARTIAL);
    assertThat(done.getCollections(0).getOutcome())
        .isEqualTo(RestorationOutcome.RESTORATION_OUTCOME_CREATED);
    assertThat(done.getCollections(0).getDestination().getDisplayName()).isEqualTo("Old");
    assertThat(server.content("shop", "old-products")).isEqualTo(Map.of("p1", "{\"v\":1}"));
    assertThat(server.content("shop", "products")).hasSize(2);
    assertThat(server.content("shop", "orders")).isEqualTo(Map.of("o1", "{\"v\":2}"));
  }

  @Test
  void startsOnceForOneRequestId() {
    RestoreBackupRequest request =
        RestoreBackupRequest.newBuilder()
            .setSiteId("shop")
            .setBackupId(backup.getId())
            .setRequestId(UUID.randomUUID().toString())
            .build();

    Restoration first = server.restorations().restoreBackup(request).getRestoration();
    server.await(first);
    Restoration again = server.restorations().restoreBackup(request).getRestoration();

    assertThat(again.getId()).isEqualTo(first.getId());
    assertThat(
            CallError.of(
                    () ->
                        server
                            .restorations()
                            .restoreBackup(request.toBuilder().setAllowCorrupt(true).build()))
                .reason())
        .isEqualTo("REQUEST_ID_CONFLICT");
    assertThat(list().getTotalSize()).isEqualTo(1);
  }

  @Test
  void refusesBackupsThatHoldNothing() {
    server
        .backups()
        .deleteBackup(
            DeleteBackupRequest.newBuilder().setSiteId("shop").setBackupId(backup.getId()).build());

    CallError error = CallError.of(() -> server.requestRestoration(backup));

    assertThat(error.code()).isEqualTo(Status.Code.FAILED_PRECONDITION);
    assertThat(error.reason()).isEqualTo("BACKUP_NOT_READY");
    assertThat(error.fact("state")).isEqualTo("DELETED");
    assertThat(error.detail(PreconditionFailure.class).getViolations(0).getType())
        .isEqualTo("BACKUP_NOT_READY");
    assertThat(server.content("shop", "products")).hasSize(2);
  }

  @Test
  void refusesCollectionsThatTheBackupDoesNotHold() {
    CallError error =
        CallError.of(
            () ->
                server
                    .restorations()
                    .restorePartialBackup(
                        RestorePartialBackupRequest.newBuilder()
                            .setSiteId("shop")
                            .setBackupId(backup.getId())
                            .addCollections(
                                RestorationSelection.newBuilder().setCollectionId("nope"))
                            .build()));

    assertThat(error.reason()).isEqualTo("COLLECTION_NOT_FOUND");
    assertThat(error.fact("collection_id")).isEqualTo("nope");
  }

  @Test
  void refusesASecondOneOfTheSameSite() {
    CallError refused = null;
    for (int i = 0; i < 50 && refused == null; i++) {
      Restoration running = server.requestRestoration(backup);
      try {
        server.requestRestoration(backup);
        server.await(running);
        TestServer.eventually(
            () ->
                list().getRestorationsList().stream()
                    .noneMatch(
                        each -> each.getState() == RestorationState.RESTORATION_STATE_PENDING));
      } catch (io.grpc.StatusRuntimeException e) {
        refused = CallError.of(e);
        assertThat(refused.fact("running_restoration_id")).isEqualTo(running.getId());
        server.await(running);
      }
    }

    assertThat(refused).isNotNull();
    assertThat(refused.code()).isEqualTo(Status.Code.ABORTED);
    assertThat(refused.reason()).isEqualTo("RESTORATION_IN_PROGRESS");
  }

  @Test
  void endedOnesCannotBeCancelled() {
    Restoration done = server.restore(backup);

    CallError error =
        CallError.of(
            () ->
                server
                    .restorations()
                    .cancelRestoration(
                        CancelRestorationRequest.newBuilder()
                            .setSiteId("shop")
                            .setRestorationId(done.getId())
                            .build()));

    assertThat(error.code()).isEqualTo(Status.Code.FAILED_PRECONDITION);
    assertThat(error.reason()).isEqualTo("NOT_CANCELABLE");
    assertThat(error.fact("state")).isEqualTo("COMPLETED");
  }

  @Test
  void makesANewSiteOfABackup() {
    RestoreBackupRequest request =
        RestoreBackupRequest.newBuilder()
            .setSiteId("shop")
            .setBackupId(backup.getId())
            .setDestinationSiteId("copy")
            .build();

    Restoration done = server.await(server.restorations().restoreBackup(request).getRestoration());

    assertThat(done.getState()).isEqualTo(RestorationState.RESTORATION_STATE_COMPLETED);
    assertThat(done.getKind()).isEqualTo(RestorationKind.RESTORATION_KIND_CLONE);
    assertThat(done.getDestinationSiteId()).isEqualTo("copy");
    assertThat(server.content("copy", "products")).isEqualTo(Map.of("p1", "{\"v\":1}"));
    assertThat(server.content("copy", "orders")).isEqualTo(Map.of("o1", "{\"v\":1}"));
    assertThat(server.content("shop", "products"))
        .isEqualTo(Map.of("p1", "{\"v\":2}", "p2", "{\"v\":2}"));
    CallError again = CallError.of(() -> server.restorations().restoreBackup(request));
    assertThat(again.reason()).isEqualTo("SITE_ALREADY_EXISTS");
  }

  @Test
  void makesANewSiteOfOneCollectionUnderAnotherName() {
    Restoration done =
        server.await(
            server
                .restorations()
                .restorePartialBackup(
                    RestorePartialBackupRequest.newBuilder()
                        .setSiteId("shop")
                        .setBackupId(backup.getId())
                        .setDestinationSiteId("copy")
                        .addCollections(
                            RestorationSelection.newBuilder()
                                .setCollectionId("products")
                                .setDestination(
                                    RestorationDestination.newBuilder().setCollectionId("goods")))
                        .build())
                .getRestoration());

    assertThat(done.getState()).isEqualTo(RestorationState.RESTORATION_STATE_COMPLETED);
    assertThat(server.content("copy", "goods")).isEqualTo(Map.of("p1", "{\"v\":1}"));
  }

  @Test
  void previewsWhatARestorationWouldDoAndBindsItToThat() {
    PreviewRestorationResponse preview =
        server
            .restorations()
            .previewRestoration(
                PreviewRestorationRequest.newBuilder()
                    .setSiteId("shop")
                    .setBackupId(backup.getId())
                    .build());

    CollectionPreview products = preview.getCollections(1);
    assertThat(products.getCollectionId()).isEqualTo("products");
    assertThat(products.getLiveCount()).isEqualTo(2);
    assertThat(products.getBackupCount()).isEqualTo(1);
    assertThat(products.getChangedItemIdsList()).containsExactly("p1");
    assertThat(products.getRemovedItemIdsList()).containsExactly("p2");
    assertThat(products.getAddedCount()).isZero();

    server.hasItem("shop", "orders", "o2", "{\"v\":3}");
    RestoreBackupRequest bound =
        RestoreBackupRequest.newBuilder()
            .setSiteId("shop")
            .setBackupId(backup.getId())
            .setPreviewToken(preview.getPreviewToken())
            .build();
    CallError outdated = CallError.of(() -> server.restorations().restoreBackup(bound));
    assertThat(outdated.code()).isEqualTo(Status.Code.ABORTED);
    assertThat(outdated.reason()).isEqualTo("PREVIEW_OUTDATED");
    CallError other =
        CallError.of(
            () ->
                server
                    .restorations()
                    .restoreBackup(bound.toBuilder().setDestinationSiteId("copy").build()));
    assertThat(other.reason()).isEqualTo("INVALID_ARGUMENT");

    String fresh =
        server
            .restorations()
            .previewRestoration(
                PreviewRestorationRequest.newBuilder()
                    .setSiteId("shop")
                    .setBackupId(backup.getId())
                    .build())
            .getPreviewToken();
    Restoration done =
        server.await(
            server
                .restorations()
                .restoreBackup(bound.toBuilder().setPreviewToken(fresh).build())
                .getRestoration());
    assertThat(done.getState()).isEqualTo(RestorationState.RESTORATION_STATE_COMPLETED);
  }

  @Test
  void listsNewestFirstByPageAndBackup() {
    List<String> made = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      made.add(0, server.restore(backup).getId());
    }

    List<String> listed = new ArrayList<>();
    String token = "";
    do {
      ListRestorationsResponse page =
          server
              .restorations()
              .listRestorations(
                  ListRestorationsRequest.newBuilder()
                      .setSiteId("shop")
                      .setBackupId(backup.getId())
                      .addStates(RestorationState.RESTORATION_STATE_COMPLETED)
                      .setPageSize(2)
                      .setPageToken(token)
                      .build());
      assertThat(page.getTotalSize()).isEqualTo(3);
      page.getRestorationsList()
          .forEach(
              each -> {
                assertThat(each.hasProgress()).isFalse();
                assertThat(each.getLogList()).isEmpty();
                assertThat(each.hasPurgeTime()).isTrue();
                listed.add(each.getId());
              });
      token = page.getNextPageToken();
    } while (!token.isEmpty());

    assertThat(listed).isEqualTo(made);
    assertThat(
            server
                .backups()
                .listBackups(
                    ListBackupsRequest.newBuilder()
                        .setSiteId("shop")
                        .addTypes(BackupType.BACKUP_TYPE_SAFETY)
                        .build())
                .getBackupsList())
        .isNotEmpty()
        .allSatisfy(each -> assertThat(each.getRestorationId()).isNotEmpty());
  }

  private ListRestorationsResponse list() {
    return server
        .restorations()
        .listRestorations(ListRestorationsRequest.newBuilder().setSiteId("shop").build());
  }
}
