package dev.cairn.server.restore;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.cairn.server.backup.BackupId;
import dev.cairn.server.backup.BackupRecord;
import dev.cairn.server.backup.BackupState;
import dev.cairn.server.backup.BackupType;
import dev.cairn.server.backup.Backups;
import dev.cairn.server.backup.Verification;
import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import dev.cairn.server.restore.RestorationRecord.Entry;
import dev.cairn.server.site.Collections.Description;
import dev.cairn.server.site.Environment;
import dev.cairn.server.site.ItemWrite;
import dev.cairn.server.site.Items;
import dev.cairn.server.site.Removal;
import dev.cairn.server.site.SiteId;
import dev.cairn.server.store.CollectionId;
import dev.cairn.server.store.Durability;
import dev.cairn.server.store.StoredItem;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/**
 * Random lives of a server agree with a {@link PlainModel} after each act: what is answered, what
 * is refused and why, what all sites hold and what became of all backups. A life that does not is
 * made shorter as long as it fails, and printed. {@code -Dlives.count=10000 -Dlives.seed=…}.
 */
@Tag("exhaustive")
@ExtendWith(QuietLogs.class)
final class RandomLivesTest {
  private static final int ACTS = 60;

  @TempDir Path directory;
  private final Map<String, Integer> tally = new TreeMap<>();
  private int runs;

  @Test
  void agreeWithAPlainModel() {
    long seed = Long.getLong("lives.seed", System.nanoTime());
    int count = Integer.getInteger("lives.count", 15);
    System.out.println("RandomLivesTest: -Dlives.seed=" + seed + " -Dlives.count=" + count);
    for (int i = 0; i < count; i++) {
      List<Act> life = Act.life(new Random(seed + i), ACTS);
      Optional<Throwable> failure = live(life);
      if (failure.isPresent()) {
        List<Act> least = Act.shrunk(life, shorter -> live(shorter).isPresent());
        throw new AssertionError(
            "-Dlives.seed=" + (seed + i) + " -Dlives.count=1; shortest: " + least,
            live(least).orElse(failure.get()));
      }
    }
    System.out.println("done and refused: " + tally);
    assertThat(tally).containsKeys("BACK_UP", "RESTORE");
  }

  private Optional<Throwable> live(List<Act> acts) {
    try (Life life = new Life(directory.resolve("life-" + runs++), tally)) {
      acts.forEach(life::act);
      life.assertBackupsHoldWhatTheySay();
      return Optional.empty();
    } catch (AssertionError | RuntimeException e) {
      return Optional.of(e);
    }
  }

  /** A server and its model, which do the same. */
  private static final class Life implements AutoCloseable {
    private static final List<String> SITES = List.of("shop", "blog");
    private static final List<String> COLLECTIONS = List.of("books", "films", "games");

    private final PlainModel model = new PlainModel();
    private Path disk;
    private ServerUnderTest server;
    private final Map<String, Integer> tally;
    private String doing = "";
    private int moves;

    Life(Path disk, Map<String, Integer> tally) {
      this.disk = disk;
      this.tally = tally;
      this.server = ServerUnderTest.on(disk).start();
    }

    void act(Act act) {
      doing = act.kind().name();
      try {
        String site = SITES.get(act.a() % 10 == 9 ? 1 : 0);
        String collection = COLLECTIONS.get(act.b() % 7 % 3);
        switch (act.kind()) {
          case CREATE_SITE -> createSite(site);
          case DELETE_SITE -> deleteSite(site, act.b() % 2 == 0);
          case CREATE_COLLECTION -> createCollection(site, collection);
          case DELETE_COLLECTION -> deleteCollection(site, collection);
          case INSERT, UPDATE, SAVE, SAVE_AT_REVISION -> write(act, site, collection);
          case SAVE_MANY -> saveMany(act, site, collection);
          case DELETE_ITEMS -> deleteItems(act, site, collection);
          case TRUNCATE -> truncate(site, collection);
          case BACK_UP -> backUp(site, List.of());
          case BACK_UP_SOME -> backUp(site, List.of(collection));
          case PIN -> pin(site, act.c(), true);
          case UNPIN -> pin(site, act.c(), false);
          case VERIFY -> verify(site, act.c());
          case DELETE_BACKUP -> deleteBackup(site, act.c());
          case RESTORE -> restore(site, act.c(), Optional.empty());
          case RESTORE_SOME ->
              restore(
                  site, act.c(), Optional.of(Map.entry(collection, COLLECTIONS.get(act.a() % 3))));
          case UNDO -> undo(site, act.c());
          case CLOCK -> server.clock.advance(Duration.ofHours(act.a() - 30L));
          case RESTART -> restart(disk);
          case KILL ->
              restart(server.kill(disk.resolveSibling(disk.getFileName() + "-" + ++moves)));
        }
        server.clock.advance(Duration.ofSeconds(1));
        assertAgree();
      } catch (AssertionError | RuntimeException e) {
        throw new AssertionError("at " + act + ": " + e.getMessage(), e);
      }
    }

