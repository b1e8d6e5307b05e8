package dev.cairn.server.backup;

import static dev.cairn.server.backup.BackedUpSite.request;
import static dev.cairn.server.site.Installation.CITIES;
import static dev.cairn.server.site.Installation.SITE;
import static dev.cairn.server.store.StoreFixtures.assertFails;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import dev.cairn.server.backup.BackedUpSite.Options;
import dev.cairn.server.backup.SteppedRepository.Step;
import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import dev.cairn.server.site.FaultyKeyValueStore.Fault;
import dev.cairn.server.store.KeyValueStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Retention as it happens to backups. */
@Timeout(60)
final class EvictionTest {
  @TempDir Path directory;
  private BackedUpSite site;

  @BeforeEach
  void open() {
    open(Options.defaults());
  }

  private void open(Options options) {
    site = BackedUpSite.open(directory.resolve("data" + options.hashCode()), options);
    site.withSite(CITIES);
  }

  private void openAnew(Options options) {
    site.close();
    open(options);
  }

  @AfterEach
  void close() {
    site.close();
  }

  @Test
  void fourthBackupEvictsTheOldestOnlyOnceItIsReady() {
    BackupId first = site.make();
    BackupId second = site.make();
    BackupId third = site.make();
    BackupId fourth = site.create();
    assertThat(nextEvicted()).contains(first);
    List<BackupState> before = new ArrayList<>();
    site.repository.at(Step.MEASURE, () -> before.add(site.state(first)));

    site.making.runAll();

    assertThat(before).as("when the fourth is all but READY").containsOnly(BackupState.READY);
    assertThat(site.ready()).containsExactly(second, third, fourth);
    BackupRecord evicted = site.get(first);
    assertThat(evicted.state()).isEqualTo(BackupState.DELETED);
    assertThat(evicted.deleteReason()).contains(DeleteReason.EVICTED);
    assertThat(evicted.times().delete()).isPresent();
    assertThat(site.get(fourth).evicted()).containsExactly(first);
    assertThat(site.directories()).containsExactly(second.value(), third.value(), fourth.value());
    assertThat(nextEvicted()).contains(second);
  }

  @Test
  void backupsOfAServerThatKeptNoIndexAreCountedToo() {
    BackupId first = site.make();
    BackupId second = site.make();
    BackupId third = site.make();
    site.server.commands.append(
        transaction -> {
          transaction.deleteAll("current-backup/");
          return Boolean.TRUE;
        });
    site = site.reopen();

    BackupId fourth = site.make();

    assertThat(site.ready()).containsExactly(second, third, fourth);
    assertThat(site.get(fourth).evicted()).containsExactly(first);
  }

  @Test
  void recordsOfBackupsThatAreGoneAreNotReadAgain() {
    BackupId gone = site.make();
    site.backups.delete(SITE, gone, "");
    site.server.store.write(
        List.of(
            KeyValueStore.Change.put(
                "backup/" + SITE + "/" + gone, ByteString.copyFromUtf8("damaged"))));
    assertThatThrownBy(() -> site.ready()).as("a list reads them").hasMessageContaining("damaged");

    BackupId next = site.make();

    assertThat(site.state(next)).isEqualTo(BackupState.READY);
    assertThat(site.backups.ready(SITE)).extracting(BackupRecord::id).containsExactly(next);
  }

  private Optional<BackupId> nextEvicted() {
    return site.backups.list(SITE, Backups.Filter.ALL).nextEvicted();
  }

  @Test
  void backupThatFailsEvictsNothing() {
    BackupId first = site.make();
    site.make();
    site.make();
    for (Step step : List.of(Step.STAGING, Step.PUT, Step.PUT_DONE, Step.MEASURE)) {
      site.repository.at(
          step,
          () -> {
            throw new ServiceException(Reason.DISK_FULL, "full");
          });
      BackupId failed = site.make();
      assertThat(site.state(failed)).isEqualTo(BackupState.FAILED);
    }
    site.repository.calm();
    BackupId cancelled = site.create();
    site.backups.cancel(SITE, cancelled);
    site.making.runAll();

    assertThat(site.ready()).hasSize(3).contains(first);
    assertThat(site.directories()).hasSize(3);
  }

  @Test
  void evictionThatTheCatalogRefusedDeletesNoFile() {
    BackupId first = site.make();
    site.make();
    site.make();
    BackupId fourth = site.create();
    site.server.store.failAfter(1, Fault.NOT_WRITTEN);

    site.making.runAll();

    site.server.store.failAfter(0, Fault.NONE);
    assertThat(site.state(first)).isEqualTo(BackupState.READY);
    site.repository.verify(site.get(first).repositoryKey(), (bytes, files) -> {});
    site = site.reopen();
    assertThat(site.state(fourth)).isEqualTo(BackupState.FAILED);
    assertThat(site.directories()).hasSize(3).contains(first.value());
  }

  @Test
  void pinnedBackupsStayAndTheNextOldestGoes() {
    BackupId pinned = site.makePinned();
    BackupId second = site.make();
    site.make();
    site.make();

    assertThat(site.ready()).contains(pinned).doesNotContain(second).hasSize(3);
  }

