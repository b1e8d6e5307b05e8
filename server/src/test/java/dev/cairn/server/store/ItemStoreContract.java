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
import static dev.cairn.server.store.StoreFixtures.rest;
import static dev.cairn.server.store.StoreFixtures.statsOf;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import dev.cairn.server.error.Reason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What every {@link ItemStore} and {@link ItemTransaction} must do. One class, in sections: each
 * implementation inherits the whole of it, and leaves out nothing.
 */
public abstract class ItemStoreContract {
  private static final CopyListener SILENT = (destination, items, bytes) -> {};

  @TempDir Path directory;
  private StoreEngine engine;
  private ItemStore store;

  protected abstract StoreEngine newEngine();

  @BeforeEach
  void createStore() {
    engine = newEngine();
    store = engine.create(directory.resolve("store"));
  }

  @AfterEach
  void closeStore() {
    store.close();
    engine.close();
  }

  // Items

  @Test
  void returnsAnItemExactlyAsItWasPut() {
    StoredItem item =
        new StoredItem(
            "ключ-😀",
            ByteString.copyFromUtf8("{\"a\": \"\\u0000 ü\",  \"b\":[1.0,2]}"),
            "ownér",
            Instant.ofEpochSecond(-1, 999_999_999),
            Instant.parse("9999-12-31T23:59:59.999999999Z"),
            Long.MAX_VALUE);

    put(store, CITIES, item);

    assertThat(store.get(CITIES, item.id())).contains(item);
    assertThat(store.get(CITIES, List.of(item.id()))).containsExactly(Map.entry(item.id(), item));
    assertThat(contents(store, CITIES)).containsExactly(item);
  }

  @Test
  void keepsItemsWithoutOwnerOrData() {
    StoredItem item = new StoredItem("a", ByteString.EMPTY, "", Instant.EPOCH, Instant.EPOCH, 1);

    put(store, CITIES, item);

    assertThat(store.get(CITIES, "a")).contains(item);
    assertThat(store.stats(CITIES)).isEqualTo(new CollectionStats(1, 1 + 24));
  }

  @Test
  void keepsItemsOfHalfAMegabyte() {
    StoredItem item = item("big", "x".repeat(500_000));

    put(store, CITIES, item, item("small"));

    assertThat(contents(store, CITIES)).containsExactly(item, item("small"));
  }

  @Test
  void findsNothingWhereNothingIs() {
    put(store, CITIES, item("rome"));

    assertThat(store.get(CITIES, "oslo")).isEmpty();
    assertThat(store.get(RIVERS, "rome")).isEmpty();
    assertThat(store.get(RIVERS, List.of("rome"))).isEmpty();
    assertThat(store.stats(RIVERS)).isEqualTo(CollectionStats.EMPTY);
    assertThat(contents(store, RIVERS)).isEmpty();
    assertThat(store.marker("none")).isEmpty();
  }

  @Test
  void getsThoseItemsOfManyThatExist() {
    put(store, CITIES, item("a"), item("b"), item("c"));

    assertThat(store.get(CITIES, List.of("c", "x", "a", "c")))
        .containsOnly(Map.entry("a", item("a")), Map.entry("c", item("c")));
    assertThat(store.get(CITIES, List.of())).isEmpty();
  }

  @Test
  void expectingItemsChangesNothingAboutThem() {
    Random random = new Random(7);
    List<String> letters = List.of("a", "m", "z", "｡", "😀", "é");
    Map<String, StoredItem> model = new HashMap<>();
    for (int round = 0; round < 60; round++) {
      Set<String> chosen = new LinkedHashSet<>();
      String prefix = letters.get(random.nextInt(letters.size()));
      for (int i = 0; i < 20; i++) {
        chosen.add(prefix + letters.get(random.nextInt(letters.size())) + random.nextInt(1_000));
      }
      List<String> ids = List.copyOf(chosen);
      String text = "{\"round\":" + round + "}";
      try (ItemTransaction transaction = store.begin()) {
        transaction.expect(CITIES, ids);
        transaction.savepoint();
        for (String id : ids) {
          assertThat(transaction.get(CITIES, id)).isEqualTo(Optional.ofNullable(model.get(id)));
          transaction.put(CITIES, item(id, "{}"));
        }
        transaction.rollback();
        transaction.expect(CITIES, ids);
        for (String id : ids) {
          assertThat(transaction.get(CITIES, id)).isEqualTo(Optional.ofNullable(model.get(id)));
          transaction.put(CITIES, item(id, text));
          model.put(id, item(id, text));
          if (random.nextInt(4) == 0) {
            transaction.delete(CITIES, id);
            model.remove(id);
          }
        }
        transaction.commit(Durability.BUFFERED);
      }
      assertThat(contents(store, CITIES)).containsExactlyInAnyOrderElementsOf(model.values());
      assertThat(store.stats(CITIES)).isEqualTo(statsOf(List.copyOf(model.values())));
    }
  }

