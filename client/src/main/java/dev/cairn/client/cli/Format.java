package dev.cairn.client.cli;

import com.google.protobuf.ProtocolMessageEnum;
import com.google.protobuf.Timestamp;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Values as people read and type them. */
final class Format {
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss'Z'", Locale.ROOT).withZone(ZoneOffset.UTC);
  private static final Pattern DURATION = Pattern.compile("(\\d{1,9})(ms|s|m|h|d)");

  private Format() {}

  static String count(long number) {
    return String.format(Locale.ROOT, "%,d", number);
  }

  /** A number of things: 1 item, 2 items. */
  static String count(long number, String thing) {
    return count(number) + " " + thing + (number == 1 ? "" : "s");
  }

  /** Decimal units, as disks are sold. */
  static String bytes(long bytes) {
    if (bytes < 1_000) {
      return bytes + " B";
    }
    double value = bytes;
    int unit = -1;
    do {
      value /= 1_000;
      unit++;
    } while (value >= 999.5 && unit < 4);
    return String.format(
        Locale.ROOT, value < 9.95 ? "%.1f %cB" : "%.0f %cB", value, "kMGTP".charAt(unit));
  }

  /** UTC, to the second. */
  static String time(Timestamp time) {
    return TIME.format(instant(time));
  }

  static Instant instant(Timestamp time) {
    return Instant.ofEpochSecond(time.getSeconds(), time.getNanos());
  }

  /** How long ago, in its two greatest units. */
  static String age(Timestamp time, Instant now) {
    Duration age = Duration.between(instant(time), now);
    return span(age.isNegative() ? Duration.ZERO : age);
  }

  /** A span in its two greatest units: 3d 4h, 2m 10s, 1.2s. */
  static String span(Duration span) {
    long s = span.toSeconds();
    if (s < 10) {
      return String.format(Locale.ROOT, "%.1fs", span.toMillis() / 1000.0);
    }
    if (s < 60) {
      return s + "s";
    }
    if (s < 3_600) {
      return two(s / 60, "m", s % 60, "s");
    }
    if (s < 86_400) {
      return two(s / 3_600, "h", s % 3_600 / 60, "m");
    }
    return two(s / 86_400, "d", s % 86_400 / 3_600, "h");
  }

  private static String two(long great, String greatUnit, long small, String smallUnit) {
    return great + greatUnit + (small == 0 ? "" : " " + small + smallUnit);
  }

  static Duration duration(com.google.protobuf.Duration duration) {
    return Duration.ofSeconds(duration.getSeconds(), duration.getNanos());
  }

  static com.google.protobuf.Duration duration(Duration duration) {
    return com.google.protobuf.Duration.newBuilder()
        .setSeconds(duration.getSeconds())
        .setNanos(duration.getNano())
        .build();
  }

  /** Reads 30s, 5m, 12h, 7d, 500ms. */
  static Duration parseDuration(String text) {
    Matcher matcher = DURATION.matcher(text);
    if (!matcher.matches()) {
      throw new UsageException(
          "'" + text + "' is no duration.",
          "Write a number and ms, s, m, h or d, such as 30s or 7d.");
    }
    long number = Long.parseLong(matcher.group(1));
    return switch (matcher.group(2)) {
      case "ms" -> Duration.ofMillis(number);
      case "s" -> Duration.ofSeconds(number);
      case "m" -> Duration.ofMinutes(number);
      case "h" -> Duration.ofHours(number);
      default -> Duration.ofDays(number);
    };
  }

  /** The name of a value without the prefix of its enum: READY for BACKUP_STATE_READY. */
  static String name(ProtocolMessageEnum value) {
    String name = String.valueOf(value);
    String prefix = prefix(value);
    return name.startsWith(prefix) ? name.substring(prefix.length()) : name;
  }

  /** Finds a value by its name without prefix, in any case, with - for _. */
  static <E extends Enum<E> & ProtocolMessageEnum> E parse(Class<E> type, String text) {
    E[] values = type.getEnumConstants();
    String wanted = text.toUpperCase(Locale.ROOT).replace('-', '_');
    for (E value : values) {
      if (name(value).equals(wanted) && !value.name().endsWith("UNSPECIFIED")) {
        return value;
      }
    }
    List<String> names =
        Arrays.stream(values)
            .filter(v -> !v.name().endsWith("UNSPECIFIED") && !v.name().equals("UNRECOGNIZED"))
            .map(v -> lower(name(v)))
            .toList();
    throw new UsageException(
        "'" + text + "' is none of " + String.join(", ", names) + ".", "Take one of these.");
  }

  private static String prefix(ProtocolMessageEnum value) {
    return value
            .getClass()
            .getSimpleName()
            .replaceAll("([a-z])([A-Z])", "$1_$2")
            .toUpperCase(Locale.ROOT)
        + "_";
  }

  /** The time, or nothing where it is not set. */
  static String when(boolean set, Timestamp time) {
    return set ? time(time) : "";
  }

  /** The age, or nothing where the time is not set. */
  static String age(boolean set, Timestamp time, Instant now) {
    return set ? age(time, now) : "";
  }

  static String labels(Map<String, String> labels) {
    return labels.entrySet().stream()
        .sorted(Map.Entry.comparingByKey())
        .map(e -> e.getKey() + "=" + e.getValue())
        .collect(Collectors.joining(", "));
  }

  /** A name as it is typed: on-demand for ON_DEMAND. */
  static String lower(String name) {
    return name.toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
