package dev.cairn.server.restore;

import static dev.cairn.server.restore.ServerUnderTest.SITE;
import static dev.cairn.server.restore.ServerUnderTest.completed;
import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.server.backup.BackupState;
import dev.cairn.server.error.Reason;
import dev.cairn.server.restore.Deaths.Moment;
import dev.cairn.server.restore.RestorationRecord.Entry;
import dev.cairn.server.site.CollectionRecord;
import dev.cairn.server.site.Environment;
import dev.cairn.server.store.StoredItem;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The process dies between any two changes that a restoration makes to the disk, and is started
 * again: the content is that of before or that of after, and the records say which.
 */
@Tag("exhaustive")
@ExtendWith(QuietLogs.class)
final class RestorationCrashTest {
  @TempDir Path directory;
  private Deaths deaths = new Deaths(Path.of(""));
  private int checked;

  @BeforeEach
  void setUp() {
    deaths = new Deaths(directory);
  }

  /** What must be found again after a crash. */
  private record Expected(
      RestorationRecord completed,
      Map<String, List<StoredItem>> before,
      Map<String, List<StoredItem>> after,
      List<Moment> died) {}

  @ParameterizedTest
  @EnumSource(Scenario.class)
  void deathAtAnyStepLeavesTheOldContentOrTheNew(Scenario scenario) {
    Expected expected = runWatched(scenario);
    List<Moment> died = expected.died();

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
    Path disk = directory.resolve("again-" + start.disk().getFileName());
    ServerUnderTest.copyTree(start.disk(), disk);
    List<Moment> died;
    deaths.watch(disk);
    try (ServerUnderTest server = ServerUnderTest.on(disk).steps(deaths).start()) {
      died = deaths.end();
      server.assertSound();
    }
    assertThat(died).hasSizeGreaterThan(1);
    died.forEach(moment -> checkAfterDeath(moment, expected));
  }

  /** Runs the scenario and takes a picture of the disk whenever it has changed. */
  private Expected runWatched(Scenario scenario) {
    Path disk = directory.resolve("server");
    try (ServerUnderTest server = ServerUnderTest.on(disk).steps(deaths).jobThreads(0).start()) {
      scenario.prepare(server);
      Map<String, List<StoredItem>> before = server.content();
      deaths.watch(disk);
      RestorationRecord done = completed(scenario.run(server));
      List<Moment> died = deaths.end();
      server.assertSound();
      assertThat(server.content()).isNotEqualTo(before);
      return new Expected(done, before, server.content(), died);
    }
  }

  /** Starts a server on what is left and answers whether it has the new content. */
  private boolean checkAfterDeath(Moment moment, Expected expected) {
    Path disk = directory.resolve("restarted");
    ServerUnderTest.deleteTree(disk);
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
}
