package dev.cairn.server.site.query;

import static dev.cairn.server.site.query.Documents.value;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.google.protobuf.ByteString;
import dev.cairn.server.store.StoredItem;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * Random filters on random items, judged by a second evaluator that shares nothing with the first:
 * it takes the contract's words one by one, on Jackson's trees and {@code BigDecimal}.
 */
class RandomFiltersTest {
  private static final ObjectMapper TREES =
      JsonMapper.builder()
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .enable(DeserializationFeature.USE_BIG_INTEGER_FOR_INTS)
          .build();

  private static final String[] SCALARS = {
    "null",
    "true",
    "false",
    "0",
    "-0.0",
    "1",
    "1.0",
    "10e-1",
    "2",
    "2.5",
    "-3",
    "1e3",
    "12345678901234567890",
    "\"\"",
    "\"a\"",
    "\"ab\"",
    "\"b\"",
    "\"1\"",
    "\"\\uD83D\\uDE00\"",
    "\"\\uFFFD\"",
    "\"é\""
  };
  private static final String[] KEYS = {"a", "b", "x.y", "0", "@z", "q\\"};
  private static final String[] OPERATORS = {
    "eq", "ne", "lt", "le", "gt", "ge", "in", "some", "all", "starts", "contains", "exists"
  };

  private final long seed = System.nanoTime();
  private final Random random = new Random(seed);

  /** A filter as both evaluators can understand it. */
  private record Spec(
      String kind, List<Spec> parts, List<String> path, String operator, List<String> given) {}

  @Test
  void matchTheSameItemsAsABruteForceEvaluator() throws IOException {
    int matched = 0;
    int tried = 0;
    List<StoredItem> items = IntStream.range(0, 60).mapToObj(this::item).toList();
    List<JsonNode> trees = new ArrayList<>();
    for (StoredItem item : items) {
      trees.add(TREES.readTree(item.data().toByteArray()));
    }
    for (int i = 0; i < 600; i++) {
      Spec spec = filter(3);
      Filter filter = build(spec);
      FieldReader fields = FieldReader.of(filter, List.of());
      IdRange range = IdRange.of(filter);
      for (int j = 0; j < items.size(); j++) {
        StoredItem item = items.get(j);
        boolean expected = judge(spec, item, trees.get(j));
        fields.read(item);
        assertThat(filter.matches(fields))
            .as("seed %s: %s on %s %s", seed, spec, item.id(), trees.get(j))
            .isEqualTo(expected);
        if (expected) {
          assertThat(FieldValue.compareCodePoints(item.id(), range.after()))
              .as("seed %s: %s begins after %s", seed, spec, item.id())
              .isPositive();
          assertThat(range.endsBefore(item.id())).as("seed %s: %s", seed, spec).isFalse();
        }
        matched += expected ? 1 : 0;
        tried++;
      }
    }
    assertThat(matched).isBetween(tried / 20, tried - tried / 20);
  }

  private StoredItem item(int number) {
    StringBuilder json = new StringBuilder("{");
    for (String key : KEYS) {
      if (random.nextInt(4) > 0) {
        json.append(json.length() > 1 ? "," : "");
        json.append(quoted(key)).append(":").append(json(random.nextInt(3)));
      }
    }
    return new StoredItem(
        pick("a", "b", "ab", "é", "😀", "z") + number % 7,
        ByteString.copyFromUtf8(json + "}"),
        pick("", "anna", "bob"),
        Instant.ofEpochSecond(random.nextInt(3), random.nextInt(2)),
        Instant.ofEpochSecond(5),
        1 + random.nextInt(3));
  }

  private String json(int depth) {
    if (depth == 0) {
      return pick(SCALARS);
    }
    List<String> parts = new ArrayList<>();
    boolean object = random.nextBoolean();
    TreeSet<String> keys = new TreeSet<>();
    for (int i = random.nextInt(4); i > 0; i--) {
      String key = pick(KEYS);
      if (!object) {
        parts.add(json(depth - 1));
      } else if (keys.add(key)) {
        parts.add(quoted(key) + ":" + json(depth - 1));
      }
    }
    String content = String.join(",", parts);
    return object ? "{" + content + "}" : "[" + content + "]";
  }

