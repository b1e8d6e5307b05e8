package dev.cairn.server.site;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import java.util.regex.Pattern;

/**
 * The name of a site; case-sensitive, safe as a file name.
 *
 * @param value 1 to 64 characters of {@code [A-Za-z0-9._-]}, the first a letter or a digit, the
 *     last not a dot
 */
public record SiteId(@JsonValue String value) implements Comparable<SiteId> {
  private static final Pattern FORM =
      Pattern.compile("[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9_-])?");

  @JsonCreator(mode = JsonCreator.Mode.DELEGATING)
  public SiteId {
    if (!isValid(value)) {
      throw new IllegalArgumentException("not a site id: " + value);
    }
  }

  /** Whether {@code text} has the form of a site id. */
  public static boolean isValid(String text) {
    return FORM.matcher(text).matches();
  }

  @Override
  public int compareTo(SiteId other) {
    return value.compareTo(other.value);
  }

  @Override
  public String toString() {
    return value;
  }
}