  @Test
  void expectsItemsInTheOrderOfTheirBytes() {
    // As UTF-16 the last of these comes first, as bytes last.
    List<String> ids = new ArrayList<>(IntStream.range(0, 30).mapToObj(i -> "｡" + i).toList());
    ids.add("😀");
    put(store, CITIES, item("😀"));

    try (ItemTransaction transaction = store.begin()) {
      transaction.expect(CITIES, ids);
      assertThat(transaction.get(CITIES, "😀")).contains(item("😀"));
    }
  }

  @Test
  void expectsItemsWhereVeryManyWereDeleted() {
    List<String> ids = IntStream.range(0, 3_000).mapToObj("i%04d"::formatted).toList();
    change(store, transaction -> ids.forEach(id -> transaction.put(CITIES, item(id))));
    change(
        store, transaction -> ids.subList(0, 2_999).forEach(id -> transaction.delete(CITIES, id)));

    try (ItemTransaction transaction = store.begin()) {
      transaction.expect(CITIES, ids);
      assertThat(transaction.get(CITIES, "i0000")).isEmpty();
      assertThat(transaction.get(CITIES, "i2999")).contains(item("i2999"));
    }
  }

  @Test
  void looksNoFurtherOnceEnoughIsFound() {
    StoredItem large = item("large", "{\"t\":\"" + "x".repeat(1_000) + "\"}");
    put(store, CITIES, item("a"), large, item("c"));
    List<String> ids = List.of("a", "none", "large", "c");

    ItemStore.Found some = store.get(CITIES, ids, 1_000);

    assertThat(some.items()).containsOnlyKeys("a", "large");
    assertThat(some.looked()).isEqualTo(3);
    assertThat(store.get(CITIES, ids, 1_000_000).looked()).isEqualTo(4);
  }

  @Test
  void looksAtMoreIdsThanAtOnce() {
    List<String> ids = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      ids.add("i" + i);
    }
    put(store, CITIES, ids.stream().map(id -> item(id)).toArray(StoredItem[]::new));

