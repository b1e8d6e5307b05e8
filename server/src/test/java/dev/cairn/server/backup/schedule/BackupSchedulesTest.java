package dev.cairn.server.backup.schedule;

import static dev.cairn.server.backup.schedule.World.START;
import static dev.cairn.server.backup.schedule.World.values;
import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.server.backup.schedule.ScheduleChange.Part;
import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import dev.cairn.server.site.SiteId;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import org.junit.jupiter.api.Test;

class BackupSchedulesTest {
  private static final Duration HOUR = Duration.ofHours(1);
  private static final Duration DAY = Duration.ofDays(1);
  private static final Duration WEEK = Duration.ofDays(7);

  private final World world = new World();

  @Test
  void backsUpEachSiteOnceAWeekByDefault() {
    SiteId site = world.site("shop");

    world.pass(WEEK.multipliedBy(5));

    List<Instant> runs = world.runs(site);
    assertThat(runs).hasSize(5);
    assertThat(runs.get(0)).isBetween(START, START.plus(WEEK));
    for (int i = 1; i < runs.size(); i++) {
      assertThat(Duration.between(runs.get(i - 1), runs.get(i))).isEqualTo(WEEK);
    }
  }

  @Test
  void saysWhenTheNextOneIsAndWhatBecameOfTheLast() {
    SiteId site = world.site("shop");
    Instant planned = world.schedules.get(site).nextRun().orElseThrow();

    world.pass(WEEK);

    BackupSchedules.View view = world.schedules.get(site);
    FakeMaker.Made made = world.maker.made.get(0);
    assertThat(made.time()).isBetween(planned, planned.plusSeconds(60));
    assertThat(view.nextRun()).contains(planned.plus(WEEK));
    assertThat(view.schedule().last().map(BackupSchedule.Run::time)).contains(made.time());
    assertThat(view.schedule().last().map(BackupSchedule.Run::backupId)).contains(made.id());
    assertThat(view.schedule().lastSuccess()).contains(made.time());
  }

  @Test
  void knowsOfASuccessBeforeTheNextTick() {
    SiteId site = world.siteEvery("shop", HOUR);
    world.maker.outcome = each -> new Outcome.Pending();
    passUntilRun();
    assertThat(world.schedules.get(site).schedule().lastSuccess()).isEmpty();

    world.maker.newestBecomes(new Outcome.Ready(world.instant()));

    assertThat(world.schedules.get(site).schedule().lastSuccess()).contains(world.instant());
  }

  private void passUntilRun() {
    int before = world.maker.made.size();
    while (world.maker.made.size() == before) {
      world.pass(Duration.ofMinutes(1));
    }
  }

  @Test
  void keepsCronToTheMinuteInItsZone() {
    SiteId site = world.siteAt("shop", "30 2 * * *", "Europe/Berlin");
    world.setClock(Instant.parse("2026-03-27T12:00:00Z"));
    world.tick();
    world.maker.made.clear();

    world.pass(DAY.multipliedBy(4));

    assertThat(world.runs(site))
        .containsExactly(
            Instant.parse("2026-03-28T01:30:00Z"),
            Instant.parse("2026-03-29T01:00:00Z"), // 02:30 did not exist
            Instant.parse("2026-03-30T00:30:00Z"),
            Instant.parse("2026-03-31T00:30:00Z"));
  }

  @Test
  void catchesUpOnceAfterADowntimeOfManyIntervals() {
    SiteId site = world.siteEvery("shop", DAY);
    world.pass(DAY);
    assertThat(world.runs(site)).hasSize(1);

    world.sleep(DAY.multipliedBy(10));
    world.restart();
    world.pass(HOUR.dividedBy(60));

    assertThat(world.runs(site)).hasSize(2);
    world.pass(DAY);
    assertThat(world.runs(site)).hasSize(3);
    Instant first = world.runs(site).get(0);
    assertThat(Duration.between(first, world.runs(site).get(2)).toMinutes() % DAY.toMinutes())
        .isZero();
  }

  @Test
  void doesNotCatchUpWhatWasNotMissed() {
    SiteId site = world.site("shop");
    world.pass(WEEK);
    world.maker.made.clear();

    Instant next = world.schedules.get(site).nextRun().orElseThrow();
    world.setClock(next.minusSeconds(120));
    world.restart();
    world.tick();

    assertThat(world.maker.made).isEmpty();
  }

  @Test
  void restartsNeitherRepeatNorForgetARun() {
    SiteId site = world.siteEvery("shop", HOUR);

    for (int i = 0; i < 24 * 60; i++) {
      world.restart();
      world.pass(Duration.ofMinutes(1));
    }

    assertThat(world.runs(site)).hasSize(24);
  }

