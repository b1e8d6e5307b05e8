package dev.cairn.server.config;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Durations as people write them: a whole number and a unit, or 0. */
final class DurationText {
  private static final Pattern FORM = Pattern.compile("([0-9]{1,15})(ms|s|m|h|d)");
  private static final String NONE = "0";

  /** From the largest unit to the smallest. */
  private static final Map<String, Long> MILLIS = millis();

  private DurationText() {}

  static Duration parse(String text) {
    if (text.equals(NONE)) {
      return Duration.ZERO;
    }
    Matcher matcher = FORM.matcher(text);
    if (!matcher.matches()) {
      throw new IllegalArgumentException("not a duration: " + text);
    }
    long unit = MILLIS.getOrDefault(matcher.group(2), 1L);
    try {
      return Duration.ofMillis(Math.multiplyExact(Long.parseLong(matcher.group(1)), unit));
    } catch (ArithmeticException e) {
      throw new IllegalArgumentException("too long: " + text, e);
    }
  }

  static String print(Duration duration) {
    long millis = duration.toMillis();
    for (Map.Entry<String, Long> unit : MILLIS.entrySet()) {
      if (millis > 0 && millis % unit.getValue() == 0) {
        return millis / unit.getValue() + unit.getKey();
      }
    }
    return NONE;
  }

  private static Map<String, Long> millis() {
    Map<String, Long> units = new LinkedHashMap<>();
    units.put("d", 86_400_000L);
    units.put("h", 3_600_000L);
    units.put("m", 60_000L);
    units.put("s", 1_000L);
    units.put("ms", 1L);
    return units;
  }
}
