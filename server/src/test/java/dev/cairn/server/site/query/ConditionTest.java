package dev.cairn.server.site.query;

import static dev.cairn.server.site.query.Documents.matches;
import static dev.cairn.server.site.query.Documents.ordered;
import static dev.cairn.server.site.query.Documents.value;
import static dev.cairn.server.site.query.Documents.values;
import static dev.cairn.server.site.query.Documents.where;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.cairn.server.site.query.Condition.Contains;
import dev.cairn.server.site.query.Condition.Equal;
import dev.cairn.server.site.query.Condition.Exists;
import dev.cairn.server.site.query.Condition.HasAll;
import dev.cairn.server.site.query.Condition.HasSome;
import dev.cairn.server.site.query.Condition.In;
import dev.cairn.server.site.query.Condition.NotEqual;
import dev.cairn.server.site.query.Condition.Side;
import dev.cairn.server.site.query.Condition.StartsWith;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Each condition on values of every type. "-" stands for a value that is not there. */
class ConditionTest {
  private static final List<String> EVERY_TYPE =
      List.of(
          "-",
          "null",
          "false",
          "true",
          "0",
          "1",
          "-1.5",
          "\"\"",
          "\"1\"",
          "\"a\"",
          "\"ab\"",
          "[]",
          "[1]",
          "[1,\"a\"]",
          "[null]",
          "[[1]]",
          "{}",
          "{\"b\":1}");

  private static void assertHolds(Condition condition, String... expected) {
    Set<String> found =
        EVERY_TYPE.stream()
            .filter(
                json -> matches("a", condition, json.equals("-") ? "{}" : "{\"a\":" + json + "}"))
            .collect(Collectors.toCollection(LinkedHashSet::new));
    assertThat(found).as("%s", condition).containsExactlyInAnyOrder(expected);
  }

  private static String[] allBut(String... exceptions) {
    return EVERY_TYPE.stream()
        .filter(json -> !Arrays.asList(exceptions).contains(json))
        .toArray(String[]::new);
  }

  @Test
  void equalHoldsForTheSameValueOfTheSameType() {
    for (String json : EVERY_TYPE.subList(1, EVERY_TYPE.size())) {
      assertHolds(new Equal(value(json)), json);
      assertHolds(new NotEqual(value(json)), allBut(json));
    }
    assertHolds(new Equal(value("1.0")), "1");
    assertHolds(new Equal(value("[1.0]")), "[1]");
  }

