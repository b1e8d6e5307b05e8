package dev.cairn.server.store;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Random changes to a store beside a plain map; both must hold the same after each step, counts
 * included. Prints its seed; {@code -Dcairn.seed=n} repeats a run.
 */
public abstract class RandomChangesContract {
  private static final int STEPS = 250;
  private static final List<CollectionId> COLLECTIONS =
      List.of(new CollectionId("a"), new CollectionId("b"), new CollectionId("b.c"));

  @TempDir Path directory;
  private Random random = new Random(0);
  private int directories;

  protected abstract StoreEngine newEngine();

  /** What a store should hold. */
  private record Model(
      TreeMap<CollectionId, TreeMap<String, StoredItem>> collections,
      TreeMap<String, ByteString> markers) {
    Model() {
      this(new TreeMap<>(), new TreeMap<>());
    }

    Model copy() {
      Model copy = new Model();
      collections.forEach((id, items) -> copy.collections.put(id, new TreeMap<>(items)));
      copy.markers.putAll(markers);
      return copy;
    }
  }

  @Test
  void holdsWhatAPlainMapHolds() {
    long seed = Long.getLong("cairn.seed", System.nanoTime());
    System.out.println("seed " + seed);
    random = new Random(seed);
    try (StoreEngine engine = newEngine()) {
      run(engine);
    } catch (RuntimeException | AssertionError e) {
      throw new AssertionError("with seed " + seed, e);
    }
  }

  private void run(StoreEngine engine) {
    Path home = newDirectory();
    Model model = new Model();
    Path backup = newDirectory();
    Model backedUp = model.copy();
    long index = 0;
    ItemStore store = engine.create(home);
    try {
      store.checkpoint(backup);
      for (int step = 0; step < STEPS; step++) {
        switch (random.nextInt(11)) {
          case 0 -> {
            store.close();
            store = engine.open(home);
          }
          case 1 -> {
            backup = newDirectory();
            store.checkpoint(backup);
            backedUp = model.copy();
          }
          case 2 -> {
            Model restored = restore(engine, store, backup, backedUp, model);
            index += restored.equals(model) && store.appliedIndex() == index ? 0 : 1;
            model = restored;
          }
          case 3 -> store.flush();
          case 5 -> {
            model = resettle(store, model);
            index = store.appliedIndex();
          }
          case 4 -> {
            Path clone = newDirectory();
            engine.cloneDatabase(backup, clone);
            try (ItemStore opened = engine.open(clone)) {
              assertHolds(opened, backedUp);
            }
          }
          default -> {
            Model changed = change(store, model);
            index = Math.max(index, store.appliedIndex());
            model = changed;
          }
        }
        assertHolds(store, model);
        assertThat(store.appliedIndex()).isEqualTo(index);
      }
      try (ItemStore picture = engine.openReadOnly(backup)) {
        assertHolds(picture, backedUp);
      }
    } finally {
      store.close();
    }
  }

  /** A transaction of random changes; returns what the store should hold afterwards. */
  private Model change(ItemStore store, Model before) {
    Model model = before.copy();
    Model savepoint = null;
    long index = store.appliedIndex();
    try (ItemTransaction transaction = store.begin()) {
      for (int i = random.nextInt(12); i >= 0; i--) {
        CollectionId collection = anyCollection();
        switch (random.nextInt(12)) {
          case 0 -> {
            transaction.create(collection);
            model.collections.computeIfAbsent(collection, id -> new TreeMap<>());
          }
          case 1 -> {
            assertThat(transaction.truncate(collection)).isEqualTo(stats(model, collection));
            model.collections.computeIfPresent(collection, (id, items) -> new TreeMap<>());
          }
          case 2 -> {
            assertThat(transaction.drop(collection)).isEqualTo(stats(model, collection));
            model.collections.remove(collection);
          }
          case 3 -> {
            transaction.savepoint();
            savepoint = model.copy();
          }
          case 4 -> {
            if (savepoint != null) {
              transaction.rollback();
              model = savepoint.copy();
            }
          }
          case 5, 6 -> {
            String id = anyId();
            TreeMap<String, StoredItem> items = model.collections.get(collection);
            boolean there = items != null && items.remove(id) != null;
            assertThat(transaction.delete(collection, id)).isEqualTo(there);
          }
          case 7 -> {
            String key = "m" + random.nextInt(3);
            if (random.nextBoolean()) {
              transaction.putMarker(key, ByteString.copyFromUtf8("" + random.nextInt()));
              model.markers.put(key, transaction.marker(key).orElseThrow());
            } else {
              transaction.deleteMarker(key);
              model.markers.remove(key);
            }
          }
          default -> {
            StoredItem item = anyItem();
            transaction.put(collection, item);
            model
                .collections
                .computeIfAbsent(collection, id -> new TreeMap<>())
                .put(item.id(), item);
          }
        }
        assertHolds(transaction, model, collection);
      }
      if (random.nextInt(8) == 0) {
        return before;
      }
      long committed = transaction.commit(Durability.BUFFERED);
      assertThat(committed).isBetween(index, index + 1);
      assertThat(store.appliedIndex()).isEqualTo(committed);
      if (!model.equals(before)) {
        assertThat(committed).isEqualTo(index + 1);
      }
      return model;
    }
  }

