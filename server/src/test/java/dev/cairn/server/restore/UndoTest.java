package dev.cairn.server.restore;

import static dev.cairn.server.restore.ServerUnderTest.SITE;
import static dev.cairn.server.restore.ServerUnderTest.completed;
import static dev.cairn.server.restore.ServerUnderTest.into;
import static dev.cairn.server.restore.ServerUnderTest.only;
import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.server.backup.BackupId;
import dev.cairn.server.backup.BackupRecord;
import dev.cairn.server.backup.BackupType;
import dev.cairn.server.error.Reason;
import dev.cairn.server.restore.RestorationRecord.Outcome;
import dev.cairn.server.store.StoreFixtures;
import dev.cairn.server.store.StoredItem;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a restoration replaced is kept, and can be brought back. */
final class UndoTest {
  @TempDir Path directory;
  private ServerUnderTest server;

  @BeforeEach
  void start() {
    server = ServerUnderTest.withSite(directory);
    server.fill("books", 30, "old");
    server.fill("films", 20, "old");
  }

  @AfterEach
  void stop() {
    server.assertSound();
    server.closeWithNothingLeaked();
  }

  @Test
  void safetyBackupHoldsExactlyWhatWasReplaced() {
    BackupId backup = server.backup();
    server.saveAll("books", 31, "changed");
    server.fill("songs", 3, "new");
    Map<String, List<StoredItem>> before = server.content();

    RestorationRecord done = completed(server.restore(backup));

    BackupId safety = done.safetyBackupId().orElseThrow();
    BackupRecord record = server.backupRecord(safety);
    assertThat(server.contentOf(safety)).isEqualTo(before);
    assertThat(record.type()).isEqualTo(BackupType.SAFETY);
    assertThat(record.restorationId()).contains(done.id().value());
    assertThat(record.creator()).isEqualTo("tester");
    assertThat(record.whole()).isTrue();
  }

  @Test
  void onlyTheNewestSafetyBackupIsKept() {
    BackupId backup = server.backup();
    RestorationRecord first = completed(server.restore(backup));
    RestorationRecord second = completed(server.restore(backup));

    assertThat(server.ready(BackupType.SAFETY))
        .containsExactly(second.safetyBackupId().orElseThrow());
    StoreFixtures.assertFails(Reason.NOT_UNDOABLE, () -> server.undo(first));
    assertThat(server.ready(BackupType.ON_DEMAND)).containsExactly(backup);
  }

  @Test
  void undoBringsBackWhatWasThereAlsoAfterFurtherWrites() {
    BackupId backup = server.backup();
    server.saveAll("books", 31, "changed");
    Map<String, List<StoredItem>> before = server.content();
    RestorationRecord done = completed(server.restore(backup));
    server.saveAll("books", 40, "written since");
    server.deleteItem("films", "1");

    RestorationRecord undone = completed(server.undo(done));

    assertThat(server.content()).isEqualTo(before);
    assertThat(undone.kind()).isEqualTo(RestorationKind.UNDO);
    assertThat(undone.undoOf()).contains(done.id());
    assertThat(undone.backup().id()).isEqualTo(done.safetyBackupId().orElseThrow());
  }

  @Test
  void undoRemovesWhatWasCreatedWithItsSandbox() {
    BackupId backup = server.backup();
    server.deleteCollection("films");
    Map<String, List<StoredItem>> before = server.content();
    RestorationRecord done = completed(server.restore(backup));
    server.saveInSandbox("films", "1", "sandbox");
    server.saveInSandbox("books", "1", "sandbox");

    RestorationRecord undone = completed(server.undo(done));

    assertThat(server.content()).isEqualTo(before);
    assertThat(undone.collections())
        .extracting(entry -> entry.destination() + " " + entry.outcome())
        .containsExactly("books REPLACED", "films REMOVED");
    server.createCollection("films");
    assertThat(server.content(dev.cairn.server.site.Environment.SANDBOX).get("films")).isEmpty();
    assertThat(server.content(dev.cairn.server.site.Environment.SANDBOX).get("books")).hasSize(1);
  }

