package dev.cairn.server.restore;

import static dev.cairn.server.restore.ServerUnderTest.SITE;
import static dev.cairn.server.restore.ServerUnderTest.completed;
import static dev.cairn.server.restore.ServerUnderTest.only;
import static dev.cairn.server.restore.ServerUnderTest.wish;
import static dev.cairn.server.store.StoreFixtures.assertFails;
import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.server.backup.BackupId;
import dev.cairn.server.backup.BackupState;
import dev.cairn.server.backup.BackupType;
import dev.cairn.server.backup.Topics;
import dev.cairn.server.error.Reason;
import dev.cairn.server.site.RequestId;
import dev.cairn.server.site.SiteId;
import dev.cairn.server.store.StoredItem;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Asking for restorations, one at a time, and giving them up. */
final class RestorationsTest {
  @TempDir Path directory;
  private final List<Consumer<String>> atSteps = new ArrayList<>();
  private ServerUnderTest server;
  private BackupId backup;

  @BeforeEach
  void start() {
    server =
        ServerUnderTest.on(directory)
            .restorationQueue(2)
            .steps(step -> List.copyOf(atSteps).forEach(each -> each.accept(step)))
            .start();
    server.createSite();
    server.fill("books", 1200, "old");
    server.fill("films", 20, "old");
    backup = server.backup();
    server.saveAll("books", 30, "changed");
  }

  @AfterEach
  void stop() {
    server.assertSound();
    server.closeWithNothingLeaked();
  }

  @Test
  void answersAtOnceWithThePendingRecord() {
    server.jobs.hold();

    RestorationView view = server.restorations.start(wish(backup, only("books")));

    assertThat(view.record().state()).isEqualTo(RestorationState.PENDING);
    assertThat(view.record().backup().id()).isEqualTo(backup);
    assertThat(view.record().backup().log()).isEmpty();
    assertThat(view.record().creator()).isEqualTo("tester");
    server.jobs.runHeld();
    RestorationRecord done = completed(server.restoration(view.record().id()));
    assertThat(done.times().start()).isPresent();
  }

  @Test
  void importsGoOnWhereTheyWereWhateverContentIsLive() {
    server.importInto("books", "begun before", 1);
    BackupId begun = server.backup();
    server.importInto("books", "begun before", 2);
    server.importInto("films", "begun since", 1);

    RestorationRecord whole = completed(server.restore(begun));
    assertThat(server.importInto("books", "begun before", 0).acknowledged()).isEqualTo(2);
    assertThat(server.importInto("films", "begun since", 0).acknowledged()).isEqualTo(1);
    completed(server.undo(whole));
    assertThat(server.importInto("films", "begun since", 2).acknowledged()).isEqualTo(2);

    completed(server.restore(begun, only("films")));
    assertThat(server.importInto("films", "begun since", 0).acknowledged()).isEqualTo(2);
  }

  @Test
  void secondOneIsRefusedWhileOneIsPending() {
    server.jobs.hold();
    RestorationRecord first = server.restore(backup);

    assertFails(Reason.RESTORATION_IN_PROGRESS, () -> server.restore(backup));
    assertFails(Reason.RESTORATION_IN_PROGRESS, () -> server.sites.delete(SITE, true));

    server.jobs.runHeld();
    completed(server.restoration(first.id()));
    completed(server.restore(backup));
  }

  @Test
  void restorationsOfTwoSitesDoNotHinderEachOther() {
    server.sites.create(new SiteId("other"), "Other", Map.of(), Optional.empty());
    server.collections.create(
        new SiteId("other"),
        ServerUnderTest.id("books"),
        dev.cairn.server.site.Collections.Description.NONE,
        Optional.empty());
    BackupId other = server.requestBackup(new SiteId("other")).id();
    server.jobs.hold();
    RestorationRecord first = server.restore(backup);
    RestorationId second =
        server
            .restorations
            .start(
                new Restorations.Request(
                    new SiteId("other"),
                    other,
                    List.of(),
                    VerificationMode.CHECKSUMS,
                    false,
                    "tester",
                    Optional.empty()))
            .record()
            .id();
    assertThat(server.restorations.list(new SiteId("other"), Set.of(), Optional.empty()))
        .hasSize(1);

    server.jobs.runHeld();

    completed(server.restoration(first.id()));
    completed(server.restorations.get(new SiteId("other"), second).record());
    server.sites.delete(new SiteId("other"), true);
  }

  @Test
  void fullQueueRefusesAndLeavesNoTrace() {
    server.jobs.hold();
    for (String name : List.of("a", "b")) {
      occupyPlace(name);
    }

    assertFails(Reason.OVERLOADED, () -> server.restore(backup));

    assertThat(server.restorations.list(SITE, Set.of(), Optional.empty())).isEmpty();
    server.backups.delete(SITE, backup, "");
    server.jobs.runHeld();
    for (String name : List.of("a", "b")) {
      server.sites.delete(new SiteId(name), true);
    }
  }

