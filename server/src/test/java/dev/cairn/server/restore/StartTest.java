package dev.cairn.server.restore;

import static dev.cairn.server.restore.ServerUnderTest.SITE;
import static dev.cairn.server.restore.ServerUnderTest.only;
import static dev.cairn.server.restore.ServerUnderTest.wish;
import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.server.backup.BackupChange;
import dev.cairn.server.backup.BackupId;
import dev.cairn.server.backup.BackupRecord;
import dev.cairn.server.site.EventFeed;
import dev.cairn.server.site.EventRecord;
import dev.cairn.server.site.SiteId;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** When a job is recorded as started: with its request where nothing is in its way, or later. */
class StartTest {
  @TempDir Path directory;

  private final List<String> catalogWrites = new ArrayList<>();
  private ServerUnderTest server;
  private BackupId backup;

  @BeforeEach
  void start() {
    server =
        ServerUnderTest.on(directory)
            .steps(
                step -> {
                  if (step.startsWith("before write to the catalog")) {
                    catalogWrites.add(step);
                  }
                })
            .start();
    server.createSite();
    server.fill("books", 30, "old");
    backup = server.backup();
    server.jobs.hold();
    catalogWrites.clear();
  }

  @AfterEach
  void stop() {
    server.assertSound();
    server.closeWithNothingLeaked();
  }

  @Test
  void restorationThatNothingIsInTheWayOfIsRecordedTwice() {
    Instant requested = server.clock.instant();
    RestorationRecord answer = request();

    assertThat(answer.times().start()).contains(requested);
    assertThat(answer.intent()).isPresent();
    server.jobs.runHeld();
    assertThat(ended(answer).times().start()).contains(requested);
    assertThat(catalogWrites).hasSize(2);
    assertThat(startsToldOf(answer)).containsExactly(Optional.empty(), Optional.of(requested));
  }

  @Test
  void restorationThatWasLateAfterAllIsRecordedAsStartedWhenItIs() {
    Instant requested = server.clock.instant();
    RestorationRecord answer = request();
    server.clock.advance(Duration.ofMinutes(1));
    Instant begun = server.clock.instant();

    server.jobs.runHeld();

    assertThat(ended(answer).times().start()).contains(begun);
    assertThat(startsToldOf(answer))
        .containsExactly(Optional.empty(), Optional.of(requested), Optional.of(begun));
  }

  @Test
  void restorationBehindAnotherIsRecordedAsStartedWhenItIs() {
    RestorationRecord first = request();
    server.clock.advance(Duration.ofMillis(1));
    RestorationRecord second =
        server
            .restorations
            .start(
                new Restorations.Request(
                    SITE,
                    backup,
                    List.of(),
                    Optional.of(new SiteId("copy")),
                    VerificationMode.SKIP,
                    false,
                    Optional.empty(),
                    "tester",
                    Optional.empty()))
            .record();

    assertThat(first.times().start()).isPresent();
    assertThat(second.times().start()).isEmpty();
    server.clock.advance(Duration.ofMillis(1));
    Instant begun = server.clock.instant();
    server.jobs.runHeld();
    assertThat(ended(second).times().start()).contains(begun);
  }

  @Test
  void backupThatNothingIsInTheWayOfIsRecordedTwice() {
    Instant requested = server.clock.instant();
    BackupRecord answer = server.requestBackup(SITE);

    assertThat(answer.times().start()).contains(requested);
    server.jobs.runHeld();
    assertThat(catalogWrites).hasSize(2);
    assertThat(startsToldOf(answer)).containsExactly(Optional.empty(), Optional.of(requested));
  }

  @Test
  void backupThatWasLateAfterAllIsRecordedAsStartedWhenItIs() {
    Instant requested = server.clock.instant();
    BackupRecord answer = server.requestBackup(SITE);
    server.clock.advance(Duration.ofMinutes(1));
    Instant begun = server.clock.instant();

    server.jobs.runHeld();

    assertThat(startsToldOf(answer))
        .containsExactly(Optional.empty(), Optional.of(requested), Optional.of(begun));
  }

  private RestorationRecord request() {
    return server.restorations.start(wish(backup, only("books"))).record();
  }

  private RestorationRecord ended(RestorationRecord request) {
    RestorationRecord ended = server.restoration(request.id());
    assertThat(ended.state()).isEqualTo(RestorationState.COMPLETED);
    return ended;
  }

  /** The start times that the events of it name, until it ended. */
  private List<Optional<Instant>> startsToldOf(RestorationRecord request) {
    return events().stream()
        .filter(event -> event.type().equals(RestorationChange.TYPE))
        .map(event -> event.change(RestorationChange.class).restoration())
        .filter(each -> each.id().equals(request.id()) && each.isPending())
        .map(each -> each.times().start())
        .toList();
  }

  private List<Optional<Instant>> startsToldOf(BackupRecord request) {
    return events().stream()
        .filter(event -> event.type().equals(BackupChange.TYPE))
        .map(event -> event.change(BackupChange.class).backup())
        .filter(each -> each.id().equals(request.id()) && each.isPending())
        .map(each -> each.times().start())
        .toList();
  }

  private List<EventRecord> events() {
    return new EventFeed(server.catalog.events(), Optional.of(SITE), new EventFeed.Beginning())
        .next(1_000);
  }
}
