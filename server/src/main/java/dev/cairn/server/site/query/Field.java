package dev.cairn.server.site.query;

import dev.cairn.server.store.StoredItem;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Where in an item to look. Immutable. */
public sealed interface Field {
  int MAX_BYTES = 1_000;
  int MAX_SEGMENTS = 32;

  /**
   * Understands a path as {@code filter.proto} describes it.
   *
   * @throws IllegalArgumentException with what is wrong with it, in words for the caller
   */
  static Field parse(String path) {
    if (path.isEmpty()) {
      throw new IllegalArgumentException("is required");
    }
    if (path.getBytes(StandardCharsets.UTF_8).length > MAX_BYTES) {
      throw new IllegalArgumentException("must have at most " + MAX_BYTES + " bytes");
    }
    return path.charAt(0) == '@' ? Attribute.named(path) : Path.parse(path);
  }

  /**
   * A value inside an item's data.
   *
   * @param segments from the outside in; each a key where there is an object, and an index where
   *     there is an array and it is a number
   */
  record Path(List<String> segments) implements Field {
    public Path {
      segments = List.copyOf(segments);
    }

    private static Path parse(String path) {
      List<String> segments = new ArrayList<>();
      StringBuilder segment = new StringBuilder();
      for (int i = 0; i < path.length(); i++) {
        char c = path.charAt(i);
        if (c == '.') {
          segments.add(segment.toString());
          segment.setLength(0);
          continue;
        }
        if (c == '\\') {
          i++;
          if (i == path.length() || "\\.@".indexOf(path.charAt(i)) < 0) {
            throw new IllegalArgumentException(
                "has a backslash before something else than a dot, a backslash or an @; write it"
                    + " twice where it belongs to a key");
          }
          c = path.charAt(i);
        }
        segment.append(c);
      }
      segments.add(segment.toString());
      if (segments.size() > MAX_SEGMENTS) {
        throw new IllegalArgumentException("must have at most " + MAX_SEGMENTS + " segments");
      }
      return new Path(segments);
    }
  }

  /** What an item is besides its data. */
  enum Attribute implements Field {
    ID("@id") {
      @Override
      FieldValue of(StoredItem item) {
        return new FieldValue.Text(item.id());
      }
    },
    OWNER("@owner") {
      @Override
      FieldValue of(StoredItem item) {
        return new FieldValue.Text(item.owner());
      }
    },
    REVISION("@revision") {
      @Override
      FieldValue of(StoredItem item) {
        return new FieldValue.Num(Decimal.of(item.revision()));
      }
    },
    CREATE_TIME("@create_time") {
      @Override
      FieldValue of(StoredItem item) {
        return new FieldValue.Time(item.createTime());
      }
    },
    UPDATE_TIME("@update_time") {
      @Override
      FieldValue of(StoredItem item) {
        return new FieldValue.Time(item.updateTime());
      }
    };

    private final String path;

    Attribute(String path) {
      this.path = path;
    }

    abstract FieldValue of(StoredItem item);

    boolean isTime() {
      return this == CREATE_TIME || this == UPDATE_TIME;
    }

    private static Attribute named(String path) {
      for (Attribute attribute : values()) {
        if (attribute.path.equals(path)) {
          return attribute;
        }
      }
      throw new IllegalArgumentException(
          "must be @id, @owner, @revision, @create_time or @update_time where it starts with @;"
              + " write \\@ for a key that does");
    }
  }
}
