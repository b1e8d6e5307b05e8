package dev.cairn.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.v1.Backup;
import dev.cairn.v1.BackupState;
import dev.cairn.v1.ErrorReason;
import dev.cairn.v1.ImportItemsRequest;
import dev.cairn.v1.ImportItemsResponse;
import dev.cairn.v1.Item;
import dev.cairn.v1.Restoration;
import dev.cairn.v1.RestorationSelection;
import dev.cairn.v1.RestorationState;
import dev.cairn.v1.RestorePartialBackupRequest;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.UUID;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * A disk that fills during an import, a backup, a restoration and changes of the catalog, and then
 * has room again: what fails says DISK_FULL, what was acknowledged stays, reads go on, and the
 * server recovers without being started again.
 */
class DiskFullIT {
  private static final String SITE = "shop";
  private static final DiskTrouble TROUBLE =
      new DiskTrouble(SITE, Set.of(ErrorReason.ERROR_REASON_DISK_FULL));
  private static final String ITEMS = "products";
  private static final int MEBIBYTES = 48;

  /** How much room is left when something begins: it ends after more and more of its steps. */
  private static final List<Long> ROOMS =
      List.of(0L, 8L << 10, 20L << 10, 40L << 10, 80L << 10, 160L << 10, 400L << 10);

  @RegisterExtension final Servers servers = new Servers();

  private Path directory;
  private SmallDisk disk;
  private CairnProcess server;
  private Cairn cairn;

  @BeforeEach
  void mount() {
    directory = servers.directory();
    disk = SmallDisk.mount(directory.resolve("data"), MEBIBYTES);
    server = servers.startIn(directory, "--disk.reserve=0", CrashRun.SMALL_IS_LARGE);
    cairn = server.connect();
    cairn.createSite(SITE, List.of(ITEMS));
  }

  @AfterEach
  void unmount() {
    if (disk != null) {
      if (cairn != null) {
        cairn.close();
      }
      if (server != null) {
        server.close();
      }
      disk.close();
    }
  }

  @Test
  void importResumesWhereItWasAcknowledged() throws InterruptedException {
    cairn.fill(SITE, ITEMS, 100, "before");
    String importId = UUID.randomUUID().toString();
    disk.fill(1 << 20);

    LinkedBlockingQueue<Object> answers = new LinkedBlockingQueue<>();
    StreamObserver<ImportItemsRequest> stream =
        cairn.itemStreams().importItems(new Cairn.Queued<>(answers));
    stream.onNext(opening(importId));
    long acknowledged = ((ImportItemsResponse) next(answers)).getAcknowledgedSequence();
    Object answer = null;
    for (int batch = 1; batch < 2_000 && !(answer instanceof Throwable); batch++) {
      stream.onNext(batch(batch));
      answer = next(answers);
      if (answer instanceof ImportItemsResponse response) {
        acknowledged = response.getAcknowledgedSequence();
      }
    }
    assertThat(answer).isInstanceOf(StatusRuntimeException.class);
    TROUBLE.requireRefused(Fault.of((StatusRuntimeException) answer));

    SortedMap<String, Item> readable = cairn.export(SITE, ITEMS);
    assertThat(readable).hasSizeGreaterThanOrEqualTo(100 + (int) acknowledged * 10);
    TROUBLE.requireRefused(Fault.from(() -> cairn.save(SITE, ITEMS, "refused", "{}")));
    assertThat(cairn.get(SITE, ITEMS, Cairn.itemId(7)).getId()).isEqualTo(Cairn.itemId(7));

    disk.empty();
    long resumedAt =
        DiskTrouble.recovers(
            () -> cairn.importItems(opening(importId), List.of()).getAcknowledgedSequence());
    assertThat(resumedAt).isBetween(acknowledged, acknowledged + 1);
    List<List<Item>> rest = new ArrayList<>();
    for (long batch = resumedAt + 1; batch <= resumedAt + 5; batch++) {
      rest.add(batch((int) batch).getItemsList());
    }
    cairn.importItems(opening(importId), rest);
    assertThat(cairn.count(SITE, ITEMS)).isEqualTo(100 + (resumedAt + 5) * 10);
    requireSameAfterRestart();
  }

