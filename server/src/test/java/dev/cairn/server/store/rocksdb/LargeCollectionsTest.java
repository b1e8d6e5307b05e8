package dev.cairn.server.store.rocksdb;

import static dev.cairn.server.store.StoreFixtures.CITIES;
import static dev.cairn.server.store.StoreFixtures.LAKES;
import static dev.cairn.server.store.StoreFixtures.RIVERS;
import static dev.cairn.server.store.StoreFixtures.change;
import static dev.cairn.server.store.StoreFixtures.contents;
import static dev.cairn.server.store.StoreFixtures.copyInUse;
import static dev.cairn.server.store.StoreFixtures.item;
import static dev.cairn.server.store.StoreFixtures.put;
import static dev.cairn.server.store.StoreFixtures.rest;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cairn.server.store.CheckpointFile;
import dev.cairn.server.store.CollectionId;
import dev.cairn.server.store.CopyListener;
import dev.cairn.server.store.ItemCursor;
import dev.cairn.server.store.ItemStore;
import dev.cairn.server.store.StagedCollections;
import dev.cairn.server.store.StoreEngine;
import dev.cairn.server.store.StoredItem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CancellationException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.rocksdb.ColumnFamilyDescriptor;
import org.rocksdb.ColumnFamilyHandle;
import org.rocksdb.DBOptions;
import org.rocksdb.LiveFileMetaData;
import org.rocksdb.Options;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;

/** Collections that get families of their own, and what is restored from those. */
class LargeCollectionsTest {
  private static final CopyListener SILENT = (destination, items, bytes) -> {};

  @TempDir Path directory;
  private StoreEngine engine;
  private ItemStore store;

  @BeforeEach
  void createStore() {
    engine = TestEngines.ofOwnFamilies();
    store = engine.create(home());
    fill(CITIES, 1_200);
    put(store, RIVERS, item("rhine", "1"));
  }

  @AfterEach
  void closeEngine() {
    store.close();
    engine.close();
  }

  @Test
  void movesTheLargestWithAllThatIsChangedMeanwhile() {
    List<StoredItem> expected;
    try (StagedCollections copy = store.resettle(scratch(), SILENT).orElseThrow()) {
      assertThat(copy.contents()).containsOnlyKeys(CITIES);
      put(store, CITIES, item("city-3", "\"changed\""), item("new", "{}"));
      change(store, transaction -> transaction.delete(CITIES, "city-4"));
      put(store, RIVERS, item("city-5", "\"of another collection\""));
      expected = contents(store, CITIES);

      change(store, transaction -> assertThat(transaction.resettle(copy)).isTrue());
    }
    assertThat(contents(store, CITIES)).isEqualTo(expected);
    assertThat(ownFamilies(home())).hasSize(1);

    put(store, CITIES, item("later"));
    change(store, transaction -> transaction.delete(CITIES, "new"));
    List<StoredItem> last = contents(store, CITIES);
    assertThat(last).hasSameSizeAs(expected).contains(item("later"));
    reopen();
    assertThat(contents(store, CITIES)).isEqualTo(last);
  }

  @Test
  void changesThatComeWhileItIsCopiedAreNotLost() {
    CopyListener writes =
        (destination, items, bytes) -> put(store, CITIES, item("city-7", "" + items));
    try (StagedCollections copy = store.resettle(scratch(), writes).orElseThrow()) {
      change(store, transaction -> assertThat(transaction.resettle(copy)).isTrue());
    }
    assertThat(store.get(CITIES, "city-7")).contains(item("city-7", "1200"));
    assertThat(store.stats(CITIES).itemCount()).isEqualTo(1_200);
  }

  @Test
  void saysWhenThereIsOneAndWhenThereIsNoneLeft() {
    assertThat(store.isOutgrown()).isTrue();

    move();
    change(store, transaction -> transaction.drop(RIVERS));
    assertThat(store.resettle(scratch(), SILENT)).isEmpty();
    assertThat(store.isOutgrown()).isFalse();

    fill(LAKES, 3);
    assertThat(store.isOutgrown()).isTrue();
  }

