package dev.cairn.server.restore;

import static dev.cairn.server.restore.ServerUnderTest.SITE;
import static dev.cairn.server.restore.ServerUnderTest.completed;
import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.server.backup.BackupState;
import dev.cairn.server.error.Reason;
import dev.cairn.server.restore.RestorationRecord.Entry;
import dev.cairn.server.site.CollectionRecord;
import dev.cairn.server.site.Environment;
import dev.cairn.server.store.StoredItem;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The process dies between any two changes that a restoration makes to the disk, and is started
 * again: the content is that of before or that of after, and the records say which.
 */
@ExtendWith(QuietLogs.class)
final class RestorationCrashTest {
  @TempDir Path directory;
  private final List<Moment> moments = new ArrayList<>();
  private String lastSignature = "";
  private final Map<String, Integer> deletions = new HashMap<>();
  private boolean watching;
  private int checked;

  /** The data directory as it was after the named step. */
  private record Moment(String step, Path disk) {}

  /** What must be found again after a crash. */
  private record Expected(
      RestorationRecord completed,
      Map<String, List<StoredItem>> before,
      Map<String, List<StoredItem>> after) {}

  @ParameterizedTest
  @EnumSource(Scenario.class)
  void deathAtAnyStepLeavesTheOldContentOrTheNew(Scenario scenario) {
    Expected expected = runWatched(scenario);
    List<Moment> died = List.copyOf(moments);

    List<Boolean> switched = new ArrayList<>();
    List<String> covered = new ArrayList<>();
    for (Moment moment : died) {
      boolean isNew = checkAfterDeath(moment, expected);
      switched.add(isNew);
      covered.add((isNew ? "new: " : "old: ") + moment.step());
    }

    System.out.println(scenario + ", died after\n  " + String.join("\n  ", covered));
    assertThat(switched).as("once it is new it stays new").isSorted();
    assertThat(switched).contains(true, false);
    assertThat(covered)
        .anyMatch(step -> step.contains("checkpoint"))
        .anyMatch(step -> step.contains("MANIFEST.json"))
        .anyMatch(step -> step.startsWith("new: ") && step.contains("[collection"))
        .anyMatch(step -> step.startsWith("new: ") && step.contains("[backup"));
    int firstNew = switched.indexOf(true);
    if (scenario == Scenario.WHOLE || scenario == Scenario.UNDO_SINGLE) {
      dieDuringTheRecovery(died.get(firstNew - 1), expected);
      dieDuringTheRecovery(died.get(firstNew), expected);
    }
  }

  /** The recovery itself is broken off at each of its steps, and done again by the next start. */
  private void dieDuringTheRecovery(Moment start, Expected expected) {
    moments.clear();
    Path disk = directory.resolve("again-" + start.disk().getFileName());
    ServerUnderTest.copyTree(start.disk(), disk);
    watch(disk);
    try (ServerUnderTest server = ServerUnderTest.on(disk).steps(this::look).start()) {
      watching = false;
      server.assertSound();
    }
    assertThat(moments).hasSizeGreaterThan(1);
    List.copyOf(moments).forEach(moment -> checkAfterDeath(moment, expected));
  }

  /** Runs the scenario and takes a picture of the disk whenever it has changed. */
  private Expected runWatched(Scenario scenario) {
    Path disk = directory.resolve("server");
    try (ServerUnderTest server = ServerUnderTest.on(disk).steps(this::look).start()) {
      scenario.prepare(server);
      Map<String, List<StoredItem>> before = server.content();
      watch(disk);
      RestorationRecord done = completed(scenario.run(server));
      look("after the end");
      watching = false;
      server.assertSound();
      assertThat(server.content()).isNotEqualTo(before);
      return new Expected(done, before, server.content());
    }
  }

  private Path watched = Path.of("");

  private void watch(Path disk) {
    watched = disk;
    lastSignature = "";
    deletions.clear();
    watching = true;
  }

  private void look(String step) {
    if (!watching || step.startsWith("while") || deletesOneOfMany(step)) {
      return;
    }
    String signature = ServerUnderTest.signature(watched);
    if (!signature.equals(lastSignature)) {
      lastSignature = signature;
      Path copy = directory.resolve("died-" + watched.getFileName() + "-" + moments.size());
      ServerUnderTest.copyTree(watched, copy);
      moments.add(new Moment(step, copy));
    }
  }

  /** Of the files of one directory that goes, the first two show what there is to see. */
  private boolean deletesOneOfMany(String step) {
    return step.startsWith("before DELETE")
        && deletions.merge(step.substring(0, step.lastIndexOf('/')), 1, Integer::sum) > 2;
  }

  /** Starts a server on what is left and answers whether it has the new content. */
  private boolean checkAfterDeath(Moment moment, Expected expected) {
    Path disk = directory.resolve("restarted");
    deleteTree(disk);
    ServerUnderTest.copyTree(moment.disk(), disk);
    try (ServerUnderTest server = ServerUnderTest.on(disk).start()) {
      server.assertSound();
      Map<String, List<StoredItem>> content = server.content();
      boolean isNew = content.equals(expected.after());
      if (!isNew) {
        assertThat(content).isEqualTo(expected.before());
      }
      assertRecord(server, isNew, expected);
      assertSandboxHoldsNothingOfRemovedCollections(server);
      if (++checked % 4 == 0) {
        completed(server.restore(Scenario.backup(server)));
        server.backups.delete(SITE, Scenario.backup(server), "");
      }
      server.closeWithNothingLeaked();
      return isNew;
    } catch (AssertionError | RuntimeException e) {
      throw new AssertionError("died after: " + moment.step() + ": " + e.getMessage(), e);
    }
  }

  private static void assertRecord(ServerUnderTest server, boolean isNew, Expected expected) {
    RestorationId id = expected.completed().id();
    Optional<RestorationRecord> found =
        server.restorations.list(SITE, Set.of(), Optional.empty()).stream()
            .filter(record -> record.id().equals(id))
            .findFirst();
    if (isNew) {
      RestorationRecord record = completed(found.orElseThrow());
      assertThat(record.safetyBackupId()).isEqualTo(expected.completed().safetyBackupId());
      assertThat(server.contentOf(record.safetyBackupId().orElseThrow()))
          .isEqualTo(expected.before());
      assertThat(record.collections())
          .extracting(Entry::outcome)
          .isEqualTo(expected.completed().collections().stream().map(Entry::outcome).toList());
      assertThat(server.restorations.get(SITE, id).progress().fraction()).isEqualTo(1);
    } else if (found.isPresent()) {
      assertThat(found.get().state()).isEqualTo(RestorationState.FAILED);
      assertThat(found.get().failure().orElseThrow().reason()).isEqualTo(Reason.INTERRUPTED);
    }
  }

  private static void assertSandboxHoldsNothingOfRemovedCollections(ServerUnderTest server) {
    assertThat(server.collectionRecords())
        .extracting(CollectionRecord::id)
        .containsAll(server.sites.stats(SITE, Environment.SANDBOX).keySet());
    assertThat(server.backups.list(SITE, dev.cairn.server.backup.Backups.Filter.ALL).backups())
        .allMatch(each -> each.state() == BackupState.READY || each.state() == BackupState.DELETED);
  }

  private static void deleteTree(Path directory) {
    try {
      new dev.cairn.server.repository.DurableFiles().deleteTree(directory);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