    private void restart(Path next) {
      java.time.Instant now = server.clock.instant();
      server.closeWithNothingLeaked();
      disk = next;
      server = ServerUnderTest.on(disk).start();
      server.clock.advance(Duration.between(server.clock.instant(), now));
    }

    /** Both do it, or both refuse it for the same reason. */
    private <T> @Nullable T both(Supplier<T> real, Supplier<T> expected) {
      @Nullable T answer = null;
      Optional<Reason> refused = Optional.empty();
      try {
        answer = real.get();
      } catch (ServiceException e) {
        refused = Optional.of(e.reason());
      }
      @Nullable T wanted = null;
      Optional<Reason> wantedRefusal = Optional.empty();
      try {
        wanted = expected.get();
      } catch (ServiceException e) {
        wantedRefusal = Optional.of(e.reason());
      }
      assertThat(refused).as("refused").isEqualTo(wantedRefusal);
      assertThat(answer).as("answer").isEqualTo(wanted);
      tally.merge(doing + refused.map(reason -> ": " + reason).orElse(""), 1, Integer::sum);
      return answer;
    }

    private <T> @Nullable T both(Runnable real, Runnable expected) {
      return both(
          () -> {
            real.run();
            return null;
          },
          () -> {
            expected.run();
            return null;
          });
    }

    private void createSite(String site) {
      both(
          () -> {
            server.sites.create(new SiteId(site), "", Map.of(), Optional.empty());
          },
          () -> {
            if (model.sites.putIfAbsent(site, new PlainModel.Site()) != null) {
              throw PlainModel.refused(Reason.SITE_ALREADY_EXISTS);
            }
          });
    }

    private void deleteSite(String site, boolean force) {
      both(
          () -> server.sites.delete(new SiteId(site), force),
          () -> {
            PlainModel.Site held = model.site(site);
            if (!force
                && !(held.content.isEmpty() && held.backups.stream().noneMatch(b -> b.ready))) {
              throw PlainModel.refused(Reason.SITE_NOT_EMPTY);
            }
            model.sites.remove(site);
          });
    }

    private void createCollection(String site, String collection) {
      both(
          () -> {
            server.collections.create(
                new SiteId(site), new CollectionId(collection), Description.NONE, Optional.empty());
          },
          () -> {
            if (model.site(site).content.putIfAbsent(collection, new TreeMap<>()) != null) {
              throw PlainModel.refused(Reason.COLLECTION_ALREADY_EXISTS);
            }
          });
    }

    private void deleteCollection(String site, String collection) {
      both(
          () ->
              server.collections.delete(
                  new SiteId(site), new CollectionId(collection), OptionalLong.empty()),
          () -> model.site(site).content.remove(collection) != null);
    }

    private static Items.Place place(String site, String collection) {
      return new Items.Place(new SiteId(site), new CollectionId(collection), Environment.LIVE);
    }

    private static String data(Act act) {
      return "{\"n\":" + (act.a() + act.b()) + "}";
    }

