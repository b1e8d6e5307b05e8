package dev.cairn.server.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Duration;
import com.google.protobuf.FieldMask;
import dev.cairn.v1.BackupRetention;
import dev.cairn.v1.BackupSchedule;
import dev.cairn.v1.BackupScheduleServiceGrpc;
import dev.cairn.v1.BackupScheduleServiceGrpc.BackupScheduleServiceBlockingStub;
import dev.cairn.v1.DeleteSiteRequest;
import dev.cairn.v1.GetBackupScheduleRequest;
import dev.cairn.v1.UpdateBackupScheduleRequest;
import io.grpc.Status;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BackupScheduleServiceTest {
  private static final int DAY = 24 * 3_600;

  @TempDir Path data;
  private TestServer server;

  @BeforeEach
  void start() {
    server = TestServer.on(data, "backup.auto-limit", "6").hasSite("shop");
  }

  @AfterEach
  void stop() {
    server.close();
  }

  private BackupScheduleServiceBlockingStub schedules() {
    return BackupScheduleServiceGrpc.newBlockingStub(server.channel())
        .withDeadlineAfter(20, TimeUnit.SECONDS);
  }

  private BackupSchedule get() {
    return schedules()
        .getBackupSchedule(GetBackupScheduleRequest.newBuilder().setSiteId("shop").build())
        .getBackupSchedule();
  }

  private static UpdateBackupScheduleRequest.Builder update(
      BackupSchedule.Builder values, String... paths) {
    return UpdateBackupScheduleRequest.newBuilder()
        .setSiteId("shop")
        .setBackupSchedule(values)
        .setUpdateMask(FieldMask.newBuilder().addAllPaths(List.of(paths)));
  }

  private BackupSchedule updated(BackupSchedule.Builder values, String... paths) {
    return schedules().updateBackupSchedule(update(values, paths).build()).getBackupSchedule();
  }

  private static BackupSchedule.Builder values() {
    return BackupSchedule.newBuilder();
  }

  private static Duration.Builder seconds(long seconds) {
    return Duration.newBuilder().setSeconds(seconds);
  }

  @Test
  void aNewSiteHasTheDefaultSchedule() {
    BackupSchedule schedule = get();

    assertThat(schedule.getSiteId()).isEqualTo("shop");
    assertThat(schedule.getInterval().getSeconds()).isEqualTo(7 * DAY);
    assertThat(schedule.hasCron()).isFalse();
    assertThat(schedule.getTimeZone()).isEqualTo("UTC");
    assertThat(schedule.getPaused()).isFalse();
    assertThat(schedule.getRetention().getCount()).isEqualTo(6);
    assertThat(schedule.getRetention().hasMaxAge()).isFalse();
    assertThat(schedule.getNextRunTime().getSeconds())
        .isBetween(Instant.now().getEpochSecond() - 1, Instant.now().getEpochSecond() + 7 * DAY);
    assertThat(schedule.hasLastRunTime()).isFalse();
    assertThat(schedule.getLastBackupId()).isEmpty();
    assertThat(schedule.hasLastSuccessfulBackupTime()).isFalse();
    assertThat(schedule.getEtag()).isNotEmpty();
    assertThat(schedule.hasUpdateTime()).isTrue();
  }

  @Test
  void changesWhatTheMaskNamesAndKeepsItOverARestart() {
    BackupSchedule changed =
        updated(
            values()
                .setCron("30 3 * * MON-FRI")
                .setTimeZone("Europe/Berlin")
                .setPaused(true)
                .setRetention(
                    BackupRetention.newBuilder().setCount(10).setMaxAge(seconds(30L * DAY))),
            "cron",
            "time_zone",
            "retention");

    assertThat(changed.getCron()).isEqualTo("30 3 * * MON-FRI");
    assertThat(changed.getTimeZone()).isEqualTo("Europe/Berlin");
    assertThat(changed.getPaused()).isFalse();
    assertThat(changed.getRetention().getCount()).isEqualTo(10);
    assertThat(changed.getRetention().getMaxAge().getSeconds()).isEqualTo(30 * DAY);
    assertThat(changed.getNextRunTime().getSeconds() % 3_600).isEqualTo(1_800);

    server.close();
    server = TestServer.on(data, "backup.auto-limit", "6");
    assertThat(get()).isEqualTo(changed);
  }

  @Test
  void pausesAndResumes() {
    assertThat(updated(values().setPaused(true), "paused").hasNextRunTime()).isFalse();
    assertThat(updated(values(), "paused").hasNextRunTime()).isTrue();
  }

  @Test
  void aStarResetsWhatIsNotSet() {
    String before = get().getEtag();
    updated(values().setInterval(seconds(DAY)).setPaused(true), "*");

    BackupSchedule reset =
        schedules()
            .updateBackupSchedule(
                UpdateBackupScheduleRequest.newBuilder()
                    .setSiteId("shop")
                    .setUpdateMask(FieldMask.newBuilder().addPaths("*"))
                    .build())
            .getBackupSchedule();

    assertThat(reset.getInterval().getSeconds()).isEqualTo(7 * DAY);
    assertThat(reset.getPaused()).isFalse();
    assertThat(reset.getEtag()).isNotEqualTo(before);
  }

  @Test
  void refusesAnotherEtag() {
    String etag = get().getEtag();
    BackupSchedule changed = updated(values().setPaused(true), "paused");

    CallError error =
        CallError.of(
            () ->
                schedules().updateBackupSchedule(update(values(), "paused").setEtag(etag).build()));

    assertThat(error.reason()).isEqualTo("ETAG_MISMATCH");
    assertThat(error.code()).isEqualTo(Status.Code.ABORTED);
    assertThat(error.fact("actual_etag")).isEqualTo(changed.getEtag());
    schedules().updateBackupSchedule(update(values(), "paused").setEtag(changed.getEtag()).build());
  }

  @Test
  void namesTheFieldsThatAreWrong() {
    assertThat(fields(values(), "paused", "next_run_time")).containsExactly("update_mask");
    assertThat(fields(values())).containsExactly("update_mask");
    assertThat(fields(values().setInterval(seconds(59)), "interval"))
        .containsExactly("backup_schedule.interval");
    assertThat(fields(values().setInterval(seconds(1).setNanos(-1)), "interval"))
        .containsExactly("backup_schedule.interval");
    assertThat(fields(values().setInterval(seconds(Long.MAX_VALUE).setNanos(999_999_999)), "*"))
        .containsExactly("backup_schedule.interval");
    assertThat(fields(values().setCron("0 0 30 2 *").setTimeZone("Mars/Olympus"), "*"))
        .containsExactly("backup_schedule.cron", "backup_schedule.time_zone");
    assertThat(
            fields(
                values()
                    .setRetention(BackupRetention.newBuilder().setCount(-1).setMaxAge(seconds(0))),
                "retention"))
        .containsExactly("backup_schedule.retention.count", "backup_schedule.retention.max_age");
  }

  private List<String> fields(BackupSchedule.Builder values, String... paths) {
    return CallError.of(() -> schedules().updateBackupSchedule(update(values, paths).build()))
        .fields();
  }

  @Test
  void anUnknownSiteHasNoSchedule() {
    CallError error =
        CallError.of(
            () ->
                schedules()
                    .getBackupSchedule(
                        GetBackupScheduleRequest.newBuilder().setSiteId("nowhere").build()));

    assertThat(error.reason()).isEqualTo("SITE_NOT_FOUND");
  }

  @Test
  void aSiteMadeAgainBeginsWithTheDefault() {
    updated(values().setPaused(true), "paused");
    server.sites().deleteSite(DeleteSiteRequest.newBuilder().setSiteId("shop").build());

    server.hasSite("shop");

    assertThat(get().getPaused()).isFalse();
  }
}
