package dev.cairn.server.store.rocksdb;

import static dev.cairn.server.store.StoreFixtures.CITIES;
import static dev.cairn.server.store.StoreFixtures.assertFails;
import static dev.cairn.server.store.StoreFixtures.contents;
import static dev.cairn.server.store.StoreFixtures.copyInUse;
import static dev.cairn.server.store.StoreFixtures.item;
import static dev.cairn.server.store.StoreFixtures.put;
import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import dev.cairn.server.store.ItemStore;
import dev.cairn.server.store.StoreEngine;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ManifestMarkTest {
  @TempDir Path root;
  private StoreEngine engine;
  private Path directory;

  @BeforeEach
  void makeADatabaseWithATable() {
    engine = TestEngines.small();
    directory = root.resolve("store");
    try (ItemStore store = engine.create(directory)) {
      put(store, CITIES, item("rome"));
      store.flush();
      put(store, CITIES, item("oslo"));
    }
  }

  @AfterEach
  void close() {
    engine.close();
  }

  @Test
  void aManifestThatIsCutAnywhereIsFoundAndItsTablesStay() throws IOException {
    Path manifest = named("MANIFEST-");
    byte[] whole = Files.readAllBytes(manifest);
    List<String> tables = tables();
    for (int length = 0; length < whole.length; length++) {
      Files.write(manifest, whole);
      cut(manifest, length);
      assertFails(Reason.DATA_CORRUPT, () -> engine.open(directory).close());
    }
    assertThat(tables()).isEqualTo(tables);

    Files.write(manifest, whole);
    assertContentIsWhole();
  }

  /** That is what makes the mark necessary. */
  @Test
  void withoutAMarkTheEngineOpensADatabaseThatHasLostItsTables() throws IOException {
    Files.delete(named("MARK-"));
    boolean lost = false;
    for (int missing = 1; missing < Files.size(named("MANIFEST-")) && !lost; missing += 8) {
      Path copy = copyTo("copy-" + missing);
      Path manifest = copy.resolve(named("MANIFEST-").getFileName());
      cut(manifest, (int) Files.size(manifest) - missing);
      try (ItemStore store = engine.open(copy)) {
        lost = store.get(CITIES, List.of("oslo", "rome")).size() < 2;
      } catch (ServiceException e) {
        assertThat(e.reason()).isEqualTo(Reason.DATA_CORRUPT);
      }
    }
    assertThat(lost).isTrue();
  }

  @Test
  void aMarkThatIsLostIsMadeAgain() throws IOException {
    Files.delete(named("MARK-"));

    assertContentIsWhole();

    assertThat(named("MARK-").getFileName().toString())
        .startsWith("MARK-" + named("MANIFEST-").getFileName() + "-")
        .endsWith("-" + Files.size(named("MANIFEST-")));
  }

  @Test
  void aMarkOfAnotherManifestSaysNothing() throws IOException {
    Files.createFile(directory.resolve("MARK-MANIFEST-000001-999999"));
    Files.createFile(directory.resolve("MARK-MANIFEST-x"));

    assertContentIsWhole();

    Files.delete(directory.resolve("MARK-MANIFEST-x"));
    assertThat(named("MARK-").getFileName().toString())
        .startsWith("MARK-" + named("MANIFEST-").getFileName());
  }

  @Test
  void aCopyThatAKilledServerLeftOpens() throws IOException {
    Path copy;
    try (ItemStore store = engine.open(directory)) {
      put(store, CITIES, item("paris"));
      store.flush();
      put(store, CITIES, item("bern"));
      copy = copyTo("copy");
    }

    try (ItemStore store = engine.open(copy)) {
      assertThat(contents(store, CITIES)).hasSize(4);
    }
  }

  @Test
  void aCheckpointHasNone() throws IOException {
    Path checkpoint = root.resolve("checkpoint");
    try (ItemStore store = engine.open(directory)) {
      store.checkpoint(checkpoint);
    }

    try (Stream<Path> files = Files.list(checkpoint)) {
      assertThat(files.map(file -> file.getFileName().toString()))
          .noneMatch(name -> name.startsWith("MARK-"));
    }
  }

  private void assertContentIsWhole() {
    try (ItemStore store = engine.open(directory)) {
      assertThat(contents(store, CITIES)).containsExactly(item("oslo"), item("rome"));
    }
  }

  private Path copyTo(String name) throws IOException {
    Path copy = root.resolve(name);
    copyInUse(directory, copy);
    return copy;
  }

  private static void cut(Path file, int length) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      channel.truncate(length);
    }
  }

  /** The one file whose name begins so. */
  private Path named(String prefix) throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      List<Path> found =
          files.filter(file -> file.getFileName().toString().startsWith(prefix)).toList();
      assertThat(found).hasSize(1);
      return found.get(0);
    }
  }

  private List<String> tables() throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(name -> name.endsWith(".sst"))
          .sorted()
          .toList();
    }
  }
}
