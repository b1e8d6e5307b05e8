package dev.cairn.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.v1.Backup;
import dev.cairn.v1.BackupState;
import dev.cairn.v1.BackupType;
import dev.cairn.v1.Collection;
import dev.cairn.v1.Item;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * A data directory whose catalog is damaged, gone or from an older copy: the server refuses to
 * start and touches nothing, and when it is told to, makes a catalog of what is on disk.
 */
class LostCatalogIT {
  private static final int DATA = 5;
  private static final String REBUILD = "--rebuild-catalog";

  @RegisterExtension final Servers servers = new Servers();
  private Path directory = Path.of("");
  private SortedMap<String, Item> live = new TreeMap<>();
  private SortedMap<String, Item> kept = new TreeMap<>();
  private String backupId = "";

  @BeforeEach
  void aSiteWithABackupAndOneWithout() {
    directory = servers.directory();
    CairnProcess server = servers.startIn(directory);
    try (Cairn cairn = server.connect()) {
      for (String site : List.of("shop", "blog")) {
        cairn.createSite(site);
        cairn.createCollection(
            site, Collection.newBuilder().setId("things").setDisplayName("Things").build());
        cairn.fill(site, "things", 20, "old");
      }
      backupId = cairn.verifiedBackup("shop").getId();
      kept = cairn.export("shop", "things");
      cairn.fill("shop", "things", 10, "new");
      live = cairn.export("shop", "things");
    }
    server.kill();
  }

  @Test
  void aServerDoesNotStartWithoutItsCatalogAndRemovesNothing() throws IOException {
    Files.move(catalog(), directory.resolve("elsewhere"));
    Map<String, Long> before = files();

    assertThat(refused()).contains("is missing, but there is content", REBUILD);

    assertThat(files()).isEqualTo(before);
    Files.move(directory.resolve("elsewhere"), catalog());
    try (Cairn cairn = servers.startIn(directory).connect()) {
      assertThat(cairn.export("shop", "things")).isEqualTo(live);
    }
  }

  @Test
  void aDamagedCatalogIsNamedAndMadeAnewOnlyWhenAskedFor() throws IOException {
    Path manifest;
    try (Stream<Path> files = Files.list(catalog())) {
      manifest =
          files.filter(file -> file.toString().contains("MANIFEST")).findFirst().orElseThrow();
    }
    byte[] bytes = Files.readAllBytes(manifest);
    bytes[bytes.length / 2] ^= 0x10;
    Files.write(manifest, bytes);
    Map<String, Long> before = files();

    assertThat(refused()).contains("the catalog is damaged", REBUILD);
    assertThat(files()).isEqualTo(before);

    CairnProcess server = servers.startIn(directory, REBUILD);
    assertRebuilt(server);
    server.kill();
    assertRebuilt(servers.startIn(directory));
    try (Stream<Path> all = Files.list(data())) {
      assertThat(all).anyMatch(each -> each.getFileName().toString().startsWith("catalog.aside-"));
    }
  }

  private void assertRebuilt(CairnProcess server) {
    try (Cairn cairn = server.connect()) {
      assertThat(cairn.export("shop", "things")).isEqualTo(live);
      assertThat(cairn.export("blog", "things")).hasSize(20);
      List<Backup> backups = cairn.listBackups("shop", BackupState.BACKUP_STATE_READY);
      assertThat(backups).extracting(Backup::getId).containsExactly(backupId);
      assertThat(backups.get(0).getPinned()).isTrue();
      assertThat(backups.get(0).getType()).isEqualTo(BackupType.BACKUP_TYPE_ON_DEMAND);
      assertThat(cairn.listCollections("shop").get(0).getDisplayName()).isEqualTo("Things");
    }
  }

  @Test
  void aCopyOfTheBackupsAloneBringsThemBack() throws IOException {
    Path other = servers.directory();
    Files.createDirectories(other.resolve("data"));
    Files.move(data().resolve("backups"), other.resolve("data").resolve("backups"));

    CairnProcess server = servers.startIn(other, REBUILD);

    try (Cairn cairn = server.connect()) {
      cairn.restore("shop", backupId);
      assertThat(cairn.export("shop", "things")).isEqualTo(kept);
    }
  }

  @Test
  void aCatalogThatWasHalfMadeIsMadeAgain() throws IOException {
    // As a crash leaves it that falls between the new catalog and its first record.
    Files.createFile(data().resolve("REBUILDING"));

    CairnProcess server = servers.startIn(directory);

    assertRebuilt(server);
    assertThat(data().resolve("REBUILDING")).doesNotExist();
  }

