package dev.cairn.server.store.rocksdb;

import static dev.cairn.server.store.StoreFixtures.CITIES;
import static dev.cairn.server.store.StoreFixtures.LAKES;
import static dev.cairn.server.store.StoreFixtures.change;
import static dev.cairn.server.store.StoreFixtures.item;
import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.server.store.CollectionId;
import dev.cairn.server.store.Durability;
import dev.cairn.server.store.ItemCursor;
import dev.cairn.server.store.ItemStore;
import dev.cairn.server.store.ItemTransaction;
import dev.cairn.server.store.StagedCollections;
import dev.cairn.server.store.StoreEngine;
import dev.cairn.server.store.StoreFixtures;
import dev.cairn.server.store.StoredItem;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Readers beside a writer that exchanges the whole content again and again. */
class RocksReadersTest {
  private static final int ITEMS = 60;
  private static final int ROUNDS = 250;
  private static final List<String> IDS =
      IntStream.range(0, ITEMS).mapToObj("%03d"::formatted).toList();

  @TempDir Path directory;

  private final AtomicBoolean running = new AtomicBoolean(true);
  private int moves;
  private final AtomicLong reads = new AtomicLong();

  @Test
  void readersSeeTheOldContentOrTheNewNeverAMix() {
    exchangeBesideReaders(TestEngines.small(), ROUNDS);
  }

  @Test
  void readersSeeTheSameWhereCollectionsMoveToFamiliesOfTheirOwn() {
    exchangeBesideReaders(TestEngines.ofOwnFamilies(), ROUNDS / 5);
    assertThat(moves).isPositive();
  }

  private void exchangeBesideReaders(StoreEngine newEngine, int rounds) {
    ExecutorService threads = Executors.newFixedThreadPool(4);
    try (StoreEngine engine = newEngine;
        ItemStore store = engine.create(directory.resolve("store"))) {
      change(store, transaction -> fill(transaction, CITIES, 0));
      List<CompletableFuture<Void>> readers =
          List.of(
              CompletableFuture.runAsync(() -> repeat(() -> getOne(store)), threads),
              CompletableFuture.runAsync(() -> repeat(() -> getMany(store)), threads),
              CompletableFuture.runAsync(() -> repeat(() -> scan(store)), threads),
              CompletableFuture.runAsync(() -> repeat(() -> list(store)), threads));

      for (int round = 1; round <= rounds; round++) {
        exchange(store, round);
      }
      running.set(false);
      readers.forEach(CompletableFuture::join);

      assertThat(reads.get()).isPositive();
    } finally {
      threads.shutdown();
    }
  }

  private void exchange(ItemStore store, int round) {
    switch (round % 4) {
      case 0 ->
          change(
              store,
              transaction -> {
                transaction.truncate(CITIES);
                fill(transaction, CITIES, round);
              });
      case 1 ->
          change(
              store,
              transaction -> {
                transaction.drop(CITIES);
                fill(transaction, CITIES, round);
              });
      case 2 -> change(store, transaction -> fill(transaction, CITIES, round));
      default -> {
        change(store, transaction -> fill(transaction, LAKES, round));
        try (StagedCollections staged =
                store.stage(
                    store, Map.of(LAKES, CITIES), directory.resolve("scratch"), (c, i, b) -> {});
            ItemTransaction transaction = store.begin()) {
          transaction.replace(staged);
          transaction.drop(LAKES);
          transaction.commit(Durability.BUFFERED);
        }
      }
    }
    if (round % 3 == 0) {
      move(store);
    }
    if (round % 50 == 0) {
      store.flush();
    }
  }

  private void move(ItemStore store) {
    store
        .resettle(directory.resolve("scratch"), (c, i, b) -> {})
        .ifPresent(
            copy -> {
              try (copy;
                  ItemTransaction transaction = store.begin()) {
                moves += transaction.resettle(copy) ? 1 : 0;
                transaction.commit(Durability.BUFFERED);
              }
            });
  }

  private void repeat(Runnable read) {
    while (running.get()) {
      read.run();
      reads.incrementAndGet();
    }
  }

  private static void getOne(ItemStore store) {
    String id = IDS.get(ThreadLocalRandom.current().nextInt(ITEMS));
    assertThat(store.get(CITIES, id)).isPresent();
  }

  private static void getMany(ItemStore store) {
    Map<String, StoredItem> items = store.get(CITIES, IDS);
    assertThat(items).hasSize(ITEMS);
    assertThat(items.values().stream().map(StoredItem::data).distinct()).hasSize(1);
  }

  private static void scan(ItemStore store) {
    try (ItemCursor cursor = store.scan(CITIES, "")) {
      List<StoredItem> items = StoreFixtures.rest(cursor);
      assertThat(items).hasSize(ITEMS);
      assertThat(items.stream().map(StoredItem::data).distinct()).hasSize(1);
      assertThat(cursor.stats()).isEqualTo(StoreFixtures.statsOf(items));
    }
  }

  private static void list(ItemStore store) {
    assertThat(store.stats(CITIES).itemCount()).isEqualTo(ITEMS);
    assertThat(store.collections().values())
        .allSatisfy(stats -> assertThat(stats.itemCount()).isEqualTo(ITEMS));
  }

  private static void fill(ItemTransaction transaction, CollectionId collection, int round) {
    IDS.forEach(id -> transaction.put(collection, item(id, "round " + round)));
  }
}
