package dev.cairn.server.site.query;

import com.google.protobuf.ByteString;
import dev.cairn.server.store.StoredItem;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Instant;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** Short sentences for tests about queries. */
final class Documents {
  static final Instant CREATED = Instant.parse("2026-01-31T10:00:00.5Z");
  static final Instant UPDATED = Instant.parse("2026-02-01T00:00:00Z");

  private Documents() {}

  static StoredItem item(String id, String json) {
    return new StoredItem(id, ByteString.copyFromUtf8(json), "anna", CREATED, UPDATED, 3);
  }

  /** The JSON text as a value. */
  static FieldValue value(String json) {
    try {
      return FieldReader.parse(ByteString.copyFromUtf8(json));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static Set<FieldValue> values(String... json) {
    return new LinkedHashSet<>(Arrays.stream(json).map(Documents::value).toList());
  }

  static boolean matches(Filter filter, StoredItem item) {
    FieldReader fields = FieldReader.of(filter, List.of());
    fields.read(item);
    return filter.matches(fields);
  }

  static boolean matches(String path, Condition condition, String json) {
    return matches(where(path, condition), item("i", json));
  }

  static Comparison where(String path, Condition condition) {
    return new Comparison(Field.parse(path), condition);
  }

  static Comparison eq(String path, String json) {
    return where(path, new Condition.Equal(value(json)));
  }

  static Condition ordered(Condition.Side side, String json) {
    return new Condition.Ordered(side, value(json));
  }
}
