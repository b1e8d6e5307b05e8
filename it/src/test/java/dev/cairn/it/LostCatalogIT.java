package dev.cairn.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.v1.Backup;
import dev.cairn.v1.BackupState;
import dev.cairn.v1.BackupType;
import dev.cairn.v1.Collection;
import dev.cairn.v1.Item;
import java.io.IOException;
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
 * A data directory whose catalog is damaged or gone: the server refuses to start and touches
 * nothing, and when it is told to, makes a catalog of what is on disk.
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