  @Test
  void startsNoSecondBackupWhileOneIsUnderWayAlsoAfterARestart() {
    SiteId site = world.siteEvery("shop", HOUR);
    world.maker.outcome = each -> new Outcome.Pending();

    world.pass(HOUR.multipliedBy(5));
    world.restart();
    world.pass(HOUR.multipliedBy(5));
    assertThat(world.runs(site)).hasSize(1);

    world.maker.newestBecomes(new Outcome.Ready(world.instant()));
    world.pass(Duration.ofMinutes(1));
    assertThat(world.runs(site)).hasSize(2);
  }

  @Test
  void triesAFailedOneAgainWithGrowingPauses() {
    world.site("shop");
    world.maker.outcome = each -> new Outcome.Failed(each.time(), Reason.STORAGE_FAILED);

    world.pass(WEEK.multipliedBy(2));

    List<Long> pauses = new ArrayList<>();
    List<FakeMaker.Made> made = world.maker.made;
    for (int i = 1; i < made.size(); i++) {
      pauses.add(Duration.between(made.get(i - 1).time(), made.get(i).time()).toMinutes());
    }
    assertThat(pauses).startsWith(1L, 2L, 4L, 8L, 16L, 32L, 64L, 128L, 256L, 360L, 360L);
    // The regular run of the second week comes in between.
    assertThat(pauses.subList(9, pauses.size())).allMatch(pause -> pause <= 360);
  }

  @Test
  void returnsToItsMomentsAfterARetryWorked() {
    SiteId site = world.site("shop");
    Instant planned = world.schedules.get(site).nextRun().orElseThrow();
    world.maker.outcome = each -> new Outcome.Failed(each.time(), Reason.DISK_FULL);
    passUntilRun();
    passUntilRun();
    world.maker.outcome = each -> new Outcome.Ready(each.time());
    passUntilRun();

    world.pass(Duration.ofMinutes(2));

    BackupSchedules.View view = world.schedules.get(site);
    assertThat(world.runs(site)).hasSize(3);
    assertThat(view.schedule().failures()).isZero();
    assertThat(view.nextRun()).contains(planned.plus(WEEK));
  }

  @Test
  void retriesAfterARestartWhatTheStopInterrupted() {
    SiteId site = world.site("shop");
    world.maker.outcome = each -> new Outcome.Pending();
    passUntilRun();

    world.maker.newestBecomes(new Outcome.Failed(world.instant(), Reason.INTERRUPTED));
    world.restart();
    world.pass(Duration.ofMinutes(2));

    assertThat(world.runs(site)).hasSize(2);
  }

  @Test
  void doesNotRetryWhatSomebodyCancelled() {
    SiteId site = world.site("shop");
    world.maker.outcome = each -> new Outcome.Gone();
    passUntilRun();

    world.pass(DAY);

    assertThat(world.runs(site)).hasSize(1);
  }

  @Test
  void takesNoBackupsWhilePausedAndCatchesNothingUpAfter() {
    SiteId site = world.siteEvery("shop", HOUR);
    BackupSchedules.View paused = world.pause(site, true);
    assertThat(paused.nextRun()).isEmpty();

    world.pass(DAY);
    assertThat(world.runs(site)).isEmpty();

    BackupSchedules.View resumed = world.pause(site, false);
    world.tick();
    assertThat(world.runs(site)).isEmpty();
    assertThat(resumed.nextRun().orElseThrow())
        .isBetween(world.instant(), world.instant().plus(HOUR));
    world.pass(HOUR);
    assertThat(world.runs(site)).hasSize(1);
  }

  @Test
  void aChangeOfRetentionDoesNotLoseAnOverdueRun() {
    SiteId site = world.siteEvery("shop", DAY);
    world.sleep(DAY.multipliedBy(2));

    BackupSchedules.View view = world.update(site, Set.of(Part.RETENTION_COUNT), values().count(9));
    world.tick();

    assertThat(view.nextRun()).contains(world.instant());
    assertThat(world.runs(site)).hasSize(1);
  }

  @Test
  void waitsWhenTheQueueIsFull() {
    for (int i = 0; i < 10; i++) {
      world.siteAt("site-" + i, "0 3 * * *", "UTC");
    }
    world.maker.room = 4;
    world.pass(DAY);
    assertThat(world.maker.made).hasSize(4);

    world.maker.room = 100;
    world.pass(Duration.ofMinutes(1));

    assertThat(world.maker.made).hasSize(10);
  }

