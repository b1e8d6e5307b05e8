package dev.cairn.server.store;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import java.util.regex.Pattern;

/**
 * The name of a collection within its site; case-sensitive.
 *
 * @param value 1 to 256 characters of {@code [A-Za-z0-9._-]}, the first a letter or a digit
 */
public record CollectionId(@JsonValue String value) implements Comparable<CollectionId> {
  private static final Pattern FORM = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,255}");

  @JsonCreator(mode = JsonCreator.Mode.DELEGATING)
  public CollectionId {
    if (!isValid(value)) {
      throw new IllegalArgumentException("not a collection id: " + value);
    }
  }

  /** Whether {@code text} has the form of a collection id. */
  public static boolean isValid(String text) {
    return FORM.matcher(text).matches();
  }

  @Override
  public int compareTo(CollectionId other) {
    return value.compareTo(other.value);
  }

  @Override
  public String toString() {
    return value;
  }
}