  private static ImportItemsRequest opening(String importId) {
    return ImportItemsRequest.newBuilder()
        .setSiteId(SITE)
        .setCollectionId(ITEMS)
        .setImportId(importId)
        .build();
  }

  private static ImportItemsRequest batch(int sequence) {
    ImportItemsRequest.Builder batch = ImportItemsRequest.newBuilder().setBatchSequence(sequence);
    for (int i = 0; i < 10; i++) {
      batch.addItems(
          Cairn.item(
              "imported-" + sequence + "-" + i, "{\"text\":\"" + noise(sequence * 10 + i) + "\"}"));
    }
    return batch.build();
  }

  /** Does not compress away. */
  private static String noise(long seed) {
    java.util.Random random = new java.util.Random(seed);
    StringBuilder text = new StringBuilder();
    while (text.length() < 2_000) {
      text.append(Long.toString(random.nextLong(), 36));
    }
    return text.toString();
  }

  private static Object next(LinkedBlockingQueue<Object> answers) throws InterruptedException {
    Object answer = answers.poll(60, TimeUnit.SECONDS);
    assertThat(answer).as("an answer of the import").isNotNull();
    return answer;
  }

  @Test
  void backupFailsWithAReasonAndTheNextOneSucceeds() {
    cairn.fill(SITE, ITEMS, 1_000, "kept");
    int failed = 0;
    for (long room : ROOMS) {
      cairn.save(SITE, ITEMS, "item-" + room, "{\"not\":\"in a table file yet\"}");
      disk.fill(room);
      String asked = TROUBLE.askedOrRefused(() -> cairn.requestBackup(SITE).getId());
      assertThat(cairn.count(SITE, ITEMS)).isGreaterThan(1_000);
      Wait.pause(Duration.ofMillis(300)); // so that most fail while there is no room
      disk.empty();

      if (asked.isEmpty()) {
        failed++;
      } else {
        Backup ended = cairn.awaitBackup(SITE, asked);
        if (ended.getState() != BackupState.BACKUP_STATE_READY) {
          failed++;
          assertThat(ended.getFailure().getReason())
              .as("room %s", room)
              .isEqualTo(ErrorReason.ERROR_REASON_DISK_FULL);
        }
      }
      Backup next = TROUBLE.recoversToABackup(cairn);
      assertThat(next.getItemCount()).isEqualTo(cairn.count(SITE, ITEMS));
    }
    assertThat(failed).as("backups that met the full disk").isPositive();
    TROUBLE.requireNothingPending(cairn);
    DataDirectory.requireTidy(withoutBallast(), cairn);
    requireSameAfterRestart();
  }

  @Test
  void restorationFailsWithAReasonAndLeavesTheContentOrCompletes() {
    cairn.fill(SITE, ITEMS, 2_000, "in the backup");
    String backup = cairn.verifiedBackup(SITE).getId();
    cairn.pin(SITE, backup, true);
    int round = 0;
    int failed = 0;
    for (long room : ROOMS) {
      for (boolean partial : List.of(true, false)) {
        cairn.save(SITE, ITEMS, "live-" + round++, "{}");
        SortedMap<String, SortedMap<String, Item>> live = cairn.content(SITE);
        disk.fill(room);
        String asked =
            TROUBLE.askedOrRefused(
                () ->
                    partial
                        ? requestPartial(backup).getId()
                        : cairn.requestRestore(SITE, backup).getId());
        cairn.count(SITE, ITEMS);
        Wait.pause(Duration.ofMillis(300));
        disk.empty();

        if (asked.isEmpty()) {
          failed++;
          assertThat(cairn.content(SITE)).isEqualTo(live);
          continue;
        }
        Restoration ended = cairn.awaitRestoration(SITE, asked);
        if (ended.getState() == RestorationState.RESTORATION_STATE_COMPLETED) {
          assertThat(cairn.count(SITE, ITEMS)).as("room %s", room).isEqualTo(2_000);
        } else {
          failed++;
          assertThat(ended.getFailure().getReason())
              .as("room %s", room)
              .isEqualTo(ErrorReason.ERROR_REASON_DISK_FULL);
          assertThat(cairn.content(SITE)).as("room %s", room).isEqualTo(live);
        }
        DiskTrouble.recovers(() -> cairn.save(SITE, ITEMS, "again", "{}"));
      }
    }
    assertThat(failed).as("restorations that met the full disk").isPositive();
    TROUBLE.requireNothingPending(cairn);
    cairn.restore(SITE, backup);
    assertThat(cairn.count(SITE, ITEMS)).isEqualTo(2_000);
    requireSameAfterRestart();
  }

