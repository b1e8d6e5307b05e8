package dev.cairn.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.util.Timestamps;
import com.google.rpc.QuotaFailure;
import dev.cairn.v1.Backup;
import dev.cairn.v1.BackupDeleteReason;
import dev.cairn.v1.BackupState;
import dev.cairn.v1.BackupType;
import dev.cairn.v1.CreateBackupRequest;
import dev.cairn.v1.DeleteBackupRequest;
import dev.cairn.v1.ErrorReason;
import dev.cairn.v1.ListBackupsRequest;
import dev.cairn.v1.ListBackupsResponse;
import dev.cairn.v1.Phase;
import dev.cairn.v1.Progress;
import dev.cairn.v1.Restoration;
import dev.cairn.v1.RestorationState;
import dev.cairn.v1.VerificationState;
import dev.cairn.v1.WatchBackupRequest;
import dev.cairn.v1.WatchBackupResponse;
import dev.cairn.v1.WatchRestorationRequest;
import dev.cairn.v1.WatchRestorationResponse;
import io.grpc.Status;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * What people do with backups: before an update, after an accident, and when there are too many.
 */
class BackupFlowIT {
  @RegisterExtension static final Servers SERVERS = new Servers();
  private static @org.jspecify.annotations.Nullable CairnProcess server;

  private Cairn cairn = Cairn.connect("127.0.0.1:1");
  private String site = "";

  private static CairnProcess server() {
    CairnProcess running = server;
    if (running == null || !running.isAlive()) {
      running = SERVERS.start();
      server = running;
    }
    return running;
  }

  @BeforeEach
  void aSite(TestInfo test) {
    cairn.close();
    cairn = server().connect();
    site = "site-" + test.getTestMethod().orElseThrow().getName();
    site = site.substring(0, Math.min(60, site.length()));
    cairn.createSite(site, List.of("products", "orders"));
    cairn.fill(site, "products", 300, "good");
    cairn.fill(site, "orders", 50, "good");
  }

  @AfterEach
  void disconnect() {
    cairn.close();
  }

  @Test
  void beforeAMajorUpdate() {
    Backup requested = cairn.requestBackup(site);
    assertThat(requested.getState()).isEqualTo(BackupState.BACKUP_STATE_PENDING);
    assertThat(requested.getType()).isEqualTo(BackupType.BACKUP_TYPE_ON_DEMAND);
    Wait.until(
        "the list shows it READY",
        Duration.ofSeconds(30),
        () ->
            cairn.listBackups(site).stream()
                .anyMatch(
                    each ->
                        each.getId().equals(requested.getId())
                            && each.getState() == BackupState.BACKUP_STATE_READY));

    Backup ready = cairn.getBackup(site, requested.getId());
    assertThat(ready.getItemCount()).isEqualTo(350);
    assertThat(ready.getCollectionsList())
        .extracting(each -> each.getCollectionId() + "=" + each.getItemCount())
        .containsExactly("orders=50", "products=300");
    assertThat(ready.getSizeBytes()).isPositive();
    assertThat(
            Stream.of(
                    ready.getCreateTime(),
                    ready.getStartTime(),
                    ready.getSnapshotTime(),
                    ready.getFinishTime())
                .toList())
        .isSortedAccordingTo(Timestamps.comparator());
    // From then on its progress is that of the verification.
    assertThat(cairn.awaitVerified(site, ready.getId()).getProgress().getFraction()).isEqualTo(1);
  }

