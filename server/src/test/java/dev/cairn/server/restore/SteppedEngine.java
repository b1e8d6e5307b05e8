package dev.cairn.server.restore;

import com.google.protobuf.ByteString;
import dev.cairn.server.store.CheckpointFile;
import dev.cairn.server.store.CollectionId;
import dev.cairn.server.store.CollectionStats;
import dev.cairn.server.store.CopyListener;
import dev.cairn.server.store.Durability;
import dev.cairn.server.store.ItemCursor;
import dev.cairn.server.store.ItemStore;
import dev.cairn.server.store.ItemTransaction;
import dev.cairn.server.store.KeyValueStore;
import dev.cairn.server.store.StagedCollections;
import dev.cairn.server.store.StoreEngine;
import dev.cairn.server.store.StoredItem;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.function.BiPredicate;
import java.util.function.Supplier;

/** Announces every change that an engine and its databases make. */
final class SteppedEngine implements StoreEngine {
  private final StoreEngine engine;
  private final Steps steps;

  SteppedEngine(StoreEngine engine, Steps steps) {
    this.engine = engine;
    this.steps = steps;
  }

  private ItemStore opened(String how, Supplier<ItemStore> opening) {
    steps.pass("before " + how);
    ItemStore store = opening.get();
    boolean done = false;
    try {
      steps.pass("after " + how);
      done = true;
      return new SteppedStore(store, steps);
    } finally {
      if (!done) {
        store.close();
      }
    }
  }

  @Override
  public ItemStore create(Path directory) {
    return opened("create a database", () -> engine.create(directory));
  }

  @Override
  public ItemStore open(Path directory) {
    return opened("open a database", () -> engine.open(directory));
  }

  @Override
  public ItemStore openReadOnly(Path directory) {
    return opened("open a backup", () -> engine.openReadOnly(directory));
  }

  @Override
  public void cloneDatabase(Path source, Path target) {
    steps.pass("before clone a database");
    engine.cloneDatabase(source, target);
    steps.pass("after clone a database");
  }

  @Override
  public KeyValueStore openCatalog(Path directory) {
    return new SteppedCatalog(engine.openCatalog(directory), steps);
  }

  /** Closes nothing: tests share one engine. */
  @Override
  public void close() {}

  private record SteppedCatalog(KeyValueStore store, Steps steps) implements KeyValueStore {
    @Override
    public Optional<ByteString> get(String key) {
      return store.get(key);
    }

    @Override
    public void scan(String prefix, String after, BiPredicate<String, ByteString> visitor) {
      store.scan(prefix, after, visitor);
    }

    @Override
    public void scanDescending(
        String prefix, String before, BiPredicate<String, ByteString> visitor) {
      store.scanDescending(prefix, before, visitor);
    }

    @Override
    public void write(List<Change> changes) {
      String what =
          "write to the catalog " + changes.stream().map(each -> kind(each.key())).toList();
      steps.pass("before " + what);
      store.write(changes);
      steps.pass("after " + what);
    }

    private static String kind(String key) {
      int slash = key.indexOf('/');
      return slash < 0 ? key : key.substring(0, slash);
    }

    @Override
    public void close() {
      store.close();
    }
  }

  /**
   * As the contract says, a store whose write failed no longer is healthy: nobody knows what is on
   * disk.
   */
  private static final class SteppedStore implements ItemStore {
    private final ItemStore store;
    private final Steps steps;
    private volatile boolean failed;

    SteppedStore(ItemStore store, Steps steps) {
      this.store = store;
      this.steps = steps;
    }

    @Override
    public SortedMap<CollectionId, CollectionStats> collections() {
      return store.collections();
    }

    @Override
    public CollectionStats stats(CollectionId collection) {
      return store.stats(collection);
    }

    @Override
    public Optional<StoredItem> get(CollectionId collection, String itemId) {
      return store.get(collection, itemId);
    }

