package dev.cairn.server.site.query;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.google.protobuf.ByteString;
import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import dev.cairn.server.store.StoredItem;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Reads chosen fields of one item after the other. Passes over each item's data once and makes
 * values only of what the fields lead to; of arrays and objects only where someone looks inside.
 *
 * <p>Confined to one thread.
 */
public final class FieldReader {
  /** Items are checked when they are written; nothing that was accepted is too large to be read. */
  private static final JsonFactory JSON =
      JsonFactory.builder()
          .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
          .disable(JsonFactory.Feature.FAIL_ON_SYMBOL_HASH_OVERFLOW)
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(2_000)
                  .maxNumberLength(Integer.MAX_VALUE)
                  .maxNameLength(Integer.MAX_VALUE)
                  .maxStringLength(Integer.MAX_VALUE)
                  .build())
          .build();

  private final Node root = new Node();
  private final Map<Field, FieldValue> values = new HashMap<>();
  private final boolean readsData;
  private @Nullable StoredItem item;

  /**
   * @param fields what will be asked for
   * @param insides those of them whose arrays and objects matter with all they hold
   */
  FieldReader(Set<Field> fields, Set<Field> insides) {
    for (Field field : fields) {
      if (field instanceof Field.Path path) {
        root.add(path, insides.contains(path));
      }
    }
    readsData = !root.children.isEmpty();
  }

  /** A reader of what {@code filter} and {@code sort} look at. */
  static FieldReader of(Filter filter, List<SortKey> sort) {
    Set<Field> fields = new HashSet<>();
    Set<Field> insides = new HashSet<>();
    filter.forEach(
        comparison -> {
          fields.add(comparison.field());
          if (comparison.condition().looksInside()) {
            insides.add(comparison.field());
          }
        });
    sort.forEach(key -> fields.add(key.field()));
    return new FieldReader(fields, insides);
  }

  /**
   * Goes over to {@code next}.
   *
   * @throws ServiceException DATA_CORRUPT when its data is not a JSON object
   */
  void read(StoredItem next) {
    item = next;
    values.clear();
    if (!readsData) {
      return;
    }
    try (JsonParser parser = JSON.createParser(next.data().newInput())) {
      if (parser.nextToken() != JsonToken.START_OBJECT) {
        throw new IOException("not an object");
      }
      read(parser, root);
    } catch (IOException e) {
      throw new ServiceException(
          Reason.DATA_CORRUPT,
          Map.of("item_id", next.id()),
          "the data of item " + next.id() + " is not a JSON object",
          e);
    }
  }

  /** What the item has at {@code field}, which is one of those that the reader was made for. */
  FieldValue value(Field field) {
    if (field instanceof Field.Attribute attribute) {
      if (item == null) {
        throw new IllegalStateException("no item was read");
      }
      return attribute.of(item);
    }
    return values.getOrDefault(field, FieldValue.MISSING);
  }

  /** All of {@code json} as one value. */
  static FieldValue parse(ByteString json) throws IOException {
    try (JsonParser parser = JSON.createParser(json.newInput())) {
      parser.nextToken();
      return build(parser);
    }
  }

  private void read(JsonParser parser, Node node) throws IOException {
    if (node.inside) {
      node.putAll(build(parser), values);
      return;
    }
    switch (parser.currentToken()) {
      case START_OBJECT -> {
        node.put(FieldValue.Obj.EMPTY, values);
        while (parser.nextToken() != JsonToken.END_OBJECT) {
          readChild(parser, node.children.get(parser.currentName()), parser.nextToken());
        }
      }
      case START_ARRAY -> {
        node.put(FieldValue.Arr.EMPTY, values);
        for (int index = 0; parser.nextToken() != JsonToken.END_ARRAY; index++) {
          readChild(parser, node.element(index), parser.currentToken());
        }
      }
      default -> {
        if (node.field != null) {
          node.put(build(parser), values);
        }
      }
    }
  }

  private void readChild(JsonParser parser, @Nullable Node child, JsonToken token)
      throws IOException {
    if (child != null) {
      read(parser, child);
    } else if (token.isStructStart()) {
      parser.skipChildren();
    }
  }

  private static FieldValue build(JsonParser parser) throws IOException {
    return switch (parser.currentToken()) {
      case START_OBJECT -> {
        Map<String, FieldValue> members = new HashMap<>();
        while (parser.nextToken() != JsonToken.END_OBJECT) {
          String key = parser.currentName();
          parser.nextToken();
          members.put(key, build(parser));
        }
        yield new FieldValue.Obj(members);
      }
      case START_ARRAY -> {
        List<FieldValue> elements = new ArrayList<>();
        while (parser.nextToken() != JsonToken.END_ARRAY) {
          elements.add(build(parser));
        }
        yield new FieldValue.Arr(elements);
      }
      case VALUE_STRING -> new FieldValue.Text(parser.getText());
      case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT ->
          new FieldValue.Num(Decimal.parse(parser.getText()));
      case VALUE_TRUE -> FieldValue.TRUE;
      case VALUE_FALSE -> FieldValue.FALSE;
      case VALUE_NULL -> FieldValue.NULL;
      default -> throw new IOException("unexpected " + parser.currentToken());
    };
  }

  /** A segment that paths of the reader have in common, and what follows it in them. */
  private static final class Node {
    private final Map<String, Node> children = new HashMap<>();
    private int elementCount;
    private Field.@Nullable Path field;
    private boolean inside;

    void add(Field.Path path, boolean looksInside) {
      Node node = this;
      for (String segment : path.segments()) {
        node.elementCount = Math.max(node.elementCount, index(segment) + 1);
        node = node.children.computeIfAbsent(segment, key -> new Node());
      }
      node.field = path;
      node.inside |= looksInside;
    }

    /** The index that a segment is in an array; -1 for none. */
    private static int index(String segment) {
      boolean number =
          segment.length() <= 9
              && segment.chars().allMatch(c -> c >= '0' && c <= '9')
              && (segment.equals("0") || !segment.startsWith("0"));
      return number && !segment.isEmpty() ? Integer.parseInt(segment) : -1;
    }

    @Nullable Node element(int index) {
      return index < elementCount ? children.get(Integer.toString(index)) : null;
    }

    void put(FieldValue value, Map<Field, FieldValue> values) {
      if (field != null) {
        values.put(field, value);
      }
    }

    /** Keeps the value and those in it that the nodes below lead to. */
    void putAll(FieldValue value, Map<Field, FieldValue> values) {
      put(value, values);
      children.forEach(
          (segment, child) -> {
            FieldValue below = step(value, segment);
            if (below.rank() != FieldValue.Rank.MISSING) {
              child.putAll(below, values);
            }
          });
    }

    private static FieldValue step(FieldValue value, String segment) {
      if (value instanceof FieldValue.Obj object) {
        return object.values().getOrDefault(segment, FieldValue.MISSING);
      }
      if (value instanceof FieldValue.Arr array) {
        int index = index(segment);
        return index >= 0 && index < array.values().size()
            ? array.values().get(index)
            : FieldValue.MISSING;
      }
      return FieldValue.MISSING;
    }
  }
}
