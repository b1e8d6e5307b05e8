package dev.cairn.server.restore;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.cairn.server.backup.BackupId;
import dev.cairn.server.backup.BackupType;
import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import dev.cairn.server.restore.ContractCaller.Place;
import dev.cairn.server.restore.ContractCaller.Restored;
import dev.cairn.server.site.ItemWrite;
import dev.cairn.server.store.StoredItem;
import dev.cairn.v1.Backup;
import dev.cairn.v1.BackupState;
import dev.cairn.v1.VerificationState;
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
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/**
 * Random lives of a server, led through its contract by a {@link ContractCaller}, agree with a
 * {@link PlainModel} after each act: what is answered, what is refused and why, what all sites hold
 * and what became of all backups. A life that does not is made shorter as long as it fails, and
 * printed. {@code -Dlives.count=10000 -Dlives.seed=…}.
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
    private ContractCaller caller;
    private final Map<String, Integer> tally;
    private String doing = "";
    private int moves;

    Life(Path disk, Map<String, Integer> tally) {
      this.disk = disk;
      this.tally = tally;
      this.server = ServerUnderTest.on(disk).start();
      this.caller = new ContractCaller(server);
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
      caller.close();
      server.closeWithNothingLeaked();
      disk = next;
      server = ServerUnderTest.on(disk).start();
      caller = new ContractCaller(server);
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
          () -> caller.createSite(site),
          () -> {
            if (model.sites.putIfAbsent(site, new PlainModel.Site()) != null) {
              throw PlainModel.refused(Reason.SITE_ALREADY_EXISTS);
            }
          });
    }

    private void deleteSite(String site, boolean force) {
      both(
          () -> caller.deleteSite(site, force),
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
          () -> caller.createCollection(new Place(site, collection)),
          () -> {
            if (model.site(site).content.putIfAbsent(collection, new TreeMap<>()) != null) {
              throw PlainModel.refused(Reason.COLLECTION_ALREADY_EXISTS);
            }
          });
    }

    private void deleteCollection(String site, String collection) {
      both(
          () -> caller.deleteCollection(new Place(site, collection)),
          () -> {
            model.items(site, collection);
            model.site(site).content.remove(collection);
          });
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
                case INSERT -> caller.insert(new Place(site, collection), write);
                case UPDATE -> caller.update(new Place(site, collection), write);
                default -> caller.save(new Place(site, collection), write);
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
          () -> caller.saveAll(new Place(site, collection), writes),
          () -> {
            Map<String, StoredItem> items = model.items(site, collection);
            Map<String, StoredItem> after = new TreeMap<>(items);
            List<Long> revisions = new ArrayList<>();
            for (ItemWrite write : writes) {
              @Nullable StoredItem before = items.get(write.id());
              long revision = before == null ? 0 : before.revision();
              if (write.expectedRevision().isPresent()
                  && write.expectedRevision().getAsLong() != revision) {
                throw PlainModel.refused(Reason.REVISION_MISMATCH);
              }
              StoredItem saved =
                  PlainModel.saved(write.id(), data(act), before, server.clock.instant());
              after.put(write.id(), saved);
              revisions.add(saved.revision());
            }
            items.putAll(after);
            return revisions;
          });
    }

    private void deleteItems(Act act, String site, String collection) {
      boolean allowMissing = act.a() % 2 == 0;
      List<String> ids = List.of("i" + act.c() % 5, "i" + (act.c() + 1) % 5);
      both(
          () -> caller.delete(new Place(site, collection), ids, allowMissing),
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
          () -> caller.truncate(new Place(site, collection)),
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
            made.add(caller.backUp(site, chosen));
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
          () -> caller.pin(site, idOf(backup), pinned),
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
          () -> caller.verify(site, idOf(backup)),
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
          () -> caller.deleteBackup(site, idOf(backup)),
          () -> {
            require(site, backup).ready = false;
          });
    }

    private void restore(String site, int number, Optional<Map.Entry<String, String>> selection) {
      Optional<PlainModel.Backup> backup = backup(site, number);
      List<Restored> done = new ArrayList<>();
      both(
          () -> {
            done.add(
                selection
                    .map(each -> caller.restore(site, idOf(backup), each.getKey(), each.getValue()))
                    .orElseGet(() -> caller.restore(site, idOf(backup))));
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
      List<Restored> done = new ArrayList<>();
      both(
          () -> {
            RestorationId id =
                undone.map(PlainModel.Restoration::id).orElse(new RestorationId("0".repeat(26)));
            done.add(caller.undo(site, id));
          },
          () -> {
            model.site(site);
            if (undone.isEmpty()) {
              throw PlainModel.refused(Reason.RESTORATION_NOT_FOUND);
            }
            apply(site, PlainModel.inverse(undone.get()), done);
          });
    }

    /** What a restoration does, and the safety backup that it leaves. */
    private void apply(
        String site, Map<String, Optional<Map<String, StoredItem>>> changes, List<Restored> done) {
      PlainModel.Site held = model.site(site);
      assertThat(done).as("not refused").hasSize(1);
      Restored record = done.get(0);
      PlainModel.Backup safety =
          new PlainModel.Backup(record.safety(), BackupType.SAFETY, PlainModel.copy(held.content));
      held.backups.add(safety);
      Map<String, RestorationRecord.Outcome> outcomes = PlainModel.restore(held, changes);
      held.restorations.add(new PlainModel.Restoration(record.id(), outcomes, safety));
      PlainModel.evict(held);
      assertThat(record.outcomes()).isEqualTo(outcomes);
    }

    private void assertAgree() {
      assertThat(caller.siteIds()).containsExactlyElementsOf(model.sites.keySet());
      model.sites.forEach(
          (id, held) -> {
            assertThat(caller.content(id)).isEqualTo(lists(held.content));
            assertThat(caller.listBackups(id).stream().map(Life::described).toList())
                .isEqualTo(newestFirst(held));
          });
    }

    private static Map<String, List<StoredItem>> lists(
        Map<String, Map<String, StoredItem>> content) {
      Map<String, List<StoredItem>> lists = new TreeMap<>();
      content.forEach((id, items) -> lists.put(id, List.copyOf(items.values())));
      return lists;
    }

    private static List<String> newestFirst(PlainModel.Site held) {
      List<String> all = new ArrayList<>();
      for (PlainModel.Backup each : held.backups) {
        all.add(0, described(each.id, each.type, each.ready, each.pinned, each.verified));
      }
      return all;
    }

    private static String described(Backup backup) {
      return described(
          new BackupId(backup.getId()),
          BackupType.valueOf(backup.getType().name().replace("BACKUP_TYPE_", "")),
          backup.getState() == BackupState.BACKUP_STATE_READY,
          backup.getPinned(),
          backup.getVerification().getState() == VerificationState.VERIFICATION_STATE_VERIFIED);
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

    /** Read inside, once everything has happened to them. */
    void assertBackupsHoldWhatTheySay() {
      model.sites.forEach(
          (site, held) -> {
            Map<String, Map<String, List<StoredItem>>> content = new TreeMap<>();
            caller.listBackups(site).stream()
                .filter(each -> each.getState() == BackupState.BACKUP_STATE_READY)
                .forEach(each -> content.put(each.getId(), caller.contentOf(each)));
            Map<String, Map<String, List<StoredItem>>> expected = new TreeMap<>();
            held.backups.stream()
                .filter(each -> each.ready)
                .forEach(each -> expected.put(each.id.value(), lists(each.content)));
            assertThat(content).isEqualTo(expected);
          });
    }

    @Override
    public void close() {
      caller.close();
      server.close();
      ServerUnderTest.deleteTree(disk);
    }
  }
}
