package dev.cairn.server.store;

import static dev.cairn.server.store.StoreFixtures.CITIES;
import static dev.cairn.server.store.StoreFixtures.LAKES;
import static dev.cairn.server.store.StoreFixtures.RIVERS;
import static dev.cairn.server.store.StoreFixtures.assertFails;
import static dev.cairn.server.store.StoreFixtures.change;
import static dev.cairn.server.store.StoreFixtures.contents;
import static dev.cairn.server.store.StoreFixtures.ids;
import static dev.cairn.server.store.StoreFixtures.item;
import static dev.cairn.server.store.StoreFixtures.put;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import dev.cairn.server.error.Reason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What every {@link StoreEngine} must do. */
public abstract class StoreEngineContract {
  @TempDir Path directory;
  private StoreEngine engine;
  private Path home;

  protected abstract StoreEngine newEngine();

  @BeforeEach
  void startEngine() {
    engine = newEngine();
    home = directory.resolve("store");
  }

  @AfterEach
  void closeEngine() {
    engine.close();
  }

  @Test
  void createsAnEmptyDatabase() {
    try (ItemStore store = engine.create(home)) {
      assertThat(store.collections()).isEmpty();
      assertThat(store.appliedIndex()).isZero();
      assertThat(store.isHealthy()).isTrue();
    }
  }

  @Test
  void refusesToCreateADatabaseInADirectoryThatExists() throws IOException {
    Files.createDirectory(home);
    Files.writeString(home.resolve("precious"), "keep me");

    assertFails(Reason.STORAGE_FAILED, () -> engine.create(home));

    assertThat(home.resolve("precious")).hasContent("keep me");
  }

  @Test
  void keepsEverythingWhenOpenedAgain() {
    try (ItemStore store = engine.create(home)) {
      put(store, CITIES, item("rome"), item("oslo"));
      change(
          store,
          transaction -> {
            transaction.create(LAKES);
            transaction.putMarker("m", ByteString.copyFromUtf8("1"));
          });
      put(store, RIVERS, item("rhine"));
      change(store, transaction -> transaction.drop(RIVERS));
    }

    try (ItemStore store = engine.open(home)) {
      assertThat(contents(store))
          .containsExactly(
              Map.entry(CITIES, List.of(item("oslo"), item("rome"))), Map.entry(LAKES, List.of()));
      assertThat(store.marker("m")).contains(ByteString.copyFromUtf8("1"));
      assertThat(store.appliedIndex()).isEqualTo(4);
      assertThat(put(store, RIVERS, item("elbe"))).isEqualTo(5);
      assertThat(ids(store, RIVERS)).containsExactly("elbe");
    }
  }

  @Test
  void callsAMissingDatabaseDamaged() throws IOException {
    assertFails(Reason.DATA_CORRUPT, () -> engine.open(home));
    assertFails(Reason.DATA_CORRUPT, () -> engine.openReadOnly(home));

    Files.createDirectory(home);
    assertFails(Reason.DATA_CORRUPT, () -> engine.open(home));
    assertFails(Reason.DATA_CORRUPT, () -> engine.openReadOnly(home));
  }

  @Test
  void writesNothingToADatabaseOpenedReadOnly() throws IOException {
    try (ItemStore store = engine.create(home)) {
      put(store, CITIES, item("rome"));
      store.flush();
      put(store, CITIES, item("oslo"));
    }
    Map<String, String> before = files(home);

    try (ItemStore first = engine.openReadOnly(home);
        ItemStore second = engine.openReadOnly(home)) {
      assertThat(ids(first, CITIES)).containsExactly("oslo", "rome");
      assertThat(ids(second, CITIES)).containsExactly("oslo", "rome");
      assertThatThrownBy(first::begin).isInstanceOf(IllegalStateException.class);
      assertThat(files(home)).isEqualTo(before);
    }

    assertThat(files(home)).isEqualTo(before);
  }

  @Test
  void checkpointsADatabaseOpenedReadOnly() {
    try (ItemStore store = engine.create(home)) {
      put(store, CITIES, item("rome"));
    }

    Path copy = directory.resolve("copy");
    try (ItemStore store = engine.openReadOnly(home)) {
      store.checkpoint(copy);
    }

    try (ItemStore store = engine.openReadOnly(copy)) {
      assertThat(ids(store, CITIES)).containsExactly("rome");
    }
  }

  @Test
  void clonesADatabaseThatIsClosed() throws IOException {
    try (ItemStore store = engine.create(home)) {
      put(store, CITIES, item("rome"));
      store.flush();
      put(store, CITIES, item("oslo"));
    }

    assertIndependentClone(home);
  }

  @Test
  void clonesACheckpoint() throws IOException {
    Path checkpoint = directory.resolve("checkpoint");
    try (ItemStore store = engine.create(home)) {
      put(store, CITIES, item("rome"), item("oslo"));
      store.checkpoint(checkpoint);
    }

    assertIndependentClone(checkpoint);
  }

  private void assertIndependentClone(Path source) throws IOException {
    Path target = directory.resolve("clone");
    Map<String, String> before = files(source);

    engine.cloneDatabase(source, target);

    try (ItemStore clone = engine.open(target)) {
      assertThat(ids(clone, CITIES)).containsExactly("oslo", "rome");
      put(clone, CITIES, item("bern"));
      change(clone, transaction -> transaction.drop(CITIES));
      clone.flush();
    }
    assertThat(files(source)).isEqualTo(before);
    try (ItemStore original = engine.openReadOnly(source)) {
      assertThat(ids(original, CITIES)).containsExactly("oslo", "rome");
    }
  }

  @Test
  void leavesNothingBehindWhenACloneFails() throws IOException {
    Path target = Files.createDirectory(directory.resolve("taken"));
    assertThatThrownBy(() -> engine.cloneDatabase(directory.resolve("none"), home))
        .isInstanceOf(dev.cairn.server.error.ServiceException.class);

    engine.create(home).close();
    assertFails(Reason.STORAGE_FAILED, () -> engine.cloneDatabase(home, target));

    assertThat(target).isEmptyDirectory();
    assertThat(files(directory).keySet()).containsExactly("store", "taken");
  }

  @Test
  void removesWhatWasStagedButNotPutInPlace() {
    try (ItemStore store = engine.create(home)) {
      put(store, CITIES, item("rome"), item("oslo"));
      // Never closed, as if the process had ended.
      StagedCollections lost =
          store.stage(store, Map.of(CITIES, RIVERS), directory.resolve("scratch"), (c, i, b) -> {});
      assertThat(lost.contents()).containsKey(RIVERS);
    }

    try (ItemStore store = engine.open(home)) {
      assertThat(store.collections()).containsOnlyKeys(CITIES);
      put(store, RIVERS, item("rhine"));
      put(store, LAKES, item("como"));
      assertThat(ids(store, RIVERS)).containsExactly("rhine");
      assertThat(ids(store, LAKES)).containsExactly("como");
    }
  }

  /** What could have changed about each file. */
  private static Map<String, String> files(Path directory) throws IOException {
    Map<String, String> files = new TreeMap<>();
    try (Stream<Path> list = Files.list(directory)) {
      for (Path file : list.toList()) {
        BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
        files.put(
            file.getFileName().toString(),
            attributes.size() + " bytes, changed " + attributes.lastModifiedTime());
      }
    }
    return files;
  }
}
