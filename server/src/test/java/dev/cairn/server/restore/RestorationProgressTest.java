package dev.cairn.server.restore;

import static dev.cairn.server.restore.ServerUnderTest.SITE;
import static dev.cairn.server.restore.ServerUnderTest.completed;
import static dev.cairn.server.restore.ServerUnderTest.only;
import static dev.cairn.server.restore.ServerUnderTest.wish;
import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.server.backup.BackupId;
import dev.cairn.server.backup.Progress;
import dev.cairn.server.backup.Progress.Phase;
import dev.cairn.server.backup.Topics;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What somebody who watches a restoration is told. */
final class RestorationProgressTest {
  @TempDir Path directory;
  private ServerUnderTest server;
  private BackupId backup;
  private String failAt = "";

  @BeforeEach
  void start() {
    server =
        ServerUnderTest.on(directory)
            .jobThreads(0)
            .steps(
                step -> {
                  if (step.equals(failAt)) {
                    throw new IOException("Input/output error");
                  }
                })
            .start();
    server.createSite();
    server.fill("books", 1500, "old");
    server.fill("films", 20, "old");
    backup = server.backup();
    server.clock.goOnBy(Duration.ofMillis(200));
  }

  @AfterEach
  void stop() {
    server.closeWithNothingLeaked();
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void goesForwardThroughThePhasesToOneAtTheEnd(boolean whole) {
    List<RestorationView> seen = watched(whole ? wish(backup) : wish(backup, only("books")));

    assertOrderly(seen);
    RestorationView last = seen.get(seen.size() - 1);
    completed(last.record());
    assertThat(last.progress().fraction()).isEqualTo(1);
    assertThat(last.progress().etaHigh()).isEmpty();
    assertThat(seen.subList(0, seen.size() - 1))
        .allSatisfy(
            view -> {
              assertThat(view.record().isPending()).isTrue();
              assertThat(view.progress().fraction()).isLessThan(1);
            });
    assertThat(phases(seen)).containsExactly(Phase.values());
  }

  @Test
  void phaseThatIsNotNeededIsLeftOut() {
    Restorations.Request wish = wish(backup);
    List<RestorationView> seen =
        watched(
            new Restorations.Request(
                SITE, backup, List.of(), VerificationMode.SKIP, false, "tester", wish.requestId()));

    assertOrderly(seen);
    assertThat(phases(seen))
        .containsExactly(Phase.QUEUED, Phase.STAGING, Phase.SWITCHING, Phase.FINALIZING);
  }

  @Test
  void totalsAreExactFromTheFirstRunningMessage() {
    List<RestorationView> seen = watched(wish(backup));

    long bytes = server.backupRecord(backup).sizeBytes();
    assertThat(seen)
        .filteredOn(view -> view.progress().phase() != Phase.QUEUED)
        .isNotEmpty()
        .allSatisfy(
            view -> {
              Progress progress = view.progress();
              assertThat(progress.bytes().total()).isEqualTo(bytes);
              assertThat(progress.files().total()).isPositive();
              assertThat(progress.items().total()).isEqualTo(1520);
              assertThat(progress.collections().total()).isEqualTo(2);
              assertThat(progress.rows())
                  .extracting(row -> row.collection() + " " + row.items().total())
                  .containsExactly("books 1500", "films 20");
            });
  }

  @Test
  void rowsOfCollectionsGrowWhileTheyAreCopied() {
    List<RestorationView> seen = watched(wish(backup, only("books")));

    List<Long> books =
        seen.stream()
            .filter(view -> view.progress().phase() != Phase.QUEUED)
            .map(view -> view.progress().rows().get(0).items().done())
            .distinct()
            .toList();
    assertThat(books).containsExactly(0L, 500L, 1000L, 1500L);
    assertThat(seen.get(seen.size() - 1).progress().collections().done()).isEqualTo(1);
  }

  @Test
  void failedOneKeepsItsLastFraction() {
    failAt = "after checkpoint";

    List<RestorationView> seen = watched(wish(backup));

    assertOrderly(seen);
    RestorationView last = seen.get(seen.size() - 1);
    assertThat(last.record().state()).isEqualTo(RestorationState.FAILED);
    assertThat(last.progress().fraction()).isGreaterThan(0.5).isLessThan(1);
    assertThat(last.progress().phase()).isEqualTo(Phase.SWITCHING);
    failAt = "";
    assertThat(server.restorations.get(SITE, last.record().id()).progress())
        .isEqualTo(last.progress());
  }

  @Test
  void lateWatcherSeesTheTerminalStateAtOnce() {
    RestorationRecord done = completed(server.restore(backup));

    try (Topics.Subscription<RestorationView> watch =
        server.restorations.watch(SITE, done.id(), last -> {})) {
      assertThat(watch.latest().record()).isEqualTo(done);
      assertThat(watch.latest().settled()).isTrue();
      assertThat(watch.latest().progress().fraction()).isEqualTo(1);
    }
  }

  /** Everything that a watcher sees who is as quick as the restoration. */
  private List<RestorationView> watched(Restorations.Request request) {
    List<RestorationView> seen = new ArrayList<>();
    server.jobs.hold();
    RestorationView first = server.restorations.start(request);
    List<Topics.Subscription<RestorationView>> watch = new ArrayList<>();
    try (Topics.Subscription<RestorationView> subscription =
        server.restorations.watch(
            SITE, first.record().id(), last -> seen.add(watch.get(0).latest()))) {
      watch.add(subscription);
      seen.add(subscription.latest());
      server.jobs.runHeld();
    }
    assertThat(seen.get(0).record().times().start()).isEmpty();
    assertThat(seen.get(0).sequence()).isEqualTo(first.sequence());
    assertThat(seen.get(seen.size() - 1).settled()).isTrue();
    return seen;
  }

  private static void assertOrderly(List<RestorationView> seen) {
    for (int i = 1; i < seen.size(); i++) {
      Progress before = seen.get(i - 1).progress();
      Progress now = seen.get(i).progress();
      assertThat(seen.get(i).sequence()).isGreaterThan(seen.get(i - 1).sequence());
      assertThat(now.phase()).isGreaterThanOrEqualTo(before.phase());
      assertThat(now.fraction()).isGreaterThanOrEqualTo(before.fraction());
      assertThat(now.bytes().done()).isGreaterThanOrEqualTo(before.bytes().done());
      assertThat(now.items().done()).isGreaterThanOrEqualTo(before.items().done());
      assertThat(now.updateTime()).isAfterOrEqualTo(before.updateTime());
    }
  }

  private static List<Phase> phases(List<RestorationView> seen) {
    List<Phase> phases = seen.stream().map(view -> view.progress().phase()).distinct().toList();
    assertThat(phases).isSubsetOf(Arrays.asList(Phase.values()));
    return phases;
  }
}
