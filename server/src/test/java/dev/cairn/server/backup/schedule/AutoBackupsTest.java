package dev.cairn.server.backup.schedule;

import static dev.cairn.server.backup.schedule.World.values;
import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.server.backup.BackupChange;
import dev.cairn.server.backup.BackupRecord;
import dev.cairn.server.backup.BackupState;
import dev.cairn.server.backup.BackupType;
import dev.cairn.server.backup.Backups;
import dev.cairn.server.backup.DeleteReason;
import dev.cairn.server.backup.JobQueue;
import dev.cairn.server.backup.Retention;
import dev.cairn.server.backup.Sequences;
import dev.cairn.server.backup.schedule.ScheduleChange.Part;
import dev.cairn.server.error.Reason;
import dev.cairn.server.repository.DiskReserve;
import dev.cairn.server.repository.DurableFiles;
import dev.cairn.server.repository.local.LocalBackupRepository;
import dev.cairn.server.site.Catalog;
import dev.cairn.server.site.CommandLog;
import dev.cairn.server.site.EventFeed;
import dev.cairn.server.site.LocalCommandLog;
import dev.cairn.server.site.SiteId;
import dev.cairn.server.site.SiteLayout;
import dev.cairn.server.site.Sites;
import dev.cairn.server.site.StorePool;
import dev.cairn.server.site.TimeOrderedIds;
import dev.cairn.server.store.InMemoryStoreEngine;
import dev.cairn.server.store.StoreEngine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Queue;
import java.util.Random;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Schedules with the real backups on a real directory; the clock is driven by hand. */
class AutoBackupsTest implements InstantSource {
  private static final SiteId SITE = new SiteId("shop");
  private static final Duration DAY = Duration.ofDays(1);

  @TempDir Path root;

  private final StoreEngine engine = new InMemoryStoreEngine();
  private final MemoryKeyValueStore catalogStore = new MemoryKeyValueStore();
  private final Queue<Runnable> jobs = new ArrayDeque<>();
  private Instant now = World.START;
  private @Nullable Parts running;

  private record Parts(Catalog catalog, Sites sites, Backups backups, BackupSchedules schedules) {}

  private Parts server() {
    return Objects.requireNonNull(running);
  }

  @Override
  public Instant instant() {
    return now;
  }

  @BeforeEach
  void begin() {
    start();
    server().sites().create(SITE, "", Map.of(), Optional.empty());
    update(Set.of(Part.INTERVAL), values().interval(DAY));
  }

  /** Starts a server on what is there; what waited for its turn is forgotten. */
  private void start() {
    jobs.clear();
    SiteLayout layout = new SiteLayout(root);
    DurableFiles files = new DurableFiles();
    Catalog catalog = new Catalog(catalogStore);
    Sites sites =
        new Sites(
            layout,
            engine,
            files,
            new StorePool(engine::open, 4, this),
            catalog,
            this,
            Runnable::run,
            Duration.ofSeconds(1));
    CommandLog commands = new LocalCommandLog(sites, catalog);
    ScheduleStore store = new ScheduleStore(sites, catalog, commands, 3);
    Backups backups =
        new Backups(
            new Backups.Parts(
                sites,
                catalog,
                commands,
                new LocalBackupRepository(layout.backups()),
                new Sequences(this),
                this,
                new TimeOrderedIds(this, new Random(1)),
                new JobQueue("backup", jobs::add, 0, 10),
                new JobQueue("verify", jobs::add, 0, 10)),
            new Backups.Settings(new Retention(3, 1), true, store::retention, DiskReserve.NONE));
    BackupSchedules schedules =
        new BackupSchedules(store, backups, this, BackupSchedules.Settings.DEFAULT);
    sites.register(backups);
    sites.register(schedules);
    backups.takeStock();
    backups.recover();
    running = new Parts(catalog, sites, backups, schedules);
  }

  private void update(Set<Part> named, World.Values values) {
    server().schedules().update(SITE, new ScheduleChange(named, values.build()), "");
  }

  /** Lets the time pass, with a tick each 10 minutes after which the jobs run. */
  private void pass(Duration time) {
    for (Instant end = now.plus(time); now.isBefore(end); ) {
      now = now.plus(Duration.ofMinutes(10));
      server().schedules().tick(now);
      runJobs();
    }
  }

  private void runJobs() {
    while (!jobs.isEmpty()) {
      jobs.remove().run();
    }
  }

  private List<BackupRecord> backups() {
    return server().backups().list(SITE, Backups.Filter.ALL).backups();
  }

  private List<BackupRecord> ready() {
    return backups().stream().filter(BackupRecord::isReady).toList();
  }

  @Test
  void makesVerifiedAutoBackupsAndKeepsTheNewestOfThem() {
    pass(DAY.multipliedBy(10));

    assertThat(backups()).hasSize(10).allMatch(each -> each.type() == BackupType.AUTO);
    assertThat(backups()).allMatch(each -> each.creator().equals("schedule"));
    assertThat(ready()).hasSize(3).isEqualTo(backups().subList(0, 3));
    assertThat(backups().subList(3, 10))
        .allMatch(each -> each.deleteReason().equals(Optional.of(DeleteReason.EXPIRED)));
    BackupSchedules.View view = server().schedules().get(SITE);
    assertThat(view.schedule().last().map(BackupSchedule.Run::backupId))
        .contains(ready().get(0).id());
    assertThat(view.schedule().lastSuccess()).isEqualTo(ready().get(0).times().snapshot());
  }

