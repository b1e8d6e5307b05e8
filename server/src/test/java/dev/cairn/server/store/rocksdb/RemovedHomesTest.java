package dev.cairn.server.store.rocksdb;

import static dev.cairn.server.store.StoreFixtures.CITIES;
import static dev.cairn.server.store.StoreFixtures.LAKES;
import static dev.cairn.server.store.StoreFixtures.RIVERS;
import static dev.cairn.server.store.StoreFixtures.change;
import static dev.cairn.server.store.StoreFixtures.contents;
import static dev.cairn.server.store.StoreFixtures.item;
import static dev.cairn.server.store.StoreFixtures.put;
import static dev.cairn.server.store.StoreFixtures.rest;
import static dev.cairn.server.store.rocksdb.FilledDatabase.PLACES;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.server.store.CollectionId;
import dev.cairn.server.store.CopyListener;
import dev.cairn.server.store.ItemCursor;
import dev.cairn.server.store.StagedCollections;
import dev.cairn.server.store.StoredItem;
import java.io.IOException;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.rocksdb.LiveFileMetaData;
import org.rocksdb.MutableColumnFamilyOptions;
import org.rocksdb.RocksDBException;

/** Which table files are there once collections are gone. */
class RemovedHomesTest {
  private static final CopyListener SILENT = (destination, items, bytes) -> {};

  private FilledDatabase backup;
  private FilledDatabase live;
  private RocksItemStore store;
  private List<StoredItem> places;
  private Set<String> before;

  /** What was copied lies in one file. */
  private Set<String> copied;

  @BeforeEach
  void restoreTwoCollections() throws IOException, RocksDBException {
    backup = new FilledDatabase(100);
    put(backup.store(), LAKES, item("como"), item("garda"));
    places = contents(backup.store(), PLACES);
    live = new FilledDatabase(1);
    store = live.store();
    // It would write the files anew at a moment of its own.
    live.database()
        .rocks()
        .setOptions(
            live.database().shared(RocksItemStore.DATA),
            MutableColumnFamilyOptions.builder().setDisableAutoCompactions(true).build());
    before = tables();
    Map<CollectionId, CollectionId> copies = Map.of(PLACES, CITIES, LAKES, RIVERS);
    try (StagedCollections staged =
        store.stage(backup.store(), copies, live.directory().resolve("scratch"), SILENT)) {
      change(store, transaction -> transaction.replace(staged));
    }
    copied = tables();
    copied.removeAll(before);
    assertThat(copied).hasSize(1);
  }

  @AfterEach
  void closeDatabases() {
    live.close();
    backup.close();
  }

  @Test
  void theFileOfRemovedNeighboursGoesAndOthersStay() {
    change(
        store,
        transaction -> {
          transaction.drop(CITIES);
          transaction.truncate(RIVERS);
        });
    live.database().tend();

    assertThat(tables()).isEqualTo(before);
    assertThat(contents(store, PLACES)).isEqualTo(places.subList(0, 1));
    assertThat(contents(store, RIVERS)).isEmpty();
  }

  @Test
  void aFileWithItemsThatHaveANameStays() {
    change(store, transaction -> transaction.drop(RIVERS));
    live.database().tend();

    assertThat(tables()).containsAll(copied);
    assertThat(contents(store, CITIES)).isEqualTo(places);
  }

  @Test
  void whatIsStillReadStaysUntilTheReaderHasGone() {
    Home cities = Objects.requireNonNull(store.row(CITIES)).home();
    byte[] first = cities.key(places.get(0).id());
    try (ItemCursor reader = store.scan(CITIES, "");
        Moment moment = new Moment(live.database())) {
      assertThat(reader.next()).isTrue();
      change(
          store,
          transaction -> {
            transaction.drop(CITIES);
            transaction.drop(RIVERS);
          });
      live.database().tend();

      assertThat(tables()).containsAll(copied);
      assertThat(rest(reader)).hasSize(places.size() - 1);
      assertThat(moment.get(cities.family(), first)).isNotNull();
    }
    live.database().tend();
    assertThat(tables()).isEqualTo(before);
  }

  /** Of items, those that are there to be read. */
  private Set<String> tables() {
    return live.database().rocks().getLiveFilesMetaData().stream()
        .filter(file -> new String(file.columnFamilyName(), UTF_8).equals("data"))
        .map(LiveFileMetaData::fileName)
        .collect(Collectors.toCollection(HashSet::new));
  }
}