  @Test
  void leavesAlongWhatWasEmptiedOrReplacedMeanwhile() {
    try (StagedCollections copy = store.resettle(scratch(), SILENT).orElseThrow()) {
      change(store, transaction -> transaction.truncate(CITIES));
      put(store, CITIES, item("rome"));

      change(store, transaction -> assertThat(transaction.resettle(copy)).isFalse());
    }
    assertThat(contents(store, CITIES)).containsExactly(item("rome"));
    assertThat(ownFamilies(home())).isEmpty();
  }

  @Test
  void removesACopyThatBrokeOff() {
    List<StoredItem> before = contents(store, CITIES);
    CopyListener stops =
        (destination, items, bytes) -> {
          throw new CancellationException();
        };
    assertThatThrownBy(() -> store.resettle(scratch(), stops))
        .isInstanceOf(CancellationException.class);

    assertThat(ownFamilies(home())).isEmpty();
    assertThat(scratch()).doesNotExist();
    assertThat(contents(store, CITIES)).isEqualTo(before);
    move();
    assertThat(contents(store, CITIES)).isEqualTo(before);
  }

  @Test
  void aCrashLeavesTheOldPlaceOrTheNewOne() throws IOException {
    List<StoredItem> before = contents(store, CITIES);
    Path copied;
    Path moved;
    try (StagedCollections copy = store.resettle(scratch(), SILENT).orElseThrow()) {
      copied = copyAsAfterKill("copied");
      change(store, transaction -> assertThat(transaction.resettle(copy)).isTrue());
      moved = copyAsAfterKill("moved");
    }
    try (ItemStore recovered = engine.open(copied)) {
      assertThat(contents(recovered, CITIES)).isEqualTo(before);
      assertThat(recovered.isOutgrown()).isTrue();
    }
    assertThat(ownFamilies(copied)).isEmpty();
    try (ItemStore recovered = engine.open(moved)) {
      assertThat(contents(recovered, CITIES)).isEqualTo(before);
      put(recovered, LAKES, item("como"));
    }
    assertThat(ownFamilies(moved)).hasSize(1);
  }

  @Test
  void readersGoOnWithWhatTheyBeganToRead() {
    move();
    List<StoredItem> before = contents(store, CITIES);
    try (ItemCursor cursor = store.scan(CITIES, "")) {
      assertThat(cursor.next()).isTrue();
      change(store, transaction -> transaction.drop(CITIES));
      assertThat(ownFamilies(home())).isEmpty();
      store.flush();

      assertThat(rest(cursor)).isEqualTo(before.subList(1, before.size()));
    }
    assertThat(contents(store, CITIES)).isEmpty();
  }

  @Test
  void restoresFromABackupByLinks() throws Exception {
    move();
    Path backup = afterCompaction();
    List<StoredItem> held = contents(store, CITIES);
    put(store, CITIES, item("city-3", "\"changed\""), item("new"));

    restore(backup, CITIES);

    assertThat(contents(store, CITIES)).isEqualTo(held);
    store.close();
    assertThat(ownTables(home())).isNotEmpty().isEqualTo(ownTables(backup));
    store = engine.open(home());
    assertThat(contents(store, CITIES)).isEqualTo(held);
    put(store, CITIES, item("city-3", "\"changed\""));
    assertThat(store.get(CITIES, "city-3")).contains(item("city-3", "\"changed\""));
  }

  @Test
  void restoresItAgainFromABackupOfWhatWasRestored() {
    move();
    List<StoredItem> held = contents(store, CITIES);
    for (int i = 0; i < 3; i++) {
      Path backup = directory.resolve("backup-" + i);
      store.checkpoint(backup);
      fill(CITIES, 1_300 + i);
      restore(backup, i == 1 ? LAKES : CITIES);
      assertThat(contents(store, i == 1 ? LAKES : CITIES)).isEqualTo(held);
      put(store, CITIES, item("city-1", "" + i));
      held = contents(store, CITIES);
    }
  }

  /** Or a backup of them would have to read the files. */
  @Test
  void knowsTheChecksumsOfLinkedFiles() {
    move();
    Path first = directory.resolve("first");
    List<CheckpointFile> files = store.checkpoint(first);
    restore(first, CITIES);
    reopen();
    Path second = directory.resolve("second");
    List<CheckpointFile> again = store.checkpoint(second);

    assertThat(again)
        .filteredOn(file -> file.name().endsWith(".sst"))
        .hasSizeGreaterThan(1)
        .allSatisfy(file -> assertThat(file.crc32c()).isPresent());
    assertThat(again.stream().map(CheckpointFile::crc32c).filter(crc -> crc.isPresent()))
        .containsAll(
            files.stream()
                .filter(file -> file.sizeBytes() > 5_000)
                .map(CheckpointFile::crc32c)
                .filter(crc -> crc.isPresent())
                .toList());
    restore(second, CITIES);
    assertThat(store.checkpoint(directory.resolve("third")))
        .filteredOn(file -> file.name().endsWith(".sst"))
        .allSatisfy(file -> assertThat(file.crc32c()).isPresent());
  }

