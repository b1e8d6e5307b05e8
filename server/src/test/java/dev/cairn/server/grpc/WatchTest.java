package dev.cairn.server.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.v1.Backup;
import dev.cairn.v1.BackupState;
import dev.cairn.v1.DeleteSiteRequest;
import dev.cairn.v1.Restoration;
import dev.cairn.v1.RestorationState;
import dev.cairn.v1.WatchBackupRequest;
import dev.cairn.v1.WatchBackupResponse;
import dev.cairn.v1.WatchRestorationRequest;
import dev.cairn.v1.WatchRestorationResponse;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WatchTest {
  @TempDir Path data;
  private TestServer server;

  @BeforeEach
  void start() {
    server =
        TestServer.on(data, "watch.min-interval", "1ms")
            .hasSite("shop")
            .hasCollection("shop", "products")
            .hasItems("shop", "products", 2_000);
  }

  @AfterEach
  void stop() {
    server.close();
  }

  @Test
  void aBackupIsFollowedToItsEnd() {
    Backup requested = server.requestBackup("shop");

    List<WatchBackupResponse> seen = server.watchToTheEnd(requested);

    WatchBackupResponse last = seen.get(seen.size() - 1);
    assertThat(last.getBackup().getState()).isEqualTo(BackupState.BACKUP_STATE_READY);
    assertThat(last.getBackup().getLogList()).isNotEmpty();
    assertThat(last.getBackup().getProgress().getFraction()).isEqualTo(1);
    assertThat(last.getSequence()).isEqualTo(last.getBackup().getProgress().getSequence());
    assertThat(seen.get(0).getBackup().getLogList()).isNotEmpty();
    assertThat(seen)
        .filteredOn(each -> each.getBackup().getState() == BackupState.BACKUP_STATE_PENDING)
        .extracting(each -> each.getBackup().getProgress().getFraction())
        .isSorted();
    assertThat(seen)
        .extracting(WatchBackupResponse::getSequence)
        .doesNotHaveDuplicates()
        .isSorted();
  }

  @Test
  void aRestorationIsFollowedWithProgressThatNeverGoesBack() {
    Backup backup = server.makeBackup("shop");
    server.hasItem("shop", "products", "new", "{}");
    Restoration requested = server.requestRestoration(backup);

    List<WatchRestorationResponse> seen =
        TestServer.all(
            server
                .restorations()
                .watchRestoration(
                    WatchRestorationRequest.newBuilder()
                        .setSiteId("shop")
                        .setRestorationId(requested.getId())
                        .build()));

    WatchRestorationResponse last = seen.get(seen.size() - 1);
    assertThat(last.getRestoration().getState())
        .isEqualTo(RestorationState.RESTORATION_STATE_COMPLETED);
    assertThat(last.getRestoration().getLogList()).isNotEmpty();
    assertThat(seen)
        .extracting(each -> each.getRestoration().getProgress().getFraction())
        .isSorted()
        .last()
        .isEqualTo(1.0);
    assertThat(seen.subList(0, seen.size() - 1))
        .allSatisfy(
            each -> assertThat(each.getRestoration().getProgress().getFraction()).isLessThan(1.0));
    assertThat(seen)
        .extracting(WatchRestorationResponse::getSequence)
        .doesNotHaveDuplicates()
        .isSorted();
  }

  @Test
  void watchingWhatHasEndedGivesTheEndAtOnceAlsoWhenItWasSeen() {
    Backup ready = server.makeBackup("shop");
    WatchBackupResponse end = server.watchToTheEnd(ready).get(0);

    List<WatchBackupResponse> again =
        TestServer.all(
            server
                .backups()
                .watchBackup(
                    WatchBackupRequest.newBuilder()
                        .setSiteId("shop")
                        .setBackupId(ready.getId())
                        .setAfterSequence(end.getSequence())
                        .build()));

    assertThat(again).containsExactly(end);
    assertThat(end.getBackup().getLogList()).isNotEmpty();
  }

  @Test
  void whatIsNotThereCannotBeWatched() {
    assertThat(
            CallError.of(
                    () ->
                        TestServer.all(
                            server
                                .backups()
                                .watchBackup(
                                    WatchBackupRequest.newBuilder()
                                        .setSiteId("shop")
                                        .setBackupId("nope")
                                        .build())))
                .reason())
        .isEqualTo("BACKUP_NOT_FOUND");
    assertThat(
            CallError.of(
                    () ->
                        TestServer.all(
                            server
                                .restorations()
                                .watchRestoration(
                                    WatchRestorationRequest.newBuilder()
                                        .setSiteId("nope")
                                        .setRestorationId("nope")
                                        .build())))
                .reason())
        .isEqualTo("SITE_NOT_FOUND");
  }

  @Test
  void theSiteCanGoWhileItsBackupsAreWatched() {
    Backup requested = server.requestBackup("shop");
    var watch =
        server
            .backups()
            .watchBackup(
                WatchBackupRequest.newBuilder()
                    .setSiteId("shop")
                    .setBackupId(requested.getId())
                    .build());
    watch.next();

    server
        .sites()
        .deleteSite(DeleteSiteRequest.newBuilder().setSiteId("shop").setForce(true).build());

    try {
      assertThat(TestServer.all(watch)).isNotNull();
    } catch (io.grpc.StatusRuntimeException e) {
      assertThat(CallError.of(e).reason()).isEqualTo("SITE_NOT_FOUND");
    }
  }
}