    private void write(Act act, String site, String collection) {
      String id = "i" + act.c() % 5;
      OptionalLong expected =
          act.kind() == Act.Kind.SAVE_AT_REVISION
              ? OptionalLong.of(act.a() % 3)
              : OptionalLong.empty();
      ItemWrite write = new ItemWrite(id, ByteString.copyFromUtf8(data(act)), "", expected);
      both(
          () ->
              switch (act.kind()) {
                case INSERT ->
                    server
                        .items
                        .insert(place(site, collection), write, ServerUnderTest.OPTIONS)
                        .item();
                case UPDATE ->
                    server
                        .items
                        .update(place(site, collection), write, ServerUnderTest.OPTIONS)
                        .item();
                default ->
                    server
                        .items
                        .save(place(site, collection), List.of(write), ServerUnderTest.OPTIONS)
                        .get(0)
                        .item();
              },
          () -> {
            Map<String, StoredItem> items = model.items(site, collection);
            @Nullable StoredItem before = items.get(id);
            if (act.kind() == Act.Kind.INSERT && before != null) {
              throw PlainModel.refused(Reason.ITEM_ALREADY_EXISTS);
            }
            if (act.kind() == Act.Kind.UPDATE && before == null) {
              throw PlainModel.refused(Reason.ITEM_NOT_FOUND);
            }
            long revision = before == null ? 0 : before.revision();
            if (expected.isPresent() && expected.getAsLong() != revision) {
              throw PlainModel.refused(Reason.REVISION_MISMATCH);
            }
            StoredItem saved = PlainModel.saved(id, data(act), before, server.clock.instant());
            items.put(id, saved);
            return saved;
          });
    }

    /** One of them may ask for a revision that is not there: then none is saved. */
    private void saveMany(Act act, String site, String collection) {
      List<ItemWrite> writes = new ArrayList<>();
      for (int i = 0; i <= act.c() % 6; i++) {
        OptionalLong expected =
            act.a() % 4 == 0 && i == 2 ? OptionalLong.of(act.b() % 2) : OptionalLong.empty();
        writes.add(new ItemWrite("i" + i, ByteString.copyFromUtf8(data(act)), "", expected));
      }
      both(
          () -> {
            server.items.save(place(site, collection), writes, ServerUnderTest.OPTIONS);
          },
          () -> {
            Map<String, StoredItem> items = model.items(site, collection);
            Map<String, StoredItem> after = new TreeMap<>(items);
            for (ItemWrite write : writes) {
              @Nullable StoredItem before = items.get(write.id());
              long revision = before == null ? 0 : before.revision();
              if (write.expectedRevision().isPresent()
                  && write.expectedRevision().getAsLong() != revision) {
                throw PlainModel.refused(Reason.REVISION_MISMATCH);
              }
              after.put(
                  write.id(),
                  PlainModel.saved(write.id(), data(act), before, server.clock.instant()));
            }
            items.putAll(after);
          });
    }

    private void deleteItems(Act act, String site, String collection) {
      boolean allowMissing = act.a() % 2 == 0;
      List<String> ids = List.of("i" + act.c() % 5, "i" + (act.c() + 1) % 5);
      both(
          () ->
              server.items.delete(
                  place(site, collection),
                  ids.stream().map(id -> new Removal(id, OptionalLong.empty())).toList(),
                  allowMissing,
                  Durability.SYNCED),
          () -> {
            Map<String, StoredItem> items = model.items(site, collection);
            List<String> missing = ids.stream().filter(id -> !items.containsKey(id)).toList();
            if (!allowMissing && !missing.isEmpty()) {
              throw PlainModel.refused(Reason.ITEM_NOT_FOUND);
            }
            ids.forEach(items::remove);
            return missing;
          });
    }

    private void truncate(String site, String collection) {
      both(
          () -> server.items.truncate(place(site, collection)),
          () -> {
            Map<String, StoredItem> items = model.items(site, collection);
            long count = items.size();
            items.clear();
            return count;
          });
    }

    private void backUp(String site, List<String> chosen) {
      List<BackupId> made = new ArrayList<>();
      both(
          () -> {
            made.add(
                server
                    .backups
                    .create(
                        new Backups.Request(
                            new SiteId(site),
                            chosen.stream().map(CollectionId::new).toList(),
                            BackupType.ON_DEMAND,
                            BackupRecord.Notes.NONE,
                            "",
                            Optional.empty()))
                    .record()
                    .id());
          },
          () -> {
            PlainModel.Site held = model.site(site);
            chosen.forEach(each -> model.items(site, each));
            PlainModel.requireRoomForBackup(held);
            Map<String, Map<String, StoredItem>> content = PlainModel.copy(held.content);
            if (!chosen.isEmpty()) {
              content.keySet().retainAll(chosen);
            }
            assertThat(made).as("not refused").hasSize(1);
            held.backups.add(new PlainModel.Backup(made.get(0), BackupType.ON_DEMAND, content));
            PlainModel.evict(held);
          });
    }

