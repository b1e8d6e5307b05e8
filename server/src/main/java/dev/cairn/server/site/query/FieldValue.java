package dev.cairn.server.site.query;

import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * What a field of an item holds: a JSON value, the time of an attribute, or nothing. Two are equal
 * as the contract says: of the same type, numbers by value, objects whatever the order of keys.
 *
 * <p>Immutable. {@code equals} goes no deeper than the shallower of the two values, and {@code
 * hashCode} never into what is nested, so that neither can overflow the stack as long as one side
 * comes from a request.
 */
public sealed interface FieldValue {
  FieldValue MISSING = new Missing();
  FieldValue NULL = new Null();
  FieldValue TRUE = new Bool(true);
  FieldValue FALSE = new Bool(false);

  /** What values are ordered by first, in this order. */
  enum Rank {
    MISSING,
    NULL,
    FALSE,
    TRUE,
    NUMBER,
    TEXT,
    ARRAY,
    OBJECT
  }

  Rank rank();

  /** What an order needs to know of this value. */
  default FieldValue withoutContent() {
    return this;
  }

  /** The path leads nowhere. */
  record Missing() implements FieldValue {
    @Override
    public Rank rank() {
      return Rank.MISSING;
    }
  }

  record Null() implements FieldValue {
    @Override
    public Rank rank() {
      return Rank.NULL;
    }
  }

  record Bool(boolean value) implements FieldValue {
    @Override
    public Rank rank() {
      return value ? Rank.TRUE : Rank.FALSE;
    }
  }

  record Num(Decimal value) implements FieldValue {
    @Override
    public Rank rank() {
      return Rank.NUMBER;
    }
  }

  record Text(String value) implements FieldValue {
    @Override
    public Rank rank() {
      return Rank.TEXT;
    }
  }

  /** A time of an item: text to those who look into it, compared as a time. */
  record Time(Instant value) implements FieldValue {
    private static final Pattern RFC_3339 =
        Pattern.compile(
            "\\d{4}-\\d\\d-\\d\\d[Tt]\\d\\d:\\d\\d:\\d\\d(?:\\.\\d{1,9})?"
                + "(?:[Zz]|[+-]\\d\\d:\\d\\d)");

    /**
     * @throws IllegalArgumentException not a time in RFC 3339 form
     */
    static Time parse(String text) {
      try {
        if (RFC_3339.matcher(text).matches()) {
          return new Time(OffsetDateTime.parse(text).toInstant());
        }
      } catch (DateTimeException e) {
        throw new IllegalArgumentException(notATime(text), e);
      }
      throw new IllegalArgumentException(notATime(text));
    }

    private static String notATime(String text) {
      return "must be a time in RFC 3339 form, such as 2026-01-31T23:59:59Z"
          + (text.length() > 40 ? "" : ", not " + text);
    }

    @Override
    public Rank rank() {
      return Rank.TEXT;
    }
  }

  record Arr(List<FieldValue> values) implements FieldValue {
    static final Arr EMPTY = new Arr(List.of());

    @Override
    public Rank rank() {
      return Rank.ARRAY;
    }

    @Override
    public FieldValue withoutContent() {
      return EMPTY;
    }

    @Override
    public int hashCode() {
      int hash = 1;
      for (FieldValue value : values) {
        hash = 31 * hash + FieldValue.shallowHash(value);
      }
      return hash;
    }
  }

  record Obj(Map<String, FieldValue> values) implements FieldValue {
    static final Obj EMPTY = new Obj(Map.of());

    @Override
    public Rank rank() {
      return Rank.OBJECT;
    }

    @Override
    public FieldValue withoutContent() {
      return EMPTY;
    }

    @Override
    public int hashCode() {
      int hash = 2;
      for (Map.Entry<String, FieldValue> entry : values.entrySet()) {
        hash += entry.getKey().hashCode() ^ FieldValue.shallowHash(entry.getValue());
      }
      return hash;
    }
  }

  private static int shallowHash(FieldValue value) {
    if (value instanceof Arr array) {
      return array.values().size();
    }
    if (value instanceof Obj object) {
      return -object.values().size();
    }
    return value.hashCode();
  }

  /** The contract's order of values; arrays are equal in it, and objects are. */
  static int compare(FieldValue a, FieldValue b) {
    if (a.rank() != b.rank()) {
      return a.rank().compareTo(b.rank());
    }
    if (a instanceof Num x && b instanceof Num y) {
      return x.value().compareTo(y.value());
    }
    if (a instanceof Text x && b instanceof Text y) {
      return compareCodePoints(x.value(), y.value());
    }
    if (a instanceof Time x && b instanceof Time y) {
      return x.value().compareTo(y.value());
    }
    return 0;
  }

  /** By Unicode code points, which for ids is the order of their UTF-8 bytes. */
  static int compareCodePoints(String a, String b) {
    int common = Math.min(a.length(), b.length());
    for (int i = 0; i < common; i++) {
      if (a.charAt(i) != b.charAt(i)) {
        int from = i > 0 && Character.isHighSurrogate(a.charAt(i - 1)) ? i - 1 : i;
        return Integer.compare(a.codePointAt(from), b.codePointAt(from));
      }
    }
    return Integer.compare(a.length(), b.length());
  }
}
