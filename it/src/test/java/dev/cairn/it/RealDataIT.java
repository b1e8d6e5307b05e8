package dev.cairn.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Real documents, and the worst that JSON allows, through the command line and back. */
class RealDataIT {
  private static final Path DATA = Settings.data();

  @RegisterExtension final Servers servers = new Servers();

  @ParameterizedTest
  @ValueSource(strings = {"C.UTF-8", "POSIX"})
  void comesOutAsItWentIn(String locale) {
    CairnProcess server = servers.start();
    Cli cli = Cli.of(server).with("LC_ALL", locale);
    cli.ok("site", "create", "atlas");
    Path directory = servers.directory();
    throughAndBack(
        cli,
        "countries",
        DATA.resolve("countries.jsonl"),
        directory.resolve("countries.jsonl"),
        250);
    throughAndBack(
        cli,
        "cities",
        DATA.resolve("cities.jsonl.gz"),
        directory.resolve("cities.jsonl.gz"),
        171_075);

    // And the way through a backup: what is restored is the same again.
    cli.ok("backup", "create", "atlas", "--wait");
    cli.ok("item", "truncate", "atlas", "cities", "--yes");
    cli.ok("restoration", "start", "atlas", "latest", "--wait", "--yes");
    Path restored = directory.resolve("restored.jsonl.gz");
    cli.ok("item", "export", "atlas", "cities", restored.toString());
    requireEqual(JsonLines.read(DATA.resolve("cities.jsonl.gz")), JsonLines.read(restored));
  }

  private static void throughAndBack(
      Cli cli, String collection, Path source, Path target, int count) {
    cli.ok("item", "import", "atlas", collection, source.toString(), "--create-collection");
    assertThat(cli.ok("item", "count", "atlas", collection).out().strip())
        .isEqualTo(String.valueOf(count));
    cli.ok("item", "export", "atlas", collection, target.toString());
    SortedMap<String, String> original = JsonLines.read(source);
    assertThat(original).hasSize(count);
    requireEqual(original, JsonLines.read(target));
  }

