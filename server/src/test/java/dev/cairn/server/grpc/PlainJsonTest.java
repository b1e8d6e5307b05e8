package dev.cairn.server.grpc;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The quick look takes what is plain, and never what the close look refuses. */
class PlainJsonTest {
  private static final List<String> DOCUMENTS =
      List.of(
          "{\"name\":\"Käse\",\"price\":-12.50e+3,\"tags\":[\"a\",\"b\\n"
              + "\",null],\"in\":{\"in\":1}}",
          " {\n\t\"a\" : [ 1 , 0.5 , 1E5 , -0 ] ,\r\n \"b\" : { } , \"c\" : [ ] } ",
          "{\"a\":true,\"b\":false,\"\":\"\\u00e4\\\\\\\"\\/\",\"c\":[[[{\"a\":{}}]]]}");

  private static final String BITS = "{}[]\",:\\ 0123456789.eE+-truefalsnu\u0001\u00e4ab\n";

  @Test
  void takesPlainDocuments() {
    assertThat(DOCUMENTS).allMatch(document -> PlainJson.isObject(document.getBytes(UTF_8)));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " ",
        "[]",
        "1",
        "{",
        "{}}",
        "{} {}",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{,}",
        "{\"a\":[1,]}",
        "{\"a\":[}",
        "{a:1}",
        "{'a':1}",
        "{\"a\":01}",
        "{\"a\":1.}",
        "{\"a\":.5}",
        "{\"a\":+1}",
        "{\"a\":1e}",
        "{\"a\":-}",
        "{\"a\":tru}",
        "{\"a\":truex}",
        "{\"a\":NaN}",
        "{\"a\":\"\\x\"}",
        "{\"a\":\"\\u12g4\"}",
        "{\"a\":\"\t\"}",
        "{\"a\":\"",
        "{\"a\":\"\\",
        "{\"a\":\"\\u12",
        "{\"a\":1,\"b\":2,\"a\":3}",
        "{\"a\":{\"b\":1,\"b\":2}}",
        "{\"a\":1 2}",
        "{\"a\":1}\u0000",
        "/**/{}",
        "{\"a\":1/**/}"
      })
  void takesNothingThatIsWrong(String data) {
    assertThat(PlainJson.isObject(data.getBytes(UTF_8))).isFalse();
  }

  @Test
  void leavesWhatIsRareToTheCloseLook() {
    assertThat(PlainJson.isObject("{\"\\u0061\":1}".getBytes(UTF_8))).isFalse();
    assertThat(PlainJson.isObject(nested(80).getBytes(UTF_8))).isFalse();
    assertThat(PlainJson.isObject(nested(60).getBytes(UTF_8))).isTrue();
  }

  private static String nested(int levels) {
    return "{\"a\":" + "[".repeat(levels) + "]".repeat(levels) + "}";
  }

  @Test
  void neverTakesWhatTheCloseLookRefuses() {
    long seed = Long.getLong("json.seed", System.nanoTime());
    System.out.println("PlainJsonTest: -Djson.seed=" + seed);
    Random random = new Random(seed);
    int taken = 0;
    for (int i = 0; i < 20_000; i++) {
      byte[] data = mutated(DOCUMENTS.get(random.nextInt(DOCUMENTS.size())), random);
      if (ByteString.copyFrom(data).isValidUtf8() && PlainJson.isObject(data)) {
        taken++;
        assertThat(ItemData.syntaxProblem(ByteString.copyFrom(data)))
            .as("seed %d: %s", seed, new String(data, UTF_8))
            .isEmpty();
      }
    }
    assertThat(taken).isGreaterThan(500);
  }

  /** Some bytes of the document are replaced, removed or doubled. */
  private static byte[] mutated(String document, Random random) {
    StringBuilder text = new StringBuilder(document);
    for (int change = random.nextInt(3); change >= 0; change--) {
      int at = random.nextInt(text.length());
      char bit = BITS.charAt(random.nextInt(BITS.length()));
      switch (random.nextInt(4)) {
        case 0 -> text.setCharAt(at, bit);
        case 1 -> text.insert(at, bit);
        case 2 -> text.deleteCharAt(at);
        default -> {
          int end = Math.min(text.length(), at + 1 + random.nextInt(8));
          text.insert(random.nextInt(text.length()), text.substring(at, end));
        }
      }
    }
    byte[] bytes = text.toString().getBytes(UTF_8);
    return random.nextInt(10) == 0 ? Arrays.copyOf(bytes, random.nextInt(bytes.length + 1)) : bytes;
  }
}
