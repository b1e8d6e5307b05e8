package dev.cairn.server.backup;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import java.util.regex.Pattern;

/**
 * Names a backup within its site; made by the server, later ones sort after earlier ones.
 *
 * @param value 1 to 64 lower-case letters, digits and hyphens
 */
public record BackupId(@JsonValue String value) implements Comparable<BackupId> {
  private static final Pattern FORM = Pattern.compile("[a-z0-9][a-z0-9-]{0,63}");

  @JsonCreator(mode = JsonCreator.Mode.DELEGATING)
  public BackupId {
    if (!isValid(value)) {
      throw new IllegalArgumentException("not a backup id: " + value);
    }
  }

  /** Whether {@code text} has the form of a backup id. */
  public static boolean isValid(String text) {
    return FORM.matcher(text).matches();
  }

  @Override
  public int compareTo(BackupId other) {
    return value.compareTo(other.value);
  }

  @Override
  public String toString() {
    return value;
  }
}