  private static void requireEqual(
      SortedMap<String, String> expected, SortedMap<String, String> actual) {
    assertThat(actual.keySet()).isEqualTo(expected.keySet());
    List<String> different =
        expected.keySet().stream()
            .filter(id -> !expected.getOrDefault(id, "").equals(actual.get(id)))
            .limit(3)
            .map(id -> expected.get(id) + "\nbecame\n" + actual.get(id))
            .toList();
    assertThat(different).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"C.UTF-8", "POSIX"})
  void keepsTheWorstDocuments(String locale) throws IOException {
    Cli cli = Cli.of(servers.start()).with("LC_ALL", locale);
    Path directory = servers.directory();
    Path source = directory.resolve("nasty.jsonl");
    List<String> documents = nasty();
    Files.write(source, documents, StandardCharsets.UTF_8);
    cli.ok("site", "create", "zoo");
    cli.ok("item", "import", "zoo", "nasty", source.toString(), "--create-collection");
    Path target = directory.resolve("out.jsonl");
    cli.ok("item", "export", "zoo", "nasty", target.toString());
    requireEqual(JsonLines.read(source), JsonLines.read(target));
    // Not only as JSON: each line is what it was.
    assertThat(Files.readAllLines(target)).containsExactlyInAnyOrderElementsOf(documents);

    cli.ok("backup", "create", "zoo", "--wait");
    cli.ok("item", "truncate", "zoo", "nasty", "--yes");
    cli.ok("restoration", "start", "zoo", "latest", "--wait", "--yes");
    assertThat(
            new String(cli.ok("item", "export", "zoo", "nasty").output(), StandardCharsets.UTF_8)
                .lines())
        .containsExactlyInAnyOrderElementsOf(documents);
    // Standard output, too, is UTF-8 whatever the locale says.
    assertThat(cli.ok("item", "get", "zoo", "nasty", "ключ 鍵 🔑").out()).contains("Ж日本🗝️é");
  }

  private static List<String> nasty() {
    List<String> documents = new ArrayList<>();
    documents.add("{\"_id\":\"ключ 鍵 🔑\",\"text\":\"Ж日本🗝️é\"}");
    documents.add("{\"_id\":\"every-plane\",\"text\":\"" + everyPlane() + "\"}");
    documents.add(
        "{\"_id\":\"separators\",\"text\":\"a\u2028b\u2029c\u0085d\u00a0e\ufefff\u200bg\"}");
    documents.add("{\"_id\":\"right-to-left\",\"مفتاح\":\"\u202eعربى\u202c עברית\"}");
    documents.add(
        "{\"_id\":\"combining\",\"nfc\":\"é\",\"nfd\":\"e\u0301\",\"é\":1,\"e\u0301\":2}");
    documents.add("{\"_id\":\"emoji\",\"text\":\"👩‍👩‍👧‍👦🏳️‍🌈🇩🇪\"}");
    documents.add("{\"_id\":\"lone-surrogates\",\"text\":\"\\ud800 \\udfff x\\uDBFF\"}");
    documents.add(
        "{\"_id\":\"escapes\",\"text\":\"\\u0000\\u001f\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83d\\ude00\"}");
    documents.add(
        "{\"_id\":\"numbers\",\"n\":[0,-0,0.0,-0.0,1,1.0,1.00,1e0,1E+2,1e-2,123456789012345678901234567890,"
            + "-9223372036854775809,18446744073709551616,9007199254740993,0.1000000000000000055511151231257827,"
            + "1e400,-1e400,1e-400,3.141592653589793238462643383279502884197169399375105820974944592307816]}");
    documents.add("{\"_id\":\"long-number\",\"n\":" + "9".repeat(2_000) + "}");
    documents.add(
        "{\"_id\":\"nothing\",\"null\":null,\"empty\":\"\",\"\":\"empty key\",\"list\":[],\"object\":{}}");
    documents.add("{\"_id\":\"case\",\"a\":1,\"A\":2,\"ä\":3,\"Ä\":4}");
    documents.add("{ \"_id\" : \"white space\" ,\t\"a\" : [ 1 , 2 ] }");
    documents.add("{\"z\":1,\"y\":2,\"_id\":\"id-last-but-one\",\"a\":3}");
    documents.add(
        "{\"_id\":\"deep\",\"a\":" + "[".repeat(499) + "{\"b\":[]}" + "]".repeat(499) + "}");
    documents.add("{\"_id\":\"large\",\"text\":\"" + "🐘".repeat(120_000) + "\"}");
    documents.add("{\"_id\":\"../../etc/passwd\",\"a\":\"<script>&amp;\"}");
    documents.add("{\"_id\":\"" + "ü".repeat(128) + "\",\"a\":1}");
    return documents;
  }

  /** A few characters of each block of each plane, but for surrogates and control characters. */
  private static String everyPlane() {
    StringBuilder text = new StringBuilder();
    for (int point = 0x100; point <= Character.MAX_CODE_POINT; point += 97) {
      if (point < Character.MIN_SURROGATE || point > Character.MAX_SURROGATE) {
        text.appendCodePoint(point);
      }
    }
    return text.appendCodePoint(Character.MAX_CODE_POINT).toString();
  }

  @Test
  void theComparisonNoticesEveryDifference() {
    String document = "{\"_id\":\"a\",\"n\":[1.0,null],\"t\":\"x\"}";
    for (String other :
        List.of(
            "{\"_id\":\"a\",\"n\":[1,null],\"t\":\"x\"}",
            "{\"_id\":\"a\",\"n\":[1.0],\"t\":\"x\"}",
            "{\"_id\":\"a\",\"n\":[null,1.0],\"t\":\"x\"}",
            "{\"_id\":\"a\",\"n\":[1.0,null],\"t\":\"X\"}",
            "{\"_id\":\"a\",\"n\":[1.0,null]}",
            "{\"_id\":\"a\",\"n\":[1.0,null],\"t\":\"x\",\"u\":null}",
            "{\"_id\":\"a\",\"n\":[1.0,null],\"t\":\"x\",\"t\":\"x\"}")) {
      assertThat(JsonLines.canonical(other)).isNotEqualTo(JsonLines.canonical(document));
    }
    assertThat(JsonLines.canonical(" { \"t\":\"\\u0078\", \"n\" : [1.0,null],\"_id\":\"a\"}"))
        .isEqualTo(JsonLines.canonical(document));
  }
}
