package dev.cairn.client.jsonl;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_16LE;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cairn.client.jsonl.ItemReader.Format;
import dev.cairn.v1.Item;
import java.io.ByteArrayInputStream;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ItemReaderTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"_id\":\"x\"}",
        "{ \"a\" : 1 ,\t\"_id\"  :  \"x\"  }",
        "{\"\\u005fid\":\"\\u0078\"}",
        "{\"n\":{\"_id\":\"inner\"},\"_id\":\"x\",\"l\":[{\"_id\":\"deep\"}]}",
        "{\"_id\":\"first\",\"_id\":\"x\"}",
        "{\"_id\":\"x\",\"n\":123456789012345678901234567890.12345678901234567890e-400}",
        "{\"_id\":\"x\",\"s\":\"\\ud800 alone, \\ud83d\\ude00 paired, \uD83D\uDE00 raw\"}",
        "{\"_id\":\"x\",\"\":null,\"\\\"}\":\"}{\\\\\",\"t\":true}",
        "{\"a\":[[[]],{}],\"_id\":\"x\"}"
      })
  void findsTheIdAndKeepsTheBytes(String document) {
    Item item = only(document);

    assertThat(item.getId()).isEqualTo("x");
    assertThat(item.getData().toStringUtf8()).isEqualTo(document);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{\"_id\":17}|17",
        "{\"_id\":1.50}|1.50",
        "{\"_id\":\"\uD83D\uDE00\"}|\uD83D\uDE00",
        "{\"_id\":\"\\ud83d\\ude00\"}|\uD83D\uDE00",
        "{\"_id\":null}|''",
        "{\"a\":1}|''"
      })
  void takesStringsAndNumbersAsIds(String document, String id) {
    assertThat(only(document).getId()).isEqualTo(id);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "[]|begin with {",
        "{\"a\":1} {}|more than one",
        "{\"a\":1}x|no valid JSON",
        "{\"a\":}|no valid JSON",
        "{\"a\":01}|no valid JSON",
        "{\"a\":NaN}|no valid JSON",
        "{'a':1}|no valid JSON",
        "{\"a\":1,}|no valid JSON",
        "{\"a\":\"\\x\"}|no valid JSON",
        "{\"a\":\"|no valid JSON",
        "{\"_id\":{}}|neither a string nor a number",
        "{\"_id\":true}|neither a string nor a number",
        "{\"_id\":\"\"}|empty",
        "{\"_id\":\"\\ud800\"}|surrogate"
      })
  void saysWhatIsWrongWithALine(String line, String problem) {
    ItemReader reader =
        reader("{\"_id\":\"1\"}\n\n" + line + "\n{\"_id\":\"2\"}\n", Format.DOCUMENTS);
    assertThat(reader.next().getId()).isEqualTo("1");

    assertThatThrownBy(reader::next)
        .isInstanceOf(BadLineException.class)
        .hasMessageStartingWith("line 3: ")
        .hasMessageContaining(problem);

    assertThat(reader.next().getId()).isEqualTo("2");
    assertThat(reader.lineNumber()).isEqualTo(4);
    assertThat(reader.hasNext()).isFalse();
  }

  @Test
  void refusesWhatIsNotUtf8() {
    assertThatThrownBy(() -> reader("{\"a\":\"é\"}".getBytes(ISO_8859_1)).next())
        .hasMessageContaining("not UTF-8");
    assertThatThrownBy(() -> reader("{\"a\":1}".getBytes(UTF_16LE)).next())
        .isInstanceOf(BadLineException.class);
    // Surrogates in UTF-8, and an overlong slash.
    assertThatThrownBy(
            () ->
                reader(new byte[] {'{', '"', (byte) 0xED, (byte) 0xA0, (byte) 0x80, '"', '}'})
                    .next())
        .hasMessageContaining("not UTF-8");
    assertThatThrownBy(
            () -> reader(new byte[] {'{', '"', (byte) 0xC0, (byte) 0xAF, '"', '}'}).next())
        .hasMessageContaining("not UTF-8");
  }

  @Test
  void passesOverBlankLinesWhiteSpaceAndByteOrderMark() {
    ItemReader reader =
        reader("\uFEFF \t{\"_id\":\"1\"} \r\n\r\n   \n{\"_id\":\"2\"}", Format.DOCUMENTS);

    List<Item> items = new ArrayList<>();
    reader.forEachRemaining(items::add);

    assertThat(items).extracting(Item::getId).containsExactly("1", "2");
    assertThat(items.get(0).getData().toStringUtf8()).isEqualTo("{\"_id\":\"1\"}");
  }

  @Test
  void takesAnotherFieldAsId() {
    Format format = new Format("code", true, false);

    assertThat(reader("{\"_id\":\"x\",\"code\":\"DE\"}", format).next().getId()).isEqualTo("DE");
    assertThatThrownBy(() -> reader("{\"_id\":\"x\"}", format).next())
        .hasMessage("line 1: \"code\" is missing");
  }

  @Test
  void readsItsOwnMetadata() {
    Format format = new Format("_id", false, true);

    Item item =
        reader(
                "{\"revision\":7, \"data\" : { \"a\" : 1.0 } , \"id\":\"x\",\"owner\":\"me\"}",
                format)
            .next();

    assertThat(item)
        .isEqualTo(
            Item.newBuilder()
                .setId("x")
                .setOwner("me")
                .setData(com.google.protobuf.ByteString.copyFromUtf8("{ \"a\" : 1.0 }"))
                .build());
    assertThatThrownBy(() -> reader("{\"id\":\"x\"}", format).next())
        .hasMessageContaining("\"data\" is missing");
    assertThatThrownBy(() -> reader("{\"id\":\"x\",\"data\":[]}", format).next())
        .hasMessageContaining("\"data\" is no object");
  }

  @Test
  void takesDocumentsAsDeepAsTheContractAllows() {
    String deep = "{\"_id\":\"x\",\"a\":" + "[".repeat(999) + "]".repeat(999) + "}";
    String deeper = "{\"_id\":\"x\",\"a\":" + "[".repeat(2000) + "]".repeat(2000) + "}";

    assertThat(only(deep).getData().toStringUtf8()).isEqualTo(deep);
    assertThatThrownBy(() -> only(deeper)).isInstanceOf(BadLineException.class);
  }

  @Test
  void refusesLinesThatFitIntoNoMessage() {
    String large = "{\"_id\":\"x\",\"a\":\"" + "y".repeat(ItemReader.MAX_LINE_BYTES) + "\"}";
    ItemReader reader = reader(large + "\n{\"_id\":\"2\"}\n", Format.DOCUMENTS);

    assertThatThrownBy(reader::next).hasMessageContaining("longer than");
    assertThat(reader.next().getId()).isEqualTo("2");
  }

  private static Item only(String line) {
    ItemReader reader = reader(line + "\n", Format.DOCUMENTS);
    Item item = reader.next();
    assertThat(reader.hasNext()).isFalse();
    return item;
  }

  private static ItemReader reader(String text, Format format) {
    return new ItemReader(new ByteArrayInputStream(text.getBytes(UTF_8)), format);
  }

  private static ItemReader reader(byte[] bytes) {
    return new ItemReader(new ByteArrayInputStream(bytes), Format.DOCUMENTS);
  }
}