  @Test
  void keepsABoundedNumberUnderWay() {
    for (int i = 0; i < 100; i++) {
      world.siteAt("site-" + i, "0 3 * * *", "UTC");
    }
    world.maker.outcome = each -> new Outcome.Pending();

    world.pass(DAY);

    assertThat(world.maker.made).hasSize(BackupSchedules.Settings.DEFAULT.maxRunning());
  }

  @Test
  void oneThatWasRecordedButReportedFailedIsNotRequestedAgain() {
    SiteId site = world.site("shop");
    world.maker.failsAfterwards = true;

    world.pass(WEEK.multipliedBy(3));

    assertThat(world.runs(site)).hasSize(3);
    assertThat(world.maker.failsAfterwards).isFalse();
  }

  @Test
  void aRefusalOfOneSiteIsTriedAgainLaterAndDoesNotHoldUpOthers() {
    SiteId first = world.siteAt("a", "0 3 * * *", "UTC");
    world.maker.refusal = Optional.of(Reason.DISK_FULL);
    world.pass(HOUR.multipliedBy(3));
    assertThat(world.maker.made).isEmpty();

    world.maker.refusal = Optional.empty();
    world.pass(Duration.ofMinutes(3));

    assertThat(world.runs(first)).hasSize(1);
  }

  @Test
  void forgetsDeletedSitesAndTheirSchedules() {
    SiteId site = world.siteEvery("shop", HOUR);
    world.tick();
    world.delete(site);

    world.pass(DAY);
    assertThat(world.maker.made).isEmpty();

    world.site("shop");
    assertThat(world.schedules.get(site).schedule().settings()).isEqualTo(ScheduleSettings.DEFAULT);
  }

  @Test
  void findsSitesThatItWasNotToldOf() {
    SiteId site = world.site("shop");
    world.restart();

    world.pass(WEEK);

    assertThat(world.runs(site)).hasSize(1);
  }

  @Test
  void clockJumpsNeitherRepeatNorLoseRuns() {
    SiteId daily = world.siteEvery("daily", DAY);
    SiteId nightly = world.siteAt("nightly", "0 3 * * *", "UTC");
    world.pass(DAY.multipliedBy(3));
    assertThat(world.runs(daily)).hasSize(3);
    assertThat(world.runs(nightly)).hasSize(3);

    world.sleep(Duration.ofDays(400));
    world.pass(Duration.ofMinutes(5));
    assertThat(world.runs(daily)).hasSize(4);
    assertThat(world.runs(nightly)).hasSize(4);

    world.setClock(world.instant().minus(Duration.ofDays(400)));
    world.pass(Duration.ofMinutes(5));
    assertThat(world.runs(daily)).hasSize(4);
    assertThat(world.runs(nightly)).hasSize(4);

    world.pass(DAY.multipliedBy(5));
    assertThat(world.runs(daily)).hasSize(9);
    assertThat(world.runs(nightly)).hasSize(9);
  }

  @Test
  void aClockSetBackWhileTheServerWasDownIsNoticed() {
    SiteId daily = world.siteEvery("daily", DAY);
    world.pass(DAY);
    world.maker.made.clear();

    world.setClock(world.instant().minus(Duration.ofDays(400)));
    world.restart();

    assertThat(world.schedules.get(daily).nextRun().orElseThrow())
        .isBetween(world.instant(), world.instant().plus(DAY));
    world.pass(DAY);
    assertThat(world.runs(daily)).hasSize(1);
  }

  @Test
  void smallStepsOfTheClockRepeatNothing() {
    long seed = Long.getLong("seed", System.nanoTime());
    Random random = new Random(seed);
    SiteId hourly = world.siteEvery("hourly", HOUR);
    SiteId nightly = world.siteAt("nightly", "0 3 * * *", "UTC");
    for (int i = 0; i < 10 * 24 * 60; i++) {
      world.pass(Duration.ofMinutes(1));
      world.sleep(Duration.ofMillis(random.nextInt(4_000) - 2_000));
      world.tick();
    }

    long hours = Duration.between(START, world.instant()).toHours();
    assertThat(world.runs(hourly)).as("seed=%d", seed).hasSizeBetween((int) hours, (int) hours + 1);
    assertThat(world.runs(nightly)).hasSize(10);
  }