  /** A restoration of an empty site that waits in the queue. */
  private void occupyPlace(String name) {
    SiteId site = new SiteId(name);
    server.sites.create(site, name, Map.of(), Optional.empty());
    server.jobs.runHeld();
    BackupId empty = server.requestBackup(site).id();
    server.jobs.hold();
    held.add(
        () ->
            server.restorations.start(
                new Restorations.Request(
                    site,
                    empty,
                    List.of(),
                    VerificationMode.CHECKSUMS,
                    false,
                    "tester",
                    Optional.empty())));
    if (held.size() == 2) {
      held.forEach(Runnable::run);
    }
  }

  private final List<Runnable> held = new ArrayList<>();

  @Test
  void sameRequestIdAnswersTheFirstRestoration() {
    Restorations.Request request = withId("1", "fingerprint");
    RestorationRecord first = completed(server.start(request));
    server.save("books", "since", "written since");

    RestorationView again = server.restorations.start(request);

    assertThat(again.record().id()).isEqualTo(first.id());
    assertThat(server.restorations.list(SITE, Set.of(), Optional.empty())).hasSize(1);
    assertThat(server.items("books")).extracting(StoredItem::id).contains("since");
    assertFails(Reason.REQUEST_ID_CONFLICT, () -> server.start(withId("1", "another")));
  }

  @Test
  void sameRequestIdAnswersTheOneThatRuns() {
    server.jobs.hold();
    RestorationRecord first = server.start(withId("1", "fingerprint"));

    assertThat(server.start(withId("1", "fingerprint")).id()).isEqualTo(first.id());

    server.jobs.runHeld();
    completed(server.restoration(first.id()));
    server.backups.delete(SITE, backup, "");
    assertThat(server.start(withId("1", "fingerprint")).id()).isEqualTo(first.id());
  }

  private Restorations.Request withId(String id, String fingerprint) {
    return new Restorations.Request(
        SITE,
        backup,
        List.of(),
        VerificationMode.CHECKSUMS,
        false,
        "tester",
        Optional.of(new RequestId(id, fingerprint)));
  }

  @Test
  void onlyAReadyBackupCanBeRestored() {
    assertFails(Reason.BACKUP_NOT_FOUND, () -> server.restore(new BackupId("none")));
    assertFails(
        Reason.SITE_NOT_FOUND,
        () ->
            server.restorations.start(
                new Restorations.Request(
                    new SiteId("none"),
                    backup,
                    List.of(),
                    VerificationMode.CHECKSUMS,
                    false,
                    "tester",
                    Optional.empty())));
    server.backups.delete(SITE, backup, "");
    assertFails(Reason.BACKUP_NOT_READY, () -> server.restore(backup));
  }

