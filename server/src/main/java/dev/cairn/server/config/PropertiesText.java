package dev.cairn.server.config;

import java.io.IOException;
import java.io.StringReader;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;

/**
 * The syntax of {@link Properties} files, with line numbers. Lines go to {@link Properties} one
 * after the other, so that escapes, separators and comments mean what they always mean.
 */
final class PropertiesText {
  private static final String BYTE_ORDER_MARK = "\ufeff";

  private PropertiesText() {}

  /**
   * A line that sets something.
   *
   * @param number of the line, from 1; of the first where it is continued
   */
  record Line(int number, String name, String value) {}

  /** A line that is not understood. */
  static final class BadLineException extends Exception {
    private static final long serialVersionUID = 1L;

    BadLineException(int number, String message) {
      super("line " + number + ": " + message);
    }
  }

  static List<Line> parse(String text) throws BadLineException {
    String withoutMark =
        text.startsWith(BYTE_ORDER_MARK) ? text.substring(BYTE_ORDER_MARK.length()) : text;
    List<String> rows = withoutMark.lines().toList();
    List<Line> lines = new ArrayList<>();
    for (int i = 0; i < rows.size(); i++) {
      int number = i + 1;
      StringBuilder logical = new StringBuilder(rows.get(i));
      boolean comment = isComment(rows.get(i));
      while (!comment && isContinued(rows.get(i)) && i + 1 < rows.size()) {
        i++;
        logical.append('\n').append(rows.get(i));
      }
      for (var entry : load(number, logical.toString()).entrySet()) {
        lines.add(new Line(number, (String) entry.getKey(), ((String) entry.getValue()).strip()));
      }
    }
    return lines;
  }

  /** A value so that reading it gives it back. */
  static String escape(String value) {
    return value
        .replace("\\", "\\\\")
        .replace("\n", "\\n")
        .replace("\r", "\\r")
        .replace("\t", "\\t");
  }

  private static Properties load(int number, String line) throws BadLineException {
    Properties properties = new Properties();
    try {
      properties.load(new StringReader(line));
    } catch (IllegalArgumentException e) {
      throw new BadLineException(number, "a \\u must be followed by four hexadecimal digits");
    } catch (IOException e) {
      throw new UncheckedIOException("reading from memory", e);
    }
    return properties;
  }

  private static boolean isComment(String row) {
    String start = row.stripLeading();
    return start.startsWith("#") || start.startsWith("!");
  }

  /** Whether an odd number of backslashes ends it. */
  private static boolean isContinued(String row) {
    int backslashes = 0;
    while (backslashes < row.length() && row.charAt(row.length() - 1 - backslashes) == '\\') {
      backslashes++;
    }
    return backslashes % 2 == 1;
  }
}