  @Test
  void afterAnAccident() {
    Backup older = cairn.backup(site);
    Backup newest = cairn.backup(site);
    Content good = Content.of(cairn, site);
    cairn.fill(site, "products", 400, "damaged");
    cairn.delete(site, "orders", Cairn.itemId(7));

    List<Backup> ready = cairn.listBackups(site, BackupState.BACKUP_STATE_READY);
    assertThat(ready).extracting(Backup::getId).containsExactly(newest.getId(), older.getId());
    Restoration requested = cairn.requestRestore(site, ready.get(0).getId());
    assertThat(requested.getState()).isEqualTo(RestorationState.RESTORATION_STATE_PENDING);
    Wait.until(
        "the list shows it COMPLETED",
        Duration.ofSeconds(30),
        () ->
            cairn.listRestorations(site).get(0).getState()
                == RestorationState.RESTORATION_STATE_COMPLETED);
    assertThat(good.difference(Content.of(cairn, site))).isEmpty();

    Backup deleted = delete(newest.getId());
    assertThat(deleted.getState()).isEqualTo(BackupState.BACKUP_STATE_DELETED);
    assertThat(deleted.getDeleteReason())
        .isEqualTo(BackupDeleteReason.BACKUP_DELETE_REASON_REQUESTED);
    assertThat(deleted.getPurgeTime().getSeconds() - deleted.getDeleteTime().getSeconds())
        .isEqualTo(Duration.ofDays(30).toSeconds());
    assertThat(delete(newest.getId())).isEqualTo(deleted);

    // Its slot is free: two more push nobody out.
    cairn.verifiedBackup(site);
    Backup third = cairn.verifiedBackup(site);
    assertThat(third.getEvictedBackupIdsList()).isEmpty();
    assertThat(cairn.getBackup(site, older.getId()).getState())
        .isEqualTo(BackupState.BACKUP_STATE_READY);
    DataDirectory.requireTidy(server(), cairn);
  }

  private Backup delete(String backupId) {
    return cairn
        .backups()
        .deleteBackup(
            DeleteBackupRequest.newBuilder().setSiteId(site).setBackupId(backupId).build())
        .getBackup();
  }

  private ListBackupsResponse list() {
    return cairn.backups().listBackups(ListBackupsRequest.newBuilder().setSiteId(site).build());
  }

  @Test
  void theFourthEvictsTheOldestOnceItIsReadyAndNotBefore() throws InterruptedException {
    Backup oldest = cairn.verifiedBackup(site);
    Backup second = cairn.verifiedBackup(site);
    Backup third = cairn.verifiedBackup(site);
    assertThat(list().getOnDemandLimit()).isEqualTo(3);
    assertThat(list().getNextEvictedBackupId()).isEqualTo(oldest.getId());

    List<List<Backup>> seen = new ArrayList<>();
    AtomicBoolean done = new AtomicBoolean();
    Thread observer =
        new Thread(
            () -> {
              while (!done.get()) {
                seen.add(cairn.listBackups(site));
              }
              seen.add(cairn.listBackups(site));
            });
    observer.start();
    Backup fourth = cairn.verifiedBackup(site);
    done.set(true);
    observer.join();

    assertThat(cairn.getBackup(site, fourth.getId()).getEvictedBackupIdsList())
        .containsExactly(oldest.getId());
    Backup evicted = cairn.getBackup(site, oldest.getId());
    assertThat(evicted.getState()).isEqualTo(BackupState.BACKUP_STATE_DELETED);
    assertThat(evicted.getDeleteReason())
        .isEqualTo(BackupDeleteReason.BACKUP_DELETE_REASON_EVICTED);
    for (Backup kept : List.of(second, third)) {
      assertThat(cairn.getBackup(site, kept.getId()).getState())
          .isEqualTo(BackupState.BACKUP_STATE_READY);
    }
    assertThat(seen)
        .allSatisfy(
            list ->
                assertThat(stateOf(list, oldest).equals(BackupState.BACKUP_STATE_READY))
                    .as("the oldest is READY exactly while the fourth is not")
                    .isNotEqualTo(stateOf(list, fourth).equals(BackupState.BACKUP_STATE_READY)));
    DataDirectory.requireTidy(server(), cairn);
  }

  private static BackupState stateOf(List<Backup> list, Backup backup) {
    return list.stream()
        .filter(each -> each.getId().equals(backup.getId()))
        .map(Backup::getState)
        .findFirst()
        .orElse(BackupState.BACKUP_STATE_UNSPECIFIED);
  }

