package dev.cairn.server.telemetry;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One line of the audit log, {@code key=value} pairs in the order in which they are given. A value
 * that could be taken for something else is quoted and escaped: callers choose some of them. Those
 * that are empty are left out.
 *
 * <p>Confined to one thread.
 */
public final class AuditLine {
  /** Where it goes; {@link AuditFile} can give it a file of its own. */
  static final String LOGGER = "cairn.audit";

  private static final Logger log = LoggerFactory.getLogger(LOGGER);
  private static final int MAX_VALUE = 256;

  private final StringBuilder text = new StringBuilder();

  /** Adds a value. Returns this line. */
  public AuditLine with(String key, String value) {
    if (!value.isEmpty()) {
      if (text.length() > 0) {
        text.append(' ');
      }
      text.append(key).append('=').append(quoted(value));
    }
    return this;
  }

  /** Writes it. */
  public void write() {
    log.info("{}", text);
  }

  @Override
  public String toString() {
    return text.toString();
  }

  /** A value as it is if nobody can take it for two; otherwise in quotes, with escapes. */
  public static String quoted(String value) {
    boolean plain = !value.isEmpty() && value.length() <= MAX_VALUE;
    for (int i = 0; i < value.length() && plain; i++) {
      char c = value.charAt(i);
      plain = c > ' ' && c < 0x7f && c != '"' && c != '=' && c != '\\';
    }
    return plain ? value : escaped(value);
  }

  private static String escaped(String value) {
    StringBuilder quoted = new StringBuilder("\"");
    int end = Math.min(value.length(), MAX_VALUE);
    for (int i = 0; i < end; i++) {
      char c = value.charAt(i);
      if (c == '"' || c == '\\') {
        quoted.append('\\').append(c);
      } else if (c < ' ' || c == 0x7f || (c > 0x7f && !Character.isLetterOrDigit(c))) {
        quoted.append("\\u%04x".formatted((int) c));
      } else {
        quoted.append(c);
      }
    }
    return quoted.append(end < value.length() ? "...\"" : "\"").toString();
  }
}
