package dev.cairn.server.store.rocksdb;

import static dev.cairn.server.store.StoreFixtures.CITIES;
import static dev.cairn.server.store.StoreFixtures.RIVERS;
import static dev.cairn.server.store.StoreFixtures.assertFails;
import static dev.cairn.server.store.StoreFixtures.change;
import static dev.cairn.server.store.StoreFixtures.contents;
import static dev.cairn.server.store.StoreFixtures.copyInUse;
import static dev.cairn.server.store.StoreFixtures.ids;
import static dev.cairn.server.store.StoreFixtures.item;
import static dev.cairn.server.store.StoreFixtures.put;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import dev.cairn.server.store.CollectionId;
import dev.cairn.server.store.ItemCursor;
import dev.cairn.server.store.ItemStore;
import dev.cairn.server.store.ItemTransaction;
import dev.cairn.server.store.StagedCollections;
import dev.cairn.server.store.StoreEngine;
import dev.cairn.server.store.StoredItem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is left of a database after the process, the disk or its user did something bad. */
class RocksCrashTest {
  @TempDir Path directory;
  private StoreEngine engine;
  private Path home;

  @BeforeEach
  void startEngine() {
    engine = TestEngines.small();
    home = directory.resolve("store");
  }

  @AfterEach
  void closeEngine() {
    engine.close();
  }

  @Test
  void keepsAllCommitsWhenTheProcessDies() throws IOException {
    try (ItemStore store = engine.create(home)) {
      for (int i = 0; i < 20; i++) {
        put(store, CITIES, item("city-" + i), item("last", "" + i));
        if (i == 10) {
          store.flush();
        }
        Path copy = copyAsAfterKill("copy-" + i);
        try (ItemStore recovered = engine.open(copy)) {
          assertThat(contents(recovered)).isEqualTo(contents(store));
          assertThat(recovered.appliedIndex()).isEqualTo(i + 1);
        }
      }
    }
  }

  /** A log that lost its end, or was passed over for one family, then takes no half of a batch. */
  @Test
  void tableFilesHoldWholeBatches() throws IOException {
    Path copy;
    try (ItemStore store = engine.create(home)) {
      String large = "\"" + "x".repeat(1 << 20) + "\"";
      for (int i = 0; i < 100 && count(".sst") < 4; i++) {
        put(store, CITIES, item("city-" + i, large));
      }
      assertThat(count(".sst")).as("table files, written for lack of memory").isGreaterThan(1);
      copy = copyAsAfterKill("copy");
    }
    deleteAll(copy, ".log");

    try (ItemStore recovered = engine.open(copy)) {
      assertThat(recovered.stats(CITIES).itemCount())
          .isPositive()
          .isEqualTo(ids(recovered, CITIES).size())
          .isEqualTo(recovered.appliedIndex());
    }
  }

  @Test
  void sweepsWhatADeadProcessStagedAndReusesNoNumber() throws IOException {
    Path copy;
    try (ItemStore store = engine.create(home)) {
      put(store, CITIES, item("rome"), item("oslo"));
      put(store, RIVERS, item("rhine"));
      change(store, transaction -> transaction.drop(RIVERS));
      try (StagedCollections staged =
          store.stage(store, Map.of(CITIES, RIVERS), scratch(), (c, i, b) -> {})) {
        assertThat(staged.contents()).hasSize(1);
        copy = copyAsAfterKill("copy");
      }
    }

    try (ItemStore recovered = engine.open(copy)) {
      assertThat(contents(recovered))
          .containsExactly(Map.entry(CITIES, List.of(item("oslo"), item("rome"))));
      for (int i = 0; i < 5; i++) {
        put(recovered, new CollectionId("new-" + i), item("only"));
        assertThat(ids(recovered, new CollectionId("new-" + i))).containsExactly("only");
      }
    }
  }

  @Test
  void neverHidesADamagedLog() throws IOException {
    try (ItemStore store = engine.create(home)) {
      for (int i = 0; i < 30; i++) {
        put(store, CITIES, item("city-" + i));
      }
      Map<CollectionId, List<StoredItem>> contents = contents(store);
      Path log = largest(copyAsAfterKill("whole"), ".log");
      long seed = System.nanoTime();
      System.out.println("seed " + seed);
      Random random = new Random(seed);
      for (int i = 0; i < 60; i++) {
        Path copy = copyAsAfterKill("damaged-" + i);
        int bit = random.nextInt((int) Files.size(log) * 8);
        flip(copy.resolve(log.getFileName()), bit);
        try (ItemStore recovered = engine.open(copy)) {
          assertThat(contents(recovered)).as("bit %d, seed %d", bit, seed).isEqualTo(contents);
        } catch (ServiceException e) {
          assertThat(e.reason()).as("bit %d, seed %d", bit, seed).isEqualTo(Reason.DATA_CORRUPT);
          assertThat(e).hasMessageNotContaining(directory.toString());
        }
      }
    }
  }

