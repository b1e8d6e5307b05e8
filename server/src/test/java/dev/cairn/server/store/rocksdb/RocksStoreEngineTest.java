package dev.cairn.server.store.rocksdb;

import static dev.cairn.server.store.StoreFixtures.CITIES;
import static dev.cairn.server.store.StoreFixtures.assertFails;
import static dev.cairn.server.store.StoreFixtures.item;
import static dev.cairn.server.store.StoreFixtures.put;
import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.server.error.Reason;
import dev.cairn.server.store.ItemStore;
import dev.cairn.server.store.StoreEngine;
import dev.cairn.server.store.StoreEngineContract;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The contract of store engines, for RocksDB. */
class RocksStoreEngineTest extends StoreEngineContract {
  @Override
  protected StoreEngine newEngine() {
    return TestEngines.small();
  }

  @Test
  void clonesNoLinksToWhatLiesElsewhere(@TempDir Path directory) throws IOException {
    Path checkpoint = directory.resolve("checkpoint");
    Path clone = directory.resolve("clone");
    try (StoreEngine engine = newEngine()) {
      try (ItemStore store = engine.create(directory.resolve("store"))) {
        put(store, CITIES, item("rome"));
        store.checkpoint(checkpoint);
      }
      Path table;
      try (Stream<Path> files = Files.list(checkpoint)) {
        table = files.filter(file -> file.toString().endsWith(".sst")).findFirst().orElseThrow();
      }
      Path elsewhere = Files.move(table, directory.resolve("elsewhere"));
      Files.createSymbolicLink(table, elsewhere);

      assertFails(Reason.DATA_CORRUPT, () -> engine.cloneDatabase(checkpoint, clone));
    }
    assertThat(clone).doesNotExist();
  }
}
