package dev.cairn.server.backup.schedule;

import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.time.zone.ZoneOffsetTransition;
import java.util.BitSet;

/**
 * Five-field cron: minute, hour, day of month, month, day of week.
 *
 * <p>A field is a list of {@code *}, a number, a range {@code a-b}, each with an optional step
 * {@code /n}; {@code a/n} goes on to the end. Months and days of the week may be named (JAN, MON);
 * 0 and 7 are Sunday. A day field that is anything else than {@code *} restricts the days; if both
 * do, either fits.
 *
 * <p>It means local times. One that a clock change skips is run at the moment of the change; one
 * that comes twice is run the first time only. Whatever falls on one instant runs once.
 *
 * <p>Immutable.
 */
final class CronExpression {
  /** Longest text accepted. */
  static final int MAX_LENGTH = 256;

  private static final int MINUTE = 0;
  private static final int HOUR = 1;
  private static final int DAY_OF_MONTH = 2;
  private static final int MONTH = 3;
  private static final int DAY_OF_WEEK = 4;

  private final BitSet minutes;
  private final BitSet hours;
  private final BitSet daysOfMonth;
  private final BitSet months;
  private final BitSet daysOfWeek; // 0 is Sunday
  private final boolean anyDayOfMonth;
  private final boolean anyDayOfWeek;

  private CronExpression(CronField[] fields) {
    this.minutes = fields[MINUTE].values();
    this.hours = fields[HOUR].values();
    this.daysOfMonth = fields[DAY_OF_MONTH].values();
    this.months = fields[MONTH].values();
    this.daysOfWeek = fields[DAY_OF_WEEK].values();
    this.anyDayOfMonth = fields[DAY_OF_MONTH].any();
    this.anyDayOfWeek = fields[DAY_OF_WEEK].any();
  }

  /**
   * Reads an expression.
   *
   * @throws IllegalArgumentException with a text for people: what is wrong and what would be right
   */
  static CronExpression parse(String text) {
    if (text.length() > MAX_LENGTH) {
      throw new IllegalArgumentException("must have at most " + MAX_LENGTH + " characters");
    }
    String[] parts = text.strip().split("\\s+");
    if (parts.length != 5) {
      throw new IllegalArgumentException(
          "must have five fields: minute, hour, day of month, month, day of week,"
              + " such as 30 3 * * 1-5");
    }
    CronField[] fields = new CronField[5];
    fields[MINUTE] = CronField.minute(parts[MINUTE]);
    fields[HOUR] = CronField.hour(parts[HOUR]);
    fields[DAY_OF_MONTH] = CronField.dayOfMonth(parts[DAY_OF_MONTH]);
    fields[MONTH] = CronField.month(parts[MONTH]);
    fields[DAY_OF_WEEK] = CronField.dayOfWeek(parts[DAY_OF_WEEK]);
    CronExpression expression = new CronExpression(fields);
    expression.requireSomeDay();
    return expression;
  }

  private void requireSomeDay() {
    if (!anyDayOfWeek || anyDayOfMonth) {
      return;
    }
    boolean some =
        months.stream()
            .anyMatch(month -> daysOfMonth.nextSetBit(1) <= java.time.Month.of(month).maxLength());
    if (!some) {
      throw new IllegalArgumentException("names a day that never comes, such as February 30");
    }
  }

  /** The first moment after {@code after} that it means in {@code zone}. */
  Instant nextAfter(Instant after, ZoneId zone) {
    // Local times in order become instants in order (never the other way round), so the first
    // local time from here on that becomes a later instant is the answer.
    LocalDateTime from = LocalDateTime.ofInstant(after, zone).truncatedTo(ChronoUnit.MINUTES);
    LocalDateTime next = firstFrom(from);
    Instant instant = instantOf(next, zone);
    while (!instant.isAfter(after)) {
      next = firstFrom(next.plusMinutes(1));
      instant = instantOf(next, zone);
    }
    return instant;
  }

  private static Instant instantOf(LocalDateTime local, ZoneId zone) {
    ZoneOffsetTransition change = zone.getRules().getTransition(local);
    if (change != null && change.isGap()) {
      return change.getInstant();
    }
    ZoneOffset offset =
        change == null ? zone.getRules().getOffset(local) : change.getOffsetBefore();
    return local.toInstant(offset);
  }

  /** The first local time that fits, {@code from} included. It exists: see requireSomeDay. */
  private LocalDateTime firstFrom(LocalDateTime from) {
    LocalDate day = from.toLocalDate();
    if (fits(day)) {
      int minute = from.getMinute();
      for (int hour = hours.nextSetBit(from.getHour()); hour >= 0; ) {
        int found = minutes.nextSetBit(hour == from.getHour() ? minute : 0);
        if (found >= 0) {
          return day.atTime(hour, found);
        }
        hour = hours.nextSetBit(hour + 1);
      }
    }
    do {
      day = day.plusDays(1);
      while (!months.get(day.getMonthValue())) {
        day = day.withDayOfMonth(1).plusMonths(1);
      }
    } while (!fits(day));
    return day.atTime(LocalTime.of(hours.nextSetBit(0), minutes.nextSetBit(0)));
  }

  private boolean fits(LocalDate day) {
    if (!months.get(day.getMonthValue())) {
      return false;
    }
    boolean fitsMonth = daysOfMonth.get(day.getDayOfMonth());
    boolean fitsWeek = daysOfWeek.get(day.getDayOfWeek().getValue() % 7);
    return anyDayOfMonth || anyDayOfWeek ? fitsMonth && fitsWeek : fitsMonth || fitsWeek;
  }
}