  @Test
  void isPartOfAClone() {
    move();
    Path backup = directory.resolve("backup");
    store.checkpoint(backup);
    Path clone = directory.resolve("clone");
    engine.cloneDatabase(backup, clone);

    try (ItemStore cloned = engine.open(clone)) {
      assertThat(contents(cloned)).isEqualTo(contents(store));
      change(cloned, transaction -> transaction.truncate(CITIES));
    }
    assertThat(store.stats(CITIES).itemCount()).isEqualTo(1_200);
  }

  private void fill(CollectionId collection, int items) {
    change(
        store,
        transaction -> {
          for (int i = 0; i < items; i++) {
            transaction.put(collection, item("city-" + i, "" + i));
          }
        });
  }

  private void move() {
    try (StagedCollections copy = store.resettle(scratch(), SILENT).orElseThrow()) {
      change(store, transaction -> assertThat(transaction.resettle(copy)).isTrue());
    }
  }

  /**
   * A backup in which nothing is left to do: RocksDB writes what it ingested anew, without sequence
   * numbers, once a later snapshot was given back.
   */
  private Path afterCompaction() throws IOException, InterruptedException {
    Path first = directory.resolve("backup-0");
    store.checkpoint(first);
    for (int i = 1; i < 100; i++) {
      put(store, RIVERS, item("rhine", "" + i));
      store.scan(RIVERS, "").close();
      Path next = directory.resolve("backup-" + i);
      store.checkpoint(next);
      if (!ownTables(next).equals(ownTables(first))) {
        return next;
      }
      Thread.sleep(100);
    }
    throw new AssertionError("the ingested file was not written anew");
  }

  private void restore(Path backup, CollectionId destination) {
    try (ItemStore source = engine.openReadOnly(backup);
        StagedCollections staged =
            store.stage(source, Map.of(CITIES, destination), scratch(), SILENT)) {
      change(store, transaction -> transaction.replace(staged));
    }
  }

  private void reopen() {
    store.close();
    store = engine.open(home());
  }

  private Path copyAsAfterKill(String name) throws IOException {
    Path copy = directory.resolve(name);
    copyInUse(home(), copy);
    return copy;
  }

  private static Set<String> ownFamilies(Path database) {
    try (Options options = new Options()) {
      Set<String> names = new HashSet<>();
      for (byte[] name : RocksDB.listColumnFamilies(options, database.toString())) {
        names.add(new String(name, US_ASCII));
      }
      names.removeAll(Set.of("default", "data"));
      return names;
    } catch (RocksDBException e) {
      throw new AssertionError(e);
    }
  }

  /** The table files of collections that lie alone, by what all links of a file share. */
  private static Set<Object> ownTables(Path database) throws IOException {
    List<ColumnFamilyHandle> handles = new ArrayList<>();
    try (Options options = new Options();
        DBOptions opening = new DBOptions()) {
      List<ColumnFamilyDescriptor> families = new ArrayList<>();
      for (byte[] name : RocksDB.listColumnFamilies(options, database.toString())) {
        families.add(new ColumnFamilyDescriptor(name));
      }
      Set<Object> keys = new HashSet<>();
      try (RocksDB rocks = RocksDB.openReadOnly(opening, database.toString(), families, handles)) {
        for (LiveFileMetaData file : rocks.getLiveFilesMetaData()) {
          if (OwnFamilies.isName(file.columnFamilyName())) {
            Path path = Path.of(database + file.fileName());
            keys.add(Files.readAttributes(path, BasicFileAttributes.class).fileKey());
          }
        }
      }
      return keys;
    } catch (RocksDBException e) {
      throw new AssertionError(e);
    }
  }

  private Path home() {
    return directory.resolve("store");
  }

  private Path scratch() {
    return directory.resolve("scratch");
  }
}
