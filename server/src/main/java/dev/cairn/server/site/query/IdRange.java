package dev.cairn.server.site.query;

import dev.cairn.server.site.query.FieldValue.Text;
import java.util.List;
import java.util.Optional;

/**
 * Ids between which all items lie that can match a filter, so that the others need not be read.
 *
 * @param after the first one comes after this id; empty: any
 * @param last none comes after this one; empty: any
 */
record IdRange(String after, Optional<String> last) {
  static final IdRange ALL = new IdRange("", Optional.empty());

  /** Comes after every id that has the same beginning: ids have at most 256 bytes. */
  private static final String GREATEST = Character.toString(Character.MAX_CODE_POINT).repeat(64);

  static IdRange of(Filter filter) {
    if (filter instanceof Filter.AllOf all) {
      return all.filters().stream().map(IdRange::of).reduce(ALL, IdRange::and);
    }
    if (filter instanceof Comparison comparison && comparison.field() == Field.Attribute.ID) {
      return of(comparison.condition());
    }
    return ALL;
  }

  private static IdRange of(Condition condition) {
    if (condition instanceof Condition.Equal equal && equal.given() instanceof Text id) {
      return between(id.value(), id.value());
    }
    if (condition instanceof Condition.In in) {
      List<String> ids =
          in.given().stream()
              .filter(Text.class::isInstance)
              .map(id -> ((Text) id).value())
              .sorted(FieldValue::compareCodePoints)
              .toList();
      return ids.isEmpty() ? ALL : between(ids.get(0), ids.get(ids.size() - 1));
    }
    if (condition instanceof Condition.StartsWith start) {
      return between(start.text(), start.text() + GREATEST);
    }
    if (condition instanceof Condition.Ordered ordered && ordered.bound() instanceof Text id) {
      return switch (ordered.side()) {
        case LESS, LESS_OR_EQUAL -> new IdRange("", Optional.of(id.value()));
        case GREATER -> new IdRange(id.value(), Optional.empty());
        case GREATER_OR_EQUAL -> new IdRange(before(id.value()), Optional.empty());
      };
    }
    return ALL;
  }

  private static IdRange between(String first, String last) {
    return new IdRange(before(first), Optional.of(last));
  }

  /** A text that comes before {@code id}, with hardly any id between the two. */
  private static String before(String id) {
    if (id.isEmpty()) {
      return "";
    }
    int last = id.codePointBefore(id.length());
    String rest = id.substring(0, id.length() - Character.charCount(last));
    if (last == 0) {
      return rest;
    }
    int previous = last == Character.MAX_SURROGATE + 1 ? Character.MIN_SURROGATE - 1 : last - 1;
    return rest + Character.toString(previous) + GREATEST;
  }

  /** Both. */
  private IdRange and(IdRange other) {
    return new IdRange(
        greater(after, other.after),
        last.isEmpty() || other.last.isEmpty()
            ? last.or(other::last)
            : Optional.of(
                greater(last.get(), other.last.get()).equals(last.get())
                    ? other.last.get()
                    : last.get()));
  }

  /** The part of it that comes after {@code id}. */
  IdRange from(String id) {
    return new IdRange(greater(after, id), last);
  }

  boolean isAll() {
    return equals(ALL);
  }

  boolean endsBefore(String id) {
    return last.isPresent() && FieldValue.compareCodePoints(id, last.get()) > 0;
  }

  private static String greater(String a, String b) {
    return FieldValue.compareCodePoints(a, b) >= 0 ? a : b;
  }
}