  @Test
  void neverEvictsPinnedOnesNorSafetyOnes() {
    Backup pinned = cairn.verifiedBackup(site);
    cairn.pin(site, pinned.getId(), true);
    String safety = cairn.restore(site, pinned.getId()).getSafetyBackupId();
    Backup second = cairn.verifiedBackup(site);
    cairn.verifiedBackup(site);
    assertThat(list().getNextEvictedBackupId()).isEqualTo(second.getId());
    Backup fourth = cairn.verifiedBackup(site);
    assertThat(cairn.getBackup(site, fourth.getId()).getEvictedBackupIdsList())
        .containsExactly(second.getId());
    assertThat(cairn.getBackup(site, pinned.getId()).getState())
        .isEqualTo(BackupState.BACKUP_STATE_READY);
    Backup kept = cairn.getBackup(site, safety);
    assertThat(kept.getState()).isEqualTo(BackupState.BACKUP_STATE_READY);
    assertThat(kept.getType()).isEqualTo(BackupType.BACKUP_TYPE_SAFETY);
  }

  @Test
  void refusesAFourthWhenAllArePinnedAndNamesThem() {
    List<String> pinned = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      pinned.add(cairn.verifiedBackup(site).getId());
      cairn.pin(site, pinned.get(i), true);
    }
    Fault fault = Fault.from(() -> cairn.requestBackup(site));
    assertThat(fault.code()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
    assertThat(fault.reason()).contains(ErrorReason.ERROR_REASON_ALL_BACKUPS_PINNED);
    assertThat(fault.metadata()).containsEntry("limit", "3").containsEntry("site_id", site);
    assertThat(fault.metadata().getOrDefault("backup_ids", "").split(","))
        .containsExactlyInAnyOrderElementsOf(pinned);
    assertThat(Fault.find(fault.details(), QuotaFailure.class)).isPresent();
    assertThat(cairn.listBackups(site)).hasSize(3);

    cairn.pin(site, pinned.get(1), false);
    Backup fourth = cairn.verifiedBackup(site);
    assertThat(cairn.getBackup(site, fourth.getId()).getEvictedBackupIdsList())
        .containsExactly(pinned.get(1));
  }

  @Test
  void makesABackupOnceHoweverOftenItIsAsked() {
    CreateBackupRequest request =
        CreateBackupRequest.newBuilder()
            .setSiteId(site)
            .setDescription("before the sale")
            .putLabels("why", "sale")
            .setRequestId(UUID.randomUUID().toString())
            .build();
    String id = cairn.backups().createBackup(request).getBackup().getId();
    cairn.awaitBackup(site, id);
    assertThat(cairn.backups().createBackup(request).getBackup().getId()).isEqualTo(id);
    Fault conflict =
        Fault.from(() -> cairn.backups().createBackup(request.toBuilder().setPinned(true).build()));
    assertThat(conflict.reason()).contains(ErrorReason.ERROR_REASON_REQUEST_ID_CONFLICT);
    assertThat(conflict.code()).isEqualTo(Status.Code.FAILED_PRECONDITION);
    assertThat(cairn.listBackups(site)).hasSize(1);
  }

  @Test
  void goesOnWithoutTheCallerWhoAsked() {
    String id;
    try (Cairn gone = server().connect()) {
      id = gone.requestBackup(site).getId();
    }
    assertThat(cairn.awaitBackup(site, id).getState()).isEqualTo(BackupState.BACKUP_STATE_READY);
  }