  @Test
  void catchesUpManySitesWithinAnHourAndNotAtOnce() {
    int sites = 1_000;
    for (int i = 0; i < sites; i++) {
      world.site("site-" + i);
    }
    world.sleep(WEEK.multipliedBy(3));

    world.pass(HOUR, Duration.ofSeconds(10));

    TreeMap<Instant, Integer> perMinute = new TreeMap<>();
    world.maker.made.forEach(
        each -> perMinute.merge(each.time().truncatedTo(ChronoUnit.MINUTES), 1, Integer::sum));
    assertThat(perMinute.values()).allMatch(count -> count <= 17); // 1,000 / 60
    assertThat(world.maker.made.size()).isBetween(sites - 20, sites + 20);
    world.maker.made.clear();
    world.pass(DAY);
    assertThat(world.maker.made.size()).isBetween(sites / 7 - 50, sites / 7 + 50);
  }

  @Test
  void asksForRetentionByAgeAgainAndAgainAndAfterAChange() {
    SiteId site = world.site("shop");
    world.tick();
    assertThat(world.maker.retentions).isEmpty();

    world.update(site, Set.of(Part.RETENTION_COUNT), values().count(1));
    world.tick();
    assertThat(world.maker.retentions).containsExactly(site);

    world.update(site, Set.of(Part.RETENTION_MAX_AGE), values().maxAge(Duration.ofDays(30)));
    world.pass(DAY);
    assertThat(world.maker.retentions).hasSizeBetween(24, 26);

    world.maker.retentions.clear();
    world.restart();
    world.pass(DAY);
    assertThat(world.maker.retentions).hasSizeBetween(23, 25);

    world.maker.retentions.clear();
    world.pause(site, true);
    world.update(site, Set.of(Part.RETENTION_MAX_AGE), values());
    world.pass(DAY);
    assertThat(world.maker.retentions).hasSizeLessThan(4);
  }

  @Test
  void anUnknownSiteHasNoSchedule() {
    SiteId nowhere = new SiteId("nowhere");

    assertThat(
            List.of(
                reason(() -> world.schedules.get(nowhere)),
                reason(() -> world.pause(nowhere, true))))
        .containsOnly(Reason.SITE_NOT_FOUND);
  }

  @Test
  void randomSchedulesRunWhenAReferenceSays() {
    long seed = Long.getLong("seed", System.nanoTime());
    Random random = new Random(seed);
    List<SiteId> sites = new ArrayList<>();
    for (int i = 0; i < 30; i++) {
      sites.add(
          random.nextBoolean()
              ? world.siteEvery("site-" + i, Duration.ofMinutes(20 + random.nextInt(600)))
              : world.siteAt("site-" + i, RandomCron.next(random), "America/New_York"));
    }
    Instant begin = world.instant();

    world.pass(Duration.ofDays(3), Duration.ofSeconds(30));

    for (SiteId site : sites) {
      Timing timing = world.store.get(site).settings().timing();
      List<Instant> expected = new ArrayList<>();
      for (Instant next = timing.nextAfter(begin, site);
          !next.isAfter(world.instant().minusSeconds(180));
          next = timing.nextAfter(next, site)) {
        expected.add(next);
      }
      List<Instant> actual = world.runs(site);
      assertThat(actual)
          .as("seed=%d site=%s", seed, site)
          .hasSizeGreaterThanOrEqualTo(expected.size());
      for (int i = 0; i < expected.size(); i++) {
        assertThat(actual.get(i))
            .as("seed=%d site=%s", seed, site)
            .isBetween(expected.get(i), expected.get(i).plusSeconds(180));
      }
    }
  }

  private static Reason reason(Runnable call) {
    try {
      call.run();
      throw new AssertionError("it was not refused");
    } catch (ServiceException e) {
      return e.reason();
    }
  }

  @Test
  void startsTheNextOneAsSoonAsOneHasEnded() throws Exception {
    World busy = new World(new BackupSchedules.Settings(1, DAY));
    busy.siteAt("shop", "0 0 * * *", "UTC");
    busy.siteAt("blog", "0 0 * * *", "UTC");
    busy.sleep(DAY);
    busy.maker.outcome = each -> new Outcome.Pending();
    ScheduledExecutorService scheduler = Executors.newSingleThreadScheduledExecutor();
    try {
      busy.schedules.start(scheduler, DAY);
      scheduler.submit(() -> {}).get();
      assertThat(busy.maker.made).as("the first of two").hasSize(1);

      busy.maker.newestBecomes(new Outcome.Ready(busy.instant()));
      scheduler.submit(() -> {}).get();

      assertThat(busy.maker.made).as("long before the next regular tick").hasSize(2);
    } finally {
      scheduler.shutdownNow();
    }
    busy.maker.newestBecomes(new Outcome.Ready(busy.instant()));
    assertThat(busy.maker.made).as("the server is going down").hasSize(2);
  }
}
