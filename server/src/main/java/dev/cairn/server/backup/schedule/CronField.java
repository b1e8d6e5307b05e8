package dev.cairn.server.backup.schedule;

import java.util.BitSet;
import java.util.List;
import java.util.Locale;

/**
 * One field of a cron expression.
 *
 * @param values that fit
 * @param any whether it is {@code *}, alone or in a list
 */
record CronField(BitSet values, boolean any) {
  private static final List<String> MONTHS =
      List.of("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC");
  private static final List<String> DAYS = List.of("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT");

  static CronField minute(String text) {
    return new Form("minute", 0, 59, 59, List.of()).parse(text);
  }

  static CronField hour(String text) {
    return new Form("hour", 0, 23, 23, List.of()).parse(text);
  }

  static CronField dayOfMonth(String text) {
    return new Form("day of month", 1, 31, 31, List.of()).parse(text);
  }

  static CronField month(String text) {
    return new Form("month", 1, 12, 12, MONTHS).parse(text);
  }

  static CronField dayOfWeek(String text) {
    CronField field = new Form("day of week", 0, 6, 7, DAYS).parse(text);
    if (field.values.get(7)) {
      field.values.clear(7);
      field.values.set(0);
    }
    return field;
  }

  /**
   * What a field may hold.
   *
   * @param last the last value that {@code *} and {@code a/n} reach
   * @param max the greatest number accepted; above {@code last} only for 7, the other Sunday
   * @param names of the values from {@code first} on
   */
  private record Form(String name, int first, int last, int max, List<String> names) {
    CronField parse(String text) {
      BitSet values = new BitSet();
      boolean any = false;
      for (String part : text.split(",", -1)) {
        any |= part.equals("*");
        add(part, values);
      }
      return new CronField(values, any);
    }

    private void add(String part, BitSet values) {
      int slash = part.indexOf('/');
      String range = slash < 0 ? part : part.substring(0, slash);
      int step = slash < 0 ? 1 : step(part.substring(slash + 1));
      int dash = range.indexOf('-');
      int from;
      int to;
      if (range.equals("*")) {
        from = first;
        to = last;
      } else if (dash < 0) {
        from = value(range);
        to = slash < 0 ? from : Math.max(from, last);
      } else {
        from = value(range.substring(0, dash));
        to = value(range.substring(dash + 1));
        if (to == 0 && from > 0 && max > last) {
          to = max; // FRI-SUN
        }
      }
      if (from > to) {
        throw wrong(part, "its range goes backwards");
      }
      for (int value = from; value <= to; value += step) {
        values.set(value);
      }
    }

    private int step(String text) {
      int step = number(text);
      if (step < 1) {
        throw wrong(text, "a step is a number from 1");
      }
      return Math.min(step, 60);
    }

    private int value(String text) {
      int named = names.indexOf(text.toUpperCase(Locale.ROOT));
      int value = named >= 0 ? first + named : number(text);
      if (value < first || value > max) {
        throw wrong(text, "must be from " + first + " to " + max);
      }
      return value;
    }

    private int number(String text) {
      if (text.isEmpty()
          || text.length() > 4
          || !text.chars().allMatch(c -> c >= '0' && c <= '9')) {
        throw wrong(text, "is none of *, a number, a range, a list, a step" + orName());
      }
      return Integer.parseInt(text);
    }

    private String orName() {
      return names.isEmpty() ? "" : ", a name such as " + names.get(1);
    }

    private IllegalArgumentException wrong(String text, String why) {
      return new IllegalArgumentException("'" + text + "' in the " + name + " field: " + why);
    }
  }
}