  @Test
  void showsABackupBeingMadeFromItsStateNowToItsEnd() {
    String id = cairn.requestBackup(site).getId();
    Iterator<WatchBackupResponse> watch =
        cairn
            .backups()
            .watchBackup(WatchBackupRequest.newBuilder().setSiteId(site).setBackupId(id).build());
    List<WatchBackupResponse> seen = new ArrayList<>();
    watch.forEachRemaining(each -> seen.add(each));
    seen.removeIf(WatchBackupResponse::getHeartbeat);
    assertThat(seen).isNotEmpty();
    Backup last = seen.get(seen.size() - 1).getBackup();
    assertThat(last.getState()).isEqualTo(BackupState.BACKUP_STATE_READY);
    assertThat(last.getVerification().getState())
        .isNotEqualTo(VerificationState.VERIFICATION_STATE_RUNNING);
    assertThat(last.getLogList()).isNotEmpty();
    assertThat(seen)
        .extracting(WatchBackupResponse::getSequence)
        .isSorted()
        .doesNotHaveDuplicates();

    cairn.awaitVerified(site, id);
    long sequence = cairn.getBackup(site, id).getProgress().getSequence();
    Iterator<WatchBackupResponse> again =
        cairn
            .backups()
            .watchBackup(
                WatchBackupRequest.newBuilder()
                    .setSiteId(site)
                    .setBackupId(id)
                    .setAfterSequence(sequence)
                    .build());
    assertThat(again.next().getBackup().getState()).isEqualTo(BackupState.BACKUP_STATE_READY);
    assertThat(again.hasNext()).isFalse();
  }

  @Test
  void tellsExactlyHowFarARestorationHasCome() {
    cairn.saveAll(
        site,
        "products",
        Stream.iterate(0, i -> i + 1)
            .limit(20_000)
            .map(i -> Cairn.item(Cairn.itemId(i), "{\"text\":\"" + "y".repeat(200) + i + "\"}"))
            .toList());
    String backup = cairn.backup(site).getId();
    cairn.createCollection(site, "later");
    cairn.save(site, "later", "one", "{}"); // the backup lacks it: collections are copied singly
    Restoration requested = cairn.requestRestore(site, backup);
    Iterator<WatchRestorationResponse> watch =
        cairn
            .restorations()
            .watchRestoration(
                WatchRestorationRequest.newBuilder()
                    .setSiteId(site)
                    .setRestorationId(requested.getId())
                    .build());
    List<Restoration> seen = new ArrayList<>();
    watch.forEachRemaining(
        each -> {
          if (!each.getHeartbeat()) {
            assertThat(each.getSequence())
                .isEqualTo(each.getRestoration().getProgress().getSequence());
            seen.add(each.getRestoration());
          }
        });
    Restoration last = seen.get(seen.size() - 1);
    assertThat(last.getState()).isEqualTo(RestorationState.RESTORATION_STATE_COMPLETED);
    assertThat(last.getProgress().getFraction()).isEqualTo(1);
    assertThat(last.getProgress().getItems().getDone()).isEqualTo(20_050);
    List<Progress> progress = seen.stream().map(Restoration::getProgress).toList();
    requireMonotone(progress, Progress::getFraction);
    requireMonotone(progress, each -> (double) each.getPhaseValue());
    requireMonotone(progress, each -> (double) each.getItems().getDone());
    requireMonotone(progress, each -> (double) each.getBytes().getDone());
    requireMonotone(progress, each -> (double) each.getSequence());
    assertThat(progress.subList(0, progress.size() - 1))
        .allSatisfy(each -> assertThat(each.getFraction()).isLessThan(1));
    assertThat(progress.stream().filter(each -> each.getPhaseValue() > Phase.PHASE_QUEUED_VALUE))
        .allSatisfy(
            each -> {
              assertThat(each.getItems().getTotal()).isEqualTo(20_050);
              assertThat(each.getCollections().getTotal()).isEqualTo(2);
              assertThat(each.getBytes().getTotal())
                  .isEqualTo(last.getProgress().getBytes().getTotal());
            });
    assertThat(cairn.get(site, "later", "one").getRevision()).isEqualTo(1);
  }

  private static void requireMonotone(List<Progress> progress, Function<Progress, Double> value) {
    assertThat(progress.stream().map(value).toList()).isSorted();
  }

