package dev.cairn.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import com.code_intelligence.jazzer.mutation.annotation.NotNull;
import dev.cairn.server.config.ConfigException;
import java.util.Map;

/** Whatever stands in a configuration is taken, or refused with words that name it. */
class ServerConfigFuzzTest {
  @FuzzTest
  void keyAndValueAreTakenOrRefused(@NotNull String key, @NotNull String value) {
    try {
      assertThat(ServerConfig.of(Map.of(key, value))).isNotNull();
    } catch (ConfigException e) {
      assertThat(e).hasMessageMatching("(?s).+");
    }
  }
}