  @Test
  void aCatalogFromAnOlderCopyIsRefusedAndWhatIsNewerStays() throws IOException {
    CairnProcess server = servers.startIn(directory);
    server.stop();
    Path older = copyOfCatalog("older");
    String newer = changeAfter(server);
    server.stop();

    Path newest = directory.resolve("newest");
    Files.move(catalog(), newest);
    Files.move(older, catalog());
    Map<String, Long> before = files();
    assertThat(refused()).contains("is older than what is beside it", REBUILD);
    assertThat(files()).isEqualTo(before);

    Files.move(catalog(), older);
    Files.move(newest, catalog());
    server.restart();
    assertNothingNewerIsGone(server, newer);
  }

  /** The mark is that of the last second or so, whatever ended the server. */
  @Test
  void theSameOfAServerThatWasKilledAndTheCatalogMadeAnewMakesTheOldOneOlder() throws IOException {
    CairnProcess server = servers.startIn(directory);
    server.stop();
    Path older = copyOfCatalog("older");
    String marked = mark();
    String newer = changeAfter(server);
    Wait.until("the mark moves", Duration.ofSeconds(30), () -> !mark().equals(marked));
    server.kill();
    Path newest = directory.resolve("newest");
    Files.move(catalog(), newest);
    Files.move(older, catalog());
    assertThat(refused()).contains("is older than what is beside it");

    CairnProcess rebuilt = servers.startIn(directory, REBUILD);
    assertNothingNewerIsGone(rebuilt, newer);
    rebuilt.kill();

    Files.move(catalog(), older);
    Files.move(newest, catalog());
    assertThat(refused()).contains("is older than what is beside it");
  }

  @Test
  void aDataDirectoryWithoutAMarkStarts() throws IOException {
    CairnProcess server = servers.startIn(directory);
    server.stop();
    Files.delete(data().resolve(mark()));

    server.restart();
    try (Cairn cairn = server.connect()) {
      assertThat(cairn.export("shop", "things")).isEqualTo(live);
    }
    assertThat(mark()).isNotEmpty();
  }

  /** Starts the server again and makes a site and a backup; answers the backup's id. */
  private static String changeAfter(CairnProcess server) {
    server.restart();
    try (Cairn cairn = server.connect()) {
      cairn.createSite("newer");
      cairn.createCollection("newer", Collection.newBuilder().setId("things").build());
      cairn.fill("newer", "things", 5, "new");
      return cairn.verifiedBackup("shop").getId();
    }
  }

  private static void assertNothingNewerIsGone(CairnProcess server, String backup) {
    try (Cairn cairn = server.connect()) {
      assertThat(cairn.export("newer", "things")).hasSize(5);
      assertThat(cairn.listBackups("shop", BackupState.BACKUP_STATE_READY))
          .extracting(Backup::getId)
          .contains(backup);
    }
  }

  private Path copyOfCatalog(String name) throws IOException {
    Path copy = Files.createDirectory(directory.resolve(name));
    try (Stream<Path> all = Files.list(catalog())) {
      for (Path file : all.toList()) {
        Files.copy(file, copy.resolve(file.getFileName()));
      }
    }
    return copy;
  }

  /** The name of the newest mark; empty if there is none. */
  private String mark() {
    try (Stream<Path> all = Files.list(data())) {
      return all.map(file -> file.getFileName().toString())
          .filter(name -> name.startsWith("MARK-"))
          .max(String::compareTo)
          .orElse("");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private String refused() {
    CairnProcess server = CairnProcess.begin(directory, List.of());
    assertThat(server.awaitExit(Duration.ofSeconds(60))).isEqualTo(DATA);
    return server.tail(5);
  }

  private Path data() {
    return directory.resolve("data");
  }

  private Path catalog() {
    return data().resolve("catalog");
  }

  /** Everything of sites and backups, with its size. */
  private Map<String, Long> files() throws IOException {
    Map<String, Long> sizes = new TreeMap<>();
    for (String folder : List.of("sites", "backups")) {
      try (Stream<Path> all = Files.walk(data().resolve(folder))) {
        for (Path file : all.filter(Files::isRegularFile).toList()) {
          sizes.put(data().relativize(file).toString(), Files.size(file));
        }
      }
    }
    return sizes;
  }
}