  private static String quoted(String key) {
    return '"' + key.replace("\\", "\\\\") + '"';
  }

  private String pick(String... of) {
    return of[random.nextInt(of.length)];
  }

  private Spec filter(int depth) {
    if (depth == 0 || random.nextInt(3) == 0) {
      return comparison();
    }
    List<Spec> parts =
        IntStream.range(0, random.nextInt(4)).mapToObj(i -> filter(depth - 1)).toList();
    return new Spec(pick("all", "any", "none"), parts, List.of(), "", List.of());
  }

  private Spec comparison() {
    String operator = pick(OPERATORS);
    List<String> path = new ArrayList<>();
    for (int i = random.nextInt(3); i >= 0; i--) {
      path.add(pick("a", "b", "x.y", "0", "1", "@z", "q\\"));
    }
    if (random.nextInt(4) == 0) {
      path = List.of(pick("@id", "@owner", "@revision", "@create_time"));
    }
    boolean time = path.get(0).equals("@create_time");
    List<String> given = new ArrayList<>();
    boolean scalar = "lt le gt ge starts contains".contains(operator);
    int count = "in some all".contains(operator) ? 1 + random.nextInt(3) : 1;
    while (given.size() < count) {
      String next =
          time
              ? "\"1970-01-01T01:00:0" + random.nextInt(3) + pick("", ".000000001") + "+01:00\""
              : random.nextInt(8) == 0
                  ? '"' + pick("a", "ab", "b") + '0' + '"'
                  : json(scalar ? 0 : random.nextInt(2));
      if (!(scalar && next.equals("null"))) {
        given.add(next);
      }
    }
    if (operator.equals("starts") || operator.equals("contains")) {
      given = List.of(pick("a", "b", "", "1", "é", "1970", ".000", "Z", "\uD83D\uDE00"));
    }
    if (operator.equals("exists")) {
      given = List.of(pick("true", "false"));
    }
    return new Spec("", List.of(), path, operator, given);
  }

  private static Filter build(Spec spec) {
    List<Filter> parts = spec.parts().stream().map(RandomFiltersTest::build).toList();
    return switch (spec.kind()) {
      case "all" -> new Filter.AllOf(parts);
      case "any" -> new Filter.AnyOf(parts);
      case "none" -> new Filter.NoneOf(parts);
      default -> new Comparison(Field.parse(path(spec.path())), condition(spec));
    };
  }

  private static String path(List<String> segments) {
    if (List.of("@id", "@owner", "@revision", "@create_time").contains(segments.get(0))) {
      return segments.get(0);
    }
    String path =
        segments.stream()
            .map(segment -> segment.replace("\\", "\\\\").replace(".", "\\."))
            .collect(Collectors.joining("."));
    return path.startsWith("@") ? "\\" + path : path;
  }

  private static Condition condition(Spec spec) {
    String first = spec.given().get(0);
    return switch (spec.operator()) {
      case "eq" -> new Condition.Equal(value(first));
      case "ne" -> new Condition.NotEqual(value(first));
      case "lt" -> new Condition.Ordered(Condition.Side.LESS, value(first));
      case "le" -> new Condition.Ordered(Condition.Side.LESS_OR_EQUAL, value(first));
      case "gt" -> new Condition.Ordered(Condition.Side.GREATER, value(first));
      case "ge" -> new Condition.Ordered(Condition.Side.GREATER_OR_EQUAL, value(first));
      case "in" -> new Condition.In(Documents.values(spec.given().toArray(String[]::new)));
      case "some" -> new Condition.HasSome(Documents.values(spec.given().toArray(String[]::new)));
      case "all" -> new Condition.HasAll(Documents.values(spec.given().toArray(String[]::new)));
      case "starts" -> new Condition.StartsWith(first);
      case "contains" -> new Condition.Contains(first);
      default -> new Condition.Exists(first.equals("true"));
    };
  }

