package dev.cairn.server.config;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Function;
import java.util.function.IntSupplier;
import java.util.regex.Pattern;

/**
 * What the values of a key are: how they are read and printed, and which are allowed. What is
 * printed reads as the same value. Immutable.
 */
public final class ConfigType<T> {
  private static final Pattern INTEGER = Pattern.compile("-?[0-9]{1,9}");
  private static final Pattern HOST = Pattern.compile("[A-Za-z0-9_.:%-]{1,255}");
  private static final String AUTO = "auto";
  private static final String OFF = "0";

  private final String kind;
  private final String range;
  private final Function<String, T> parser;
  private final Function<T, String> printer;

  private ConfigType(
      String kind, String range, Function<String, T> parser, Function<T, String> printer) {
    this.kind = kind;
    this.range = range;
    this.parser = parser;
    this.printer = printer;
  }

  /** Whole numbers, the bounds included. */
  public static ConfigType<Integer> integer(int min, int max) {
    return new ConfigType<>(
        "a whole number",
        min + " to " + max,
        text -> parseInteger(text, min, max),
        String::valueOf);
  }

  /** Whole numbers, or {@code auto} for what {@code auto} gives. */
  public static ConfigType<Integer> integerOrAuto(int min, int max, IntSupplier auto) {
    return new ConfigType<>(
        "auto or a whole number",
        "auto, " + min + " to " + max,
        text -> text.equals(AUTO) ? auto.getAsInt() : parseInteger(text, min, max),
        String::valueOf);
  }

  /** Whole numbers, or {@code off} for none. */
  public static ConfigType<OptionalInt> integerOrOff(int min, int max) {
    String off = "off";
    return new ConfigType<>(
        "off or a whole number",
        "off, " + min + " to " + max,
        text ->
            text.equals(off) ? OptionalInt.empty() : OptionalInt.of(parseInteger(text, min, max)),
        value -> value.isPresent() ? String.valueOf(value.getAsInt()) : off);
  }

  /** Sizes in bytes, written like {@code 500KB}, {@code 64MiB} or {@code 4096}. */
  public static ConfigType<Long> size(String min, String max) {
    long least = SizeText.parse(min);
    long most = SizeText.parse(max);
    return new ConfigType<>(
        "a size such as 500KB, 64MiB or 4096",
        min + " to " + max,
        text -> within(SizeText.parse(text), least, most),
        SizeText::print);
  }

  /** Durations, written like {@code 500ms}, {@code 30s}, {@code 10m}, {@code 24h} or {@code 7d}. */
  public static ConfigType<Duration> duration(String min, String max) {
    Duration least = DurationText.parse(min);
    Duration most = DurationText.parse(max);
    return new ConfigType<>(
        "a duration such as 500ms, 30s, 10m, 24h or 7d",
        min + " to " + max,
        text -> within(DurationText.parse(text), least, most),
        DurationText::print);
  }

  /** Durations, or {@code 0} for none. */
  public static ConfigType<Optional<Duration>> durationOrOff(String min, String max) {
    ConfigType<Duration> duration = duration(min, max);
    return new ConfigType<>(
        "0 or " + duration.kind,
        "0, " + duration.range,
        text -> text.equals(OFF) ? Optional.empty() : Optional.of(duration.parse(text)),
        value -> value.map(duration::print).orElse(OFF));
  }

  /** {@code true} or {@code false}. */
  public static ConfigType<Boolean> flag() {
    return new ConfigType<>("true or false", "", ConfigType::parseFlag, String::valueOf);
  }

  /** A host name or an IP address; not resolved. */
  public static ConfigType<String> host() {
    return new ConfigType<>(
        "a host name or an IP address", "", ConfigType::parseHost, Function.identity());
  }

  /** Any text but none and spaces at its ends. */
  public static ConfigType<String> text() {
    return new ConfigType<>("a text", "", ConfigType::parseText, Function.identity());
  }

  /** A text, or nothing. */
  public static ConfigType<Optional<String>> optionalText() {
    return new ConfigType<>(
        "a text or nothing",
        "",
        text -> text.isEmpty() ? Optional.empty() : Optional.of(parseText(text)),
        value -> value.orElse(""));
  }

  /** A file or directory, relative to where the server was started. */
  public static ConfigType<Path> path() {
    return new ConfigType<>("a path", "", ConfigType::parsePath, Path::toString);
  }

  /** A file or directory, or nothing. */
  public static ConfigType<Optional<Path>> optionalPath() {
    return new ConfigType<>(
        "a path or nothing",
        "",
        text -> text.isEmpty() ? Optional.empty() : Optional.of(parsePath(text)),
        value -> value.map(Path::toString).orElse(""));
  }

  /**
   * The value that a text stands for.
   *
   * @throws IllegalArgumentException if it is none of {@link #allowed}
   */
  T parse(String text) {
    return parser.apply(text);
  }

  String print(T value) {
    return printer.apply(value);
  }

  /** What is allowed, to complete "must be". */
  String allowed() {
    return range.isEmpty() ? kind : kind + " (" + range + ")";
  }

  /** What is allowed, as short as it is clear. */
  String shortAllowed() {
    return range.isEmpty() ? kind : range;
  }

  private static Integer parseInteger(String text, int min, int max) {
    if (!INTEGER.matcher(text).matches()) {
      throw new IllegalArgumentException("not a whole number");
    }
    return within(Integer.valueOf(text), min, max);
  }

  private static Boolean parseFlag(String text) {
    return switch (text) {
      case "true" -> true;
      case "false" -> false;
      default -> throw new IllegalArgumentException("neither true nor false");
    };
  }

  private static String parseHost(String text) {
    if (!HOST.matcher(text).matches()) {
      throw new IllegalArgumentException("not a host");
    }
    return text;
  }

  private static String parseText(String text) {
    if (text.isEmpty() || !text.strip().equals(text)) {
      throw new IllegalArgumentException("empty, or spaces at its ends");
    }
    return text;
  }

  private static Path parsePath(String text) {
    if (text.isBlank()) {
      throw new IllegalArgumentException("not a path");
    }
    return Path.of(text);
  }

  private static <V extends Comparable<V>> V within(V value, V min, V max) {
    if (value.compareTo(min) < 0 || value.compareTo(max) > 0) {
      throw new IllegalArgumentException("out of range");
    }
    return value;
  }
}
