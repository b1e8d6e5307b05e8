package dev.cairn.server.backup.schedule;

import static dev.cairn.server.backup.schedule.World.values;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.cairn.server.backup.schedule.ScheduleChange.Part;
import dev.cairn.server.error.FieldViolation;
import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import dev.cairn.server.site.SiteId;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ScheduleChangeTest {
  private static final Duration DAY = Duration.ofDays(1);

  private final World world = new World();
  private SiteId site = new SiteId("shop");

  @BeforeEach
  void makeSite() {
    site = world.site("shop");
  }

  private ScheduleSettings update(Set<Part> parts, World.Values values) {
    return world.update(site, parts, values).schedule().settings();
  }

  @Test
  void onlyWhatIsNamedIsReplaced() {
    update(EnumSet.allOf(Part.class), everything());

    ScheduleSettings changed =
        update(Set.of(Part.RETENTION_COUNT), values().count(5).paused(false).timeZone("nonsense"));

    assertThat(changed)
        .isEqualTo(
            new ScheduleSettings(
                Optional.empty(),
                Optional.of("30 3 * * *"),
                "Europe/Berlin",
                true,
                Optional.of(5),
                Optional.of(DAY)));
  }

  private static World.Values everything() {
    return values().cron("30 3 * * *").timeZone("Europe/Berlin").paused(true).count(9).maxAge(DAY);
  }

  @Test
  void whatIsNamedButNotSetGetsItsDefault() {
    update(EnumSet.allOf(Part.class), everything());

    assertThat(update(EnumSet.allOf(Part.class), values())).isEqualTo(ScheduleSettings.DEFAULT);
  }

  @Test
  void anIntervalEndsCronAndTheOtherWayRound() {
    assertThat(update(Set.of(Part.INTERVAL), values().interval(DAY)).interval()).contains(DAY);

    ScheduleSettings cron = update(Set.of(Part.CRON), values().cron("0 0 * * *"));
    assertThat(cron.interval()).isEmpty();
    assertThat(cron.cron()).contains("0 0 * * *");

    ScheduleSettings interval = update(Set.of(Part.INTERVAL), values().interval(DAY));
    assertThat(interval.interval()).contains(DAY);
    assertThat(interval.cron()).isEmpty();
  }

  @Test
  void namingBothTakesTheOneThatIsSet() {
    Set<Part> both = Set.of(Part.INTERVAL, Part.CRON);

    assertThat(update(both, values().cron("0 0 * * *")).cron()).contains("0 0 * * *");
    assertThat(update(both, values().interval(DAY)).interval()).contains(DAY);
    assertThat(update(both, values()).interval()).contains(Duration.ofDays(7));
  }

  @Test
  void takingCronAwayLeavesTheDefaultAndAnIntervalAlone() {
    update(Set.of(Part.CRON), values().cron("0 0 * * *"));
    assertThat(update(Set.of(Part.CRON), values()).interval()).contains(Duration.ofDays(7));

    update(Set.of(Part.INTERVAL), values().interval(DAY));
    assertThat(update(Set.of(Part.CRON), values()).interval()).contains(DAY);
  }

  @Test
  void anEtagMakesAnUpdateConditional() {
    String first = world.schedules.get(site).schedule().etag();
    world.sleep(DAY);
    ScheduleChange pause = new ScheduleChange(Set.of(Part.PAUSED), values().paused(true).build());

    BackupSchedule changed = world.schedules.update(site, pause, first).schedule();

    assertThat(changed.etag()).isNotEqualTo(first);
    assertThat(changed.updateTime()).isEqualTo(world.instant());
    assertThatExceptionOfType(ServiceException.class)
        .isThrownBy(() -> world.schedules.update(site, pause, first))
        .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.ETAG_MISMATCH))
        .satisfies(e -> assertThat(e.metadata()).containsEntry("actual_etag", changed.etag()));
  }

  @Test
  void theSameUpdateAgainChangesNothing() {
    BackupSchedule once =
        world.update(site, Set.of(Part.CRON), values().cron("0 0 * * *")).schedule();
    world.sleep(DAY);

    BackupSchedule twice =
        world.update(site, Set.of(Part.CRON), values().cron("0 0 * * *")).schedule();

    assertThat(twice).isEqualTo(once);
  }

  @Test
  void runsDoNotChangeTheEtag() {
    String before = world.schedules.get(site).schedule().etag();

    world.pass(Duration.ofDays(8), Duration.ofMinutes(10));

    assertThat(world.maker.made).isNotEmpty();
    assertThat(world.schedules.get(site).schedule().etag()).isEqualTo(before);
  }

  @Test
  void theNextRunIsPlannedAnewFromNow() {
    BackupSchedules.View view =
        world.update(site, Set.of(Part.INTERVAL), values().interval(Duration.ofMinutes(5)));

    assertThat(view.nextRun().orElseThrow())
        .isBetween(world.instant(), world.instant().plus(Duration.ofMinutes(5)));
    world.pass(Duration.ofMinutes(6));
    assertThat(world.maker.made).hasSize(1);
  }

  @Test
  void survivesARestart() {
    update(EnumSet.allOf(Part.class), everything());
    BackupSchedules.View before = world.schedules.get(site);

    world.restart();

    assertThat(world.schedules.get(site)).isEqualTo(before);
    assertThat(before.retention().count()).isEqualTo(9);
  }

  @Test
  void saysEverythingThatIsWrong() {
    assertThatExceptionOfType(ServiceException.class)
        .isThrownBy(
            () ->
                update(
                    EnumSet.allOf(Part.class),
                    values()
                        .interval(Duration.ofSeconds(59))
                        .cron("60 * * * *")
                        .timeZone("Europe/Atlantis")
                        .count(1_001)
                        .maxAge(Duration.ofDays(3_661))))
        .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.INVALID_ARGUMENT))
        .satisfies(
            e ->
                assertThat(e.violations().stream().map(FieldViolation::field))
                    .containsExactly(
                        "backup_schedule.interval",
                        "backup_schedule.cron",
                        "backup_schedule.time_zone",
                        "backup_schedule.retention.count",
                        "backup_schedule.retention.max_age"));
    assertThat(world.schedules.get(site).schedule().settings()).isEqualTo(ScheduleSettings.DEFAULT);
  }

  @ParameterizedTest
  @ValueSource(strings = {"+02:00", "GMT+2", "europe/berlin", "CEST", "Z", " "})
  void takesOnlyNamesOfTheTimeZoneDatabase(String zone) {
    assertThatExceptionOfType(ServiceException.class)
        .isThrownBy(() -> update(Set.of(Part.TIME_ZONE), values().timeZone(zone)));
  }

  @Test
  void readsFieldMasks() {
    assertThat(ScheduleChange.parts(List.of("*"))).isEqualTo(EnumSet.allOf(Part.class));
    assertThat(ScheduleChange.parts(List.of("interval", "cron", "time_zone", "paused", "interval")))
        .isEqualTo(EnumSet.of(Part.INTERVAL, Part.CRON, Part.TIME_ZONE, Part.PAUSED));
    assertThat(ScheduleChange.parts(List.of("retention")))
        .isEqualTo(EnumSet.of(Part.RETENTION_COUNT, Part.RETENTION_MAX_AGE));
    assertThat(ScheduleChange.parts(List.of("retention.count", "retention.max_age")))
        .isEqualTo(EnumSet.of(Part.RETENTION_COUNT, Part.RETENTION_MAX_AGE));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "site_id", "next_run_time", "etag", "retention.", "Interval", "a.b"})
  void refusesMasksThatNameAnythingElse(String path) {
    assertThatExceptionOfType(ServiceException.class)
        .isThrownBy(() -> ScheduleChange.parts(List.of("paused", path)))
        .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.INVALID_ARGUMENT));
    assertThatExceptionOfType(ServiceException.class)
        .isThrownBy(() -> ScheduleChange.parts(List.of()));
  }
}
