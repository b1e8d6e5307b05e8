package dev.cairn.client.jsonl;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.google.protobuf.Timestamp;
import dev.cairn.client.jsonl.ItemReader.Format;
import dev.cairn.v1.Item;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ItemWriterTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        // There already, however it is written.
        "{\"_id\":\"x\",\"a\":1}|{\"_id\":\"x\",\"a\":1}",
        "{ \"a\" : 1 , \"_id\" : \"x\" }|{ \"a\" : 1 , \"_id\" : \"x\" }",
        "{\"\\u005fid\":\"\\u0078\"}|{\"\\u005fid\":\"\\u0078\"}",
        "{\"_id\":\"old\",\"_id\":\"x\"}|{\"_id\":\"old\",\"_id\":\"x\"}",
        // Missing.
        "{}|{\"_id\":\"x\"}",
        "{ }|{\"_id\":\"x\"}",
        "{\"a\":1.00}|{\"_id\":\"x\",\"a\":1.00}",
        "{ \"a\" : 1 }|{\"_id\":\"x\",\"a\" : 1}",
        "{\"a\":{\"_id\":\"x\"}}|{\"_id\":\"x\",\"a\":{\"_id\":\"x\"}}",
        // Another one.
        "{\"_id\":\"y\"}|{\"_id\":\"x\"}",
        "{\"_id\":null}|{\"_id\":\"x\"}",
        "{\"_id\":{\"_id\":\"x\"},\"a\":1}|{\"_id\":\"x\",\"a\":1}",
        "{\"a\":1, \"_id\":\"y\" , \"b\":2}|{\"_id\":\"x\",\"a\":1, \"b\":2}",
        "{\"a\":1 , \"_id\":\"y\" }|{\"_id\":\"x\",\"a\":1}",
        "{\"_id\":\"x\",\"a\":\",\",\"_id\":\"y\"}|{\"_id\":\"x\",\"a\":\",\"}",
        "{\"\\u005fid\":\"y\",\"a\":1e999}|{\"_id\":\"x\",\"a\":1e999}"
      })
  void putsTheIdFirstWhereItIsMissingOrAnother(String document, String line) throws IOException {
    assertThat(write(item("x", document), false)).isEqualTo(line + "\n");
  }

  @Test
  void keepsNumbersThatAreIds() throws IOException {
    assertThat(write(item("17", "{\"_id\":17}"), false)).isEqualTo("{\"_id\":17}\n");
    assertThat(write(item("17", "{\"_id\":17.0}"), false)).isEqualTo("{\"_id\":\"17\"}\n");
  }

  @Test
  void quotesIds() throws IOException {
    assertThat(write(item("a\"\\\uD83D\uDE00é", "{}"), false))
        .isEqualTo("{\"_id\":\"a\\\"\\\\\uD83D\uDE00é\"}\n");
  }

  @Test
  void writesDocumentsOfManyLinesOnOne() throws IOException {
    assertThat(write(item("x", "\n{\r\n  \"_id\": \"x\",\n\t\"a\": \"\\n\"\n}\n"), false))
        .isEqualTo("{    \"_id\": \"x\", \t\"a\": \"\\n\" }\n");
  }

  @Test
  void writesMetadataThatTheReaderTakes() throws IOException {
    Item item =
        item("x", "{ \"_id\" : \"another\", \"n\" : 1.10 }").toBuilder()
            .setOwner("me \"too\"")
            .setRevision(3)
            .setCreateTime(Timestamp.newBuilder().setSeconds(1).setNanos(500_000_000))
            .setUpdateTime(Timestamp.newBuilder().setSeconds(2))
            .build();

    String line = write(item, true);

    assertThat(line)
        .isEqualTo(
            "{\"id\":\"x\",\"owner\":\"me \\\"too\\\"\",\"createTime\":\"1970-01-01T00:00:01.500Z\","
                + "\"updateTime\":\"1970-01-01T00:00:02Z\",\"revision\":3,"
                + "\"data\":{ \"_id\" : \"another\", \"n\" : 1.10 }}\n");
    assertThat(
            new ItemReader(
                    new ByteArrayInputStream(line.getBytes(UTF_8)), new Format("_id", true, true))
                .next())
        .isEqualTo(item.toBuilder().clearCreateTime().clearUpdateTime().clearRevision().build());
  }

  private static Item item(String id, String data) {
    return Item.newBuilder().setId(id).setData(ByteString.copyFromUtf8(data)).build();
  }

  private static String write(Item item, boolean withMetadata) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (ItemWriter writer = new ItemWriter(out, withMetadata)) {
      writer.write(item);
    }
    return out.toString(UTF_8);
  }
}
