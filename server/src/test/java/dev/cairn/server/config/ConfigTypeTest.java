package dev.cairn.server.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class ConfigTypeTest {
  private static final ConfigType<Integer> PORT = ConfigType.integer(0, 65_535);
  private static final ConfigType<Long> SIZE = ConfigType.size("1KB", "1GiB");
  private static final ConfigType<Duration> DURATION = ConfigType.duration("10ms", "7d");

  @ParameterizedTest
  @CsvSource({"0, 0", "7600, 7600", "65535, 65535", "007, 7"})
  void readsWholeNumbersWithinTheBounds(String text, int value) {
    assertThat(PORT.parse(text)).isEqualTo(value);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "-1", "65536", "x", "1.0", "1e3", " 1", "+1", "99999999999", "\u0661"})
  void refusesOtherNumbers(String text) {
    refused(PORT, text);
  }

  @ParameterizedTest
  @CsvSource({
    "1000, 1000, 1KB",
    "1KB, 1000, 1KB",
    "1KiB, 1024, 1KiB",
    "500KB, 500000, 500KB",
    "4096, 4096, 4KiB",
    "4097B, 4097, 4097",
    "4MiB, 4194304, 4MiB",
    "4MB, 4000000, 4MB",
    "1GiB, 1073741824, 1GiB",
    "1GB, 1000000000, 1GB",
    "1024KiB, 1048576, 1MiB",
  })
  void readsSizes(String text, long bytes, String printed) {
    assertThat(SIZE.parse(text)).isEqualTo(bytes);
    assertThat(SIZE.print(bytes)).isEqualTo(printed);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "999",
        "2GiB",
        "1kb",
        "1K",
        "1 KB",
        "1.5MiB",
        "-1KB",
        "KB",
        "9999999TiB",
        "1 "
      })
  void refusesOtherSizes(String text) {
    refused(SIZE, text);
  }

  @ParameterizedTest
  @CsvSource({
    "10ms, PT0.01S, 10ms",
    "500ms, PT0.5S, 500ms",
    "1000ms, PT1S, 1s",
    "30s, PT30S, 30s",
    "90s, PT1M30S, 90s",
    "10m, PT10M, 10m",
    "24h, PT24H, 1d",
    "36h, PT36H, 36h",
    "7d, PT168H, 7d",
  })
  void readsDurations(String text, Duration duration, String printed) {
    assertThat(DURATION.parse(text)).isEqualTo(duration);
    assertThat(DURATION.print(duration)).isEqualTo(printed);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "9ms", "0", "8d", "30", "30 s", "30S", "1h30m", "-1s", "1w", "999999999999d"})
  void refusesOtherDurations(String text) {
    refused(DURATION, text);
  }

  @Test
  void zeroIsADurationWhereItIsAllowed() {
    ConfigType<Duration> type = ConfigType.duration("0", "10m");

    assertThat(type.parse("0")).isZero();
    assertThat(type.parse("0s")).isZero();
    assertThat(type.print(Duration.ZERO)).isEqualTo("0");
  }

  @Test
  void durationCanBeOff() {
    ConfigType<Optional<Duration>> type = ConfigType.durationOrOff("1s", "1d");

    assertThat(type.parse("0")).isEmpty();
    assertThat(type.parse("5s")).contains(Duration.ofSeconds(5));
    assertThat(type.print(Optional.empty())).isEqualTo("0");
    assertThat(type.print(Optional.of(Duration.ofHours(1)))).isEqualTo("1h");
    refused(type, "500ms");
    refused(type, "0s");
    refused(type, "off");
  }

  @Test
  void numberCanBeAutomatic() {
    ConfigType<Integer> type = ConfigType.integerOrAuto(1, 10, () -> 42);

    assertThat(type.parse("auto")).isEqualTo(42);
    assertThat(type.parse("3")).isEqualTo(3);
    assertThat(type.allowed()).isEqualTo("auto or a whole number (auto, 1 to 10)");
    refused(type, "0");
    refused(type, "11");
    refused(type, "Auto");
  }

  @Test
  void readsTrueAndFalseAndNothingElse() {
    ConfigType<Boolean> type = ConfigType.flag();

    assertThat(type.parse("true")).isTrue();
    assertThat(type.parse("false")).isFalse();
    for (String text : new String[] {"", "TRUE", "yes", "1", "on"}) {
      refused(type, text);
    }
  }

  @Test
  void readsHosts() {
    ConfigType<String> type = ConfigType.host();

    for (String text : new String[] {"127.0.0.1", "::1", "fe80::1%eth0", "cairn.example.org"}) {
      assertThat(type.parse(text)).isEqualTo(text);
    }
    for (String text : new String[] {"", " ", "a b", "http://a", "a,b", "a".repeat(256)}) {
      refused(type, text);
    }
  }

  @Test
  void readsPaths() {
    assertThat(ConfigType.path().parse("./a b")).isEqualTo(Path.of("./a b"));
    assertThat(ConfigType.optionalPath().parse("")).isEmpty();
    assertThat(ConfigType.optionalPath().parse("a")).contains(Path.of("a"));
    refused(ConfigType.path(), "");
    refused(ConfigType.path(), "  ");
    refused(ConfigType.path(), "a\u0000b");
    refused(ConfigType.optionalPath(), " ");
  }

  @Test
  void whatIsPrintedReadsAsTheSameValue() {
    long seed = Long.getLong("cairn.seed", System.nanoTime());
    System.out.println("ConfigTypeTest seed " + seed + " (-Dcairn.seed=" + seed + ")");
    Random random = new Random(seed);
    for (int round = 0; round < 10_000; round++) {
      long bytes = random.nextLong() >>> (1 + random.nextInt(63));
      assertThat(SizeText.parse(SizeText.print(bytes))).as("seed %d", seed).isEqualTo(bytes);
      Duration duration = Duration.ofMillis(random.nextLong() >>> (24 + random.nextInt(40)));
      assertThat(DurationText.parse(DurationText.print(duration)))
          .as("seed %d", seed)
          .isEqualTo(duration);
    }
  }

  private static void refused(ConfigType<?> type, String text) {
    assertThatIllegalArgumentException().as(text).isThrownBy(() -> type.parse(text));
  }
}