  @Test
  void whenAllArePinnedTheRequestIsRefusedNamingThem() {
    List<BackupId> pinned = List.of(site.makePinned(), site.makePinned(), site.makePinned());

    assertThatThrownBy(() -> site.create())
        .isInstanceOfSatisfying(
            ServiceException.class,
            e -> {
              assertThat(e.reason()).isEqualTo(Reason.ALL_BACKUPS_PINNED);
              assertThat(e.metadata().getOrDefault("backup_ids", "").split(","))
                  .containsExactlyInAnyOrder(
                      pinned.stream().map(BackupId::value).toArray(String[]::new));
            });
    assertThat(site.backups.list(SITE, Backups.Filter.ALL).backups()).hasSize(3);
    assertThat(site.state(site.make(request(BackupType.AUTO, false)))).isEqualTo(BackupState.READY);
    site.pin(pinned.get(1), false);
    BackupId fourth = site.make();
    assertThat(site.ready()).contains(fourth, pinned.get(0), pinned.get(2));
    assertThat(site.state(pinned.get(1))).isEqualTo(BackupState.DELETED);
  }

  @Test
  void backupThatBecameReadyIsNotItselfEvictedWhenAllOthersWerePinnedMeanwhile() {
    BackupId first = site.make();
    BackupId second = site.make();
    BackupId third = site.make();
    BackupId fourth = site.create();
    List.of(first, second, third).forEach(each -> site.pin(each, true));

    site.making.runAll();

    assertThat(site.ready()).containsExactly(first, second, third, fourth);
    site.pin(second, false);
    assertThat(site.ready()).containsExactly(first, third, fourth);
    assertThat(site.get(fourth).evicted()).containsExactly(second);
  }

  @Test
  void backupInUseStaysUntilItIsNoLongerRead() {
    BackupId first = site.make();
    BackupId second = site.make();
    BackupId third = site.make();
    List<BackupUse> uses =
        List.of(
            site.backups.use(SITE, first, "r1"),
            site.backups.use(SITE, second, "r1"),
            site.backups.use(SITE, third, "r1"));
    BackupId fourth = site.make();
    assertThat(site.ready()).containsExactly(first, second, third, fourth);

    uses.get(1).close();
    assertThat(site.ready()).containsExactly(first, third, fourth);
    uses.get(0).close();
    uses.get(2).close();
    assertThat(site.ready()).containsExactly(first, third, fourth);
  }

  @Test
  void backupWhoseUseHasEndedMayGo() {
    List<BackupId> ready = List.of(site.make(), site.make(), site.make());
    List<BackupUse> uses = ready.stream().map(id -> site.backups.use(SITE, id, "r-" + id)).toList();
    BackupId fourth = site.make();
    assertThat(site.ready()).as("none of them could go").hasSize(4);
    assertFails(Reason.BACKUP_IN_USE, () -> site.backups.delete(SITE, ready.get(1), ""));

    uses.forEach(BackupUse::end);
    uses.forEach(BackupUse::end);

    assertThat(site.ready()).as("until the uses are closed").hasSize(4);
    site.backups.delete(SITE, ready.get(1), "");
    uses.forEach(BackupUse::close);
    assertThat(site.ready()).containsExactly(ready.get(0), ready.get(2), fourth);
  }

  @Test
  void useThatBeginsRightBeforeTheEvictionSparesTheBackupAndHarmsNobody() {
    BackupId first = site.make();
    BackupId second = site.make();
    site.make();
    List<BackupUse> use = new ArrayList<>();
    site.repository.at(
        Step.MEASURE,
        () -> {
          if (use.isEmpty()) {
            use.add(site.backups.use(SITE, first, "r1"));
          }
        });

    BackupId fourth = site.make();

    assertThat(site.state(fourth)).isEqualTo(BackupState.READY);
    assertThat(site.state(first)).isEqualTo(BackupState.READY);
    assertThat(site.state(second)).isEqualTo(BackupState.DELETED);
    use.get(0).close();
  }

  @Test
  void otherTypesNeitherCountNorGo() {
    BackupId auto = site.make(request(BackupType.AUTO, false));
    for (int i = 0; i < 4; i++) {
      site.make();
    }

    assertThat(site.ready()).hasSize(4).contains(auto);
  }

  // The last verified one

  @Test
  void lastVerifiedOneStaysUntilTheVerificationOfAnotherEnds() {
    openAnew(Options.defaults().verifying());
    BackupId first = site.make();
    site.verifying.runAll();
    BackupId second = site.make();
    BackupId third = site.make();
    BackupId fourth = site.make();
    assertThat(site.ready()).containsExactly(first, second, third, fourth);
    assertThat(nextEvicted()).isEmpty();

    site.verifying.runNext();

    assertThat(site.get(second).verification().state()).isEqualTo(Verification.State.VERIFIED);
    assertThat(site.ready()).containsExactly(second, third, fourth);
    assertThat(site.get(fourth).evicted()).containsExactly(first);
    site.verifying.runAll();
    assertThat(site.ready()).containsExactly(second, third, fourth);
  }

