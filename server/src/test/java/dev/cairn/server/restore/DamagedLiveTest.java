package dev.cairn.server.restore;

import static dev.cairn.server.restore.ServerUnderTest.SITE;
import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.server.backup.BackupRecord;
import dev.cairn.server.backup.Backups;
import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import dev.cairn.server.restore.Damage.Kind;
import dev.cairn.server.site.SiteId;
import dev.cairn.server.store.StoredItem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/**
 * Any damage of any file of a live database, or of the catalog, as a stopped or a killed server
 * left it: the calls that need what is damaged fail with a reason, or nothing of it shows; other
 * sites serve on. {@code -Dlive.damage.count=10000 -Dlive.damage.seed=…}.
 *
 * <p>Only a log that is cut looks like the log of a server that died a little earlier. What is in
 * it is then as it was at some earlier moment, and of the catalog the mark tells (see {@code
 * CatalogMark}).
 */
@Tag("exhaustive")
@ExtendWith(QuietLogs.class)
final class DamagedLiveTest {
  private static final SiteId OTHER = new SiteId("blog");
  private static final Set<Reason> TYPED = Set.of(Reason.DATA_CORRUPT);
  private static final List<Kind> KINDS =
      List.of(Kind.FLIP, Kind.FLIP, Kind.FLIP, Kind.ZERO, Kind.CUT, Kind.REMOVE);

  @TempDir Path directory;
  private final Map<String, Integer> tally = new TreeMap<>();
  private final List<Map<String, List<StoredItem>>> moments = new ArrayList<>();
  private Map<String, List<StoredItem>> content = Map.of();
  private Map<String, List<StoredItem>> others = Map.of();
  private List<String> backups = List.of();
  private long lastChange;

  @Test
  void isFoundByTheCallsThatNeedItAndByNoOther() throws IOException {
    long seed = Long.getLong("live.damage.seed", System.nanoTime());
    int count = Integer.getInteger("live.damage.count", 60);
    System.out.println(
        "DamagedLiveTest: -Dlive.damage.seed=" + seed + " -Dlive.damage.count=" + count);
    Random random = new Random(seed);
    Path killed = directory.resolve("killed");
    Path stopped = directory.resolve("stopped");
    try (ServerUnderTest server = ServerUnderTest.on(stopped).start()) {
      prepare(server);
      server.kill(killed);
    }
    for (int i = 0; i < count; i++) {
      boolean ofCatalog = random.nextInt(3) == 0;
      Path disk = directory.resolve("disk-" + i);
      ServerUnderTest.copyTree(random.nextBoolean() ? stopped : killed, disk);
      Path folder = ofCatalog ? disk.resolve("catalog") : live(disk);
      Kind kind = KINDS.get(random.nextInt(KINDS.size()));
      Optional<Damage> damage =
          Damage.inflict(kind, folder, folder, directory.resolve("kept-" + i), random);
      if (damage.isPresent()) {
        String what =
            "%s of %s, damage %d of seed %d".formatted(kind, damage.get().names(), i, seed);
        boolean cutLog =
            kind != Kind.FLIP
                && damage.get().names().stream().allMatch(name -> name.endsWith(".log"));
        try {
          if (ofCatalog) {
            assertCatalogIsRightOrRefused(disk, what, cutLog);
          } else {
            assertSiteIsRightOrRefused(disk, what, cutLog);
          }
        } catch (AssertionError | RuntimeException e) {
          throw new AssertionError(what, e);
        }
      }
      ServerUnderTest.deleteTree(disk);
      ServerUnderTest.deleteTree(directory.resolve("kept-" + i));
    }
    System.out.println("damaged: " + tally);
    assertThat(tally).as("damage that was found").containsKey("live: DATA_CORRUPT");
  }

  /** Content in tables and in logs, of two sites, and a backup. */
  private void prepare(ServerUnderTest server) {
    server.sites.create(OTHER, "", Map.of(), Optional.empty());
    server.createSite();
    moments.add(server.content());
    server.createCollection("books");
    moments.add(server.content());
    server.saveAll("books", 40, "old");
    moments.add(server.content());
    server.backup();
    for (int i = 0; i < 8; i++) {
      server.save("books", "last-" + i, "new");
      moments.add(server.content());
    }
    content = server.content();
    others = server.content(OTHER);
    backups = states(server);
    lastChange = server.catalog.lastChange();
  }

  private static Path live(Path disk) throws IOException {
    Path site = disk.resolve("sites").resolve(SITE.value());
    try (Stream<Path> all = Files.list(site)) {
      return all.filter(each -> each.getFileName().toString().startsWith("gen-"))
          .findFirst()
          .orElseThrow();
    }
  }

  private void assertSiteIsRightOrRefused(Path disk, String what, boolean cutLog) {
    try (ServerUnderTest server = ServerUnderTest.on(disk).start()) {
      assertThat(server.content(OTHER)).as(what).isEqualTo(others);
      Optional<Map<String, List<StoredItem>>> read = asked("live", server::content);
      read.ifPresent(
          now -> {
            if (cutLog) {
              assertThat(now).as(what).isIn(moments);
            } else {
              assertThat(now).as(what).isEqualTo(content);
            }
          });
      asked("write", () -> server.save("books", "one more", "after"));
      asked("backup", () -> backUp(server))
          .filter(BackupRecord::isReady)
          .ifPresent(
              made -> assertThat(server.contentOf(made.id())).as(what).isEqualTo(server.content()));
      assertThat(server.content(OTHER)).as(what).isEqualTo(others);
    }
  }

  private static BackupRecord backUp(ServerUnderTest server) {
    return server.backupRecord(server.requestBackup(SITE).id());
  }

  private void assertCatalogIsRightOrRefused(Path disk, String what, boolean cutLog) {
    Optional<ServerUnderTest> opened =
        asked("catalog", () -> ServerUnderTest.on(disk).startWithoutRecovery());
    if (opened.isEmpty()) {
      return;
    }
    try (ServerUnderTest server = opened.get()) {
      if (server.catalog.lastChange() < lastChange) {
        assertThat(cutLog).as("%s: only a log that is cut goes back", what).isTrue();
        tally.merge("catalog: older than its mark", 1, Integer::sum);
        return;
      }
      boolean started =
          asked(
                  "start",
                  () -> {
                    server.recover();
                    return what;
                  })
              .isPresent();
      if (started) {
        assertThat(server.siteIds()).as(what).containsExactly(OTHER.value(), SITE.value());
        assertThat(states(server)).as(what).isEqualTo(backups);
        assertThat(server.content()).as(what).isEqualTo(content);
        assertThat(server.content(OTHER)).as(what).isEqualTo(others);
      }
    }
  }

  private static List<String> states(ServerUnderTest server) {
    return server.backups.list(SITE, Backups.Filter.ALL).backups().stream()
        .map(each -> each.id() + " " + each.state())
        .toList();
  }

  /** The answer; empty if it was refused for damage. */
  private <T> Optional<T> asked(String call, Supplier<T> question) {
    try {
      Optional<T> answer = Optional.of(question.get());
      tally.merge(call + ": right", 1, Integer::sum);
      return answer;
    } catch (ServiceException e) {
      assertThat(e.reason()).as("%s: %s", call, e).isIn(TYPED);
      tally.merge(call + ": " + e.reason(), 1, Integer::sum);
      return Optional.empty();
    }
  }
}
