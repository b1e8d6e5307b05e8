package dev.cairn.server.config;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import com.code_intelligence.jazzer.mutation.annotation.NotNull;
import dev.cairn.server.config.PropertiesText.BadLineException;
import java.time.Duration;
import java.util.List;

/** What stands in a configuration is understood or refused, and what is printed is understood. */
class ConfigTextFuzzTest {
  @FuzzTest
  void durationIsReadAgainOrRefused(@NotNull String text) {
    try {
      Duration duration = DurationText.parse(text);
      assertThat(duration).isGreaterThanOrEqualTo(Duration.ZERO);
      assertThat(DurationText.parse(DurationText.print(duration))).isEqualTo(duration);
    } catch (IllegalArgumentException e) {
      assertThat(e).hasMessageMatching("(?s).+");
    }
  }

  @FuzzTest
  void sizeIsReadAgainOrRefused(@NotNull String text) {
    try {
      long size = SizeText.parse(text);
      assertThat(size).isNotNegative();
      assertThat(SizeText.parse(SizeText.print(size))).isEqualTo(size);
    } catch (IllegalArgumentException e) {
      assertThat(e).hasMessageMatching("(?s).+");
    }
  }

  @FuzzTest
  void fileIsReadOrALineIsNamed(@NotNull String file) {
    try {
      List<PropertiesText.Line> lines = PropertiesText.parse(file);
      assertThat(lines).allMatch(line -> line.number() >= 1);
      assertThat(lines).allMatch(line -> line.number() <= file.lines().count());
    } catch (BadLineException e) {
      assertThat(e).hasMessageMatching("(?s)line [0-9]+: .+");
    }
  }

  @FuzzTest
  void valueIsReadAgain(@NotNull String value) throws BadLineException {
    String stripped = value.strip();
    List<PropertiesText.Line> lines =
        PropertiesText.parse("key=" + PropertiesText.escape(stripped) + "\n");
    assertThat(lines).hasSize(1);
    assertThat(lines.get(0).name()).isEqualTo("key");
    assertThat(lines.get(0).value()).isEqualTo(stripped);
  }
}
