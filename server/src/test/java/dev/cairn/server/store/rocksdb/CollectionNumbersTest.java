package dev.cairn.server.store.rocksdb;

import static dev.cairn.server.store.StoreFixtures.CITIES;
import static dev.cairn.server.store.StoreFixtures.LAKES;
import static dev.cairn.server.store.StoreFixtures.RIVERS;
import static dev.cairn.server.store.StoreFixtures.change;
import static dev.cairn.server.store.StoreFixtures.item;
import static dev.cairn.server.store.StoreFixtures.put;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.server.store.CopyListener;
import dev.cairn.server.store.ItemStore;
import dev.cairn.server.store.StagedCollections;
import dev.cairn.server.store.StoreEngine;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.rocksdb.ColumnFamilyDescriptor;
import org.rocksdb.ColumnFamilyHandle;
import org.rocksdb.DBOptions;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;
import org.rocksdb.RocksIterator;

/** Below the interface: which numbers have items. */
class CollectionNumbersTest {
  private static final CopyListener SILENT = (destination, items, bytes) -> {};

  @TempDir Path directory;
  private StoreEngine engine;
  private ItemStore store;

  @BeforeEach
  void createStore() {
    engine = TestEngines.small();
    store = engine.create(home());
    put(store, CITIES, item("rome"), item("oslo"));
    put(store, RIVERS, item("rhine"));
    put(store, LAKES, item("como"));
  }

  @AfterEach
  void closeEngine() {
    store.close();
    engine.close();
  }

  @Test
  void removesTheItemsOfWhatIsTruncatedDroppedOrReplaced() throws RocksDBException {
    assertThat(numbers()).containsExactly(1, 2, 3);

    change(store, transaction -> transaction.truncate(CITIES));
    assertThat(numbers()).containsExactly(2, 3);

    change(store, transaction -> transaction.drop(RIVERS));
    assertThat(numbers()).containsExactly(3);

    try (StagedCollections staged = store.stage(store, Map.of(LAKES, LAKES), scratch(), SILENT)) {
      assertThat(numbers()).containsExactly(3, 5);
      change(
          store,
          transaction -> {
            transaction.savepoint();
            transaction.replace(staged);
          });
    }
    assertThat(numbers()).containsExactly(5);
  }

  @Test
  void removesStagedItemsThatAreClosedOrReplacedAndDroppedAtOnce() throws RocksDBException {
    store.stage(store, Map.of(LAKES, LAKES), scratch(), SILENT).close();
    assertThat(numbers()).containsExactly(1, 2, 3);

    try (StagedCollections staged = store.stage(store, Map.of(LAKES, LAKES), scratch(), SILENT)) {
      change(
          store,
          transaction -> {
            transaction.replace(staged);
            transaction.drop(LAKES);
          });
    }
    assertThat(numbers()).containsExactly(1, 2);
  }

  @Test
  void removesOrphansWhenOpenedAndReusesNoNumber() throws RocksDBException {
    change(store, transaction -> transaction.drop(RIVERS));
    change(store, transaction -> transaction.truncate(LAKES));
    put(store, LAKES, item("garda"));
    StagedCollections lost =
        store.stage(store, Map.of(LAKES, RIVERS, CITIES, CITIES), scratch(), SILENT);
    assertThat(lost.contents()).hasSize(2);
    assertThat(numbers()).containsExactly(1, 4, 5, 6);

    reopen();
    assertThat(numbers()).containsExactly(1, 4);

    put(store, RIVERS, item("elbe"));
    assertThat(numbers()).containsExactly(1, 4, 7);

    change(store, transaction -> transaction.drop(RIVERS));
    reopen();
    put(store, RIVERS, item("elbe"));
    assertThat(numbers()).containsExactly(1, 4, 8);
  }

  private void reopen() {
    store.close();
    store = engine.open(home());
  }

  /** The numbers that have items, read past the store from a checkpoint. */
  private Set<Integer> numbers() throws RocksDBException {
    Path picture = directory.resolve("picture-" + System.nanoTime());
    store.checkpoint(picture);
    Set<Integer> numbers = new TreeSet<>();
    List<ColumnFamilyHandle> families = new ArrayList<>();
    try (DBOptions options = new DBOptions();
        RocksDB rocks =
            RocksDB.openReadOnly(
                options,
                picture.toString(),
                List.of(
                    new ColumnFamilyDescriptor(RocksDB.DEFAULT_COLUMN_FAMILY),
                    new ColumnFamilyDescriptor("data".getBytes(UTF_8))),
                families);
        RocksIterator items = rocks.newIterator(families.get(RocksItemStore.DATA))) {
      for (items.seekToFirst(); items.isValid(); items.next()) {
        numbers.add(ItemCodec.number(Arrays.copyOf(items.key(), ItemCodec.NUMBER_BYTES)));
      }
    }
    return numbers;
  }

  private Path home() {
    return directory.resolve("store");
  }

  private Path scratch() {
    return directory.resolve("scratch");
  }
}
