package dev.cairn.server.restore;

import static dev.cairn.server.restore.ServerUnderTest.SITE;
import static dev.cairn.server.restore.ServerUnderTest.completed;
import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.server.backup.BackupId;
import dev.cairn.server.backup.BackupRecord;
import dev.cairn.server.error.Reason;
import dev.cairn.server.restore.Deaths.Moment;
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
 * The process dies between any two changes that a clone makes to the disk, and is started again:
 * the new site is there, whole, and the record says so; or nothing is left of it and its name is
 * free. The site that was cloned never notices.
 */
@Tag("exhaustive")
@ExtendWith(QuietLogs.class)
final class CloneCrashTest {
  @TempDir Path directory;
  private Deaths deaths = new Deaths(Path.of(""));

  @BeforeEach
  void setUp() {
    deaths = new Deaths(directory);
  }

  /** What must be found again after a crash. */
  private record Expected(
      RestorationRecord completed, BackupRecord backup, Map<String, List<StoredItem>> source) {}

  @ParameterizedTest
  @EnumSource(CloneScenario.class)
  void deathAtAnyStepLeavesTheNewSiteOrAFreeName(CloneScenario scenario) {
    Path disk = directory.resolve("server");
    Expected expected;
    List<Moment> died;
    try (ServerUnderTest server = ServerUnderTest.on(disk).steps(deaths).start()) {
      BackupId backup = CloneScenario.prepare(server);
      Map<String, List<StoredItem>> source = server.content();
      deaths.watch(disk);
      RestorationRecord done = completed(scenario.run(server));
      died = deaths.end();
      expected = new Expected(done, server.backupRecord(backup), source);
      scenario.assertMade(server);
      server.assertSound();
    }

    List<Boolean> made = new ArrayList<>();
    List<String> covered = new ArrayList<>();
    for (Moment moment : died) {
      boolean isMade = checkAfterDeath(scenario, moment, expected);
      made.add(isMade);
      covered.add((isMade ? "made: " : "free: ") + moment.step());
    }

    System.out.println("clone " + scenario + ", died after\n  " + String.join("\n  ", covered));
    assertThat(made).as("once it is made it stays").isSorted().contains(true, false);
    assertThat(covered)
        .as("the record, the folder, the database, CURRENT and the end were among them")
        .anyMatch(step -> step.startsWith("free: ") && step.contains("reserved-site"))
        .anyMatch(step -> step.contains("sites/shop-copy"))
        .anyMatch(step -> step.contains("a database"))
        .anyMatch(step -> step.contains("CURRENT"))
        .anyMatch(step -> step.startsWith("made: ") && step.contains("[collection"));
    int firstMade = made.indexOf(true);
    dieDuringTheRecovery(scenario, died.get(firstMade - 1), expected);
    dieDuringTheRecovery(scenario, died.get(firstMade), expected);
  }

  /** The recovery itself is broken off at each of its steps, and done again by the next start. */
  private void dieDuringTheRecovery(CloneScenario scenario, Moment start, Expected expected) {
    Path disk = directory.resolve("again-" + start.disk().getFileName());
    ServerUnderTest.copyTree(start.disk(), disk);
    deaths.watch(disk);
    List<Moment> died;
    try (ServerUnderTest server = ServerUnderTest.on(disk).steps(deaths).start()) {
      died = deaths.end();
      server.assertSound();
    }
    assertThat(died).isNotEmpty();
    died.forEach(moment -> checkAfterDeath(scenario, moment, expected));
  }

  /** Starts a server on what is left and answers whether it has the new site. */
  private boolean checkAfterDeath(CloneScenario scenario, Moment moment, Expected expected) {
    Path disk = directory.resolve("restarted");
    ServerUnderTest.deleteTree(disk);
    ServerUnderTest.copyTree(moment.disk(), disk);
    try (ServerUnderTest server = ServerUnderTest.on(disk).start()) {
      server.assertSound();
      assertThat(server.content()).isEqualTo(expected.source());
      assertThat(server.backupRecord(expected.backup().id())).isEqualTo(expected.backup());
      Optional<RestorationRecord> found =
          server.restorations.list(SITE, Set.of(), Optional.empty()).stream()
              .filter(record -> record.id().equals(expected.completed().id()))
              .findFirst();
      boolean isMade =
          found.filter(record -> record.state() == RestorationState.COMPLETED).isPresent();
      if (isMade) {
        assertThat(found).contains(expected.completed());
        scenario.assertMade(server);
      } else {
        found.ifPresent(
            record -> {
              assertThat(record.state()).isEqualTo(RestorationState.FAILED);
              assertThat(record.failure().orElseThrow().reason()).isEqualTo(Reason.INTERRUPTED);
            });
        scenario.assertNothingMade(server);
      }
      CloneScenario.removeCopy(server);
      server.backups.delete(SITE, expected.backup().id(), "");
      server.closeWithNothingLeaked();
      return isMade;
    } catch (AssertionError | RuntimeException e) {
      throw new AssertionError("died after: " + moment.step() + ": " + e.getMessage(), e);
    }
  }
}
