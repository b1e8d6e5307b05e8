package dev.cairn.it;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;

/**
 * What a step of the polyglot story expects of a message in its JSON form.
 *
 * <p>An object asks for its members and leaves others alone; {@code null} asks for a member that is
 * not there. An array asks for as many elements, in order. Text in slashes is a regular expression
 * for the whole value; anything else is compared as text, so that a number may be given for an
 * {@code int64}, which JSON has as text. {@code {"$size": n}} asks for so many elements, {@code
 * {"$some": […]}} for elements in any order among others, {@code {"$json": …}} for bytes that hold
 * such JSON.
 *
 * <p>Immutable.
 */
final class Expectation {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final JsonNode expected;

  Expectation(JsonNode expected) {
    this.expected = expected;
  }

  /** What differs, each with its place; empty if nothing does. */
  List<String> differences(JsonNode actual) {
    List<String> found = new ArrayList<>();
    compare("", expected, actual, found);
    return found;
  }

  private static void compare(String place, JsonNode expected, JsonNode actual, List<String> out) {
    if (expected.isNull()) {
      require(actual.isMissingNode(), place, "nothing", actual, out);
    } else if (expected.has("$size")) {
      require(actual.size() == expected.get("$size").asInt(), place, expected, actual, out);
    } else if (expected.has("$some")) {
      for (JsonNode each : expected.get("$some")) {
        require(containsMatch(each, actual), place, each, actual, out);
      }
    } else if (expected.has("$json")) {
      compare(place + "(json)", expected.get("$json"), decoded(actual), out);
    } else if (expected.isObject()) {
      require(actual.isObject(), place, expected, actual, out);
      for (Map.Entry<String, JsonNode> member : expected.properties()) {
        String name = member.getKey();
        compare(place + "/" + name, member.getValue(), actual.path(name), out);
      }
    } else if (expected.isArray()) {
      require(actual.isArray() && actual.size() == expected.size(), place, expected, actual, out);
      for (int i = 0; i < expected.size(); i++) {
        compare(place + "/" + i, expected.get(i), actual.path(i), out);
      }
    } else {
      boolean same = actual.isValueNode() && matches(expected.asText(), actual.asText());
      require(same, place, expected, actual, out);
    }
  }

  private static boolean matches(String expected, String actual) {
    boolean pattern = expected.length() > 2 && expected.startsWith("/") && expected.endsWith("/");
    return pattern
        ? actual.matches(expected.substring(1, expected.length() - 1))
        : expected.equals(actual);
  }

  private static boolean containsMatch(JsonNode expected, JsonNode array) {
    for (JsonNode each : array) {
      if (new Expectation(expected).differences(each).isEmpty()) {
        return true;
      }
    }
    return false;
  }

  private static JsonNode decoded(JsonNode bytes) {
    try {
      return JSON.readTree(
          new String(Base64.getDecoder().decode(bytes.asText()), StandardCharsets.UTF_8));
    } catch (JsonProcessingException e) {
      throw new AssertionError("no JSON: " + bytes, e);
    }
  }

  private static void require(
      boolean right, String place, Object expected, JsonNode actual, List<String> out) {
    if (!right) {
      String text = actual.isMissingNode() ? "nothing" : actual.toString();
      String shown = text.length() > 400 ? text.substring(0, 400) + "…" : text;
      out.add((place.isEmpty() ? "/" : place) + ": expected " + expected + " but was " + shown);
    }
  }

  @Override
  public String toString() {
    return expected.toString();
  }
}