  @Test
  void undoCanBeUndone() {
    BackupId backup = server.backup();
    server.saveAll("books", 31, "changed");
    server.deleteCollection("films");
    Map<String, List<StoredItem>> before = server.content();
    RestorationRecord done = completed(server.restore(backup));
    server.save("books", "since", "written since");
    server.save("films", "since", "written since");
    Map<String, List<StoredItem>> restored = server.content();
    RestorationRecord undone = completed(server.undo(done));
    assertThat(server.content()).isEqualTo(before);

    RestorationRecord redone = completed(server.undo(undone));

    assertThat(server.content()).isEqualTo(restored);
    assertThat(redone.collections())
        .extracting(RestorationRecord.Entry::outcome)
        .containsExactly(Outcome.REPLACED, Outcome.CREATED);
    completed(server.undo(redone));
    assertThat(server.content()).isEqualTo(before);
  }

  @Test
  void undoKeepsOneSafetyBackupInTheEnd() {
    BackupId backup = server.backup();
    RestorationRecord done = completed(server.restore(backup));

    RestorationRecord undone = completed(server.undo(done));

    assertThat(server.ready(BackupType.SAFETY))
        .containsExactly(undone.safetyBackupId().orElseThrow());
  }

  @Test
  void undoOfAPartialRestorationLeavesTheOthersAlone() {
    BackupId backup = server.backup();
    server.saveAll("books", 31, "changed");
    List<StoredItem> books = server.items("books");
    RestorationRecord done =
        completed(server.restore(backup, only("books"), into("films", "copy", "")));
    server.saveAll("films", 25, "written since");
    Map<String, List<StoredItem>> expected = new TreeMap<>(server.content());

    completed(server.undo(done));

    expected.put("books", books);
    expected.remove("copy");
    assertThat(server.content()).isEqualTo(expected);
  }

  @Test
  void undoAfterACreatedCollectionWasDeletedCanBeUndoneToo() {
    BackupId backup = server.backup();
    RestorationRecord done = completed(server.restore(backup, into("films", "copy", "")));
    server.deleteCollection("copy");
    Map<String, List<StoredItem>> before = server.content();

    RestorationRecord undone = completed(server.undo(done));
    assertThat(server.content()).isEqualTo(before);
    completed(server.undo(undone));

    assertThat(server.content()).isEqualTo(before);
  }

  @Test
  void undoMakesACollectionAgainThatWasDeletedSince() {
    BackupId backup = server.backup();
    server.saveAll("books", 31, "changed");
    Map<String, List<StoredItem>> before = server.content();
    RestorationRecord done = completed(server.restore(backup));
    server.deleteCollection("books");

    RestorationRecord undone = completed(server.undo(done));

    assertThat(server.content()).isEqualTo(before);
    assertThat(undone.collections().get(0).outcome()).isEqualTo(Outcome.CREATED);
  }

  @Test
  void safetyBackupCanBeRestoredLikeAnyOther() {
    BackupId backup = server.backup();
    server.saveAll("books", 31, "changed");
    Map<String, List<StoredItem>> before = server.content();
    RestorationRecord done = completed(server.restore(backup));

    completed(server.restore(done.safetyBackupId().orElseThrow()));

    assertThat(server.content()).isEqualTo(before);
  }

  @Test
  void whatDidNotCompleteCannotBeUndone() {
    BackupId backup = server.backup();
    server.jobs.hold();
    RestorationRecord pending = server.restore(backup);
    StoreFixtures.assertFails(Reason.NOT_UNDOABLE, () -> server.undo(pending));
    server.restorations.cancel(SITE, pending.id());
    server.jobs.runHeld();

    RestorationRecord cancelled = server.restoration(pending.id());
    assertThat(cancelled.state()).isEqualTo(RestorationState.CANCELED);
    StoreFixtures.assertFails(Reason.NOT_UNDOABLE, () -> server.undo(cancelled));
  }

  @Test
  void deletedSafetyBackupLeavesNothingToUndo() {
    BackupId backup = server.backup();
    RestorationRecord done = completed(server.restore(backup));
    server.backups.delete(SITE, done.safetyBackupId().orElseThrow(), "");

    StoreFixtures.assertFails(Reason.NOT_UNDOABLE, () -> server.undo(done));
  }

  @Test
  void unknownRestorationCannotBeUndone() {
    StoreFixtures.assertFails(
        Reason.RESTORATION_NOT_FOUND,
        () ->
            server.restorations.undo(
                SITE, new RestorationId("none"), "tester", java.util.Optional.empty()));
  }
}
