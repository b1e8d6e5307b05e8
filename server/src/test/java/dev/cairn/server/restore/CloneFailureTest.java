package dev.cairn.server.restore;

import static dev.cairn.server.restore.ServerUnderTest.SITE;
import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.server.backup.BackupRecord;
import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
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
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Any step of a clone fails, and the server goes on: the new site is there and its record
 * COMPLETED, or the record says why not, nothing is left, and the name is free.
 */
@Tag("exhaustive")
@ExtendWith(QuietLogs.class)
final class CloneFailureTest {
  private static final int MOST_STEPS = 500;

  @TempDir Path directory;
  private ServerUnderTest server;
  private final Faults faults = new Faults();
  private final List<String> report = new ArrayList<>();
  private int restarts;

  /** How steps fail. */
  private enum Fault {
    ONCE,
    DISK_FULL,
    DISK_FULL_FOR_THE_CATALOG_TOO;

    void from(int k, Faults faults) {
      switch (this) {
        case ONCE -> faults.failOnceAt(k);
        case DISK_FULL -> faults.fillDiskFrom(k, false);
        case DISK_FULL_FOR_THE_CATALOG_TOO -> faults.fillDiskFrom(k, true);
      }
    }
  }

  @BeforeEach
  void start() {
    server = ServerUnderTest.on(directory.resolve("server")).steps(faults).start();
  }

  @ParameterizedTest
  @CsvSource({
    "WHOLE, ONCE, 24",
    "PART, ONCE, 24",
    "WHOLE, DISK_FULL, 4",
    "PART, DISK_FULL, 4",
    "WHOLE, DISK_FULL_FOR_THE_CATALOG_TOO, 5",
    "PART, DISK_FULL_FOR_THE_CATALOG_TOO, 5"
  })
  void stepThatFailsLeavesTheNewSiteOrAFreeName(CloneScenario scenario, Fault fault, int atLeast) {
    CloneScenario.prepare(server);
    int k = 0;
    while (failAt(k, fault, scenario)) {
      k++;
      assertThat(k).isLessThan(MOST_STEPS);
    }
    System.out.println("clone " + scenario + " " + fault + "\n  " + String.join("\n  ", report));
    assertThat(report).hasSizeGreaterThanOrEqualTo(atLeast);
    server.assertSound();
    server.backups.delete(SITE, Scenario.backup(server), "");
    server.closeWithNothingLeaked();
  }

  /** Whether there was a step {@code k} to fail at. */
  private boolean failAt(int k, Fault fault, CloneScenario scenario) {
    Map<String, List<StoredItem>> source = server.content();
    BackupRecord backup = server.backupRecord(Scenario.backup(server));
    Optional<RestorationRecord> record = Optional.empty();
    String outcome;
    fault.from(k, faults);
    try {
      RestorationRecord ran = scenario.run(server);
      record = Optional.of(ran);
      outcome =
          ran.failure().map(each -> "FAILED(" + each.reason() + ")").orElse(ran.state().name());
    } catch (ServiceException e) {
      outcome = "refused(" + e.reason() + ")";
    } finally {
      faults.end();
    }
    String step = faults.failedAt().orElse("no step");
    if (faults.failedAt().isPresent()) {
      report.add(outcome + " " + step);
    }
    try {
      check(scenario, fault, record);
      assertThat(server.content()).isEqualTo(source);
      assertThat(server.backupRecord(backup.id())).isEqualTo(backup);
    } catch (AssertionError | RuntimeException e) {
      throw new AssertionError(outcome + " at " + step + ": " + e.getMessage(), e);
    }
    return faults.failedAt().isPresent();
  }

  private void check(CloneScenario scenario, Fault fault, Optional<RestorationRecord> ran) {
    Optional<RestorationRecord> record = settled(ran);
    server.assertSound();
    if (record.filter(each -> each.state() == RestorationState.COMPLETED).isPresent()) {
      assertTheNextStartFindsTheSame(scenario);
      scenario.assertMade(server);
    } else {
      record.ifPresent(
          each -> {
            assertThat(each.failure().orElseThrow().reason())
                .isIn(
                    fault == Fault.ONCE ? Reason.STORAGE_FAILED : Reason.DISK_FULL,
                    Reason.INTERRUPTED);
            assertThat(each.failure().orElseThrow().message()).doesNotContain("/");
          });
      scenario.assertNothingMade(server);
    }
    CloneScenario.removeCopy(server);
  }

  /** Its record; when nothing could be recorded any more, what the next start makes of it. */
  private Optional<RestorationRecord> settled(Optional<RestorationRecord> ran) {
    List<RestorationRecord> pending =
        server.restorations.list(SITE, Set.of(RestorationState.PENDING), Optional.empty());
    if (pending.isEmpty()) {
      return ran.map(record -> server.restoration(record.id()));
    }
    server.closeWithNothingLeaked();
    server = ServerUnderTest.on(directory.resolve("server")).steps(faults).start();
    RestorationRecord record = server.restoration(pending.get(0).id());
    assertThat(record.isPending()).isFalse();
    return Optional.of(record);
  }

  /** What memory says now, the disk must say too. */
  private void assertTheNextStartFindsTheSame(CloneScenario scenario) {
    Path copy = directory.resolve("restarted-" + restarts++);
    try (ServerUnderTest next = ServerUnderTest.on(server.kill(copy)).start()) {
      next.assertSound();
      scenario.assertMade(next);
      assertThat(next.restorations.list(SITE, Set.of(), Optional.empty()))
          .isEqualTo(server.restorations.list(SITE, Set.of(), Optional.empty()));
    }
  }
}