    /** One of the site's backups, whatever became of it; or none that there is. */
    private Optional<PlainModel.Backup> backup(String site, int number) {
      List<PlainModel.Backup> all =
          model.sites.containsKey(site) ? model.site(site).backups : List.of();
      return all.isEmpty() ? Optional.empty() : Optional.of(all.get(number % all.size()));
    }

    private static BackupId idOf(Optional<PlainModel.Backup> backup) {
      return backup.map(each -> each.id).orElse(new BackupId("0".repeat(26)));
    }

    private PlainModel.Backup require(String site, Optional<PlainModel.Backup> backup) {
      model.site(site);
      return backup.orElseThrow(() -> PlainModel.refused(Reason.BACKUP_NOT_FOUND));
    }

    private static void requireReady(PlainModel.Backup backup) {
      if (!backup.ready) {
        throw PlainModel.refused(Reason.BACKUP_NOT_READY);
      }
    }

    private void pin(String site, int number, boolean pinned) {
      Optional<PlainModel.Backup> backup = backup(site, number);
      both(
          () -> {
            server.backups.update(
                new SiteId(site),
                idOf(backup),
                notes -> new BackupRecord.Notes(notes.description(), notes.labels(), pinned),
                "");
          },
          () -> {
            PlainModel.Backup known = require(site, backup);
            if (pinned && !known.pinned) {
              requireReady(known);
            }
            known.pinned = pinned;
            PlainModel.evict(model.site(site));
          });
    }

    private void verify(String site, int number) {
      Optional<PlainModel.Backup> backup = backup(site, number);
      both(
          () -> {
            server.backups.verify(new SiteId(site), idOf(backup));
          },
          () -> {
            PlainModel.Backup known = require(site, backup);
            requireReady(known);
            known.verified = true;
            PlainModel.evict(model.site(site));
          });
    }

    private void deleteBackup(String site, int number) {
      Optional<PlainModel.Backup> backup = backup(site, number);
      both(
          () -> {
            server.backups.delete(new SiteId(site), idOf(backup), "");
          },
          () -> {
            require(site, backup).ready = false;
          });
    }

    private void restore(String site, int number, Optional<Map.Entry<String, String>> selection) {
      Optional<PlainModel.Backup> backup = backup(site, number);
      List<RestorationRecord> done = new ArrayList<>();
      both(
          () -> {
            List<Restorations.Selection> selections =
                selection.stream()
                    .map(each -> ServerUnderTest.into(each.getKey(), each.getValue(), ""))
                    .toList();
            done.add(
                ended(
                    site,
                    server
                        .restorations
                        .start(
                            new Restorations.Request(
                                new SiteId(site),
                                idOf(backup),
                                selections,
                                VerificationMode.CHECKSUMS,
                                false,
                                "",
                                Optional.empty()))
                        .record()
                        .id()));
          },
          () -> {
            PlainModel.Backup known = require(site, backup);
            requireReady(known);
            Map<String, Optional<Map<String, StoredItem>>> changes = new TreeMap<>();
            if (selection.isEmpty()) {
              known.content.forEach((id, items) -> changes.put(id, Optional.of(items)));
            } else {
              Optional<Map<String, StoredItem>> items =
                  Optional.ofNullable(known.content.get(selection.get().getKey()));
              if (items.isEmpty()) {
                throw PlainModel.refused(Reason.COLLECTION_NOT_FOUND);
              }
              changes.put(selection.get().getValue(), items);
            }
            apply(site, changes, done);
          });
    }

