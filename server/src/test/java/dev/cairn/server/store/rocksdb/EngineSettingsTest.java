package dev.cairn.server.store.rocksdb;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class EngineSettingsTest {
  private static final long MIB = 1 << 20;

  @Test
  void hasDefaultsThatFitEachOther() {
    assertThat(EngineSettings.defaults().maxOpenDatabases()).isPositive();
  }

  @Test
  void refusesWriteBuffersTooSmallForTheOpenDatabases() {
    assertThatThrownBy(
            () -> new EngineSettings(512 * MIB, 64 * MIB, 200 * MIB, 2, 1_000, 64, 64 * MIB))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("writeBufferBytes");
  }

  @Test
  void refusesACacheWithoutRoomForBlocks() {
    assertThatThrownBy(() -> new EngineSettings(64 * MIB, 64 * MIB, 200 * MIB, 2, 16, 64, 64 * MIB))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("cacheBytes");
  }
}