  private static boolean judge(Spec spec, StoredItem item, JsonNode tree) throws IOException {
    if (spec.kind().isEmpty()) {
      return judgeComparison(spec, item, tree);
    }
    int matching = 0;
    for (Spec part : spec.parts()) {
      matching += judge(part, item, tree) ? 1 : 0;
    }
    return switch (spec.kind()) {
      case "all" -> matching == spec.parts().size();
      case "any" -> matching > 0;
      default -> matching == 0;
    };
  }

  private static boolean judgeComparison(Spec spec, StoredItem item, JsonNode tree)
      throws IOException {
    boolean time = spec.path().get(0).equals("@create_time");
    JsonNode found = find(spec.path(), item, tree);
    String operator = spec.operator();
    if (operator.equals("exists")) {
      return (found != null) == spec.given().get(0).equals("true");
    }
    if (operator.equals("starts") || operator.equals("contains")) {
      String text = spec.given().get(0);
      return found != null
          && found.isTextual()
          && (operator.equals("starts")
              ? found.textValue().indexOf(text) == 0
              : found.textValue().indexOf(text) >= 0);
    }
    List<JsonNode> given = new ArrayList<>();
    for (String json : spec.given()) {
      JsonNode node = TREES.readTree(json);
      given.add(
          time
              ? TREES
                  .getNodeFactory()
                  .textNode(java.time.OffsetDateTime.parse(node.textValue()).toInstant().toString())
              : node);
    }
    if (operator.equals("ne")) {
      return found == null || !equal(found, given.get(0));
    }
    if (found == null) {
      return false;
    }
    List<JsonNode> elements = new ArrayList<>();
    if (found.isArray()) {
      found.forEach(elements::add);
    } else {
      elements.add(found);
    }
    return switch (operator) {
      case "eq" -> equal(found, given.get(0));
      case "in" -> given.stream().anyMatch(each -> equal(found, each));
      case "some" ->
          given.stream().anyMatch(each -> elements.stream().anyMatch(it -> equal(it, each)));
      case "all" ->
          given.stream().allMatch(each -> elements.stream().anyMatch(it -> equal(it, each)));
      default -> inOrder(operator, found, given.get(0), time);
    };
  }

  private static boolean inOrder(String operator, JsonNode found, JsonNode given, boolean time) {
    if (!given.isNumber() && !given.isTextual() && !given.isBoolean()) {
      throw new IllegalArgumentException("no order");
    }
    int order;
    if (time) {
      order = Instant.parse(found.textValue()).compareTo(Instant.parse(given.textValue()));
    } else if (found.isNumber() && given.isNumber()) {
      order = found.decimalValue().compareTo(given.decimalValue());
    } else if (found.isTextual() && given.isTextual()) {
      order =
          java.util.Arrays.compare(
              found.textValue().codePoints().toArray(), given.textValue().codePoints().toArray());
    } else if (found.isBoolean() && given.isBoolean()) {
      order = Boolean.compare(found.booleanValue(), given.booleanValue());
    } else {
      return false;
    }
    return switch (operator) {
      case "lt" -> order < 0;
      case "le" -> order <= 0;
      case "gt" -> order > 0;
      default -> order >= 0;
    };
  }

  private static @Nullable JsonNode find(List<String> path, StoredItem item, JsonNode tree) {
    switch (path.get(0)) {
      case "@id":
        return TREES.getNodeFactory().textNode(item.id());
      case "@owner":
        return TREES.getNodeFactory().textNode(item.owner());
      case "@revision":
        return TREES.getNodeFactory().numberNode(item.revision());
      case "@create_time":
        return TREES.getNodeFactory().textNode(item.createTime().toString());
      default:
        JsonNode at = tree;
        for (String segment : path) {
          at =
              at == null
                  ? null
                  : at.isArray() && segment.matches("\\d+")
                      ? at.get(Integer.parseInt(segment))
                      : at.get(segment);
        }
        return at;
    }
  }

  private static boolean equal(JsonNode a, JsonNode b) {
    return a.equals(
        (x, y) ->
            x.isNumber() && y.isNumber()
                ? x.decimalValue().compareTo(y.decimalValue())
                : x.equals(y) ? 0 : 1,
        b);
  }
}
