package dev.cairn.server.config;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Sizes in bytes as people write them. {@code KB} is 1000 bytes, {@code KiB} is 1024. */
final class SizeText {
  private static final Pattern FORM = Pattern.compile("([0-9]{1,19})([A-Za-z]*)");

  /** From the largest unit to the smallest. */
  private static final Map<String, Long> UNITS = units();

  private SizeText() {}

  static long parse(String text) {
    Matcher matcher = FORM.matcher(text);
    if (!matcher.matches()) {
      throw new IllegalArgumentException("not a size: " + text);
    }
    Long unit = UNITS.get(matcher.group(2));
    if (unit == null) {
      throw new IllegalArgumentException("no unit of size: " + matcher.group(2));
    }
    try {
      return Math.multiplyExact(Long.parseLong(matcher.group(1)), unit);
    } catch (ArithmeticException | NumberFormatException e) {
      throw new IllegalArgumentException("too large: " + text, e);
    }
  }

  static String print(long bytes) {
    for (Map.Entry<String, Long> unit : UNITS.entrySet()) {
      if (bytes > 0 && bytes % unit.getValue() == 0) {
        return bytes / unit.getValue() + unit.getKey();
      }
    }
    return String.valueOf(bytes);
  }

  private static Map<String, Long> units() {
    Map<String, Long> units = new LinkedHashMap<>();
    units.put("TiB", 1L << 40);
    units.put("TB", 1_000_000_000_000L);
    units.put("GiB", 1L << 30);
    units.put("GB", 1_000_000_000L);
    units.put("MiB", 1L << 20);
    units.put("MB", 1_000_000L);
    units.put("KiB", 1L << 10);
    units.put("KB", 1_000L);
    units.put("", 1L);
    units.put("B", 1L);
    return units;
  }
}
