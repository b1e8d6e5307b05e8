package dev.cairn.server.site;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cairn.server.error.ServiceException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CatalogTest {
  @TempDir Path directory;

  @Test
  void numbersItsChangesAcrossRestarts() {
    try (Installation first = Installation.open(directory)) {
      assertThat(first.catalog.lastChange()).isZero();
      put(first.catalog);
      put(first.catalog);
      assertThat(first.catalog.lastChange()).isEqualTo(2);
    }
    try (Installation second = Installation.open(directory)) {
      assertThat(second.catalog.lastChange()).isEqualTo(2);
      put(second.catalog);
      assertThat(second.catalog.lastChange()).isEqualTo(3);
    }
  }

  @Test
  void readingIsNoChange() {
    try (Installation server = Installation.open(directory)) {
      server.catalog.apply(transaction -> transaction.get("note", String.class));

      assertThat(server.catalog.lastChange()).isZero();
    }
  }

  @Test
  void aNumberIsKnownOnceItsChangeIsDurableAndNeverUsedTwice() {
    for (FaultyKeyValueStore.Fault fault :
        new FaultyKeyValueStore.Fault[] {
          FaultyKeyValueStore.Fault.NOT_WRITTEN, FaultyKeyValueStore.Fault.WRITTEN
        }) {
      Path place = directory.resolve(fault.name());
      try (Installation server = Installation.open(place)) {
        put(server.catalog);
        server.store.failAfter(0, fault);
        assertThatThrownBy(() -> put(server.catalog)).isInstanceOf(ServiceException.class);
        assertThat(server.catalog.lastChange()).isEqualTo(1);

        server.store.failAfter(0, FaultyKeyValueStore.Fault.NONE);
        put(server.catalog);
        assertThat(server.catalog.lastChange()).isEqualTo(3);
      }
    }
  }

  @Test
  void oneThatIsMadeAnewGoesOnCounting() {
    try (Installation server = Installation.open(directory)) {
      server.catalog.continueAfter(40);

      assertThat(server.catalog.lastChange()).isEqualTo(41);
    }
    try (Installation again = Installation.open(directory)) {
      assertThat(again.catalog.lastChange()).isEqualTo(41);
    }
  }

  private static void put(Catalog catalog) {
    catalog.apply(
        transaction -> {
          transaction.put("note", "text");
          return Boolean.TRUE;
        });
  }
}
