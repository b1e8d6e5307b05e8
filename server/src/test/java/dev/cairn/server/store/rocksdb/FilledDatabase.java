package dev.cairn.server.store.rocksdb;

import dev.cairn.server.store.CollectionId;
import dev.cairn.server.store.Durability;
import dev.cairn.server.store.ItemTransaction;
import dev.cairn.server.store.SampleItems;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A database for measuring: one collection of {@link SampleItems}, in table files, open both as a
 * store and as plain RocksDB, so that the two are compared on the same files with the same options.
 * Gone when it is closed.
 */
final class FilledDatabase implements AutoCloseable {
  static final CollectionId PLACES = new CollectionId("places");
  private static final int ITEMS_AT_ONCE = 1_000;

  private final Path directory;
  private final EngineOptions options;
  private final Database database;
  private final RocksItemStore store;
  private final int number;

  FilledDatabase(int items) throws IOException {
    directory = Files.createTempDirectory("cairn-benchmark");
    options = new EngineOptions(EngineSettings.defaults());
    try (var creating = options.newDatabase()) {
      database =
          Database.open(
              creating,
              options.contentFamilies(),
              directory.resolve("database"),
              ConcurrentHashMap.newKeySet());
    }
    store = RocksItemStore.format(database, options);
    for (int first = 0; first < items; first += ITEMS_AT_ONCE) {
      try (ItemTransaction transaction = store.begin()) {
        for (int i = first; i < Math.min(items, first + ITEMS_AT_ONCE); i++) {
          transaction.put(PLACES, SampleItems.item(i));
        }
        transaction.commit(Durability.BUFFERED);
      }
    }
    store.flush();
    number = Objects.requireNonNull(store.row(PLACES)).home().number();
  }

  RocksItemStore store() {
    return store;
  }

  Database database() {
    return database;
  }

  EngineOptions options() {
    return options;
  }

  Path directory() {
    return directory;
  }

  /** Under which the collection's items are kept. */
  int number() {
    return number;
  }

  @Override
  public void close() {
    store.close();
    options.close();
    DatabaseFiles.deleteIgnoringErrors(directory);
  }
}