  @Test
  void findsADamagedFileAndRefusesToRestoreIt() throws IOException {
    Backup backup = cairn.verifiedBackup(site);
    cairn.fill(site, "products", 300, "newer");
    Content now = Content.of(cairn, site);
    Path damaged = damage(backup);

    Backup verifying = cairn.verify(site, backup.getId());
    assertThat(verifying.getVerification().getState())
        .isEqualTo(VerificationState.VERIFICATION_STATE_RUNNING);
    Wait.until(
        "the damage is found",
        Duration.ofSeconds(30),
        () ->
            cairn.getBackup(site, backup.getId()).getVerification().getState()
                == VerificationState.VERIFICATION_STATE_CORRUPT);
    Backup corrupt = cairn.getBackup(site, backup.getId());
    assertThat(corrupt.getState()).isEqualTo(BackupState.BACKUP_STATE_READY);
    assertThat(corrupt.getVerification().getDetail())
        .contains(String.valueOf(damaged.getFileName()))
        .doesNotContain(server().dataDirectory().toString());

    Fault fault = Fault.from(() -> cairn.requestRestore(site, backup.getId()));
    assertThat(fault.reason()).contains(ErrorReason.ERROR_REASON_BACKUP_CORRUPT);
    assertThat(fault.code()).isEqualTo(Status.Code.FAILED_PRECONDITION);
    assertThat(now.difference(Content.of(cairn, site))).isEmpty();
  }

  @Test
  void findsDamageBeforeItTouchesAnything() throws IOException {
    Backup backup = cairn.verifiedBackup(site);
    cairn.fill(site, "products", 300, "newer");
    Content now = Content.of(cairn, site);
    damage(backup);
    Restoration failed =
        cairn.awaitRestoration(site, cairn.requestRestore(site, backup.getId()).getId());
    assertThat(failed.getState()).isEqualTo(RestorationState.RESTORATION_STATE_FAILED);
    assertThat(failed.getFailure().getReason()).isEqualTo(ErrorReason.ERROR_REASON_BACKUP_CORRUPT);
    assertThat(failed.getSafetyBackupId()).isEmpty();
    assertThat(now.difference(Content.of(cairn, site))).isEmpty();
    assertThat(cairn.getBackup(site, backup.getId()).getVerification().getState())
        .isEqualTo(VerificationState.VERIFICATION_STATE_CORRUPT);
    DataDirectory.requireTidy(server(), cairn);
  }

  /** Turns one bit of a file that only the backup has; hard links would damage the live content. */
  private Path damage(Backup backup) throws IOException {
    Path directory =
        server().dataDirectory().resolve("backups").resolve(site).resolve(backup.getId());
    Path file;
    try (Stream<Path> files = Files.list(directory)) {
      file =
          files
              .filter(each -> String.valueOf(each.getFileName()).startsWith("MANIFEST-"))
              .max(Comparator.naturalOrder())
              .orElseThrow();
    }
    assertThat(Files.getAttribute(file, "unix:nlink")).isEqualTo(1);
    byte[] content = Files.readAllBytes(file);
    content[content.length / 2] ^= 1;
    Files.write(file, content);
    return file;
  }

  @Test
  void keepsTheListAcrossARestart() {
    cairn.backup(site);
    cairn.restore(site, cairn.backup(site).getId());
    cairn
        .listBackups(site)
        .forEach(
            each -> {
              if (each.getState() == BackupState.BACKUP_STATE_READY) {
                cairn.awaitVerified(site, each.getId());
              }
            });
    List<Backup> backups = cairn.listBackups(site);
    List<Restoration> restorations = cairn.listRestorations(site);
    Content content = Content.of(cairn, site);
    cairn.close();
    CairnProcess process = server();
    process.stop();
    process.restart();
    cairn = process.connect();
    assertThat(cairn.listBackups(site)).isEqualTo(backups);
    assertThat(cairn.listRestorations(site)).isEqualTo(restorations);
    assertThat(content.difference(Content.of(cairn, site))).isEmpty();
    assertThat(Set.copyOf(cairn.siteIds())).contains(site);
  }
}
