package dev.cairn.server.site.query;

import static dev.cairn.server.site.query.Documents.item;
import static dev.cairn.server.site.query.Documents.value;
import static dev.cairn.server.store.StoreFixtures.assertFails;
import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.server.error.Reason;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class FieldReaderTest {
  private static final String DOCUMENT =
      """
      {"a": {"b": [10, {"c": "x"}, [true]], "": 5, "0": "zero"}, "a.b": null, "n": 1.50,
       "deep": {"x": {"y": 1}}, "skip": [[{"a": 1}], {"b": [2]}]}
      """;

  @Test
  void followsPathsThroughObjectsAndArrays() {
    Map<String, String> expected = new TreeMap<>();
    expected.put("a.b.0", "10");
    expected.put("a.b.1.c", "\"x\"");
    expected.put("a.b.2.0", "true");
    expected.put("a.", "5");
    expected.put("a.0", "\"zero\"");
    expected.put("a\\.b", "null");
    expected.put("n", "1.5");
    expected.put("deep.x.y", "1");
    for (String missing :
        new String[] {
          "b",
          "a.b.3",
          "a.b.00",
          "a.b.-1",
          "a.b.c",
          "a.b.9999999999999",
          "n.x",
          "n.0",
          "deep.x.y.z",
          "a\\.b.c"
        }) {
      expected.put(missing, "-");
    }
    assertThat(read(DOCUMENT, Set.of(), expected.keySet().toArray(String[]::new)))
        .isEqualTo(valuesOf(expected));
  }

  @Test
  void readsTheSameWhetherSomeoneLooksInsideOrNot() {
    String[] paths = {
      "a", "a.b", "a.b.1", "a.b.1.c", "a.b.2.0", "deep", "deep.x.y", "a.q", "a.b.7"
    };
    Map<String, FieldValue> all = read(DOCUMENT, Set.of(paths), paths);
    Map<String, FieldValue> markers = read(DOCUMENT, Set.of(), paths);
    assertThat(all.get("a.b")).isEqualTo(value("[10,{\"c\":\"x\"},[true]]"));
    assertThat(all.get("deep")).isEqualTo(value("{\"x\":{\"y\":1e0}}"));
    all.replaceAll((path, found) -> found.withoutContent());
    assertThat(markers).isEqualTo(all);
  }

  @Test
  void forgetsTheItemBefore() {
    FieldReader reader = new FieldReader(Set.of(Field.parse("a")), Set.of());
    reader.read(item("1", "{\"a\":1}"));
    reader.read(item("2", "{\"b\":1}"));
    assertThat(reader.value(Field.parse("a"))).isEqualTo(FieldValue.MISSING);
  }

  @Test
  void readsWhatIsNestedAsDeeplyAsItMayBe() {
    String deep = "{\"a\":" + "[".repeat(999) + "]".repeat(999) + "}";
    Map<String, FieldValue> found = read(deep, Set.of("a"), "a", "a.0.0", "b");
    assertThat(found.get("a"))
        .isInstanceOf(FieldValue.Arr.class)
        .isNotEqualTo(value("[[[]]]"))
        .isNotEqualTo(value("[[[1]]]"));
    assertThat(Set.of(value("[[]]"))).doesNotContain(found.get("a"));
    String objects = "{\"a\":".repeat(999) + "{}" + "}".repeat(999);
    assertThat(read(objects, Set.of("a"), "a", "a.a.a").get("a.a.a"))
        .isInstanceOf(FieldValue.Obj.class);
  }

  @Test
  void readsNamesTextsAndNumbersOfAnyLength() {
    String name = "k".repeat(200_000);
    String text = "é".repeat(100_000);
    String number = "9".repeat(200_000) + "." + "9".repeat(50_000);
    Map<String, FieldValue> found =
        read(
            "{\"" + name + "\":1,\"t\":\"" + text + "\",\"n\":" + number + "}", Set.of(), "t", "n");
    assertThat(found).containsEntry("t", new FieldValue.Text(text));
    assertThat(found).containsEntry("n", new FieldValue.Num(Decimal.parse(number)));
  }

  @Test
  void decodesEscapes() {
    assertThat(read("{\"\\u0061\":\"\\ud83d\\ude00\\n\\ud800\"}", Set.of(), "a"))
        .containsEntry("a", new FieldValue.Text("😀\n\ud800"));
  }

  @Test
  void namesTheItemWhoseDataIsDamaged() {
    FieldReader reader = new FieldReader(Set.of(Field.parse("a")), Set.of());
    for (String damaged : new String[] {"", "{\"a\":", "[1]", "{\"a\":tru}", "{\"a\" 1}", "x"}) {
      assertFails(Reason.DATA_CORRUPT, () -> reader.read(item("broken", damaged)));
    }
  }

  private static Map<String, FieldValue> read(String json, Set<String> insides, String... paths) {
    Map<String, Field> fields = new HashMap<>();
    for (String path : paths) {
      fields.put(path, Field.parse(path));
    }
    Set<Field> inside =
        insides.stream().map(Field::parse).collect(java.util.stream.Collectors.toSet());
    Set<Field> all = new java.util.HashSet<>(fields.values());
    all.addAll(inside);
    FieldReader reader = new FieldReader(all, inside);
    reader.read(item("i", json));
    Map<String, FieldValue> found = new TreeMap<>();
    fields.forEach((path, field) -> found.put(path, reader.value(field)));
    return found;
  }

  private static Map<String, FieldValue> valuesOf(Map<String, String> json) {
    Map<String, FieldValue> values = new TreeMap<>();
    json.forEach(
        (path, text) -> values.put(path, text.equals("-") ? FieldValue.MISSING : value(text)));
    return values;
  }
}
