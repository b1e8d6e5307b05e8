package dev.cairn.server.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ItemDataTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "{}",
        " \n\t{ \"a\" : null }\r\n ",
        "{\"n\":12345678901234567890.123456789012345678901234567890e-999999}",
        "{\"n\":-0,\"big\":1E+400}",
        "{\"text\":\"\\ud800 alone, \\u0000 and 😀\"}",
        "{\"\":{\"\":[[],{}]}}",
        "{\"a\":{\"x\":1},\"b\":{\"x\":1}}"
      })
  void takesAnyJsonObject(String data) {
    assertThat(problem(data)).isEmpty();
  }

  @Test
  void takesNumbersOfAnyLength() {
    assertThat(problem("{\"n\":" + "9".repeat(100_000) + "}")).isEmpty();
    assertThat(problem("{\"n\":0." + "1".repeat(100_000) + "}")).isEmpty();
  }

  @Test
  void takesTextsAndKeysOfAnyLength() {
    assertThat(problem("{\"" + "k".repeat(200_000) + "\":\"" + "v".repeat(200_000) + "\"}"))
        .isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "null",
        "[]",
        "\"text\"",
        "1",
        "{",
        "{\"a\":1",
        "{\"a\"}",
        "{\"a\":1,}",
        "{'a':1}",
        "{a:1}",
        "{\"a\":NaN}",
        "{\"a\":01}",
        "{\"a\":.5}",
        "{\"a\":+1}",
        "{} {}",
        "{}x",
        "{\"a\":1}// comment",
        "{\"a\":\"line\nbreak\"}",
        "{\"a\":1,\"a\":2}",
        "{\"a\":1,\"\\u0061\":2}",
        "{\"deep\":{\"a\":1,\"a\":2}}"
      })
  void refusesEverythingElse(String data) {
    assertThat(problem(data)).isPresent();
  }

  @Test
  void nestingIsLimited() {
    String inner = "[".repeat(999) + "]".repeat(999);
    assertThat(problem("{\"a\":" + inner + "}")).isEmpty();
    assertThat(problem("{\"a\":[" + inner + "]}"))
        .hasValueSatisfying(problem -> assertThat(problem).contains("1000 levels"));
  }

  @Test
  void refusesOtherEncodings() {
    assertThat(ItemData.problem(ByteString.copyFrom("{\"a\":1}", StandardCharsets.UTF_16LE)))
        .isPresent();
    assertThat(ItemData.problem(ByteString.copyFrom("{\"a\":1}", StandardCharsets.UTF_16BE)))
        .isPresent();
    assertThat(ItemData.problem(ByteString.copyFromUtf8("\ufeff{}")))
        .hasValueSatisfying(problem -> assertThat(problem).contains("byte order mark"));
    assertThat(ItemData.problem(ByteString.fromHex("7b2261223a22ff227d")))
        .hasValueSatisfying(problem -> assertThat(problem).contains("UTF-8"));
    // A surrogate encoded as UTF-8, and an overlong slash.
    assertThat(ItemData.problem(ByteString.fromHex("7b2261223a22eda080227d"))).isPresent();
    assertThat(ItemData.problem(ByteString.fromHex("7b2261223a22c0af227d"))).isPresent();
  }

  private static Optional<String> problem(String data) {
    return ItemData.problem(ByteString.copyFromUtf8(data));
  }
}
