package dev.cairn.server.backup.schedule;

import dev.cairn.server.backup.schedule.ScheduleChange.Part;
import dev.cairn.server.repository.DurableFiles;
import dev.cairn.server.site.Catalog;
import dev.cairn.server.site.CommandLog;
import dev.cairn.server.site.LocalCommandLog;
import dev.cairn.server.site.SiteId;
import dev.cairn.server.site.SiteLayout;
import dev.cairn.server.site.SiteRecord;
import dev.cairn.server.site.Sites;
import dev.cairn.server.site.StorePool;
import dev.cairn.server.store.InMemoryStoreEngine;
import dev.cairn.server.store.StoreEngine;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Schedules with a clock that is driven by hand, a catalog in memory and a maker that makes
 * nothing. Sites are records only: they have no files. Confined to the test's thread.
 */
final class World implements InstantSource {
  static final Instant START = Instant.parse("2026-01-01T00:00:00Z");

  private final Catalog catalog = new Catalog(new MemoryKeyValueStore());
  private final Sites sites;
  private final CommandLog commands;
  private final BackupSchedules.Settings settings;
  private Instant now = START;

  final ScheduleStore store;
  final FakeMaker maker;
  BackupSchedules schedules;

  World() {
    this(BackupSchedules.Settings.DEFAULT);
  }

  World(BackupSchedules.Settings settings) {
    this(settings, (sites, catalog, commands) -> new ScheduleStore(sites, catalog, commands, 4));
  }

  /** Makes the store. */
  interface StoreMaker {
    ScheduleStore make(Sites sites, Catalog catalog, CommandLog commands);
  }

  World(BackupSchedules.Settings settings, StoreMaker stores) {
    this.settings = settings;
    StoreEngine engine = new InMemoryStoreEngine();
    this.sites =
        new Sites(
            new SiteLayout(Path.of("no-files")),
            engine,
            new DurableFiles(),
            new StorePool(engine::open, 1, this),
            catalog,
            this,
            Runnable::run,
            Duration.ofSeconds(1));
    this.commands = new LocalCommandLog(sites, catalog);
    this.store = stores.make(sites, catalog, commands);
    this.maker = new FakeMaker(commands, this);
    this.schedules = new BackupSchedules(store, maker, this, settings);
  }

  @Override
  public Instant instant() {
    return now;
  }

  /** A site that exists from now on. */
  SiteId site(String name) {
    SiteId id = new SiteId(name);
    SiteRecord record = new SiteRecord(id, name, Map.of(), now);
    commands.append(
        transaction -> {
          transaction.put("site/" + name, record);
          return Boolean.TRUE;
        });
    schedules.afterCreate(record);
    return id;
  }

  /** The same with an interval. */
  SiteId siteEvery(String name, Duration interval) {
    SiteId site = site(name);
    update(site, Set.of(Part.INTERVAL), values().interval(interval));
    return site;
  }

  /** The same with a cron expression. */
  SiteId siteAt(String name, String cron, String zone) {
    SiteId site = site(name);
    update(site, Set.of(Part.CRON, Part.TIME_ZONE), values().cron(cron).timeZone(zone));
    return site;
  }

  void delete(SiteId site) {
    commands.append(
        transaction -> {
          transaction.delete("site/" + site);
          schedules.removeRecords(site, transaction);
          return Boolean.TRUE;
        });
    schedules.afterDelete(site);
  }

  BackupSchedules.View update(SiteId site, Set<Part> parts, Values values) {
    return schedules.update(site, new ScheduleChange(parts, values.build()), "");
  }

  BackupSchedules.View pause(SiteId site, boolean paused) {
    return update(site, Set.of(Part.PAUSED), values().paused(paused));
  }

  /** Makes new memory of the same catalog, as a restart does. */
  void restart() {
    schedules = new BackupSchedules(store, maker, this, settings);
  }

  void setClock(Instant time) {
    now = time;
  }

  void tick() {
    schedules.tick(now);
  }

  /** Lets the time pass, with a tick each {@code step}. */
  void pass(Duration time, Duration step) {
    Instant end = now.plus(time);
    while (now.isBefore(end)) {
      now = now.plus(step);
      schedules.tick(now);
    }
  }

  /** Lets the time pass, with a tick each minute. */
  void pass(Duration time) {
    pass(time, Duration.ofMinutes(1));
  }

  /** Lets the time pass while the server is down. */
  void sleep(Duration time) {
    now = now.plus(time);
  }

  List<Instant> runs(SiteId site) {
    return maker.times(site);
  }

  static Values values() {
    return new Values();
  }

  /** Builds the values of a change. */
  static final class Values {
    private Optional<Duration> interval = Optional.empty();
    private Optional<String> cron = Optional.empty();
    private String timeZone = "";
    private boolean paused;
    private int count;
    private Optional<Duration> maxAge = Optional.empty();

    Values interval(Duration value) {
      interval = Optional.of(value);
      return this;
    }

    Values cron(String value) {
      cron = Optional.of(value);
      return this;
    }

    Values timeZone(String value) {
      timeZone = value;
      return this;
    }

    Values paused(boolean value) {
      paused = value;
      return this;
    }

    Values count(int value) {
      count = value;
      return this;
    }

    Values maxAge(Duration value) {
      maxAge = Optional.of(value);
      return this;
    }

    ScheduleChange.Values build() {
      return new ScheduleChange.Values(interval, cron, timeZone, paused, count, maxAge);
    }
  }
}