  @Test
  void callsADamagedOrMissingTableFileDamaged() throws IOException {
    try (ItemStore store = engine.create(home)) {
      put(store, CITIES, items(500));
      store.flush();
    }
    Path table = largest(home, ".sst");
    Path damaged = directory.resolve("damaged");
    engine.cloneDatabase(home, damaged);
    byte[] bytes = Files.readAllBytes(table);
    bytes[bytes.length / 3] ^= 1;
    Files.delete(damaged.resolve(table.getFileName()));
    Files.write(damaged.resolve(table.getFileName()), bytes);

    assertFails(
        Reason.DATA_CORRUPT,
        () -> {
          try (ItemStore store = engine.openReadOnly(damaged)) {
            contents(store);
          }
        });
    Files.delete(damaged.resolve(table.getFileName()));
    assertFails(Reason.DATA_CORRUPT, () -> engine.open(damaged).close());
  }

  @Test
  void takesNoMoreWritesAfterOneFailed() throws IOException {
    try (ItemStore store = engine.create(home)) {
      put(store, CITIES, item("rome"));
      Files.move(home, directory.resolve("gone"));

      assertFails(Reason.STORAGE_FAILED, store::flush);

      assertThat(store.isHealthy()).isFalse();
      assertFails(Reason.STORAGE_FAILED, store::begin);
      assertFails(Reason.STORAGE_FAILED, store::flush);
      assertThat(store.get(CITIES, "rome")).contains(item("rome"));
    }
    try (ItemStore store = engine.open(directory.resolve("gone"))) {
      assertThat(ids(store, CITIES)).containsExactly("rome");
      assertThat(store.isHealthy()).isTrue();
    }
  }

  @Test
  void refusesToCloseWhileACursorOrATransactionIsOpen() {
    ItemStore store = engine.create(home);
    put(store, CITIES, item("rome"));

    try (ItemCursor cursor = store.scan(CITIES, "")) {
      assertThatThrownBy(store::close).isInstanceOf(IllegalStateException.class);
      assertThat(cursor.next()).isTrue();
    }
    try (ItemTransaction transaction = store.begin()) {
      assertThatThrownBy(store::close).isInstanceOf(IllegalStateException.class);
      assertThatThrownBy(store::begin).isInstanceOf(IllegalStateException.class);
      assertThat(transaction.stats(CITIES).itemCount()).isEqualTo(1);
    }

    store.close();
    store.close();
    assertThatThrownBy(() -> store.stats(CITIES)).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void refusesToOpenADatabaseTwice() {
    try (ItemStore store = engine.create(home)) {
      put(store, CITIES, item("rome"));

      assertFails(Reason.STORAGE_FAILED, () -> engine.open(home));

      assertThat(ids(store, CITIES)).containsExactly("rome");
    }
  }

  private Path copyAsAfterKill(String name) throws IOException {
    Path copy = directory.resolve(name);
    copyInUse(home, copy);
    return copy;
  }

  private Set<Path> files() throws IOException {
    try (Stream<Path> files = Files.list(home)) {
      return files.collect(Collectors.toSet());
    }
  }

  private long count(String suffix) throws IOException {
    return files().stream().filter(file -> file.toString().endsWith(suffix)).count();
  }

  private static void deleteAll(Path home, String suffix) throws IOException {
    for (Path file : DatabaseFiles.list(home)) {
      if (file.toString().endsWith(suffix)) {
        Files.delete(file);
      }
    }
  }

  private static Path largest(Path home, String suffix) throws IOException {
    try (Stream<Path> files = Files.list(home)) {
      return files
          .filter(file -> file.toString().endsWith(suffix))
          .max((a, b) -> Long.compare(a.toFile().length(), b.toFile().length()))
          .orElseThrow();
    }
  }

  private static void flip(Path file, int bit) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    bytes[bit / 8] ^= (byte) (1 << (bit % 8));
    Files.write(file, bytes);
  }

  private static StoredItem[] items(int count) {
    return IntStream.range(0, count)
        .mapToObj(i -> item("item-%04d".formatted(i)))
        .toArray(StoredItem[]::new);
  }

  private Path scratch() {
    return directory.resolve("scratch");
  }
}
