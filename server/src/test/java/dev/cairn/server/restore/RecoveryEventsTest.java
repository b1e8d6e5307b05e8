package dev.cairn.server.restore;

import static dev.cairn.server.restore.ServerUnderTest.SITE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.groups.Tuple.tuple;

import dev.cairn.server.backup.BackupChange;
import dev.cairn.server.backup.BackupId;
import dev.cairn.server.backup.BackupState;
import dev.cairn.server.backup.BackupType;
import dev.cairn.server.error.Reason;
import dev.cairn.server.site.EventFeed;
import dev.cairn.server.site.EventRecord;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the log of events says after a crash is what became of things. */
class RecoveryEventsTest {
  private static final int EACH = 4;

  @TempDir Path data;
  @TempDir Path copies;

  @Test
  void tellsThatABackupWasInterrupted() {
    try (ServerUnderTest server = ServerUnderTest.withSite(data)) {
      server.fill("cities", 3, "old");
      server.jobs.hold();
      server.requestBackup(SITE);
      server.kill(copies.resolve("killed"));
    }
    try (ServerUnderTest after = ServerUnderTest.on(copies.resolve("killed")).start()) {
      List<BackupChange> changes = backupChanges(events(after));
      assertThat(changes)
          .extracting(BackupChange::previousState, change -> change.backup().state())
          .containsExactly(
              tuple(Optional.empty(), BackupState.PENDING),
              tuple(Optional.of(BackupState.PENDING), BackupState.PENDING),
              tuple(Optional.of(BackupState.PENDING), BackupState.FAILED));
      assertThat(changes.get(2).backup().failure().orElseThrow().reason())
          .isEqualTo(Reason.INTERRUPTED);
      after.recover();
      assertThat(events(after)).hasSize(3);
    }
  }

  @Test
  void tellsHowARestorationEndedWhereverItWasBrokenOff() {
    List<Path> killed = new ArrayList<>();
    List<ServerUnderTest> running = new ArrayList<>();
    int[] count = {0};
    Steps steps =
        step -> {
          if (!running.isEmpty() && count[0]++ % EACH == 0) {
            killed.add(running.get(0).kill(copies.resolve("step" + count[0])));
          }
        };
    try (ServerUnderTest server = ServerUnderTest.on(data).steps(steps).start()) {
      server.createSite();
      server.fill("cities", 3, "old");
      BackupId backup = server.backup();
      server.saveAll("cities", 3, "new");
      running.add(server);
      server.restore(backup);
      running.clear();
      requireSense(server);
    }
    assertThat(killed).hasSizeGreaterThan(5);
    int completed = 0;
    for (Path copy : killed) {
      try (ServerUnderTest after = ServerUnderTest.on(copy).start()) {
        completed += requireSense(after) == RestorationState.COMPLETED ? 1 : 0;
      }
    }
    assertThat(completed).isBetween(1, killed.size() - 1);
  }

  /** Checks that the events tell one story; answers how it ended. */
  private static RestorationState requireSense(ServerUnderTest server) {
    List<EventRecord> events = events(server);
    assertThat(events)
        .extracting(EventRecord::sequence)
        .isEqualTo(LongStream.rangeClosed(1, events.size()).boxed().toList());
    List<RestorationRecord> known = server.restorations.list(SITE, Set.of(), Optional.empty());
    List<RestorationChange> told =
        events.stream()
            .filter(event -> event.type().equals(RestorationChange.TYPE))
            .map(event -> event.change(RestorationChange.class))
            .toList();
    if (known.isEmpty()) {
      assertThat(told).isEmpty();
      return RestorationState.PENDING;
    }
    RestorationRecord record = known.get(0);
    List<RestorationState> states =
        told.stream().map(change -> change.restoration().state()).toList();
    assertThat(told.get(0).previousState()).isEmpty();
    assertThat(states.subList(0, states.size() - 1)).containsOnly(RestorationState.PENDING);
    assertThat(states).hasSizeBetween(2, 3).endsWith(record.state());
    assertThat(record.state()).isNotEqualTo(RestorationState.PENDING);

    List<BackupChange> safety =
        backupChanges(events).stream()
            .filter(change -> change.backup().type() == BackupType.SAFETY)
            .toList();
    if (record.state() == RestorationState.COMPLETED) {
      assertThat(safety).hasSize(1);
      assertThat(safety.get(0).backup().state()).isEqualTo(BackupState.READY);
      assertThat(safety.get(0).previousState()).isEmpty();
      assertThat(events.get(events.size() - 2).type()).isEqualTo(BackupChange.TYPE);
      assertThat(events.get(events.size() - 1).type()).isEqualTo(RestorationChange.TYPE);
    } else {
      assertThat(safety).isEmpty();
    }
    return record.state();
  }

  private static List<BackupChange> backupChanges(List<EventRecord> events) {
    return events.stream()
        .filter(event -> event.type().equals(BackupChange.TYPE))
        .map(event -> event.change(BackupChange.class))
        .toList();
  }

  private static List<EventRecord> events(ServerUnderTest server) {
    EventFeed feed =
        new EventFeed(server.catalog.events(), Optional.of(SITE), new EventFeed.Beginning());
    return feed.next(1_000);
  }
}