  /** Moves a collection, if one has outgrown its place, while others and it change. */
  private Model resettle(ItemStore store, Model before) {
    Model model = before;
    Optional<StagedCollections> moved =
        store.resettle(directory.resolve("scratch"), (c, i, b) -> {});
    for (int i = random.nextInt(3); i > 0; i--) {
      model = change(store, model);
    }
    if (moved.isPresent()) {
      try (StagedCollections copy = moved.get();
          ItemTransaction transaction = store.begin()) {
        if (random.nextInt(4) > 0 && transaction.resettle(copy)) {
          transaction.commit(Durability.BUFFERED);
        }
      }
    }
    return model;
  }

  /** Stages random collections of a backup and puts them in place, or not. */
  private Model restore(
      StoreEngine engine, ItemStore store, Path backup, Model backedUp, Model before) {
    Model model = before.copy();
    CollectionId source = anyCollection();
    CollectionId destination = anyCollection();
    try (ItemStore picture = engine.openReadOnly(backup);
        StagedCollections staged =
            store.stage(
                picture,
                Map.of(source, destination),
                directory.resolve("scratch"),
                (c, i, b) -> {});
        ItemTransaction transaction = store.begin()) {
      assertThat(staged.contents())
          .containsExactly(Map.entry(destination, stats(backedUp, source)));
      if (random.nextBoolean()) {
        return before;
      }
      transaction.replace(staged);
      model.collections.put(
          destination, new TreeMap<>(backedUp.collections.getOrDefault(source, new TreeMap<>())));
      if (random.nextBoolean()) {
        StoredItem item = anyItem();
        transaction.put(destination, item);
        model.collections.get(destination).put(item.id(), item);
      }
      transaction.commit(Durability.SYNCED);
      return model;
    }
  }

  private static void assertHolds(ItemStore store, Model model) {
    assertThat(StoreFixtures.contents(store)).isEqualTo(lists(model));
    store.collections().forEach((id, stats) -> assertThat(stats).isEqualTo(stats(model, id)));
    model.collections.forEach(
        (collection, items) -> {
          assertThat(store.get(collection, List.copyOf(items.keySet()))).isEqualTo(items);
          items.forEach((id, item) -> assertThat(store.get(collection, id)).contains(item));
        });
    for (int i = 0; i < 3; i++) {
      assertThat(store.marker("m" + i).orElse(null)).isEqualTo(model.markers.get("m" + i));
    }
  }

  private void assertHolds(ItemTransaction transaction, Model model, CollectionId collection) {
    String id = anyId();
    StoredItem item = model.collections.getOrDefault(collection, new TreeMap<>()).get(id);
    assertThat(transaction.get(collection, id).orElse(null)).isEqualTo(item);
    assertThat(transaction.stats(collection)).isEqualTo(stats(model, collection));
    assertThat(transaction.collections()).containsExactlyElementsOf(model.collections.keySet());
    assertThat(transaction.markers("m")).isEqualTo(model.markers);
  }

  private static Map<CollectionId, List<StoredItem>> lists(Model model) {
    Map<CollectionId, List<StoredItem>> lists = new TreeMap<>();
    model.collections.forEach((id, items) -> lists.put(id, new ArrayList<>(items.values())));
    return lists;
  }

  private static CollectionStats stats(Model model, CollectionId collection) {
    return StoreFixtures.statsOf(
        List.copyOf(model.collections.getOrDefault(collection, new TreeMap<>()).values()));
  }

  private CollectionId anyCollection() {
    return COLLECTIONS.get(random.nextInt(COLLECTIONS.size()));
  }

  private String anyId() {
    return "i" + random.nextInt(15);
  }

  private StoredItem anyItem() {
    return new StoredItem(
        anyId(),
        ByteString.copyFromUtf8("x".repeat(random.nextInt(200))),
        "o".repeat(random.nextInt(5)),
        Instant.ofEpochSecond(random.nextInt(), random.nextInt(1_000_000_000)),
        Instant.ofEpochSecond(random.nextInt(), random.nextInt(1_000_000_000)),
        random.nextInt(1000));
  }

  private Path newDirectory() {
    return directory.resolve("d" + directories++);
  }
}
