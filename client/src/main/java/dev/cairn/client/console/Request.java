package dev.cairn.client.console;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.StreamSupport;

/**
 * What a page asks for. Immutable.
 *
 * @param path the variable parts of the path, by name
 * @param query the parameters behind the question mark
 * @param body the JSON object that was sent; empty if none was
 */
record Request(Map<String, String> path, Map<String, String> query, JsonNode body) {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Reads a body; an empty one is an empty object. */
  static JsonNode body(byte[] bytes) {
    if (bytes.length == 0) {
      return JsonNodeFactory.instance.objectNode();
    }
    try {
      JsonNode node = JSON.readTree(new String(bytes, java.nio.charset.StandardCharsets.UTF_8));
      if (node != null && node.isObject()) {
        return node;
      }
    } catch (JsonProcessingException e) {
      throw new RefusedException(400, "The body is no JSON.", "Reload the page.");
    }
    throw new RefusedException(400, "The body is no JSON object.", "Reload the page.");
  }

  /** The id of the site that the path names. */
  String siteId() {
    return part("site");
  }

  String part(String name) {
    String value = path.get(name);
    if (value == null) {
      throw new IllegalArgumentException("the path has no " + name);
    }
    return value;
  }

  /** A parameter; empty if it is not there. */
  String parameter(String name) {
    return query.getOrDefault(name, "");
  }

  boolean has(String name) {
    return body.has(name);
  }

  /** A text of the body; empty if it is not there. */
  String text(String name) {
    JsonNode value = body.path(name);
    if (!value.isMissingNode() && !value.isTextual()) {
      throw wrong(name, "a text");
    }
    return value.asText("");
  }

  /** A yes or no of the body; no if it is not there. */
  boolean flag(String name) {
    JsonNode value = body.path(name);
    if (!value.isMissingNode() && !value.isBoolean()) {
      throw wrong(name, "true or false");
    }
    return value.asBoolean(false);
  }

  /** A whole number of the body; 0 if it is not there. */
  long number(String name) {
    JsonNode value = body.path(name);
    if (!value.isMissingNode() && !value.canConvertToExactIntegral()) {
      throw wrong(name, "a whole number");
    }
    return value.asLong(0);
  }

  /** Texts of the body; none if they are not there. */
  List<String> texts(String name) {
    JsonNode values = body.path(name);
    List<JsonNode> all = StreamSupport.stream(values.spliterator(), false).toList();
    if (!values.isMissingNode()
        && !(values.isArray() && all.stream().allMatch(JsonNode::isTextual))) {
      throw wrong(name, "a list of texts");
    }
    return all.stream().map(JsonNode::asText).toList();
  }

  /** Texts of the body by their names; none if they are not there. */
  Map<String, String> pairs(String name) {
    JsonNode values = body.path(name);
    if (!values.isMissingNode() && !values.isObject()) {
      throw wrong(name, "an object of texts");
    }
    Map<String, String> pairs = new LinkedHashMap<>();
    values
        .properties()
        .forEach(
            pair -> {
              if (!pair.getValue().isTextual()) {
                throw wrong(name, "an object of texts");
              }
              pairs.put(pair.getKey(), pair.getValue().asText());
            });
    return pairs;
  }

  /**
   * Passes only if somebody typed the site's id.
   *
   * @throws RefusedException if not
   */
  void requireConfirmed() {
    requireConfirmed(siteId());
  }

  /**
   * Passes only if somebody typed the id of what is at stake.
   *
   * @throws RefusedException if not
   */
  void requireConfirmed(String id) {
    if (!text("confirm").equals(id)) {
      throw new RefusedException(
          400, "This was not confirmed; nothing was done.", "Type the id: " + id);
    }
  }

  private static RefusedException wrong(String name, String wanted) {
    return new RefusedException(400, name + " must be " + wanted + ".", "Correct it.");
  }
}
