package dev.cairn.server.restore;

import static dev.cairn.server.restore.ServerUnderTest.SITE;
import static dev.cairn.server.restore.ServerUnderTest.completed;
import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.server.backup.BackupType;
import dev.cairn.server.backup.Progress;
import dev.cairn.server.backup.Progress.Phase;
import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import dev.cairn.server.store.StoredItem;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Any step of a restoration fails, and the server goes on: the old content is served, or the new
 * one if the switch had happened, and nothing stays behind.
 */
@Tag("exhaustive")
@ExtendWith(QuietLogs.class)
final class RestorationFailureTest {
  private static final int MOST_STEPS = 500;

  @TempDir Path directory;
  private ServerUnderTest server;
  private final List<String> report = new ArrayList<>();

  private final Faults faults = new Faults();
  private boolean catalogFails;

  @BeforeEach
  void start() {
    server = ServerUnderTest.on(directory.resolve("server")).steps(faults).start();
  }

  @ParameterizedTest
  @EnumSource(
      value = Scenario.class,
      names = {"WHOLE", "SINGLE"})
  void stepThatFailsOnceLeavesTheOldContentOrTheNew(Scenario scenario) {
    scenario.prepare(server);
    int k = 0;
    while (failAt(k, true, scenario)) {
      k++;
      assertThat(k).isLessThan(MOST_STEPS);
    }
    finish(scenario + ", failed once at");
    assertThat(k).isGreaterThan(38);
  }

  @ParameterizedTest
  @EnumSource(
      value = Scenario.class,
      names = {"WHOLE", "SINGLE"})
  void diskThatIsFullFromAnyStepOnLeavesTheOldContent(Scenario scenario) {
    scenario.prepare(server);
    int k = 0;
    while (failAt(k, false, scenario)) {
      k++;
      assertThat(k).isLessThan(MOST_STEPS);
    }
    finish(scenario + ", disk full from");
    for (Phase phase : List.of(Phase.STAGING, Phase.SWITCHING)) {
      String expected = catalogFails ? "PENDING" : "FAILED(DISK_FULL, " + phase + ")";
      assertThat(report).anyMatch(line -> line.startsWith(expected));
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = Scenario.class,
      names = {"WHOLE", "SINGLE"})
  void diskThatIsFullForTheCatalogTooLeavesTheRestToTheNextStart(Scenario scenario) {
    catalogFails = true;
    diskThatIsFullFromAnyStepOnLeavesTheOldContent(scenario);
  }

  private void finish(String title) {
    System.out.println(title + "\n  " + String.join("\n  ", report));
    completed(server.restore(Scenario.backup(server)));
    server.backups.delete(SITE, Scenario.backup(server), "");
    server.closeWithNothingLeaked();
    server = ServerUnderTest.on(directory.resolve("server")).start();
    server.assertSound();
    server.closeWithNothingLeaked();
  }

  /** Whether there was a step {@code k} to fail at. */
  private boolean failAt(int k, boolean once, Scenario scenario) {
    Map<String, List<StoredItem>> before = server.content();
    if (once) {
      faults.failOnceAt(k);
    } else {
      faults.fillDiskFrom(k, catalogFails);
    }
    @Nullable RestorationRecord record = null;
    String outcome;
    try {
      record = scenario.run(server);
      outcome = describe(record);
    } catch (ServiceException e) {
      outcome = "refused(" + e.reason() + ")";
    } finally {
      faults.end();
    }
    if (faults.failedAt().isEmpty()) {
      backToOld(completed(Objects.requireNonNull(record)), before);
      return false;
    }
    String failedAt = faults.failedAt().get();
    report.add(outcome + " " + failedAt);
    try {
      check(record, before, once ? Reason.STORAGE_FAILED : Reason.DISK_FULL);
    } catch (AssertionError | RuntimeException e) {
      throw new AssertionError(outcome + " at " + failedAt + ": " + e.getMessage(), e);
    }
    return true;
  }

  private static String describe(RestorationRecord record) {
    return record
        .failure()
        .map(failure -> "FAILED(" + failure.reason() + ", " + reached(record) + ")")
        .orElse(record.state().name());
  }

  private static Phase reached(RestorationRecord record) {
    return record.progress().map(Progress::phase).orElse(Phase.QUEUED);
  }

  private void check(
      @Nullable RestorationRecord record, Map<String, List<StoredItem>> before, Reason why) {
    List<RestorationRecord> pending =
        server.restorations.list(SITE, Set.of(RestorationState.PENDING), Optional.empty());
    if (!pending.isEmpty()) {
      // Nothing could be recorded any more, or read: the next start puts it in order.
      server.closeWithNothingLeaked();
      server = ServerUnderTest.on(directory.resolve("server")).steps(faults).start();
      record = server.restoration(pending.get(0).id());
      assertThat(record.isPending()).isFalse();
    }
    if (record != null && reached(record).compareTo(Phase.SWITCHING) >= 0) {
      assertTheNextStartFindsTheSame();
    }
    if (record != null && record.state() == RestorationState.COMPLETED) {
      assertThat(server.contentOf(record.safetyBackupId().orElseThrow())).isEqualTo(before);
      assertThat(server.content()).isNotEqualTo(before);
      backToOld(record, before);
      return;
    }
    assertThat(server.content()).isEqualTo(before);
    if (record != null) {
      assertThat(record.failure().orElseThrow().reason()).isIn(why, Reason.INTERRUPTED);
      assertThat(record.failure().orElseThrow().message()).doesNotContain("/");
    }
    assertThat(server.ready(BackupType.SAFETY)).isEmpty();
    if (!faults.failedAt().orElseThrow().contains("DELETE")) {
      server.assertSiteFilesAreClean();
    }
    server.save("books", "probe", "can be written");
    server.deleteItem("books", "probe");
    assertThat(server.content()).isEqualTo(before);
  }

  /** What memory says now, the disk must say too. */
  private void assertTheNextStartFindsTheSame() {
    Path copy = directory.resolve("restarted-" + report.size());
    try (ServerUnderTest next = ServerUnderTest.on(server.kill(copy)).start()) {
      next.assertSound();
      assertThat(next.content()).isEqualTo(server.content());
      assertThat(next.restorations.list(SITE, Set.of(), Optional.empty()))
          .isEqualTo(server.restorations.list(SITE, Set.of(), Optional.empty()));
    }
  }

  private void backToOld(RestorationRecord done, Map<String, List<StoredItem>> before) {
    RestorationRecord undone = completed(server.undo(done));
    assertThat(server.content()).isEqualTo(before);
    server.backups.delete(SITE, undone.safetyBackupId().orElseThrow(), "");
  }
}