  @Test
  void lastVerifiedOneStaysWhenTheOthersAreCorrupt() throws IOException {
    openAnew(Options.defaults().verifying().withLimit(2));
    BackupId first = site.make();
    site.verifying.runAll();
    BackupId second = site.make();
    BackupId third = site.make();
    damage(second);
    damage(third);

    site.verifying.runAll();

    assertThat(site.ready()).containsExactly(first, third);
    assertThat(site.get(third).verification().state()).isEqualTo(Verification.State.CORRUPT);
    BackupId fourth = site.make();
    site.verifying.runAll();
    assertThat(site.ready()).as("now the oldest").containsExactly(third, fourth);
  }

  @Test
  void evictedBackupIsNotVerified() {
    openAnew(Options.defaults().verifying().withLimit(1));
    BackupId first = site.make();
    site.make();
    site.verifying.runAll();

    site.backups.delete(SITE, site.make(), "");
    site.verifying.runAll();

    assertThat(site.state(first)).isEqualTo(BackupState.DELETED);
    assertThat(site.backups.topicCount()).isZero();
  }

  static void damage(BackedUpSite site, BackupId id) throws IOException {
    Path current = site.files(id).resolve("CURRENT");
    byte[] bytes = Files.readAllBytes(current);
    bytes[0] ^= 1;
    Files.write(current, bytes);
  }

  private void damage(BackupId id) throws IOException {
    damage(site, id);
  }

  // Everything together

  /** What the test knows of a backup that is READY. */
  private static final class Known {
    boolean pinned;
    boolean damaged;
    Optional<BackupUse> use = Optional.empty();
    Verification.State verification = Verification.State.UNVERIFIED;
  }

  @Test
  void randomLivesAgreeWithAModel() throws IOException {
    long seed = Long.getLong("seed", System.nanoTime());
    Random random = new Random(seed);
    openAnew(Options.defaults().withLimit(2));
    TreeMap<BackupId, Known> model = new TreeMap<>();

    for (int i = 0; i < 60; i++) {
      List<BackupId> ids = List.copyOf(model.keySet());
      if (ids.isEmpty() || random.nextInt(3) == 0) {
        make(random, model);
      } else {
        change(random, ids.get(random.nextInt(ids.size())), model);
      }
      assertThat(site.ready())
          .as("seed " + seed + " step " + i)
          .containsExactlyElementsOf(model.keySet());
      assertThat(site.directories())
          .as("seed " + seed + " step " + i)
          .containsExactlyElementsOf(model.keySet().stream().map(BackupId::value).toList());
    }
  }

  private void make(Random random, TreeMap<BackupId, Known> model) {
    Known known = new Known();
    known.pinned = random.nextInt(5) == 0;
    boolean mustRefuse = model.values().stream().filter(each -> each.pinned).count() >= 2;
    try {
      BackupId id = site.make(request(BackupType.ON_DEMAND, known.pinned));
      assertThat(mustRefuse).isFalse();
      model.put(id, known);
      evict(model);
    } catch (ServiceException e) {
      assertThat(e.reason()).isEqualTo(Reason.ALL_BACKUPS_PINNED);
      assertThat(mustRefuse).isTrue();
    }
  }

  private void change(Random random, BackupId id, TreeMap<BackupId, Known> model)
      throws IOException {
    Known known = model.getOrDefault(id, new Known());
    switch (random.nextInt(5)) {
      case 0 -> {
        known.pinned = !known.pinned;
        site.pin(id, known.pinned);
        evict(model);
      }
      case 1 -> {
        if (known.use.isEmpty()) {
          site.backups.delete(SITE, id, "");
          model.remove(id);
        }
      }
      case 2 -> {
        if (known.use.isPresent()) {
          BackupUse use = known.use.get();
          known.use = Optional.empty();
          evict(model);
          use.close();
        } else {
          known.use = Optional.of(site.backups.use(SITE, id, "r1"));
        }
      }
      case 3 -> {
        if (!known.damaged) {
          known.damaged = true;
          damage(id);
        }
      }
      default -> {
        known.verification =
            known.damaged ? Verification.State.CORRUPT : Verification.State.VERIFIED;
        site.verify(id);
        evict(model);
      }
    }
  }

  /** Nothing is verified without being asked here, so nothing is waited for. */
  private static void evict(TreeMap<BackupId, Known> model) {
    while (model.size() > 2) {
      long verified =
          model.values().stream()
              .filter(each -> each.verification == Verification.State.VERIFIED)
              .count();
      Optional<BackupId> oldest =
          model.entrySet().stream()
              .filter(each -> !each.getValue().pinned && each.getValue().use.isEmpty())
              .filter(
                  each ->
                      verified > 1 || each.getValue().verification != Verification.State.VERIFIED)
              .filter(
                  each ->
                      !each.getKey().equals(model.lastKey())
                          || each.getValue().verification == Verification.State.CORRUPT)
              .map(Map.Entry::getKey)
              .findFirst();
      if (oldest.isEmpty()) {
        return;
      }
      model.remove(oldest.get());
    }
  }
}
