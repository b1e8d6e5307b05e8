package dev.cairn.server.backup;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/** A line of the log of a backup or restoration: ids and numbers, never content. */
public record LogLine(Instant time, Severity severity, String message) {
  /** How many lines a record keeps. */
  public static final int MAX_LINES = 200;

  /** How much a line matters. */
  public enum Severity {
    INFO,
    WARNING,
    ERROR
  }

  /** {@code log} with one more line; the oldest go when there are too many. */
  public static List<LogLine> append(List<LogLine> log, LogLine line) {
    List<LogLine> next = new ArrayList<>(log);
    next.add(line);
    return List.copyOf(
        next.size() > MAX_LINES ? next.subList(next.size() - MAX_LINES, next.size()) : next);
  }
}
