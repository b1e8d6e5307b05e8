package dev.cairn.server.backup.schedule;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.time.zone.ZoneOffsetTransition;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CronExpressionTest {
  /** With gaps and overlaps of an hour, half an hour and a day, at midnight and at two. */
  private static final List<String> ZONES =
      List.of(
          "UTC",
          "Europe/Berlin",
          "America/New_York",
          "Africa/Cairo",
          "America/Havana",
          "Australia/Lord_Howe",
          "Asia/Kolkata",
          "Pacific/Apia",
          "America/St_Johns",
          "Antarctica/Troll",
          "Africa/Casablanca",
          "Asia/Pyongyang");

  @ParameterizedTest
  @CsvSource({
    // a plain day
    "30 3 * * *,      Europe/Berlin, 2026-05-01T00:00, 2026-05-01T03:30+02:00",
    "30 3 * * 1-5,    UTC,           2026-05-01T03:30, 2026-05-04T03:30Z",
    "0 0 29 2 *,      UTC,           2026-01-01T00:00, 2028-02-29T00:00Z",
    "0 0 29 2 *,      UTC,           2096-03-01T00:00, 2104-02-29T00:00Z",
    "0 0 31 * *,      UTC,           2026-01-31T00:00, 2026-03-31T00:00Z",
    // both days restricted: either
    "0 0 13 * 5,      UTC,           2026-01-09T00:00, 2026-01-13T00:00Z",
    "0 0 13 * FRI,    UTC,           2026-01-13T00:00, 2026-01-16T00:00Z",
    "0 0 */10 * 1,    UTC,           2026-01-05T00:00, 2026-01-11T00:00Z",
    "0 0 31 2 1,      UTC,           2026-01-31T00:00, 2026-02-02T00:00Z",
    // 02:30 does not exist: right after the change
    "30 2 * * *,      Europe/Berlin, 2026-03-28T12:00, 2026-03-29T03:00+02:00",
    "30 2 * * *,      Europe/Berlin, 2026-03-29T03:00, 2026-03-30T02:30+02:00",
    "*/20 2 * * *,    Europe/Berlin, 2026-03-29T03:00, 2026-03-30T02:00+02:00",
    "30 0 * * *,      Africa/Cairo,  2026-04-23T12:00, 2026-04-24T01:00+03:00",
    // a day that does not exist
    "0 12 30 12 *,    Pacific/Apia,  2011-01-01T00:00, 2011-12-31T00:00+14:00",
  })
  void nextIs(String cron, String zone, String after, String expected) {
    Instant from = LocalDateTime.parse(after).atZone(ZoneId.of(zone)).toInstant();

    Instant next = CronExpression.parse(cron).nextAfter(from, ZoneId.of(zone));

    assertThat(next).isEqualTo(java.time.OffsetDateTime.parse(expected).toInstant());
  }

  @Test
  void runsATimeThatComesTwiceTheFirstTimeOnly() {
    List<Instant> runs =
        runs("*/30 2 * * *", "Europe/Berlin", "2026-10-24T22:00:00Z", "2026-10-26T12:00:00Z");

    assertThat(runs)
        .containsExactly(
            Instant.parse("2026-10-25T00:00:00Z"),
            Instant.parse("2026-10-25T00:30:00Z"),
            Instant.parse("2026-10-26T01:00:00Z"),
            Instant.parse("2026-10-26T01:30:00Z"));
  }

  @Test
  void staysSilentWhileTheHourRepeats() {
    Instant secondPass = Instant.parse("2026-10-25T01:10:00Z"); // 02:10+01:00

    assertThat(CronExpression.parse("* * * * *").nextAfter(secondPass, ZoneId.of("Europe/Berlin")))
        .isEqualTo(Instant.parse("2026-10-25T02:00:00Z"));
  }

  @Test
  void neverAnswersItsOwnMoment() {
    Instant run = Instant.parse("2026-05-01T03:30:00Z");
    CronExpression cron = CronExpression.parse("30 3 * * *");

    assertThat(cron.nextAfter(run, ZoneOffset.UTC)).isEqualTo(run.plus(1, ChronoUnit.DAYS));
    assertThat(cron.nextAfter(run.minusNanos(1), ZoneOffset.UTC)).isEqualTo(run);
    assertThat(cron.nextAfter(run.plusNanos(1), ZoneOffset.UTC))
        .isEqualTo(run.plus(1, ChronoUnit.DAYS));
  }

  @ParameterizedTest
  @CsvSource({
    "0 0 * * 7, 0 0 * * 0",
    "0 0 * * SUN, 0 0 * * 0",
    "0 0 * * 5-7, '0 0 * * 0,5,6'",
    "0 0 * * fri-sun, '0 0 * * 0,5,6'",
    "0 0 * JAN-Mar *, '0 0 * 1,2,3 *'",
    "5/15 * * * *, '5,20,35,50 * * * *'",
    "10-30/10 * * * *, '10,20,30 * * * *'",
    "*/25 * * * *, '0,25,50 * * * *'",
    "0 0 * * */2, '0 0 * * 0,2,4,6'",
    "0 0 1/9999 * *, 0 0 1 * *",
    "'  0\t0  * * *  ', 0 0 * * *",
  })
  void meansTheSame(String one, String other) {
    assertThat(runs(one, "UTC", "2026-01-01T00:00:00Z", "2026-02-15T00:00:00Z"))
        .isNotEmpty()
        .isEqualTo(runs(other, "UTC", "2026-01-01T00:00:00Z", "2026-02-15T00:00:00Z"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "* * * *",
        "* * * * * *",
        "60 * * * *",
        "-1 * * * *",
        "* 24 * * *",
        "* * 0 * *",
        "* * 32 * *",
        "* * * 0 *",
        "* * * 13 *",
        "* * * * 8",
        "* * * * 6-1",
        "30-10 * * * *",
        "*/0 * * * *",
        "*/-1 * * * *",
        "1, * * * *",
        ",1 * * * *",
        "1/ * * * *",
        "/2 * * * *",
        "1-2-3 * * * *",
        "1/2/3 * * * *",
        "a * * * *",
        "* * * MON *",
        "* * L * *",
        "* * 1W * *",
        "* * ? * *",
        "* * * * 5#2",
        "99999999999 * * * *",
        "٣ * * * *",
        "@daily",
        "0 0 30 2 *",
        "0 0 31 2,4,6,9,11 *",
      })
  void refuses(String text) {
    assertThatIllegalArgumentException().isThrownBy(() -> CronExpression.parse(text));
  }

  @Test
  void refusesWhatIsTooLong() {
    String longest = "0 0  * * " + "1,".repeat(123) + "1";
    assertThat(longest).hasSize(256);
    assertThat(CronExpression.parse(longest)).isNotNull();
    assertThatIllegalArgumentException().isThrownBy(() -> CronExpression.parse(longest + " "));
  }

  @Test
  void agreesWithAReferenceThatTriesEveryMinute() {
    long seed = Long.getLong("seed", System.nanoTime());
    Random random = new Random(seed);
    for (int round = 0; round < 120; round++) {
      String cron = RandomCron.next(random);
      ZoneId zone = ZoneId.of(ZONES.get(random.nextInt(ZONES.size())));
      Instant from = randomStart(random, zone);
      Instant to = from.plus(Duration.ofDays(3));

      List<Instant> expected = new ArrayList<>(reference(cron, zone, from, to));
      List<Instant> actual = runs(CronExpression.parse(cron), zone, from, to);

      assertThat(actual)
          .as("seed=%d cron='%s' zone=%s from=%s", seed, cron, zone, from)
          .isEqualTo(expected);
      Instant any = from.plusMillis(random.nextInt(3 * 24 * 3_600_000));
      assertThat(CronExpression.parse(cron).nextAfter(any, zone))
          .as("seed=%d cron='%s' zone=%s after=%s", seed, cron, zone, any)
          .isAfter(any)
          .matches(next -> expected.stream().noneMatch(e -> e.isAfter(any) && e.isBefore(next)));
    }
  }

  /** A moment, as a rule within two days before a change of the clock. */
  private static Instant randomStart(Random random, ZoneId zone) {
    Instant some = Instant.parse("2009-01-01T00:00:00Z").plusSeconds(random.nextInt(600_000_000));
    ZoneOffsetTransition change = zone.getRules().nextTransition(some);
    return change == null || random.nextInt(5) == 0
        ? some
        : change.getInstant().minusSeconds(random.nextInt(2 * 24 * 3600));
  }

  /**
   * All runs after {@code from} and up to {@code to}: each local minute of some more days is
   * matched as text fields and numbers, and put on the time line by counting the minutes that
   * exist.
   */
  private static Set<Instant> reference(String cron, ZoneId zone, Instant from, Instant to) {
    String[] fields = cron.trim().split(" ");
    Set<Instant> runs = new TreeSet<>();
    Set<LocalDateTime> seen = new HashSet<>();
    Instant begin = from.minus(Duration.ofDays(3)).truncatedTo(ChronoUnit.MINUTES);
    LocalDateTime previous = LocalDateTime.ofInstant(begin, zone).minusMinutes(1);
    for (Instant minute = begin; !minute.isAfter(to); minute = minute.plusSeconds(60)) {
      LocalDateTime local = LocalDateTime.ofInstant(minute, zone);
      // The minutes that were skipped, then the one that is.
      for (LocalDateTime each = previous.plusMinutes(1);
          !each.isAfter(local);
          each = each.plusMinutes(1)) {
        if (seen.add(each) && matches(fields, each) && minute.isAfter(from)) {
          runs.add(minute);
        }
      }
      if (seen.add(local) && matches(fields, local) && minute.isAfter(from)) {
        runs.add(minute);
      }
      previous = local.isAfter(previous) ? local : previous;
    }
    return runs;
  }

  private static boolean matches(String[] fields, LocalDateTime time) {
    boolean monthDay = matches(fields[2], time.getDayOfMonth(), 1, 31);
    int weekDayNumber = time.getDayOfWeek().getValue();
    boolean weekDay =
        matches(fields[4], weekDayNumber % 7, 0, 6)
            || (weekDayNumber == 7 && matches(fields[4], 7, 0, 6));
    boolean day =
        fields[2].equals("*") || fields[4].equals("*") ? monthDay && weekDay : monthDay || weekDay;
    return day
        && matches(fields[0], time.getMinute(), 0, 59)
        && matches(fields[1], time.getHour(), 0, 23)
        && matches(fields[3], time.getMonthValue(), 1, 12);
  }

  private static boolean matches(String field, int value, int min, int max) {
    for (String part : field.split(",")) {
      String[] rangeAndStep = part.split("/");
      int step = rangeAndStep.length > 1 ? Integer.parseInt(rangeAndStep[1]) : 1;
      String[] ends = rangeAndStep[0].split("-");
      int low = ends[0].equals("*") ? min : number(ends[0]);
      int high =
          ends[0].equals("*")
              ? max
              : ends.length > 1 ? number(ends[1]) : rangeAndStep.length > 1 ? max : low;
      if (value >= low && value <= high && (value - low) % step == 0) {
        return true;
      }
    }
    return false;
  }

  private static int number(String text) {
    int month =
        List.of("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
            .indexOf(text.toUpperCase(Locale.ROOT));
    int day =
        List.of("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
            .indexOf(text.toUpperCase(Locale.ROOT));
    return month >= 0 ? month + 1 : day >= 0 ? day : Integer.parseInt(text);
  }

  private static List<Instant> runs(String cron, String zone, String from, String to) {
    return runs(
        CronExpression.parse(cron), ZoneId.of(zone), Instant.parse(from), Instant.parse(to));
  }

  private static List<Instant> runs(CronExpression cron, ZoneId zone, Instant from, Instant to) {
    List<Instant> runs = new ArrayList<>();
    for (Instant next = cron.nextAfter(from, zone);
        !next.isAfter(to);
        next = cron.nextAfter(next, zone)) {
      runs.add(next);
    }
    return runs;
  }
}
