package dev.cairn.server.store.rocksdb;

import static dev.cairn.server.store.StoreFixtures.CITIES;
import static dev.cairn.server.store.StoreFixtures.RIVERS;
import static dev.cairn.server.store.StoreFixtures.assertFails;
import static dev.cairn.server.store.StoreFixtures.change;
import static dev.cairn.server.store.StoreFixtures.contents;
import static dev.cairn.server.store.StoreFixtures.copyInUse;
import static dev.cairn.server.store.StoreFixtures.item;
import static dev.cairn.server.store.StoreFixtures.put;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import dev.cairn.server.store.ItemStore;
import dev.cairn.server.store.KeyValueStore;
import dev.cairn.server.store.StagedCollections;
import dev.cairn.server.store.StoredItem;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.IntConsumer;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ManifestMarkTest {
  /** Few, so that tables hold the same keys and must be merged. */
  private static final int KEYS = 5;

  @TempDir Path root;
  private RocksStoreEngine engine;
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

  /** Tables that RocksDB wrote because memory was full, and merged because they were many. */
  @Test
  void whatTheEngineDidByItselfIsFoundMissingOnceItWasMarked() throws IOException {
    Path copy;
    List<StoredItem> content;
    try (ItemStore store = engine.open(directory)) {
      writeUntilTablesAreMerged(directory, i -> put(store, CITIES, large("city-" + i)));
      copy = markedCopy(directory);
      content = contents(store, CITIES);
    }

    assertEveryCutAtARecordIsFound(copy, () -> engine.open(copy).close());
    try (ItemStore store = engine.open(copy)) {
      assertThat(contents(store, CITIES)).isEqualTo(content);
    }
  }

  @Test
  void whatTheEngineDidToTheCatalogIsFoundMissingOnceItWasMarked() throws IOException {
    Path home = root.resolve("catalog");
    ByteString value = large("value").data();
    Path copy;
    try (KeyValueStore catalog = engine.openCatalog(home)) {
      writeUntilTablesAreMerged(
          home, i -> catalog.write(List.of(KeyValueStore.Change.put("key-" + i, value))));
      copy = markedCopy(home);
    }

    assertEveryCutAtARecordIsFound(copy, () -> engine.openCatalog(copy).close());
    try (KeyValueStore catalog = engine.openCatalog(copy)) {
      for (int i = 0; i < KEYS; i++) {
        assertThat(catalog.get("key-" + i)).hasValue(value);
      }
    }
  }

  /** The database is new: it has too few tables for any to be merged after the marking. */
  @Test
  void whatWasStagedIsFoundMissingAtOnce() throws IOException {
    Path home = root.resolve("new");
    Path copy = root.resolve("copy");
    try (ItemStore store = engine.create(home)) {
      put(store, CITIES, item("rome"));
      try (StagedCollections staged =
          store.stage(
              store, Map.of(CITIES, RIVERS), root.resolve("scratch"), (id, items, bytes) -> {})) {
        change(store, transaction -> transaction.replace(staged));
      }
      copyInUse(home, copy);
    }

    assertEveryCutAtARecordIsFound(copy, () -> engine.open(copy).close());
    try (ItemStore store = engine.open(copy)) {
      assertThat(contents(store, RIVERS)).containsExactly(item("rome"));
    }
  }

  /** The engine takes over the length after it forced the record, so there is no part of one. */
  @Test
  void aMarkIsAtTheEndOfARecordWhateverTheEngineIsAbout() throws Exception {
    Set<Long> seen = new TreeSet<>();
    try (ItemStore store = engine.open(directory)) {
      Thread writer =
          new Thread(
              () -> {
                for (int i = 0; i < 60; i++) {
                  put(store, CITIES, large("city-" + i % KEYS));
                }
              });
      writer.start();
      while (writer.isAlive()) {
        engine.tend();
        long marked = marked(directory);
        assertThat(recordEnds(Files.readAllBytes(manifest(directory)))).contains(marked);
        seen.add(marked);
      }
      writer.join();
    }
    assertThat(seen).hasSizeGreaterThan(2);
  }

  /** A database that is asked after it was closed ends the process. */
  @Test
  void marksMayBeSetWhileDatabasesAreOpenedAndClosed() throws Exception {
    AtomicBoolean done = new AtomicBoolean();
    Thread marker =
        new Thread(
            () -> {
              while (!done.get()) {
                engine.tend();
              }
            });
    marker.start();
    try {
      for (int i = 0; i < 50; i++) {
        try (ItemStore store = engine.open(directory)) {
          put(store, CITIES, item("rome"));
        }
        assertThat(marked(directory)).isEqualTo(Files.size(manifest(directory)));
      }
    } finally {
      done.set(true);
      marker.join();
    }
  }

  private static StoredItem large(String id) {
    return item(id, "\"" + "x".repeat(1 << 20) + "\"");
  }

  /** Until a table that was there is gone, which has become part of another one. */
  private static void writeUntilTablesAreMerged(Path database, IntConsumer write)
      throws IOException {
    List<String> before = tables(database);
    boolean merged = false;
    for (int i = 0; i < 400 && !merged; i++) {
      write.accept(i % KEYS);
      List<String> now = tables(database);
      merged = !now.containsAll(before);
      before = now;
    }
    assertThat(merged).isTrue();
  }

  /** What a kill leaves of a database that was marked after all that RocksDB did to it. */
  private Path markedCopy(Path database) throws IOException {
    Path copy = root.resolve("copy");
    for (int i = 0; i < 100; i++) {
      engine.tend();
      copyInUse(database, copy);
      if (marked(copy) == Files.size(manifest(copy))) {
        break;
      }
    }
    return copy;
  }

  private static void assertEveryCutAtARecordIsFound(Path database, ThrowingCallable opening)
      throws IOException {
    Path manifest = manifest(database);
    byte[] whole = Files.readAllBytes(manifest);
    List<String> tables = tables(database);
    List<Long> ends = recordEnds(whole);
    assertThat(ends).endsWith((long) whole.length);
    for (long end : ends.subList(0, ends.size() - 1)) {
      cut(manifest, (int) end);
      assertFails(Reason.DATA_CORRUPT, opening);
      Files.write(manifest, whole);
    }
    assertThat(tables(database)).isEqualTo(tables);
  }

  /** Where the records of a manifest end: see {@code LogFiles}. */
  private static List<Long> recordEnds(byte[] manifest) {
    List<Long> ends = new ArrayList<>();
    ByteBuffer numbers = ByteBuffer.wrap(manifest).order(ByteOrder.LITTLE_ENDIAN);
    int at = 0;
    while (at + 7 <= manifest.length) {
      int room = (1 << 15) - at % (1 << 15);
      if (room < 7) {
        at += room;
      } else {
        int type = manifest[at + 6];
        at += 7 + Short.toUnsignedInt(numbers.getShort(at + 4));
        if ((type == 1 || type == 4) && at <= manifest.length) {
          ends.add((long) at);
        }
      }
    }
    return ends;
  }

  /** The one in use; the one before it may be there for a moment. */
  private static Path manifest(Path database) throws IOException {
    return database.resolve(Files.readString(database.resolve("CURRENT")).strip());
  }

  private static long marked(Path database) throws IOException {
    String name = String.valueOf(named(database, "MARK-").getFileName());
    return Long.parseLong(name.substring(name.lastIndexOf('-') + 1));
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

  private Path named(String prefix) throws IOException {
    return named(directory, prefix);
  }

  /** The one file whose name begins so. */
  private static Path named(Path directory, String prefix) throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      List<Path> found =
          files.filter(file -> file.getFileName().toString().startsWith(prefix)).toList();
      assertThat(found).hasSize(1);
      return found.get(0);
    }
  }

  private List<String> tables() throws IOException {
    return tables(directory);
  }

  private static List<String> tables(Path directory) throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(name -> name.endsWith(".sst"))
          .sorted()
          .toList();
    }
  }
}
