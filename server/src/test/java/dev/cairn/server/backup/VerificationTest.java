package dev.cairn.server.backup;

import static dev.cairn.server.site.Installation.CITIES;
import static dev.cairn.server.site.Installation.SITE;
import static dev.cairn.server.site.Installation.live;
import static dev.cairn.server.store.StoreFixtures.assertFails;
import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.server.backup.BackedUpSite.Options;
import dev.cairn.server.backup.SteppedRepository.Step;
import dev.cairn.server.backup.Verification.State;
import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import dev.cairn.server.site.Installation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
final class VerificationTest {
  @TempDir Path directory;
  private BackedUpSite site;

  @BeforeEach
  void open() {
    site = BackedUpSite.open(directory.resolve("data"), Options.defaults()).withSite(CITIES);
    site.server.save(live(CITIES), "rome", "{}", "oslo", "{}");
  }

  @AfterEach
  void close() {
    site.close();
  }

  private void reopen(Options options) {
    site.close();
    site = BackedUpSite.open(site.server.root, options);
  }

  @Test
  void soundBackupIsVerified() {
    BackupId id = site.make();
    assertThat(site.backups.verify(SITE, id).record().verification().running()).isTrue();
    site.server.clock.advance(Duration.ofMinutes(1));

    site.verifying.runAll();

    assertThat(site.get(id).verification())
        .isEqualTo(
            new Verification(
                State.VERIFIED, false, java.util.Optional.of(site.server.clock.instant()), ""));
    assertThat(site.backups.get(SITE, id).progress().fraction()).isEqualTo(1);
    assertThat(site.get(id).log()).last().extracting(LogLine::message).isEqualTo("verified");
    BackupRecord before = site.get(id);
    site = site.reopen();
    assertThat(site.get(id)).isEqualTo(before);
  }

  @Test
  void oneFlippedBitInAnyFileIsFoundAndTheFileNamed() throws IOException {
    BackupId id = site.make();
    for (String name : files(id)) {
      Path file = site.files(id).resolve(name);
      byte[] sound = Files.readAllBytes(file);
      if (sound.length > 0) {
        byte[] bad = sound.clone();
        bad[bad.length / 2] ^= 4;
        Files.write(file, bad);
        assertCorrupt(id, name);
        Files.write(file, sound);
        assertVerified(id);
      }
    }
    assertThat(files(id)).hasSizeGreaterThan(4).contains("CURRENT", "MANIFEST.json");
  }

  @Test
  void missingFileIsFoundAndNamed() throws IOException {
    BackupId id = site.make();
    for (String name : files(id)) {
      Path file = site.files(id).resolve(name);
      byte[] sound = Files.readAllBytes(file);
      Files.delete(file);
      assertCorrupt(id, name);
      Files.write(file, sound);
      assertVerified(id);
    }
  }

  @Test
  void surplusFileIsFoundAndNamed() throws IOException {
    BackupId id = site.make();
    Files.writeString(site.files(id).resolve("extra"), "x");

    assertCorrupt(id, "extra");
  }

  private List<String> files(BackupId id) {
    return Installation.names(site.files(id));
  }

  private void assertCorrupt(BackupId id, String file) {
    site.verify(id);
    Verification found = site.get(id).verification();
    assertThat(found.state()).as(file).isEqualTo(State.CORRUPT);
    assertThat(found.running()).isFalse();
    assertThat(found.detail()).contains(file);
    assertThat(found.lastTime()).contains(site.server.clock.instant());
    assertThat(site.state(id)).isEqualTo(BackupState.READY);
  }

  private void assertVerified(BackupId id) {
    site.verify(id);
    assertThat(site.get(id).verification().state()).isEqualTo(State.VERIFIED);
    assertThat(site.get(id).verification().detail()).isEmpty();
  }

  @Test
  void resultBeforeIsKeptUntilTheNextOne() throws IOException {
    BackupId id = site.make();
    assertVerified(id);
    EvictionTest.damage(site, id);

    Verification running = site.backups.verify(SITE, id).record().verification();

    assertThat(running.running()).isTrue();
    assertThat(running.state()).isEqualTo(State.VERIFIED);
    site.verifying.runAll();
    assertThat(site.get(id).verification().state()).isEqualTo(State.CORRUPT);
  }

  @Test
  void everyBackupIsVerifiedByItselfWhenConfigured() {
    reopen(Options.defaults().verifying());

    BackupId id = site.make();

    assertThat(site.get(id).verification().running()).isTrue();
    site.verifying.runAll();
    assertThat(site.get(id).verification().state()).isEqualTo(State.VERIFIED);
  }

  @Test
  void verificationThatRunsIsFollowedAlsoWhenTheQueueIsFull() {
    reopen(Options.defaults().withQueue(1));
    BackupId id = site.make();

    BackupView first = site.backups.verify(SITE, id);
    BackupView second = site.backups.verify(SITE, id);

    assertThat(second).isEqualTo(first);
    assertThat(site.verifying.waiting()).isEqualTo(1);
    BackupId other = site.make();
    assertFails(Reason.OVERLOADED, () -> site.backups.verify(SITE, other));
    assertThat(site.get(other).verification().running()).isFalse();
  }

  @Test
  void verificationForWhichThereWasNoRoomComesLater() {
    reopen(Options.defaults().verifying().withQueue(1));
    BackupId first = site.make();
    BackupId second = site.make();
    BackupId third = site.make();
    assertThat(site.get(second).verification().running()).isFalse();
    site.backups.delete(SITE, second, "");

    site.verifying.runAll();

    assertThat(site.get(first).verification().state()).isEqualTo(State.VERIFIED);
    assertThat(site.get(second).verification().state()).isEqualTo(State.UNVERIFIED);
    assertThat(site.get(third).verification().state()).isEqualTo(State.VERIFIED);
  }