    private void undo(String site, int number) {
      List<PlainModel.Restoration> all =
          model.sites.containsKey(site) ? model.site(site).restorations : List.of();
      Optional<PlainModel.Restoration> undone =
          all.isEmpty() ? Optional.empty() : Optional.of(all.get(number % all.size()));
      List<RestorationRecord> done = new ArrayList<>();
      both(
          () -> {
            RestorationId id =
                undone.map(PlainModel.Restoration::id).orElse(new RestorationId("0".repeat(26)));
            done.add(
                ended(
                    site,
                    server
                        .restorations
                        .undo(new SiteId(site), id, "", Optional.empty())
                        .record()
                        .id()));
          },
          () -> {
            model.site(site);
            if (undone.isEmpty()) {
              throw PlainModel.refused(Reason.RESTORATION_NOT_FOUND);
            }
            apply(site, PlainModel.inverse(undone.get()), done);
          });
    }

    private RestorationRecord ended(String site, RestorationId id) {
      return ServerUnderTest.completed(server.restorations.get(new SiteId(site), id).record());
    }

    /** What a restoration does, and the safety backup that it leaves. */
    private void apply(
        String site,
        Map<String, Optional<Map<String, StoredItem>>> changes,
        List<RestorationRecord> done) {
      PlainModel.Site held = model.site(site);
      assertThat(done).as("not refused").hasSize(1);
      RestorationRecord record = done.get(0);
      PlainModel.Backup safety =
          new PlainModel.Backup(
              record.safetyBackupId().orElseThrow(),
              BackupType.SAFETY,
              PlainModel.copy(held.content));
      held.backups.add(safety);
      Map<String, RestorationRecord.Outcome> outcomes = PlainModel.restore(held, changes);
      held.restorations.add(new PlainModel.Restoration(record.id(), outcomes, safety));
      PlainModel.evict(held);
      assertThat(
              record.collections().stream()
                  .collect(Collectors.toMap(each -> each.destination().value(), Entry::outcome)))
          .isEqualTo(outcomes);
    }

    private void assertAgree() {
      assertThat(server.siteIds()).containsExactlyElementsOf(model.sites.keySet());
      model.sites.forEach(
          (id, held) -> {
            SiteId siteId = new SiteId(id);
            Map<String, List<StoredItem>> content = new TreeMap<>();
            held.content.forEach(
                (collection, items) -> content.put(collection, List.copyOf(items.values())));
            assertThat(server.content(siteId)).isEqualTo(content);
            server
                .sites
                .stats(siteId, Environment.LIVE)
                .forEach(
                    (collection, stats) ->
                        assertThat(stats.itemCount())
                            .isEqualTo(content.getOrDefault(collection.value(), List.of()).size()));
            assertThat(
                    server.backups.list(siteId, Backups.Filter.ALL).backups().stream()
                        .map(Life::described)
                        .collect(Collectors.toList()))
                .isEqualTo(newestFirst(held));
          });
    }

    private static List<String> newestFirst(PlainModel.Site held) {
      List<String> all = new ArrayList<>();
      for (PlainModel.Backup each : held.backups) {
        all.add(0, described(each.id, each.type, each.ready, each.pinned, each.verified));
      }
      return all;
    }

    private static String described(BackupRecord record) {
      return described(
          record.id(),
          record.type(),
          record.state() == BackupState.READY,
          record.notes().pinned(),
          record.verification().state() == Verification.State.VERIFIED);
    }

    private static String described(
        BackupId id, BackupType type, boolean ready, boolean pinned, boolean verified) {
      return id
          + " "
          + type
          + (ready ? " ready" : " gone")
          + (pinned ? " pinned" : "")
          + (verified ? " verified" : "");
    }

    /** By their files, once everything has happened to them. */
    void assertBackupsHoldWhatTheySay() {
      model.sites.forEach(
          (site, held) ->
              held.backups.stream()
                  .filter(each -> each.ready)
                  .forEach(
                      each -> {
                        Map<String, List<StoredItem>> content = new TreeMap<>();
                        each.content.forEach(
                            (id, items) -> content.put(id, List.copyOf(items.values())));
                        assertThat(server.contentOf(new SiteId(site), each.id))
                            .as("backup %s", each.id)
                            .isEqualTo(content);
                      }));
    }

    @Override
    public void close() {
      server.close();
      ServerUnderTest.deleteTree(disk);
    }
  }
}
