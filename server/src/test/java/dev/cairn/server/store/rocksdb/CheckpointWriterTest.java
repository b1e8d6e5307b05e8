package dev.cairn.server.store.rocksdb;

import static dev.cairn.server.store.StoreFixtures.CITIES;
import static dev.cairn.server.store.StoreFixtures.item;
import static dev.cairn.server.store.StoreFixtures.put;
import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.server.store.CheckpointFile;
import dev.cairn.server.store.ItemStore;
import dev.cairn.server.store.StagedCollections;
import dev.cairn.server.store.StoreEngine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CheckpointWriterTest {
  @TempDir Path directory;

  @Test
  void knowsTheChecksumsOfTableFilesFlushedAndIngested() throws IOException {
    Path target = directory.resolve("checkpoint");
    try (StoreEngine engine = TestEngines.small();
        ItemStore store = engine.create(directory.resolve("store"))) {
      put(store, CITIES, item("rome"));
      try (StagedCollections staged =
          store.stage(
              store, Map.of(CITIES, CITIES), directory.resolve("scratch"), (c, i, b) -> {})) {
        assertThat(staged.contents()).hasSize(1);

        List<CheckpointFile> tables =
            store.checkpoint(target).stream().filter(f -> f.name().endsWith(".sst")).toList();

        assertThat(tables).hasSizeGreaterThan(1);
        for (CheckpointFile table : tables) {
          assertThat(table.crc32c()).hasValue(crc32c(target.resolve(table.name())));
        }
      }
    }
  }

  private static int crc32c(Path file) throws IOException {
    CRC32C checksum = new CRC32C();
    checksum.update(Files.readAllBytes(file));
    return (int) checksum.getValue();
  }
}
