package dev.cairn.server.config;

import java.util.Locale;
import java.util.regex.Pattern;

/**
 * Something that can be configured: a row of the table.
 *
 * @param name lower-case words joined by dots and hyphens, for example {@code listen.port-file}
 * @param type what its values are
 * @param defaultText its value when nothing sets it, as it would be written in a file
 * @param secret whether its value must never be printed
 * @param description what it does, in one or two sentences
 */
public record ConfigKey<T>(
    String name, ConfigType<T> type, String defaultText, boolean secret, String description) {
  private static final Pattern NAME = Pattern.compile("[a-z]+(-[a-z]+)*(\\.[a-z]+(-[a-z]+)*)*");
  private static final String HIDDEN = "***";

  /** What the names of environment variables start with. */
  static final String VARIABLE_PREFIX = "CAIRN_";

  public ConfigKey {
    if (!NAME.matcher(name).matches()) {
      throw new IllegalArgumentException("not a key: " + name);
    }
    type.parse(defaultText);
  }

  /** A key whose value may be printed. */
  public ConfigKey(String name, ConfigType<T> type, String defaultText, String description) {
    this(name, type, defaultText, false, description);
  }

  /** The environment variable that sets it, for example {@code CAIRN_LISTEN_PORT_FILE}. */
  public String variable() {
    return VARIABLE_PREFIX + name.toUpperCase(Locale.ROOT).replace('.', '_').replace('-', '_');
  }

  /** The text as it may be shown to anybody. */
  String shown(String text) {
    return secret && !text.isEmpty() ? HIDDEN : text;
  }

  /** The value that the text stands for, printed as it may be shown to anybody. */
  String shownValue(String text) {
    return shown(type.print(type.parse(text)));
  }
}