    assertThat(store.get(CITIES, ids)).containsOnlyKeys(ids);
  }

  @Test
  void keepsCollectionsApart() {
    put(store, CITIES, item("a", "1"));
    put(store, RIVERS, item("a", "2"));

    change(store, transaction -> transaction.delete(CITIES, "a"));

    assertThat(ids(store, CITIES)).isEmpty();
    assertThat(store.get(RIVERS, "a")).contains(item("a", "2"));
  }

  // Scans

  @Test
  void scansInTheOrderOfUtf8Bytes() {
    // As UTF-16, the last two would come the other way round.
    put(store, CITIES, item("😀"), item("\uffee"), item("é"), item("z"), item("a"), item("aa"));

    assertThat(ids(store, CITIES)).containsExactly("a", "aa", "z", "é", "\uffee", "😀");
  }

  @Test
  void resumesAScanAfterAnIdWhetherItExistsOrNot() {
    put(store, CITIES, item("a"), item("b"), item("ba"), item("c"));

    assertThat(idsAfter("b")).containsExactly("ba", "c");
    assertThat(idsAfter("bb")).containsExactly("c");
    assertThat(idsAfter("c")).isEmpty();
    assertThat(idsAfter("zzz")).isEmpty();
  }

  @Test
  void countsAllItemsInACursorThatStartsLater() {
    put(store, CITIES, item("a"), item("b"));

    try (ItemCursor cursor = store.scan(CITIES, "a")) {
      assertThat(cursor.stats()).isEqualTo(statsOf(item("a"), item("b")));
    }
  }

  @Test
  void scansTheMomentTheCursorWasMade() {
    put(store, CITIES, item("a"), item("b"));

    try (ItemCursor cursor = store.scan(CITIES, "")) {
      put(store, CITIES, item("aa"), item("b", "new"));
      change(store, transaction -> transaction.truncate(CITIES));
      change(store, transaction -> transaction.drop(CITIES));
      store.flush();

      assertThat(rest(cursor)).containsExactly(item("a"), item("b"));
      assertThat(cursor.stats()).isEqualTo(statsOf(item("a"), item("b")));
      assertThat(cursor.next()).isFalse();
    }
  }

  @Test
  void givesItemsAsBytes() {
    StoredItem large = item("b", "{\"name\":\"" + "é".repeat(50_000) + "\"}");
    StoredItem longId = item("c".repeat(256));
    StoredItem bare = new StoredItem("d", ByteString.EMPTY, "", Instant.EPOCH, Instant.EPOCH, 7);
    put(store, CITIES, item("a"), large, longId, bare);

    try (ItemCursor cursor = store.scan(CITIES, "")) {
      assertThatThrownBy(cursor::bytes).isInstanceOf(IllegalStateException.class);
      for (StoredItem item : List.of(item("a"), large, longId, bare)) {
        assertThat(cursor.next()).isTrue();
        assertThat(cursor.bytes()).isEqualTo(ItemBytes.of(item)).isEqualTo(cursor.bytes());
        assertThat(cursor.item()).isEqualTo(item);
      }
      assertThat(cursor.next()).isFalse();
      assertThatThrownBy(cursor::bytes).isInstanceOf(IllegalStateException.class);
    }
  }

  // Counts

  @Test
  void countsExactlyThroughAllChanges() {
    put(store, CITIES, item("a", "1"), item("b", "22"));
    assertThat(store.stats(CITIES)).isEqualTo(statsOf(item("a", "1"), item("b", "22")));

    put(store, CITIES, item("a", "longer than before"));
    assertThat(store.stats(CITIES))
        .isEqualTo(statsOf(item("a", "longer than before"), item("b", "22")));

    change(
        store,
        transaction -> {
          assertThat(transaction.delete(CITIES, "b")).isTrue();
          assertThat(transaction.delete(CITIES, "b")).isFalse();
          assertThat(transaction.delete(CITIES, "never")).isFalse();
          assertThat(transaction.delete(RIVERS, "never")).isFalse();
        });
    assertThat(store.stats(CITIES)).isEqualTo(statsOf(item("a", "longer than before")));
    assertThat(store.collections()).containsOnlyKeys(CITIES);
  }

  @Test
  void countsAnItemPutTwiceInOneTransactionOnce() {
    put(store, CITIES, item("a", "1"), item("a", "22"), item("a", "333"));

    assertThat(store.stats(CITIES)).isEqualTo(statsOf(item("a", "333")));
  }

  @Test
  void listsCollectionsById() {
    put(store, RIVERS, item("rhine"));
    put(store, CITIES, item("rome"), item("oslo"));
    change(store, transaction -> transaction.create(LAKES));

    assertThat(store.collections())
        .containsExactly(
            Map.entry(CITIES, statsOf(item("rome"), item("oslo"))),
            Map.entry(LAKES, CollectionStats.EMPTY),
            Map.entry(RIVERS, statsOf(item("rhine"))));
  }

  // Transactions

  @Test
  void showsATransactionItsOwnChangesAndNobodyElse() {
    put(store, CITIES, item("a"), item("b"));

    try (ItemTransaction transaction = store.begin()) {
      transaction.put(CITIES, item("a", "new"));
      transaction.delete(CITIES, "b");
      transaction.put(RIVERS, item("rhine"));
      transaction.create(LAKES);
      transaction.putMarker("m", ByteString.copyFromUtf8("1"));

      assertThat(transaction.get(CITIES, "a")).contains(item("a", "new"));
      assertThat(transaction.get(CITIES, "b")).isEmpty();
      assertThat(transaction.stats(CITIES)).isEqualTo(statsOf(item("a", "new")));
      assertThat(transaction.collections()).containsExactly(CITIES, LAKES, RIVERS);
      assertThat(transaction.marker("m")).contains(ByteString.copyFromUtf8("1"));

      assertThat(contents(store, CITIES)).containsExactly(item("a"), item("b"));
      assertThat(store.collections()).containsOnlyKeys(CITIES);
      assertThat(store.marker("m")).isEmpty();
    }

    assertThat(contents(store, CITIES)).containsExactly(item("a"), item("b"));
    assertThat(store.appliedIndex()).isEqualTo(1);
  }

  @Test
  void growsTheAppliedIndexWithEachCommitThatChangesSomething() {
    assertThat(store.appliedIndex()).isZero();

    assertThat(put(store, CITIES, item("a"))).isEqualTo(1);
    assertThat(put(store, CITIES, item("a"))).isEqualTo(2);
    assertThat(
            change(
                store,
                transaction -> {
                  transaction.create(CITIES);
                  transaction.delete(CITIES, "none");
                  transaction.truncate(RIVERS);
                  transaction.drop(RIVERS);
                  transaction.deleteMarker("none");
                }))
        .isEqualTo(2);
    assertThat(change(store, transaction -> transaction.create(RIVERS))).isEqualTo(3);

    assertThat(store.appliedIndex()).isEqualTo(3);
  }

  @Test
  void commitsBufferedChangesToo() {
    try (ItemTransaction transaction = store.begin()) {
      transaction.put(CITIES, item("a"));
      assertThat(transaction.commit(Durability.BUFFERED)).isEqualTo(1);
    }

    assertThat(ids(store, CITIES)).containsExactly("a");
  }

  @Test
  void truncatesToAnEmptyCollection() {
    put(store, CITIES, item("a"), item("b"));
    put(store, RIVERS, item("a"));

    change(
        store,
        transaction -> {
          assertThat(transaction.truncate(CITIES)).isEqualTo(statsOf(item("a"), item("b")));
          assertThat(transaction.truncate(CITIES)).isEqualTo(CollectionStats.EMPTY);
          assertThat(transaction.truncate(LAKES)).isEqualTo(CollectionStats.EMPTY);
          assertThat(transaction.get(CITIES, "a")).isEmpty();
          assertThat(transaction.delete(CITIES, "b")).isFalse();
          transaction.put(CITIES, item("c"));
        });

    assertThat(ids(store, CITIES)).containsExactly("c");
    assertThat(store.get(CITIES, "a")).isEmpty();
    assertThat(store.get(CITIES, List.of("a", "b", "c"))).containsOnlyKeys("c");
    assertThat(ids(store, RIVERS)).containsExactly("a");
    assertThat(store.collections()).containsOnlyKeys(CITIES, RIVERS);
  }

  @Test
  void dropsACollectionWithItsItems() {
    put(store, CITIES, item("a"), item("b"));

    change(
        store,
        transaction -> {
          assertThat(transaction.drop(CITIES)).isEqualTo(statsOf(item("a"), item("b")));
          assertThat(transaction.drop(CITIES)).isEqualTo(CollectionStats.EMPTY);
          assertThat(transaction.collections()).isEmpty();
        });

    assertThat(store.collections()).isEmpty();
    assertThat(store.get(CITIES, "a")).isEmpty();
    assertThat(ids(store, CITIES)).isEmpty();
  }

  @Test
  void startsAnewAfterADrop() {
    put(store, CITIES, item("a"), item("b"));

    change(
        store,
        transaction -> {
          transaction.put(CITIES, item("gone"));
          transaction.drop(CITIES);
          transaction.put(CITIES, item("c"));
        });

    assertThat(contents(store)).containsExactly(Map.entry(CITIES, List.of(item("c"))));
  }

  @Test
  void keepsMarkers() {
    change(
        store,
        transaction -> {
          transaction.putMarker("import/1", ByteString.copyFromUtf8("one"));
          transaction.putMarker("import/2", ByteString.copyFromUtf8("two"));
          transaction.putMarker("other", ByteString.EMPTY);
        });

    change(
        store,
        transaction -> {
          transaction.deleteMarker("import/1");
          transaction.putMarker("import/3", ByteString.copyFromUtf8("three"));
          assertThat(transaction.marker("import/1")).isEmpty();
          assertThat(transaction.markers("import/"))
              .containsExactly(
                  Map.entry("import/2", ByteString.copyFromUtf8("two")),
                  Map.entry("import/3", ByteString.copyFromUtf8("three")));
          assertThat(transaction.markers("")).hasSize(3);
        });

    assertThat(store.marker("import/1")).isEmpty();
    assertThat(store.marker("import/2")).contains(ByteString.copyFromUtf8("two"));
    assertThat(store.marker("other")).contains(ByteString.EMPTY);
    assertThat(store.collections()).isEmpty();
  }

  @Test
  void rollsBackToTheSavepointCountsIncluded() {
    put(store, CITIES, item("a"), item("b"));

    change(
        store,
        transaction -> {
          transaction.put(CITIES, item("c"));
          transaction.putMarker("m", ByteString.copyFromUtf8("before"));
          transaction.savepoint();
          transaction.put(CITIES, item("a", "lost"));
          transaction.delete(CITIES, "b");
          transaction.truncate(CITIES);
          transaction.put(RIVERS, item("lost"));
          transaction.putMarker("m", ByteString.copyFromUtf8("lost"));
          transaction.rollback();

          assertThat(transaction.get(CITIES, "a")).contains(item("a"));
          assertThat(transaction.stats(CITIES)).isEqualTo(statsOf(item("a"), item("b"), item("c")));
          assertThat(transaction.collections()).containsExactly(CITIES);
          assertThat(transaction.marker("m")).contains(ByteString.copyFromUtf8("before"));

          transaction.drop(CITIES);
          transaction.rollback();
          transaction.put(CITIES, item("d"));
        });

    assertThat(contents(store))
        .containsExactly(Map.entry(CITIES, List.of(item("a"), item("b"), item("c"), item("d"))));
  }

  @Test
  void movesTheSavepointOn() {
    change(
        store,
        transaction -> {
          transaction.savepoint();
          transaction.put(CITIES, item("a"));
          transaction.savepoint();
          transaction.put(CITIES, item("b"));
          transaction.rollback();
        });

    assertThat(ids(store, CITIES)).containsExactly("a");
  }

  @Test
  void writesNothingWhenAllWasRolledBack() {
    long index =
        change(
            store,
            transaction -> {
              transaction.savepoint();
              transaction.put(CITIES, item("a"));
              transaction.rollback();
            });

    assertThat(index).isZero();
    assertThat(store.collections()).isEmpty();
  }

  @Test
  void refusesToUseATransactionThatIsOver() {
    try (ItemTransaction transaction = store.begin()) {
      assertThatThrownBy(transaction::rollback).isInstanceOf(IllegalStateException.class);
      transaction.commit(Durability.SYNCED);

      assertThatThrownBy(() -> transaction.put(CITIES, item("a")))
          .isInstanceOf(IllegalStateException.class);
      assertThatThrownBy(() -> transaction.commit(Durability.SYNCED))
          .isInstanceOf(IllegalStateException.class);
    }
  }

  // Staged collections

  @Test
  void replacesCollectionsByStagedOnesAtOnce() {
    try (ItemStore source = engine.create(directory.resolve("source"))) {
      put(source, CITIES, item("rome", "old"), item("oslo", "old"));
      put(source, RIVERS, item("rhine"));
      put(store, CITIES, item("rome", "new"), item("bern", "new"));
      put(store, LAKES, item("garda"));

      try (StagedCollections staged =
          store.stage(source, Map.of(CITIES, CITIES, RIVERS, RIVERS), scratch(), SILENT)) {
        assertThat(staged.contents())
            .containsOnly(
                Map.entry(CITIES, source.stats(CITIES)), Map.entry(RIVERS, source.stats(RIVERS)));
        assertThat(ids(store, CITIES)).containsExactly("bern", "rome");
        assertThat(store.collections()).containsOnlyKeys(CITIES, LAKES);
        put(store, CITIES, item("late"));

        change(
            store,
            transaction -> {
              transaction.replace(staged);
              assertThat(transaction.get(CITIES, "rome")).contains(item("rome", "old"));
              assertThat(transaction.get(CITIES, "bern")).isEmpty();
              assertThat(transaction.stats(CITIES)).isEqualTo(source.stats(CITIES));
            });
      }

      assertThat(contents(store, CITIES)).isEqualTo(contents(source, CITIES));
      assertThat(contents(store, RIVERS)).isEqualTo(contents(source, RIVERS));
      assertThat(ids(store, LAKES)).containsExactly("garda");
      assertThat(store.get(CITIES, List.of("rome", "bern", "late"))).containsOnlyKeys("rome");
    }
  }

  @Test
  void stagesUnderAnotherName() {
    put(store, CITIES, item("rome"), item("oslo"));

    try (StagedCollections staged = store.stage(store, Map.of(CITIES, LAKES), scratch(), SILENT)) {
      change(store, transaction -> transaction.replace(staged));
    }

    assertThat(contents(store, LAKES)).isEqualTo(contents(store, CITIES));
    put(store, LAKES, item("como"));
    change(store, transaction -> transaction.drop(CITIES));
    assertThat(ids(store, LAKES)).containsExactly("como", "oslo", "rome");
  }

  @Test
  void stagesWhatIsMissingAsEmpty() {
    put(store, CITIES, item("rome"));

    try (StagedCollections staged =
        store.stage(store, Map.of(RIVERS, CITIES, LAKES, LAKES), scratch(), SILENT)) {
      change(store, transaction -> transaction.replace(staged));
    }

    assertThat(store.collections())
        .containsExactly(
            Map.entry(CITIES, CollectionStats.EMPTY), Map.entry(LAKES, CollectionStats.EMPTY));
    assertThat(ids(store, CITIES)).isEmpty();
  }

  @Test
  void forgetsStagedCollectionsThatAreClosed() {
    put(store, CITIES, item("rome"));

    StagedCollections staged = store.stage(store, Map.of(CITIES, RIVERS), scratch(), SILENT);
    staged.close();
    staged.close();

    assertThat(store.collections()).containsOnlyKeys(CITIES);
    assertThat(store.appliedIndex()).isEqualTo(1);
    try (ItemTransaction transaction = store.begin()) {
      assertThatThrownBy(() -> transaction.replace(staged))
          .isInstanceOf(IllegalStateException.class);
    }
  }

  @Test
  void takesBackAReplacement() {
    put(store, CITIES, item("rome"));
    put(store, RIVERS, item("rhine"));

    try (StagedCollections staged = store.stage(store, Map.of(CITIES, RIVERS), scratch(), SILENT)) {
      change(
          store,
          transaction -> {
            transaction.savepoint();
            transaction.replace(staged);
            transaction.rollback();
            transaction.putMarker("m", ByteString.EMPTY);
          });
      assertThat(ids(store, RIVERS)).containsExactly("rhine");

      change(store, transaction -> transaction.replace(staged));
      assertThat(ids(store, RIVERS)).containsExactly("rome");
    }
    assertThat(ids(store, RIVERS)).containsExactly("rome");
  }

  @Test
  void changesReplacedCollectionsInTheSameTransaction() {
    put(store, CITIES, item("a", "1"), item("b", "2"));

    try (StagedCollections staged = store.stage(store, Map.of(CITIES, RIVERS), scratch(), SILENT)) {
      change(
          store,
          transaction -> {
            transaction.replace(staged);
            transaction.put(RIVERS, item("a", "changed"));
            transaction.delete(RIVERS, "b");
            transaction.put(RIVERS, item("c"));
          });
    }

    assertThat(contents(store, RIVERS)).containsExactly(item("a", "changed"), item("c"));
  }

  @Test
  void tellsHowACopyGoesOn() throws IOException {
    StoredItem[] items =
        IntStream.range(0, 1_234)
            .mapToObj(i -> item("%05d".formatted(i)))
            .toArray(StoredItem[]::new);
    put(store, CITIES, items);
    change(store, transaction -> transaction.create(RIVERS));
    List<Long> counts = new ArrayList<>();
    List<CollectionId> ended = new ArrayList<>();

    store
        .stage(
            store,
            Map.of(CITIES, CITIES, RIVERS, RIVERS),
            scratch(),
            (destination, count, bytes) -> {
              if (destination.equals(CITIES)) {
                counts.add(count);
              }
              if (bytes == store.stats(destination).sizeBytes()) {
                ended.add(destination);
              }
            })
        .close();

    assertThat(counts).isSorted().doesNotHaveDuplicates().hasSizeGreaterThan(2).endsWith(1_234L);
    assertThat(ended).containsExactlyInAnyOrder(CITIES, RIVERS);
    assertThat(scratch()).doesNotExist();
  }

  @Test
  void cleansUpAfterACopyThatItsListenerStopped() {
    put(store, CITIES, item("rome"));

    assertThatThrownBy(
            () ->
                store.stage(
                    store,
                    Map.of(CITIES, RIVERS),
                    scratch(),
                    (destination, items, bytes) -> {
                      throw new IllegalArgumentException("stop");
                    }))
        .hasMessage("stop");

    assertThat(scratch()).doesNotExist();
    assertThat(store.collections()).containsOnlyKeys(CITIES);
    assertThat(store.isHealthy()).isTrue();
    store.stage(store, Map.of(CITIES, RIVERS), scratch(), SILENT).close();
  }

  // Checkpoints

  @Test
  void checkpointsThisMoment() {
    put(store, CITIES, item("a"), item("b"));
    change(store, transaction -> transaction.putMarker("m", ByteString.copyFromUtf8("1")));
    Path checkpoint = directory.resolve("checkpoint");

    List<CheckpointFile> files = store.checkpoint(checkpoint);
    put(store, CITIES, item("c"));
    change(store, transaction -> transaction.truncate(CITIES));
    store.flush();

    assertThat(files)
        .isNotEmpty()
        .allSatisfy(file -> assertThat(size(checkpoint, file)).isEqualTo(file.sizeBytes()));
    assertThat(names(checkpoint))
        .containsExactlyInAnyOrderElementsOf(files.stream().map(CheckpointFile::name).toList());
    try (ItemStore copy = engine.openReadOnly(checkpoint)) {
      assertThat(contents(copy)).containsExactly(Map.entry(CITIES, List.of(item("a"), item("b"))));
      assertThat(copy.appliedIndex()).isEqualTo(2);
      assertThat(copy.marker("m")).contains(ByteString.copyFromUtf8("1"));
    }
  }

  @Test
  void leavesADirectoryAloneThatIsInTheWayOfACheckpoint() throws IOException {
    put(store, CITIES, item("a"));
    Path taken = Files.createDirectory(directory.resolve("taken"));

    assertFails(Reason.STORAGE_FAILED, () -> store.checkpoint(taken));

    assertThat(taken).isEmptyDirectory();
    assertThat(store.isHealthy()).isTrue();
  }

  @Test
  void takesCheckpointsOfNeighbouringNamesAtOnce() {
    put(store, CITIES, item("a"));
    List<Path> targets =
        Stream.of("b", "b.tmp", "b.tmp.tmp", "b1").map(directory::resolve).toList();

    CompletableFuture.allOf(
            targets.stream()
                .map(target -> CompletableFuture.runAsync(() -> store.checkpoint(target)))
                .toArray(CompletableFuture<?>[]::new))
        .join();

    assertThat(names(directory))
        .containsExactlyInAnyOrder("b", "b.tmp", "b.tmp.tmp", "b1", "store");
    for (Path target : targets) {
      try (ItemStore copy = engine.openReadOnly(target)) {
        assertThat(ids(copy, CITIES)).containsExactly("a");
      }
    }
  }

  private Path scratch() {
    return directory.resolve("scratch");
  }

  private List<String> idsAfter(String id) {
    try (ItemCursor cursor = store.scan(CITIES, id)) {
      return rest(cursor).stream().map(StoredItem::id).toList();
    }
  }

  private static long size(Path directory, CheckpointFile file) throws IOException {
    return Files.size(directory.resolve(file.name()));
  }

  private static List<String> names(Path directory) {
    try (Stream<Path> files = Files.list(directory)) {
      return files.map(file -> file.getFileName().toString()).toList();
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}
