package dev.cairn.server.backup.schedule;

import dev.cairn.server.error.FieldViolation;
import dev.cairn.server.error.ServiceException;
import java.time.Duration;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * A wish to replace some parts of a schedule. A part that is named but not set gets its default;
 * only what is named is looked at. An interval ends cron and the other way round.
 *
 * @param parts which
 * @param values by what
 */
public record ScheduleChange(Set<Part> parts, Values values) {
  private static final Duration MIN = Duration.ofMinutes(1);
  private static final Duration MAX_INTERVAL = Duration.ofDays(366);
  private static final Duration MAX_AGE = Duration.ofDays(3_660);
  private static final int MAX_COUNT = 1_000;

  public ScheduleChange {
    parts = Set.copyOf(parts);
  }

  /** A part that can be set. */
  public enum Part {
    INTERVAL,
    CRON,
    TIME_ZONE,
    PAUSED,
    RETENTION_COUNT,
    RETENTION_MAX_AGE
  }

  /**
   * New values; empty: not set.
   *
   * @param retentionCount 0: not set
   */
  public record Values(
      Optional<Duration> interval,
      Optional<String> cron,
      String timeZone,
      boolean paused,
      int retentionCount,
      Optional<Duration> retentionMaxAge) {}

  /**
   * The parts that a field mask names.
   *
   * @throws ServiceException INVALID_ARGUMENT when it names none, or anything else
   */
  public static Set<Part> parts(Collection<String> paths) {
    Set<Part> parts = EnumSet.noneOf(Part.class);
    for (String path : paths) {
      parts.addAll(
          switch (path) {
            case "*" -> EnumSet.allOf(Part.class);
            case "interval" -> EnumSet.of(Part.INTERVAL);
            case "cron" -> EnumSet.of(Part.CRON);
            case "time_zone" -> EnumSet.of(Part.TIME_ZONE);
            case "paused" -> EnumSet.of(Part.PAUSED);
            case "retention" -> EnumSet.of(Part.RETENTION_COUNT, Part.RETENTION_MAX_AGE);
            case "retention.count" -> EnumSet.of(Part.RETENTION_COUNT);
            case "retention.max_age" -> EnumSet.of(Part.RETENTION_MAX_AGE);
            default ->
                throw ServiceException.invalid(
                    "update_mask",
                    "names '"
                        + path
                        + "'; it may name interval, cron, time_zone, paused, retention,"
                        + " retention.count, retention.max_age or *");
          });
    }
    if (parts.isEmpty()) {
      throw ServiceException.invalid("update_mask", "must name what to replace, or *");
    }
    return parts;
  }

  /**
   * Checks the named values.
   *
   * @throws ServiceException INVALID_ARGUMENT with all that is wrong
   */
  void check() {
    List<FieldViolation> wrong = new ArrayList<>();
    if (parts.contains(Part.INTERVAL)) {
      checkRange("interval", values.interval(), MAX_INTERVAL, "366 days", wrong);
    }
    if (parts.contains(Part.CRON)) {
      values.cron().ifPresent(text -> checkCron(text, wrong));
    }
    if (parts.contains(Part.TIME_ZONE) && !isTimeZone(values.timeZone())) {
      add(wrong, "time_zone", "is not a time zone of the IANA database, such as Europe/Berlin");
    }
    if (parts.contains(Part.RETENTION_COUNT)
        && (values.retentionCount() < 0 || values.retentionCount() > MAX_COUNT)) {
      add(wrong, "retention.count", "must be from 1 to 1,000, or 0 for the default");
    }
    if (parts.contains(Part.RETENTION_MAX_AGE)) {
      checkRange("retention.max_age", values.retentionMaxAge(), MAX_AGE, "3,660 days", wrong);
    }
    if (!wrong.isEmpty()) {
      throw ServiceException.invalid(wrong);
    }
  }

  private static void checkRange(
      String field,
      Optional<Duration> value,
      Duration max,
      String maxText,
      List<FieldViolation> wrong) {
    if (value.isPresent() && (value.get().compareTo(MIN) < 0 || value.get().compareTo(max) > 0)) {
      add(wrong, field, "must be from 1 minute to " + maxText);
    }
  }

  private static void checkCron(String text, List<FieldViolation> wrong) {
    try {
      CronExpression.parse(text);
    } catch (IllegalArgumentException e) {
      add(wrong, "cron", String.valueOf(e.getMessage()));
    }
  }

  private static boolean isTimeZone(String name) {
    return name.isEmpty() || ZoneId.getAvailableZoneIds().contains(name);
  }

  private static void add(List<FieldViolation> wrong, String field, String description) {
    wrong.add(new FieldViolation("backup_schedule." + field, description));
  }

  /** What {@code old} becomes. */
  ScheduleSettings applyTo(ScheduleSettings old) {
    Optional<Duration> interval = old.interval();
    Optional<String> cron = old.cron();
    boolean setsInterval = parts.contains(Part.INTERVAL);
    boolean setsCron = parts.contains(Part.CRON);
    if (setsCron && values.cron().isPresent()) {
      cron = values.cron();
      interval = Optional.empty();
    } else if (setsInterval || (setsCron && cron.isPresent())) {
      cron = Optional.empty();
      interval =
          Optional.of(
              setsInterval
                  ? values.interval().orElse(ScheduleSettings.DEFAULT_INTERVAL)
                  : ScheduleSettings.DEFAULT_INTERVAL);
    }
    return new ScheduleSettings(
        interval,
        cron,
        parts.contains(Part.TIME_ZONE) ? timeZoneOrDefault() : old.timeZone(),
        parts.contains(Part.PAUSED) ? values.paused() : old.paused(),
        parts.contains(Part.RETENTION_COUNT)
            ? Optional.of(values.retentionCount()).filter(count -> count > 0)
            : old.retentionCount(),
        parts.contains(Part.RETENTION_MAX_AGE) ? values.retentionMaxAge() : old.retentionMaxAge());
  }

  private String timeZoneOrDefault() {
    return values.timeZone().isEmpty() ? ScheduleSettings.DEFAULT_TIME_ZONE : values.timeZone();
  }
}
