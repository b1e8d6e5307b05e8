package dev.cairn.server.restore;

import static dev.cairn.server.restore.ServerUnderTest.SITE;
import static dev.cairn.server.restore.ServerUnderTest.completed;
import static dev.cairn.server.store.StoreFixtures.assertFails;
import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.server.backup.BackupId;
import dev.cairn.server.backup.BackupType;
import dev.cairn.server.error.Reason;
import dev.cairn.server.site.Environment;
import dev.cairn.server.site.Lease;
import dev.cairn.server.store.StoredItem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The content is live, but its restoration cannot be recorded as COMPLETED at once. */
@ExtendWith(QuietLogs.class)
final class CompletionTest {
  /** One first try and those that {@link ServerUnderTest} has patience for. */
  private static final int TRIES = 4;

  @TempDir Path directory;
  private ServerUnderTest server;
  private BackupId backup;
  private Map<String, List<StoredItem>> then;
  private Predicate<String> failing = step -> false;
  private int failures;

  @BeforeEach
  void start() {
    server = ServerUnderTest.on(directory).steps(this::maybeFail).start();
    server.createSite();
    server.fill("books", 10, "old");
    server.fill("films", 10, "old");
    then = server.content();
    backup = server.backup();
    server.saveAll("books", 12, "changed");
    server.deleteCollection("films");
  }

  private void maybeFail(String step) throws IOException {
    if (failures > 0 && failing.test(step)) {
      failures--;
      throw new IOException("Input/output error");
    }
  }

  private void fail(int times, String stepWith) {
    failures = times;
    failing = step -> step.startsWith("before write to the catalog") && step.contains(stepWith);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1})
  void commitThatFailedIsAskedAboutWhenTheLastReaderOfTheDatabaseIsGone(int staying) {
    server.closeWithNothingLeaked();
    List<Lease> readers = new ArrayList<>();
    Patience patience =
        new Patience(
            Collections.nCopies(5, Duration.ZERO),
            pause -> {
              if (readers.size() > staying) {
                readers.remove(0).close();
              }
            });
    server = ServerUnderTest.on(directory).steps(this::maybeFail).patience(patience).start();
    for (int i = 0; i < 3; i++) {
      readers.add(server.sites.lease(SITE, Environment.LIVE));
    }
    failures = 1;
    failing = step -> step.equals("after commit");

    RestorationRecord pending = server.restore(backup, ServerUnderTest.only("films"));

    assertThat(failures).isZero();
    // While a reader stays, nobody can know before the next start.
    assertThat(pending.isPending()).isEqualTo(staying > 0);
    readers.forEach(Lease::close);
    restart();
    completed(server.restoration(pending.id()));
    assertThat(server.items("films")).isEqualTo(then.get("films"));
    server.assertSound();
  }

  @Test
  void recordsItWhenTheCatalogWorksAgain() {
    fail(TRIES - 1, "[backup");

    RestorationRecord done = completed(server.restore(backup));

    assertThat(failures).isZero();
    assertThat(server.content()).isEqualTo(then);
    completed(server.undo(done));
    server.assertSound();
    server.closeWithNothingLeaked();
  }

  @Test
  void recordsTheCollectionsWhenTheCatalogWorksAgain() {
    fail(2, "[collection");

    RestorationRecord done = completed(server.restore(backup));

    assertThat(server.content()).isEqualTo(then);
    assertThat(done.collections())
        .extracting(RestorationRecord.Entry::outcome)
        .containsExactly(RestorationRecord.Outcome.REPLACED, RestorationRecord.Outcome.CREATED);
    restart();
    assertThat(server.content()).isEqualTo(then);
    server.assertSound();
  }

  @Test
  void leavesItToTheNextStartWhenTheCatalogNeverWorksAgain() {
    fail(1000, "[backup");

    RestorationRecord pending = server.restore(backup);

    assertThat(pending.isPending()).isTrue();
    assertThat(failures).isEqualTo(1000 - TRIES);
    assertThat(server.content()).isEqualTo(then);
    assertFails(Reason.RESTORATION_IN_PROGRESS, () -> server.restore(backup));
    assertFails(Reason.NOT_CANCELABLE, () -> server.restorations.cancel(SITE, pending.id()));
    failures = 0;
    restart();
    RestorationRecord done = completed(server.restoration(pending.id()));
    assertThat(server.content()).isEqualTo(then);
    completed(server.undo(done));
    assertThat(server.items("books")).hasSize(12);
    server.assertSound();
  }

  @Test
  void recoversWhatUsersDidWithTheCollectionsMeanwhile() {
    fail(1000, "[backup");
    RestorationRecord pending = server.restore(backup);
    failures = 0;
    server.deleteCollection("films");
    server.createCollection("songs");

    restart();

    completed(server.restoration(pending.id()));
    assertThat(server.content()).containsOnlyKeys("books", "songs");
    server.assertSound();
  }

  @Test
  void recoveryKeepsACollectionThatWasMadeAgainAfterItsRemoval() {
    RestorationRecord done = completed(server.restore(backup));
    fail(1000, "[backup");
    RestorationRecord pending = server.undo(done);
    assertThat(pending.isPending()).isTrue();
    failures = 0;
    server.fill("films", 3, "made again");
    server.saveInSandbox("films", "1", "made again");

    restart();

    completed(server.restoration(pending.id()));
    assertThat(server.items("films")).hasSize(3);
    assertThat(server.content(Environment.SANDBOX).get("films")).hasSize(1);
    server.assertSound();
  }

  @Test
  void completesWithoutASafetyBackupThatIsLost() throws IOException {
    fail(1000, "[backup");
    RestorationRecord pending = server.restore(backup);
    failures = 0;
    BackupId safety = pending.intent().orElseThrow().safetyId();
    Files.delete(server.filesOf(safety).resolve("MANIFEST.json"));

    restart();

    RestorationRecord done = completed(server.restoration(pending.id()));
    assertThat(done.safetyBackupId()).isEmpty();
    assertThat(server.content()).isEqualTo(then);
    assertFails(Reason.NOT_UNDOABLE, () -> server.undo(done));
  }

  @Test
  void keepsTheSafetyBackupWhenEvenTheRecoveryFails() {
    fail(1000, "[backup");
    RestorationRecord pending = server.restore(backup);
    server.close();
    server = ServerUnderTest.on(directory).steps(this::maybeFail).start();
    assertThat(server.restoration(pending.id()).isPending()).isTrue();
    assertThat(server.content()).isEqualTo(then);
    failures = 0;

    restart();

    RestorationRecord done = completed(server.restoration(pending.id()));
    assertThat(server.ready(BackupType.SAFETY))
        .containsExactly(done.safetyBackupId().orElseThrow());
    server.assertSound();
  }

  private void restart() {
    server.closeWithNothingLeaked();
    server = ServerUnderTest.on(directory).steps(this::maybeFail).start();
  }
}