  private Restoration requestPartial(String backup) {
    return cairn
        .restorations()
        .restorePartialBackup(
            RestorePartialBackupRequest.newBuilder()
                .setSiteId(SITE)
                .setBackupId(backup)
                .addCollections(RestorationSelection.newBuilder().setCollectionId(ITEMS))
                .setRequestId(UUID.randomUUID().toString())
                .build())
        .getRestoration();
  }

  @Test
  void catalogKeepsWhatItAcknowledgedAndTakesChangesAgain() {
    List<String> acknowledged = new ArrayList<>(List.of(SITE));
    int failures = 0;
    for (int round = 0; round < 6; round++) {
      disk.fill(round * (6L << 10));
      for (int i = 0; i < 60; i++) {
        String id = "c-" + round + "-" + i;
        try {
          cairn.createCollection(SITE, id);
          acknowledged.add(id);
        } catch (StatusRuntimeException e) {
          TROUBLE.requireRefused(Fault.of(e));
          failures++;
        }
        assertThat(cairn.sites().listSites(dev.cairn.v1.ListSitesRequest.getDefaultInstance()))
            .as("reads go on")
            .isNotNull();
      }
      disk.empty();
      String site = "site-" + round;
      DiskTrouble.recovers(
          () -> {
            if (!cairn.siteIds().contains(site)) {
              cairn.createSite(site);
            }
            return site;
          });
      acknowledged.add(site);
      String item = "r" + round;
      DiskTrouble.recovers(() -> cairn.save(SITE, ITEMS, item, "{}"));
    }
    assertThat(failures).as("calls that met the full disk").isPositive();
    requireHolds(acknowledged);
    List<String> before = everything();
    server.stop();
    server.restart();
    cairn.close();
    cairn = server.connect();
    requireHolds(acknowledged);
    assertThat(everything()).as("what was shown is what the next start finds").isEqualTo(before);
  }

  private void requireHolds(List<String> acknowledged) {
    assertThat(everything()).containsAll(acknowledged);
  }

  private List<String> everything() {
    List<String> all = new ArrayList<>(cairn.siteIds());
    cairn.listCollections(SITE).forEach(each -> all.add(each.getId()));
    return all;
  }

  @Test
  void belowTheReserveWhatTakesRoomIsRefusedAndSmallWritesAreNot() {
    server.stop();
    cairn.close();
    CairnProcess reserved = servers.startIn(directory, "--disk.reserve=8MiB");
    try (Cairn calls = reserved.connect()) {
      calls.fill(SITE, ITEMS, 500, "x");
      String backup = calls.verifiedBackup(SITE).getId();
      Wait.until(
          "the reserve is there",
          DiskTrouble.RECOVERY,
          () -> java.nio.file.Files.exists(reserved.dataDirectory().resolve("RESERVE")));
      disk.fill(6 << 20);

      Fault refused = Fault.from(() -> calls.requestBackup(SITE));
      TROUBLE.requireRefused(refused);
      assertThat(refused.metadata()).containsEntry("reserve_bytes", String.valueOf(8 << 20));
      TROUBLE.requireRefused(
          Fault.from(() -> calls.importItems(opening(UUID.randomUUID().toString()), List.of())));
      calls.save(SITE, ITEMS, "small", "{}");
      calls.restore(SITE, backup); // by links: needs next to nothing
      assertThat(calls.count(SITE, ITEMS)).isEqualTo(500);

      disk.empty();
      assertThat(calls.backup(SITE).getItemCount()).isEqualTo(500);
    }
  }

  // What holds everywhere.

  private CairnProcess withoutBallast() {
    disk.empty();
    return server;
  }

  private void requireSameAfterRestart() {
    SortedMap<String, SortedMap<String, Item>> before = cairn.content(SITE);
    cairn.close();
    server.stop();
    server.restart();
    cairn = server.connect();
    assertThat(cairn.content(SITE)).isEqualTo(before);
  }
}