  @Test
  void lowersTheNumberAndTheAgeSoonAfterTheyWereSet() {
    pass(DAY.multipliedBy(5));

    update(Set.of(Part.RETENTION_COUNT), values().count(2));
    pass(Duration.ofMinutes(10));
    assertThat(ready()).hasSize(2);

    update(Set.of(Part.PAUSED, Part.RETENTION_MAX_AGE), values().paused(true).maxAge(DAY));
    assertThat(server().backups().expireTime(ready().get(0)))
        .contains(ready().get(0).times().create().plus(DAY));
    pass(DAY.multipliedBy(30));
    assertThat(ready()).as("the last verified one").hasSize(1);
  }

  @Test
  void keepsPinnedOnesBesides() {
    pass(DAY.multipliedBy(2));
    BackupRecord oldest = backups().get(backups().size() - 1);
    server()
        .backups()
        .update(SITE, oldest.id(), notes -> new BackupRecord.Notes("keep", Map.of(), true), "");

    pass(DAY.multipliedBy(10));

    assertThat(ready()).hasSize(4).anyMatch(each -> each.id().equals(oldest.id()));
  }

  @Test
  void triesOneThatFailsAgainLessAndLessOftenAndTellsOfEach() throws IOException {
    // A file where the folder of the site's backups belongs: none can be made.
    Path obstacle = new SiteLayout(root).backups().resolve("shop");
    Files.createDirectories(obstacle.getParent());
    Files.writeString(obstacle, "in the way");
    pass(DAY.multipliedBy(2));

    List<BackupRecord> failed = backups();
    assertThat(failed).hasSizeBetween(8, 14).allMatch(each -> each.state() == BackupState.FAILED);
    assertThat(failed)
        .allMatch(each -> each.failure().orElseThrow().reason() == Reason.STORAGE_FAILED);
    // Newest first; the regular run of the second day may come in between.
    assertThat(pauses(failed.subList(2, failed.size())))
        .isSortedAccordingTo(Comparator.reverseOrder());
    assertThat(states()).hasSize(failed.size()).containsOnly(BackupState.FAILED);

    Files.delete(obstacle);
    pass(Duration.ofHours(7));

    assertThat(ready()).isNotEmpty();
    assertThat(states()).contains(BackupState.READY);
    assertThat(server().schedules().get(SITE).schedule().failures()).isZero();
  }

  private static List<Duration> pauses(List<BackupRecord> newestFirst) {
    List<Duration> pauses = new ArrayList<>();
    for (int i = 1; i < newestFirst.size(); i++) {
      pauses.add(
          Duration.between(
              newestFirst.get(i).times().create(), newestFirst.get(i - 1).times().create()));
    }
    return pauses;
  }

  /** What the site's events say that became of its backups. */
  private List<BackupState> states() {
    EventFeed feed =
        new EventFeed(server().catalog().events(), Optional.of(SITE), new EventFeed.Beginning());
    return feed.next(1_000).stream()
        .filter(event -> event.type().equals(BackupChange.TYPE))
        .map(event -> event.change(BackupChange.class).backup())
        .filter(backup -> !backup.isPending() && backup.verification().lastTime().isEmpty())
        .map(BackupRecord::state)
        .toList();
  }

  @Test
  void takesAnInterruptedOneAgainSoonAfterTheRestart() {
    pass(DAY.multipliedBy(2));
    int before = backups().size();
    while (backups().size() == before) {
      now = now.plus(Duration.ofMinutes(10));
      server().schedules().tick(now); // its job does not run
    }

    now = now.plus(Duration.ofMinutes(10));
    start();
    pass(Duration.ofMinutes(20));

    assertThat(backups()).hasSize(before + 2);
    assertThat(backups().get(0).state()).isEqualTo(BackupState.READY);
    assertThat(backups().get(1).state()).isEqualTo(BackupState.FAILED);
    assertThat(server().schedules().get(SITE).schedule().failures()).isZero();
  }

  @Test
  void catchesUpOnceAfterADowntime() {
    pass(DAY.multipliedBy(2));
    int before = backups().size();

    now = now.plus(DAY.multipliedBy(30));
    start();
    pass(Duration.ofMinutes(10));

    assertThat(backups()).hasSize(before + 1);
  }

  @Test
  void aCancelledOneIsLeftAtThat() {
    while (backups().isEmpty()) {
      now = now.plus(Duration.ofMinutes(10));
      server().schedules().tick(now);
    }
    server().backups().cancel(SITE, backups().get(0).id());

    pass(Duration.ofHours(20));

    assertThat(backups()).hasSize(1);
  }

  @Test
  void nothingIsLeftOfADeletedSite() {
    pass(DAY.multipliedBy(2));
    server().sites().delete(SITE, true);

    server().schedules().tick(now.plus(DAY.multipliedBy(2)));
    runJobs();

    assertThat(catalogStore.get("schedule/shop")).isEmpty();
    server().sites().create(SITE, "", Map.of(), Optional.empty());
    assertThat(backups()).isEmpty();
    pass(DAY.multipliedBy(8));
    assertThat(backups()).hasSize(1);
  }
}