  @Test
  void lessAndGreaterHoldWithinATypeOnly() {
    assertHolds(ordered(Side.LESS, "1"), "0", "-1.5");
    assertHolds(ordered(Side.LESS_OR_EQUAL, "1"), "0", "1", "-1.5");
    assertHolds(ordered(Side.GREATER, "0"), "1");
    assertHolds(ordered(Side.GREATER_OR_EQUAL, "0"), "0", "1");
    assertHolds(ordered(Side.LESS, "\"a\""), "\"\"", "\"1\"");
    assertHolds(ordered(Side.LESS_OR_EQUAL, "\"a\""), "\"\"", "\"1\"", "\"a\"");
    assertHolds(ordered(Side.GREATER, "\"a\""), "\"ab\"");
    assertHolds(ordered(Side.GREATER_OR_EQUAL, "\"a\""), "\"a\"", "\"ab\"");
    assertHolds(ordered(Side.LESS, "true"), "false");
    assertHolds(ordered(Side.LESS_OR_EQUAL, "true"), "false", "true");
    assertHolds(ordered(Side.GREATER, "false"), "true");
    assertHolds(ordered(Side.GREATER_OR_EQUAL, "true"), "true");
    assertHolds(ordered(Side.LESS, "false"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"null", "[]", "{}"})
  void refusesBoundsThatHaveNoOrder(String json) {
    assertThatIllegalArgumentException().isThrownBy(() -> ordered(Side.LESS, json));
  }

  @Test
  void inHoldsForEachOfTheValues() {
    assertHolds(
        new In(values("null", "1.0", "\"a\"", "[[1]]", "{\"b\":1}")),
        "null",
        "1",
        "\"a\"",
        "[[1]]",
        "{\"b\":1}");
    assertHolds(new In(values("7")));
  }

  @Test
  void hasSomeHoldsForArraysWithOneOfTheValuesAndForTheValuesThemselves() {
    assertHolds(new HasSome(values("1", "2")), "1", "[1]", "[1,\"a\"]");
    assertHolds(new HasSome(values("null")), "null", "[null]");
    assertHolds(new HasSome(values("[1]")), "[[1]]");
    assertHolds(new HasSome(values("[]")));
    assertHolds(new HasSome(values("{\"b\":1}")), "{\"b\":1}");
  }

  @Test
  void hasAllHoldsForArraysWithAllOfTheValues() {
    assertHolds(new HasAll(values("1")), "1", "[1]", "[1,\"a\"]");
    assertHolds(new HasAll(values("\"a\"", "1.00")), "[1,\"a\"]");
    assertHolds(new HasAll(values("null")), "null", "[null]");
    assertHolds(new HasAll(values("1", "2")));
    assertThat(matches("a", new HasAll(values("1", "2")), "{\"a\":[1,1,3]}")).isFalse();
    assertThat(matches("a", new HasAll(values("1", "2")), "{\"a\":[2,1,1]}")).isTrue();
  }

  @Test
  void startsWithAndContainsHoldForTextsOnly() {
    assertHolds(new StartsWith("a"), "\"a\"", "\"ab\"");
    assertHolds(new StartsWith("b"));
    assertHolds(new StartsWith(""), "\"\"", "\"1\"", "\"a\"", "\"ab\"");
    assertHolds(new Contains("b"), "\"ab\"");
    assertHolds(new Contains("1"), "\"1\"");
    assertHolds(new Contains(""), "\"\"", "\"1\"", "\"a\"", "\"ab\"");
  }

  @Test
  void existsHoldsForNullToo() {
    assertHolds(new Exists(true), allBut("-"));
    assertHolds(new Exists(false), "-");
  }

  @Test
  void listsHaveOneToAThousandValues() {
    Set<FieldValue> many =
        IntStream.range(0, 1_001).mapToObj(i -> value("" + i)).collect(Collectors.toSet());
    assertThatIllegalArgumentException().isThrownBy(() -> new In(many));
    assertThatIllegalArgumentException().isThrownBy(() -> new HasSome(Set.of()));
    assertThatIllegalArgumentException().isThrownBy(() -> new HasAll(many));
  }

  @Test
  void textsToLookForHaveAThousandBytes() {
    new Contains("é".repeat(500));
    assertThatIllegalArgumentException().isThrownBy(() -> new Contains("é".repeat(501)));
    assertThatIllegalArgumentException().isThrownBy(() -> new StartsWith("a".repeat(1_001)));
  }

  @Test
  void ordersTextByCodePoints() {
    List<String> ascending =
        List.of(
            "",
            "A",
            "B",
            "a",
            "aa",
            "b",
            "é",
            "\uD800",
            "\uD800a",
            "\uE000",
            "\uFFFF",
            "\uD83D\uDE00",
            "\uD83D\uDE01");
    for (int i = 0; i < ascending.size(); i++) {
      for (int j = 0; j < ascending.size(); j++) {
        assertThat(FieldValue.compareCodePoints(ascending.get(i), ascending.get(j)))
            .as("%s %s", i, j)
            .isEqualTo(Integer.compare(i, j));
      }
    }
  }

  @Test
  void comparesTimesAsTimes() {
    String sameMoment = "\"2026-01-31T12:00:00.500+02:00\"";
    assertThat(attribute("@create_time", new Equal(value(sameMoment)))).isTrue();
    assertThat(attribute("@create_time", new NotEqual(value(sameMoment)))).isFalse();
    assertThat(attribute("@create_time", new In(values(sameMoment, "null", "1")))).isTrue();
    assertThat(attribute("@create_time", new HasAll(values(sameMoment)))).isTrue();
    assertThat(attribute("@create_time", ordered(Side.GREATER, "\"2026-01-31t10:00:00z\"")))
        .isTrue();
    assertThat(attribute("@create_time", ordered(Side.LESS, "\"2026-01-31T10:00:00.51Z\"")))
        .isTrue();
    assertThat(attribute("@create_time", ordered(Side.LESS, "5"))).isFalse();
    assertThat(attribute("@update_time", new StartsWith("2026-02-01T00:00:00Z"))).isTrue();
    assertThat(attribute("@create_time", new Contains("-01-31T"))).isTrue();
    assertThat(attribute("@create_time", new Exists(true))).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "2026-01-31",
        "2026-02-30T00:00:00Z",
        "2026-01-31T10:00Z",
        "yesterday",
        "2026-01-31T10:00:00",
        "2026-01-31T24:00:00Z",
        "2026-01-31T10:00:00.1234567890Z"
      })
  void refusesToCompareATimeWithWhatIsNone(String text) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> where("@update_time", new Equal(new FieldValue.Text(text))));
  }

  @Test
  void looksAtAnItemsOwnFields() {
    assertThat(attribute("@id", new Equal(value("\"i\"")))).isTrue();
    assertThat(attribute("@owner", new StartsWith("an"))).isTrue();
    assertThat(attribute("@revision", ordered(Side.GREATER_OR_EQUAL, "3"))).isTrue();
    assertThat(attribute("@revision", new Equal(value("\"3\"")))).isFalse();
    assertThat(matches("\\@id", new Equal(value("2")), "{\"@id\":2}")).isTrue();
  }

  private static boolean attribute(String path, Condition condition) {
    return matches(path, condition, "{\"@id\":2}");
  }
}
