package dev.cairn.client.cli;

import static dev.cairn.client.fake.Errors.transport;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.cairn.client.cli.Shell.Result;
import dev.cairn.client.fake.Errors;
import dev.cairn.client.fake.FakeServer;
import dev.cairn.v1.CountItemsRequest;
import dev.cairn.v1.ImportItemsRequest;
import io.grpc.Status.Code;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ItemCommandsTest {
  private static final String NASTY =
      "{\"_id\":\"1\",\"n\":1.000000000000000000000000000001e+400,\"s\":\"\\ud800 é \uD83D\uDE00\"}";

  private final FakeServer server = new FakeServer().with("shop", "orders");
  private final Shell shell = new Shell(server);
  @TempDir Path directory;

  @AfterEach
  void close() {
    server.close();
  }

  // Single items

  @Test
  void keepsDocumentsAsTheyAre() {
    assertThat(shell.run("item", "insert", "shop", "orders", NASTY).code()).isZero();

    assertThat(shell.run("item", "get", "shop", "orders", "1", "--raw").out())
        .isEqualTo(NASTY + "\n");
    Result json = shell.run("item", "get", "shop", "orders", "1", "-o", "json");
    assertThat(json.out()).contains("1.000000000000000000000000000001e+400");
    assertThat(json.json().get("data").get("_id").asText()).isEqualTo("1");
    assertThat(json.json().get("revision").isNumber()).isTrue();
  }

  @Test
  void readsDocumentsFromFilesAndStdin() throws IOException {
    Path file = Files.writeString(directory.resolve("d.json"), "{\n  \"_id\": \"a\"\n}\n");

    shell.run("item", "save", "shop", "orders", "@" + file);
    shell.runWith("{\"x\":1}", "item", "save", "shop", "orders", "--id", "b");

    assertThat(server.items("shop", "orders")).containsOnlyKeys("a", "b");
    assertThat(shell.run("item", "insert", "shop", "orders", "[1]").code()).isEqualTo(1);
  }

  @Test
  void deletesOneOrMany() {
    server.with("shop", "orders", "1", "{}").with("shop", "orders", "2", "{}");

    assertThat(shell.run("item", "delete", "shop", "orders", "x").code()).isEqualTo(3);
    assertThat(shell.run("item", "delete", "shop", "orders", "x", "--allow-missing").code())
        .isZero();
    assertThat(shell.run("item", "delete", "shop", "orders", "1", "2", "3").out())
        .isEqualTo("Deleted 2 of 3.\n");
  }

  @Test
  void listsAndCounts() {
    IntStream.range(0, 120)
        .forEach(i -> server.with("shop", "orders", "i" + i, "{\"n\":" + i + "}"));

    Result list = shell.run("item", "list", "shop", "orders");
    assertThat(list.out().lines()).hasSize(101);
    assertThat(list.err()).contains("more");
    JsonNode json = shell.run("item", "list", "shop", "orders", "-n", "7", "-o", "json").json();
    assertThat(json.get("items")).hasSize(7);
    assertThat(json.get("items").get(0).get("data").get("n").isNumber()).isTrue();
    assertThat(json.get("totalSize").asLong()).isEqualTo(120);
    assertThat(shell.run("item", "count", "shop", "orders").out()).isEqualTo("120\n");
  }

  @Test
  void readsConditions() {
    shell.run(
        "item", "count", "shop", "orders", "--where", "a.b>=10", "--where", "c^=x", "--where",
        "d=e");

    assertThat(server.faults().requests("CountItems", CountItemsRequest.class).get(0).getFilter())
        .isEqualTo(
            dev.cairn.v1.Filter.newBuilder()
                .setAllOf(
                    dev.cairn.v1.FilterList.newBuilder()
                        .addFilters(
                            dev.cairn.v1.Filter.newBuilder()
                                .setComparison(
                                    dev.cairn.v1.Comparison.newBuilder()
                                        .setField("a.b")
                                        .setGe(
                                            com.google.protobuf.Value.newBuilder()
                                                .setNumberValue(10))))
                        .addFilters(
                            dev.cairn.v1.Filter.newBuilder()
                                .setComparison(
                                    dev.cairn.v1.Comparison.newBuilder()
                                        .setField("c")
                                        .setStartsWith("x")))
                        .addFilters(
                            dev.cairn.v1.Filter.newBuilder()
                                .setComparison(
                                    dev.cairn.v1.Comparison.newBuilder()
                                        .setField("d")
                                        .setEq(
                                            com.google.protobuf.Value.newBuilder()
                                                .setStringValue("e")))))
                .build());
  }

  // Import and export

  @Test
  void bringsFilesThereAndBack() throws IOException {
    String lines = lines(1_200);
    Path in = packed(directory.resolve("in.jsonl.gz"), lines);
    Path out = directory.resolve("out.jsonl.gz");

    Result imported = shell.run("item", "import", "shop", "orders", in.toString());
    Result exported = shell.run("item", "export", "shop", "orders", out.toString());

    assertThat(imported.code()).isZero();
    assertThat(imported.out()).startsWith("Imported 1,200 items: 1,200 new, 0 replaced, 0 skipped");
    assertThat(imported.err()).contains("Import ", "100%  1,200 items");
    assertThat(exported.err()).contains("1,200/1,200 items", "Exported 1,200 items");
    assertThat(unpacked(out)).isEqualTo(lines);
    assertThat(directory.resolve("out.jsonl.gz.part")).doesNotExist();
  }

  @Test
  void usesStdinAndStdout() {
    Result imported = shell.runWith(NASTY + "\n", "item", "import", "shop", "orders", "-");

    assertThat(imported.code()).isZero();
    Result exported = shell.run("item", "export", "shop", "orders");
    assertThat(exported.out()).isEqualTo(NASTY + "\n");
    assertThat(exported.err()).contains("Exported 1 item (");
  }

  @Test
  void keepsMetadata() {
    server.with("shop", "orders", "a", "{\"_id\":\"another\"}");
    String line = shell.run("item", "export", "shop", "orders", "--with-metadata").out();
    assertThat(line).startsWith("{\"id\":\"a\",\"owner\":\"\",").endsWith("\"}}\n");
    assertThat(shell.run("item", "export", "shop", "orders").out()).isEqualTo("{\"_id\":\"a\"}\n");

    server.with("shop", "copy");
    shell.runWith(line, "item", "import", "shop", "copy", "-", "--with-metadata");

    assertThat(server.items("shop", "copy").values())
        .extracting(item -> item.getId() + " " + item.getData().toStringUtf8())
        .containsExactly("a {\"_id\":\"another\"}");
  }

  @Test
  void stopsAtABadLineAfterImportingWhatComesBefore() {
    Result result =
        shell.runWith(
            "{\"_id\":\"1\"}\n\nnonsense\n{\"_id\":\"2\"}\n",
            "item",
            "import",
            "shop",
            "orders",
            "-");

    assertThat(result.code()).isEqualTo(1);
    assertThat(result.err()).contains("error: line 3: no JSON object", "--resume");
    assertThat(server.items("shop", "orders")).containsOnlyKeys("1");
  }

  @Test
  void leavesBadLinesOutOnlyIfAsked() {
    Result result =
        shell.runWith(
            "nonsense\n{\"_id\":\"2\"}\n[]\n",
            "item",
            "import",
            "shop",
            "orders",
            "-",
            "--skip-bad-lines");

    assertThat(result.code()).isEqualTo(1);
    assertThat(result.err()).contains("line 1: ", "line 3: ", "error: 2 bad lines left out");
    assertThat(server.items("shop", "orders")).containsOnlyKeys("2");
  }

  @Test
  void namesTheLineThatTheServerRefuses() {
    server
        .faults()
        .cutAfterRequests("ImportItems", 2, Errors.invalid("items[7].data", "is too large"));

    Result result = shell.runWith("\n" + lines(1_200), "item", "import", "shop", "orders", "-");

    // A blank line, then 500 items of the first batch, then the eighth of the second.
    assertThat(result.err()).contains("error: line 509: items[7].data: is too large");
    assertThat(result.code()).isEqualTo(2);
  }

  @Test
  void goesOnWithAnImportThatBroke() throws IOException {
    Path file = Files.writeString(directory.resolve("in.jsonl"), lines(1_200));
    server
        .faults()
        .cutAfterRequests(
            "ImportItems",
            2,
            Errors.of(Code.INTERNAL, "INTERNAL", "A bug.", java.util.Map.of("error_id", "e1")));
    Result broken = shell.run("item", "import", "shop", "orders", file.toString());
    assertThat(broken.code()).isEqualTo(1);
    assertThat(broken.err()).contains("Error id: e1", "--resume");
    String id =
        server.faults().requests("ImportItems", ImportItemsRequest.class).get(0).getImportId();

    Result resumed = shell.run("item", "import", "shop", "orders", file.toString(), "--resume", id);

    assertThat(resumed.code()).isZero();
    assertThat(resumed.out()).contains("1,200 items: 1,200 new");
    assertThat(
            shell.runWith("{}\n", "item", "import", "shop", "orders", "-", "--resume", id).code())
        .isEqualTo(2);
  }

  @Test
  void takesIdsFromAnotherField() {
    shell.runWith("{\"code\":7}\n", "item", "import", "shop", "orders", "-", "--id-field", "code");

    assertThat(server.items("shop", "orders")).containsOnlyKeys("7");
    assertThat(
            shell
                .runWith("{\"a\":1}\n", "item", "import", "shop", "orders", "-", "--require-id")
                .err())
        .contains("line 1: \"_id\" is missing");
  }

  @Test
  void leavesNoFileBehindWhenAnExportFails() throws IOException {
    server.with("shop", "orders", "1", "{}");
    Path out = Files.writeString(directory.resolve("out.jsonl"), "before");
    server
        .faults()
        .cutAfterAnswers(
            "ExportItems",
            2,
            Errors.of(Code.DATA_LOSS, "DATA_CORRUPT", "Damaged.", java.util.Map.of()));

    assertThat(shell.run("item", "export", "shop", "orders", out.toString()).code()).isEqualTo(1);

    assertThat(out).hasContent("before");
    assertThat(directory.toFile().list()).containsExactly("out.jsonl");
  }

  @Test
  void warnsWhenAnExportIsNotOfOneMoment() {
    server.with("shop", "orders", "1", "{}");
    server.faults().cutAfterAnswers("ExportItems", 2, transport(Code.UNAVAILABLE));

    Result result = shell.run("item", "export", "shop", "orders");

    assertThat(result.code()).isZero();
    assertThat(result.out()).isEqualTo("{\"_id\":\"1\"}\n");
    assertThat(result.err()).contains("warning: the connection broke");
  }

  @Test
  void saysWhichFileIsMissing() {
    assertThat(shell.run("item", "import", "shop", "orders", "/nowhere/x.jsonl").err())
        .contains("error: There is no file /nowhere/x.jsonl.");
  }

  private static String lines(int count) {
    return IntStream.range(0, count)
        .mapToObj(i -> String.format("{\"_id\":\"i%05d\",\"n\":%d.0}\n", i, i))
        .collect(Collectors.joining());
  }

  private static Path packed(Path file, String text) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (GZIPOutputStream out = new GZIPOutputStream(bytes)) {
      out.write(text.getBytes(UTF_8));
    }
    return Files.write(file, bytes.toByteArray());
  }

  private static String unpacked(Path file) throws IOException {
    try (GZIPInputStream in =
        new GZIPInputStream(new ByteArrayInputStream(Files.readAllBytes(file)))) {
      return new String(in.readAllBytes(), UTF_8);
    }
  }
}