    @Override
    public Found get(CollectionId collection, List<String> itemIds, long maxBytes) {
      return store.get(collection, itemIds, maxBytes);
    }

    @Override
    public ItemCursor scan(CollectionId collection, String afterItemId) {
      return store.scan(collection, afterItemId);
    }

    @Override
    public Optional<ByteString> marker(String key) {
      return store.marker(key);
    }

    @Override
    public long appliedIndex() {
      return store.appliedIndex();
    }

    @Override
    public ItemTransaction begin() {
      return new SteppedTransaction(this, store.begin());
    }

    @Override
    public StagedCollections stage(
        ItemStore source,
        Map<CollectionId, CollectionId> copies,
        Path scratch,
        CopyListener listener) {
      steps.pass("before stage collections");
      ItemStore bare = source instanceof SteppedStore stepped ? stepped.store : source;
      CopyListener stepping =
          (destination, items, bytes) -> {
            steps.pass("while staging collections");
            listener.copied(destination, items, bytes);
          };
      StagedCollections staged = store.stage(bare, copies, scratch, stepping);
      boolean done = false;
      try {
        steps.pass("after stage collections");
        done = true;
        return staged;
      } finally {
        if (!done) {
          staged.close();
        }
      }
    }

    @Override
    public void beginFlush() {
      store.beginFlush();
    }

    @Override
    public void flush() {
      write("flush", store::flush);
    }

    @Override
    public List<CheckpointFile> checkpoint(Path directory) {
      steps.pass("before checkpoint");
      List<CheckpointFile> files = store.checkpoint(directory);
      steps.pass("after checkpoint");
      return files;
    }

    private void write(String what, Runnable change) {
      boolean done = false;
      try {
        steps.pass("before " + what);
        change.run();
        steps.pass("after " + what);
        done = true;
      } finally {
        failed |= !done;
      }
    }

    @Override
    public boolean isHealthy() {
      return !failed && store.isHealthy();
    }

    @Override
    public void close() {
      store.close();
    }
  }

  private record SteppedTransaction(SteppedStore owner, ItemTransaction transaction)
      implements ItemTransaction {
    @Override
    public Optional<StoredItem> get(CollectionId collection, String itemId) {
      return transaction.get(collection, itemId);
    }

    @Override
    public void expect(CollectionId collection, List<String> itemIds) {
      transaction.expect(collection, itemIds);
    }

    @Override
    public CollectionStats stats(CollectionId collection) {
      return transaction.stats(collection);
    }

    @Override
    public void put(CollectionId collection, StoredItem item) {
      transaction.put(collection, item);
    }

    @Override
    public boolean delete(CollectionId collection, String itemId) {
      return transaction.delete(collection, itemId);
    }

    @Override
    public void create(CollectionId collection) {
      transaction.create(collection);
    }

    @Override
    public CollectionStats truncate(CollectionId collection) {
      return transaction.truncate(collection);
    }

    @Override
    public CollectionStats drop(CollectionId collection) {
      return transaction.drop(collection);
    }

    @Override
    public void replace(StagedCollections staged) {
      transaction.replace(staged);
    }

    @Override
    public Optional<ByteString> marker(String key) {
      return transaction.marker(key);
    }

    @Override
    public Map<String, ByteString> markers(String prefix) {
      return transaction.markers(prefix);
    }

    @Override
    public void putMarker(String key, ByteString value) {
      transaction.putMarker(key, value);
    }

    @Override
    public void deleteMarker(String key) {
      transaction.deleteMarker(key);
    }

    @Override
    public void savepoint() {
      transaction.savepoint();
    }

    @Override
    public void rollback() {
      transaction.rollback();
    }

    @Override
    public long commit(Durability durability) {
      long[] index = {0};
      owner.write("commit", () -> index[0] = transaction.commit(durability));
      return index[0];
    }

    @Override
    public void close() {
      transaction.close();
    }

    @Override
    public List<CollectionId> collections() {
      return transaction.collections();
    }
  }
}
