package dev.cairn.server.site.query;

import dev.cairn.server.site.query.FieldValue.Arr;
import dev.cairn.server.site.query.FieldValue.Bool;
import dev.cairn.server.site.query.FieldValue.Num;
import dev.cairn.server.site.query.FieldValue.Obj;
import dev.cairn.server.site.query.FieldValue.Text;
import dev.cairn.server.site.query.FieldValue.Time;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;

/**
 * What must be true of a value. Immutable.
 *
 * <p>The constructors throw {@code IllegalArgumentException} with what is wrong, in words for the
 * caller.
 */
public sealed interface Condition {
  int MAX_VALUES = 1_000;
  int MAX_TEXT_BYTES = 1_000;

  boolean test(FieldValue value);

  /** Whether it matters what an array or an object has in it. */
  boolean looksInside();

  /** The same condition with {@code change} made to the values that it compares with. */
  Condition map(UnaryOperator<FieldValue> change);

  record Equal(FieldValue given) implements Condition {
    @Override
    public boolean test(FieldValue value) {
      return value.equals(given);
    }

    @Override
    public boolean looksInside() {
      return isNested(given);
    }

    @Override
    public Condition map(UnaryOperator<FieldValue> change) {
      return new Equal(change.apply(given));
    }
  }

  record NotEqual(FieldValue given) implements Condition {
    @Override
    public boolean test(FieldValue value) {
      return !value.equals(given);
    }

    @Override
    public boolean looksInside() {
      return isNested(given);
    }

    @Override
    public Condition map(UnaryOperator<FieldValue> change) {
      return new NotEqual(change.apply(given));
    }
  }

  /** On which side of a bound a value lies. */
  enum Side {
    LESS {
      @Override
      boolean holds(int comparison) {
        return comparison < 0;
      }
    },
    LESS_OR_EQUAL {
      @Override
      boolean holds(int comparison) {
        return comparison <= 0;
      }
    },
    GREATER {
      @Override
      boolean holds(int comparison) {
        return comparison > 0;
      }
    },
    GREATER_OR_EQUAL {
      @Override
      boolean holds(int comparison) {
        return comparison >= 0;
      }
    };

    abstract boolean holds(int comparison);
  }

  record Ordered(Side side, FieldValue bound) implements Condition {
    public Ordered {
      if (!(bound instanceof Num
          || bound instanceof Text
          || bound instanceof Time
          || bound instanceof Bool)) {
        throw new IllegalArgumentException("must be a number, a text or a boolean");
      }
    }

    @Override
    public boolean test(FieldValue value) {
      return value.getClass() == bound.getClass() && side.holds(FieldValue.compare(value, bound));
    }

    @Override
    public boolean looksInside() {
      return false;
    }

    @Override
    public Condition map(UnaryOperator<FieldValue> change) {
      return new Ordered(side, change.apply(bound));
    }
  }

  record In(Set<FieldValue> given) implements Condition {
    public In {
      given = checked(given);
    }

    @Override
    public boolean test(FieldValue value) {
      return given.contains(value);
    }

    @Override
    public boolean looksInside() {
      return given.stream().anyMatch(Condition::isNested);
    }

    @Override
    public Condition map(UnaryOperator<FieldValue> change) {
      return new In(changed(given, change));
    }
  }

  record HasSome(Set<FieldValue> given) implements Condition {
    public HasSome {
      given = checked(given);
    }

    @Override
    public boolean test(FieldValue value) {
      return elements(value).stream().anyMatch(given::contains);
    }

    @Override
    public boolean looksInside() {
      return true;
    }

    @Override
    public Condition map(UnaryOperator<FieldValue> change) {
      return new HasSome(changed(given, change));
    }
  }

  record HasAll(Set<FieldValue> given) implements Condition {
    public HasAll {
      given = checked(given);
    }

    @Override
    public boolean test(FieldValue value) {
      Set<FieldValue> found = new HashSet<>();
      for (FieldValue element : elements(value)) {
        if (given.contains(element) && found.add(element) && found.size() == given.size()) {
          return true;
        }
      }
      return false;
    }

    @Override
    public boolean looksInside() {
      return true;
    }

    @Override
    public Condition map(UnaryOperator<FieldValue> change) {
      return new HasAll(changed(given, change));
    }
  }

  record StartsWith(String text) implements Condition {
    public StartsWith {
      requireShort(text);
    }

    @Override
    public boolean test(FieldValue value) {
      return textOf(value).filter(whole -> whole.startsWith(text)).isPresent();
    }

    @Override
    public boolean looksInside() {
      return false;
    }

    @Override
    public Condition map(UnaryOperator<FieldValue> change) {
      return this;
    }
  }

  record Contains(String text) implements Condition {
    public Contains {
      requireShort(text);
    }

    @Override
    public boolean test(FieldValue value) {
      return textOf(value).filter(whole -> whole.contains(text)).isPresent();
    }

    @Override
    public boolean looksInside() {
      return false;
    }

    @Override
    public Condition map(UnaryOperator<FieldValue> change) {
      return this;
    }
  }

  record Exists(boolean expected) implements Condition {
    @Override
    public boolean test(FieldValue value) {
      return expected == (value.rank() != FieldValue.Rank.MISSING);
    }

    @Override
    public boolean looksInside() {
      return false;
    }

    @Override
    public Condition map(UnaryOperator<FieldValue> change) {
      return this;
    }
  }

  private static boolean isNested(FieldValue value) {
    return value instanceof Arr || value instanceof Obj;
  }

  private static Set<FieldValue> checked(Set<FieldValue> given) {
    if (given.isEmpty() || given.size() > MAX_VALUES) {
      throw new IllegalArgumentException("must have 1 to " + MAX_VALUES + " values");
    }
    return Set.copyOf(given);
  }

  private static Set<FieldValue> changed(Set<FieldValue> given, UnaryOperator<FieldValue> change) {
    return given.stream().map(change).collect(Collectors.toUnmodifiableSet());
  }

  /** What a value holds as an array: one that is none, itself alone. */
  private static List<FieldValue> elements(FieldValue value) {
    if (value instanceof Arr array) {
      return array.values();
    }
    return value.rank() == FieldValue.Rank.MISSING ? List.of() : List.of(value);
  }

  private static Optional<String> textOf(FieldValue value) {
    if (value instanceof Text text) {
      return Optional.of(text.value());
    }
    return value instanceof Time time ? Optional.of(time.value().toString()) : Optional.empty();
  }

  private static void requireShort(String text) {
    if (text.getBytes(StandardCharsets.UTF_8).length > MAX_TEXT_BYTES) {
      throw new IllegalArgumentException("must have at most " + MAX_TEXT_BYTES + " bytes");
    }
  }
}