  @Test
  void pendingBackupCannotBeVerified() {
    BackupId id = site.create();

    assertFails(Reason.BACKUP_NOT_READY, () -> site.backups.verify(SITE, id));
    assertThat(site.verifying.waiting()).isZero();
  }

  @Test
  void verificationThatCannotReadIsNoResult() {
    BackupId id = site.make();
    for (RuntimeException failure :
        List.of(
            new ServiceException(Reason.STORAGE_FAILED, "cannot read"),
            new IllegalStateException("unexpected"))) {
      site.repository.at(
          Step.VERIFY,
          () -> {
            throw failure;
          });

      site.verify(id);

      assertThat(site.get(id).verification().state()).isEqualTo(State.UNVERIFIED);
      assertThat(site.get(id).verification().running()).isFalse();
      assertThat(site.get(id).verification().lastTime()).isEmpty();
      assertThat(site.get(id).verification().detail()).isNotEmpty();
    }
    site.repository.calm();
    assertVerified(id);
  }

  // Beside a verification

  @Test
  void backupMayBeDeletedWhileItIsVerified() {
    for (Step step : List.of(Step.VERIFY, Step.VERIFIED_SOME)) {
      BackupId id = site.make();
      List<BackupView> seen = new ArrayList<>();
      Topics.Subscription<BackupView> watch = site.backups.watch(SITE, id, last -> {});
      site.repository.at(
          step,
          () -> {
            site.server.clock.advance(Duration.ofSeconds(1)); // so that progress is told
            site.backups.delete(SITE, id, "");
            seen.add(site.backups.get(SITE, id));
          });

      site.verify(id);

      site.repository.calm();
      assertThat(seen.get(0).record().state()).isEqualTo(BackupState.DELETED);
      assertThat(seen.get(0).settled()).isTrue();
      assertThat(site.backups.get(SITE, id)).isEqualTo(seen.get(0));
      assertThat(watch.latest()).isEqualTo(seen.get(0));
      watch.close();
      assertThat(site.backups.get(SITE, id).record()).isEqualTo(seen.get(0).record());
      assertThat(site.backups.topicCount()).isZero();
    }
  }

  @Test
  void notesChangedWhileItIsVerifiedAreNotTakenBackByProgress() {
    BackupId id = site.make();
    List<BackupView> views = new ArrayList<>();
    site.repository.at(
        Step.VERIFIED_SOME,
        () -> {
          if (views.isEmpty()) {
            site.notes(id, old -> new BackupRecord.Notes("changed", Map.of(), true));
          }
          views.add(site.backups.get(SITE, id));
          site.server.clock.advance(Duration.ofSeconds(1));
        });

    site.verify(id);

    assertThat(views).hasSizeGreaterThan(3);
    assertThat(views).allMatch(each -> each.record().notes().description().equals("changed"));
    assertThat(views).extracting(BackupView::sequence).isSorted();
    assertThat(views)
        .extracting(each -> each.progress().fraction())
        .as("goes on over the change")
        .isSorted();
    assertThat(views.get(views.size() - 1).progress().fraction()).isPositive();
    assertThat(site.get(id).notes().pinned()).isTrue();
    assertThat(site.get(id).verification().state()).isEqualTo(State.VERIFIED);
  }

  @Test
  void siteMayBeDeletedWhileItsBackupIsVerified() {
    BackupId id = site.make();
    site.repository.at(
        Step.VERIFIED_SOME,
        () -> {
          site.repository.calm();
          site.server.sites.delete(SITE, true);
        });

    site.verify(id);

    assertFails(Reason.SITE_NOT_FOUND, () -> site.get(id));
    assertThat(site.backups.topicCount()).isZero();
    assertThat(site.directories()).isEmpty();
  }

  @Test
  void damageFoundByARestorationIsRecorded() {
    BackupId id = site.make();

    site.backups.foundCorrupt(SITE, id, "file x is damaged");

    assertThat(site.get(id).verification().state()).isEqualTo(State.CORRUPT);
    assertThat(site.get(id).verification().detail()).isEqualTo("file x is damaged");
  }

  // Restarts

  @Test
  void verificationInterruptedByARestartIsMadeAgain() {
    reopen(Options.defaults().verifying());
    BackupId id = site.make();
    BackupId old = site.make();
    site.verifying.runNext();
    site.verify(old);
    site.backups.verify(SITE, old);

    reopen(Options.defaults().verifying());

    assertThat(site.get(old).verification().running()).isFalse();
    assertThat(site.get(old).verification().state()).isEqualTo(State.VERIFIED);
    site.verifying.runAll();
    assertThat(site.get(id).verification().state()).isEqualTo(State.VERIFIED);
  }

  @Test
  void readyBackupWithoutFilesIsCorruptAfterARestart() throws IOException {
    BackupId id = site.make();
    Files.delete(site.files(id).resolve("MANIFEST.json"));

    site = site.reopen();

    assertThat(site.state(id)).isEqualTo(BackupState.READY);
    assertThat(site.get(id).verification().state()).isEqualTo(State.CORRUPT);
    assertThat(site.get(id).verification().detail()).contains("MANIFEST.json");
    site.backups.delete(SITE, id, "");
    assertThat(site.state(id)).isEqualTo(BackupState.DELETED);
  }
}
