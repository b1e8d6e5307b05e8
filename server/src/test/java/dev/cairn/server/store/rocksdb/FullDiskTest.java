package dev.cairn.server.store.rocksdb;

import static dev.cairn.server.store.StoreFixtures.CITIES;
import static dev.cairn.server.store.StoreFixtures.ids;
import static dev.cairn.server.store.StoreFixtures.item;
import static dev.cairn.server.store.StoreFixtures.put;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import dev.cairn.server.store.ItemStore;
import dev.cairn.server.store.KeyValueStore;
import dev.cairn.server.store.KeyValueStore.Change;
import dev.cairn.server.store.SmallDisk;
import dev.cairn.server.store.StoreEngine;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What databases do on a disk that is full, and when it has room again. */
@Timeout(60)
class FullDiskTest {
  private static final int MANY = 10_000;

  @TempDir Path directory;
  private SmallDisk disk;
  private StoreEngine engine;

  @BeforeEach
  void mount() {
    disk = SmallDisk.mount(directory, 8);
    engine = TestEngines.small();
  }

  @AfterEach
  void unmount() {
    if (disk != null) {
      engine.close();
      disk.close();
    }
  }

  @Test
  void catalogGoesOnReadingAndTakesWritesAgainByItself() throws InterruptedException {
    try (KeyValueStore catalog = engine.openCatalog(disk.root().resolve("catalog"))) {
      List<String> acknowledged = new ArrayList<>();
      String failed = writeUntilFull(catalog, acknowledged);

      for (String key : acknowledged) {
        assertThat(catalog.get(key)).as(key).isPresent();
      }
      Optional<ByteString> unknown = catalog.get(failed);
      assertThat(writeFails(catalog, "refused").reason()).isEqualTo(Reason.DISK_FULL);
      assertThat(count(catalog)).isEqualTo(acknowledged.size() + (unknown.isPresent() ? 1 : 0));

      disk.empty();
      writeAgain(catalog, "again");

      assertThat(catalog.get("again")).isPresent();
      assertThat(catalog.get(failed)).as("what was read of it stays true").isEqualTo(unknown);
      for (String key : acknowledged) {
        assertThat(catalog.get(key)).as(key).isPresent();
      }
    }
    try (KeyValueStore catalog = engine.openCatalog(disk.root().resolve("catalog"))) {
      assertThat(catalog.get("again")).isPresent();
    }
  }

  private static int count(KeyValueStore catalog) {
    int[] count = {0};
    catalog.scan("", "", (key, value) -> ++count[0] > 0);
    return count[0];
  }

  private String writeUntilFull(KeyValueStore catalog, List<String> acknowledged) {
    disk.fill();
    for (int i = 0; i < MANY; i++) {
      String key = String.format("key-%05d", i);
      try {
        catalog.write(List.of(Change.put(key, ByteString.copyFrom(new byte[1000]))));
        acknowledged.add(key);
      } catch (ServiceException e) {
        assertThat(e.reason()).isEqualTo(Reason.DISK_FULL);
        return key;
      }
    }
    throw new AssertionError("the disk never fills");
  }

  private static ServiceException writeFails(KeyValueStore catalog, String key) {
    try {
      catalog.write(List.of(Change.put(key, ByteString.copyFromUtf8("x"))));
    } catch (ServiceException e) {
      return e;
    }
    throw new AssertionError("the write was made");
  }

  private static void writeAgain(KeyValueStore catalog, String key) throws InterruptedException {
    for (int i = 0; i < 200; i++) {
      try {
        catalog.write(List.of(Change.put(key, ByteString.copyFromUtf8("x"))));
        return;
      } catch (ServiceException e) {
        assertThat(e.retryAfter()).as("it says when to come again").isPresent();
        Thread.sleep(20);
      }
    }
    throw new AssertionError("the catalog does not recover");
  }

  @Test
  void siteOpensForReadingAndRefusesWritesWithAReason() {
    Path home = disk.root().resolve("site");
    engine.create(home).close();
    List<String> acknowledged = new ArrayList<>();
    try (ItemStore store = engine.open(home)) {
      disk.fill();
      ServiceException failure = null;
      for (int i = 0; failure == null && i < MANY; i++) {
        try {
          put(store, CITIES, item("c" + i, "x".repeat(1000)));
          acknowledged.add("c" + i);
        } catch (ServiceException e) {
          failure = e;
        }
      }
      assertThat(failure).isNotNull();
      assertThat(failure.reason()).isEqualTo(Reason.DISK_FULL);
      assertThat(store.isHealthy()).isFalse();
      assertThat(ids(store, CITIES)).containsAll(acknowledged);
    }

    try (ItemStore reading = engine.open(home)) {
      assertThat(reading.isHealthy()).isFalse();
      assertThat(ids(reading, CITIES)).containsAll(acknowledged);
      assertThat(beginFails(reading).reason()).isEqualTo(Reason.DISK_FULL);
    }

    disk.empty();
    try (ItemStore store = engine.open(home)) {
      assertThat(store.isHealthy()).isTrue();
      put(store, CITIES, item("last"));
      assertThat(ids(store, CITIES)).containsAll(acknowledged).contains("last");
    }
  }

  private static ServiceException beginFails(ItemStore store) {
    try {
      store.begin().close();
    } catch (ServiceException e) {
      return e;
    }
    throw new AssertionError("it takes writes");
  }
}
