package dev.cairn.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.FieldMask;
import com.google.protobuf.util.Durations;
import com.google.protobuf.util.Timestamps;
import dev.cairn.v1.Backup;
import dev.cairn.v1.BackupSchedule;
import dev.cairn.v1.BackupState;
import dev.cairn.v1.BackupType;
import dev.cairn.v1.ErrorReason;
import dev.cairn.v1.Event;
import dev.cairn.v1.EventStart;
import dev.cairn.v1.GetBackupScheduleRequest;
import dev.cairn.v1.UpdateBackupScheduleRequest;
import dev.cairn.v1.WatchEventsRequest;
import dev.cairn.v1.WatchEventsResponse;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Automatic backups as a running server takes them: at the time that the schedule says, and after a
 * downtime once; one that fails is told of.
 *
 * <p>The shortest interval is a minute; of many sites, one or the other is due within seconds.
 */
class AutoBackupIT {
  private static final int SITES = 30;
  private static final Duration LONG = Duration.ofSeconds(75);

  @RegisterExtension final Servers servers = new Servers();

  @Test
  void takesBackupsByItselfAndCatchesUpOnceAfterADowntime() {
    CairnProcess server = servers.start("--watch.heartbeat=500ms");
    String missed;
    int before;
    Instant due;
    try (Cairn cairn = server.connect()) {
      makeSites(cairn, site -> {});
      String first = sitesByDue(cairn).get(0);
      Instant planned = due(cairn, first);

      Backup backup = awaitAuto(cairn, first, autos(cairn, first).size());

      assertThat(backup.getState()).isEqualTo(BackupState.BACKUP_STATE_READY);
      assertThat(backup.getItemCount()).isEqualTo(3);
      Instant requested = Instant.ofEpochMilli(Timestamps.toMillis(backup.getCreateTime()));
      assertThat(requested).isBetween(planned, planned.plusSeconds(30));
      BackupSchedule schedule = schedule(cairn, first);
      assertThat(schedule.getLastBackupId()).isEqualTo(backup.getId());
      assertThat(due(cairn, first)).isEqualTo(planned.plusSeconds(60));
      assertThat(events(cairn, first))
          .filteredOn(
              event -> event.getBackupStateChanged().getBackup().getId().equals(backup.getId()))
          .extracting(event -> event.getBackupStateChanged().getBackup().getType())
          .hasSizeGreaterThanOrEqualTo(2)
          .containsOnly(BackupType.BACKUP_TYPE_AUTO);

      missed = sitesByDue(cairn).get(0);
      due = due(cairn, missed);
      before = autos(cairn, missed).size();
      server.kill();
    }
    Wait.until("the run is missed", LONG, () -> Instant.now().isAfter(due));
    server.restart();
    try (Cairn cairn = server.connect()) {
      assertThat(awaitAuto(cairn, missed, before).getState())
          .isEqualTo(BackupState.BACKUP_STATE_READY);
      assertThat(autos(cairn, missed)).hasSize(before + 1);
      assertThat(due(cairn, missed)).isEqualTo(due.plusSeconds(60));
    }
  }

  @Test
  void tellsOfAFailedOneAndPlansItAgain() {
    CairnProcess server = servers.start("--watch.heartbeat=500ms");
    try (Cairn cairn = server.connect()) {
      // A file where the folder of a site's backups belongs: none can be made.
      makeSites(cairn, site -> obstruct(server.dataDirectory().resolve("backups").resolve(site)));
      String site = sitesByDue(cairn).get(0);

      Backup failed = awaitAuto(cairn, site, 0);

      assertThat(failed.getState()).isEqualTo(BackupState.BACKUP_STATE_FAILED);
      assertThat(failed.getFailure().getReason())
          .isEqualTo(ErrorReason.ERROR_REASON_STORAGE_FAILED);
      assertThat(failed.getFailure().getMessage()).isNotEmpty().doesNotContain("/");
      assertThat(events(cairn, site))
          .anyMatch(
              event ->
                  event.getBackupStateChanged().getBackup().getState()
                      == BackupState.BACKUP_STATE_FAILED);
      Instant again = due(cairn, site);
      Instant ended = Instant.ofEpochMilli(Timestamps.toMillis(failed.getFinishTime()));
      assertThat(again).as("soon, but not at once").isBetween(ended, ended.plusSeconds(61));
      Wait.until(
          "the log tells of it",
          LONG,
          () -> server.log().contains("automatic backup failed site=" + site));
    }
  }

  private static void obstruct(Path place) {
    try {
      Files.createDirectories(place.getParent());
      Files.writeString(place, "in the way");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void makeSites(Cairn cairn, Consumer<String> prepare) {
    for (int i = 0; i < SITES; i++) {
      String site = "site-" + i;
      cairn.createSite(site, List.of("things"));
      cairn.fill(site, "things", 3, "kept");
      prepare.accept(site);
      cairn
          .schedules()
          .updateBackupSchedule(
              UpdateBackupScheduleRequest.newBuilder()
                  .setSiteId(site)
                  .setBackupSchedule(
                      BackupSchedule.newBuilder().setInterval(Durations.fromMinutes(1)))
                  .setUpdateMask(FieldMask.newBuilder().addPaths("interval"))
                  .build());
    }
  }

  private static BackupSchedule schedule(Cairn cairn, String site) {
    return cairn
        .schedules()
        .getBackupSchedule(GetBackupScheduleRequest.newBuilder().setSiteId(site).build())
        .getBackupSchedule();
  }

  private static Instant due(Cairn cairn, String site) {
    return due(schedule(cairn, site));
  }

  private static Instant due(BackupSchedule schedule) {
    return Instant.ofEpochMilli(Timestamps.toMillis(schedule.getNextRunTime()));
  }

  /** Those that are due in more than a moment, the next one first. */
  private static List<String> sitesByDue(Cairn cairn) {
    return cairn.siteIds().stream()
        .map(site -> schedule(cairn, site))
        .filter(schedule -> due(schedule).isAfter(Instant.now().plusSeconds(2)))
        .sorted(Comparator.comparing(AutoBackupIT::due))
        .map(BackupSchedule::getSiteId)
        .toList();
  }

  private static List<Backup> autos(Cairn cairn, String site) {
    return cairn.listBackups(site).stream()
        .filter(each -> each.getType() == BackupType.BACKUP_TYPE_AUTO)
        .toList();
  }

  /** The automatic backup that comes after those that are known, once it has ended. */
  private static Backup awaitAuto(Cairn cairn, String site, int known) {
    Wait.until(
        "site " + site + " has one more automatic backup",
        LONG,
        () -> autos(cairn, site).size() > known);
    return cairn.awaitBackup(site, autos(cairn, site).get(0).getId());
  }

  private static List<Event> events(Cairn cairn, String site) {
    Iterator<WatchEventsResponse> stream =
        cairn
            .events()
            .watchEvents(
                WatchEventsRequest.newBuilder()
                    .setSiteId(site)
                    .setStartFrom(EventStart.EVENT_START_BEGINNING)
                    .build());
    List<Event> events = new ArrayList<>();
    for (WatchEventsResponse message = stream.next(); message.hasEvent(); message = stream.next()) {
      events.add(message.getEvent());
    }
    return events;
  }
}