  @Test
  void backupThatIsReadCannotBeDeletedNorEvicted() {
    server.jobs.hold();
    RestorationRecord pending = server.restore(backup);

    assertFails(Reason.BACKUP_IN_USE, () -> server.backups.delete(SITE, backup, ""));
    server.jobs.runHeld();
    server.backup();
    server.backup();
    boolean[] tried = {false};
    once(
        "after verify a backup",
        () -> {
          tried[0] = true;
          BackupId fourth = server.backup();
          assertThat(server.backupRecord(fourth).evicted()).isNotEmpty().doesNotContain(backup);
          assertThat(server.backupRecord(backup).state()).isEqualTo(BackupState.READY);
        });
    completed(server.restoration(pending.id()));
    completed(server.restore(backup));

    assertThat(tried[0]).isTrue();
    server.backups.delete(SITE, backup, "");
    assertThat(server.backupRecord(backup).state()).isEqualTo(BackupState.DELETED);
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void whoeverSeesTheEndMayDeleteTheBackup(boolean clone) {
    server.jobs.hold();
    RestorationRecord pending = clone ? CloneScenario.WHOLE.run(server) : server.restore(backup);
    Topics.Signal deleteAtTheEnd =
        last -> {
          if (!server.restoration(pending.id()).isPending()) {
            server.backups.delete(SITE, backup, "");
          }
        };
    try (Topics.Subscription<RestorationView> watch =
        server.restorations.watch(SITE, pending.id(), deleteAtTheEnd)) {
      server.jobs.runHeld();

      completed(watch.latest().record());
      assertThat(server.backupRecord(backup).state()).isEqualTo(BackupState.DELETED);
    }
  }

  @Test
  void queuedOneCanBeCancelled() {
    Map<String, List<StoredItem>> before = server.content();
    server.jobs.hold();
    RestorationRecord pending = server.restore(backup);

    RestorationView answer = server.restorations.cancel(SITE, pending.id());
    server.jobs.runHeld();

    assertThat(answer.record().isPending()).isTrue();
    assertCancelled(pending.id(), before);
    assertThat(server.restorations.cancel(SITE, pending.id()).record().state())
        .isEqualTo(RestorationState.CANCELED);
  }

  @ParameterizedTest
  @CsvSource({
    "while verifying a backup, true",
    "after verify a backup, true",
    "before clone a database, true",
    "after clone a database, true",
    "after open a database, true",
    "while staging collections, false",
    "after stage collections, false"
  })
  void runningOneCanBeCancelledAndLeavesNoTrace(String step, boolean whole) {
    Map<String, List<StoredItem>> before = server.content();
    List<RestorationId> cancelled = new ArrayList<>();
    once(
        step,
        () -> {
          RestorationId id = pending().id();
          server.restorations.cancel(SITE, id);
          cancelled.add(id);
        });

    if (whole) {
      server.restore(backup);
    } else {
      server.restore(backup, only("books"));
    }

    assertThat(cancelled).hasSize(1);
    assertCancelled(cancelled.get(0), before);
    assertThat(server.restoration(cancelled.get(0)).log())
        .filteredOn(line -> line.message().startsWith("checked"))
        .hasSize(step.startsWith("while verifying") ? 0 : 1);
  }

  private void assertCancelled(RestorationId id, Map<String, List<StoredItem>> before) {
    RestorationRecord record = server.restoration(id);
    assertThat(record.state()).isEqualTo(RestorationState.CANCELED);
    assertThat(record.failure()).isEmpty();
    assertThat(server.content()).isEqualTo(before);
    assertThat(server.ready(BackupType.SAFETY)).isEmpty();
    server.assertSound();
    completed(server.restore(backup));
  }

  @ParameterizedTest
  @CsvSource({"before checkpoint", "before put a backup", "before RENAME sites/shop/CURRENT"})
  void switchingOneCannotBeCancelled(String step) {
    int[] refused = {0};
    once(
        step,
        () -> {
          assertFails(
              Reason.NOT_CANCELABLE, () -> server.restorations.cancel(SITE, pending().id()));
          refused[0]++;
        });

    completed(server.restore(backup));

    assertThat(refused[0]).isEqualTo(1);
  }

  @Test
  void endedOneCannotBeCancelled() {
    RestorationRecord done = completed(server.restore(backup));

    assertFails(Reason.NOT_CANCELABLE, () -> server.restorations.cancel(SITE, done.id()));
    assertFails(
        Reason.RESTORATION_NOT_FOUND,
        () -> server.restorations.cancel(SITE, new RestorationId("none")));
  }

  @Test
  void listsNewestFirstByStateAndBackup() {
    RestorationRecord first = completed(server.restore(backup));
    server.clock.advance(Duration.ofSeconds(1));
    BackupId second = server.backup();
    RestorationRecord newer = completed(server.restore(second));

    assertThat(ids(Set.of(), Optional.empty())).containsExactly(newer.id(), first.id());
    assertThat(ids(Set.of(), Optional.of(backup))).containsExactly(first.id());
    assertThat(ids(Set.of(RestorationState.FAILED), Optional.empty())).isEmpty();
  }

  @Test
  void endedOnesArePurgedWhenTheirTimeIsOver() {
    completed(server.restore(backup));
    server.clock.advance(Duration.ofDays(1));

    assertThat(server.restorations.purge(server.clock.instant().minus(Duration.ofDays(2))))
        .isZero();
    assertThat(server.restorations.purge(server.clock.instant())).isEqualTo(1);
    assertThat(ids(Set.of(), Optional.empty())).isEmpty();
  }

  @Test
  void deletedSiteTakesItsRestorationsAlong() {
    completed(server.restore(backup));
    server.sites.delete(SITE, true);
    server.createSite();

    assertThat(ids(Set.of(), Optional.empty())).isEmpty();
  }

  private List<RestorationId> ids(Set<RestorationState> states, Optional<BackupId> of) {
    return server.restorations.list(SITE, states, of).stream().map(RestorationRecord::id).toList();
  }

  private RestorationRecord pending() {
    return server
        .restorations
        .list(SITE, Set.of(RestorationState.PENDING), Optional.empty())
        .get(0);
  }

  private void once(String at, Runnable action) {
    boolean[] done = {false};
    atSteps.add(
        step -> {
          if (step.equals(at) && !done[0]) {
            done[0] = true;
            action.run();
          }
        });
  }
}
