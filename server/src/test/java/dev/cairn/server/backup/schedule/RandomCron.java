package dev.cairn.server.backup.schedule;

import java.util.Random;

/** Makes valid cron expressions that come often enough to be seen within a few days. */
final class RandomCron {
  private RandomCron() {}

  static String next(Random random) {
    String minute = random.nextInt(4) == 0 ? "*" : field(random, 0, 59);
    String hour =
        random.nextInt(3) == 0 ? "*" : random.nextBoolean() ? "0-3" : field(random, 0, 23);
    String day = random.nextInt(3) > 0 ? "*" : field(random, 1, 28);
    String month = random.nextInt(4) > 0 ? "*" : monthField(random);
    String week = random.nextInt(3) > 0 ? "*" : weekField(random);
    return String.join(" ", minute, hour, day, month, week);
  }

  private static String monthField(Random random) {
    return switch (random.nextInt(3)) {
      case 0 -> "MAR,oct";
      case 1 -> "Jan-JUN";
      default -> field(random, 1, 12);
    };
  }

  private static String weekField(Random random) {
    return switch (random.nextInt(4)) {
      case 0 -> "MON-fri";
      case 1 -> "5-7";
      case 2 -> "7";
      default -> field(random, 0, 6);
    };
  }

  private static String field(Random random, int min, int max) {
    StringBuilder text = new StringBuilder(part(random, min, max));
    for (int more = random.nextInt(3); more > 0; more--) {
      text.append(',').append(part(random, min, max));
    }
    return text.toString();
  }

  private static String part(Random random, int min, int max) {
    int low = min + random.nextInt(max - min + 1);
    int high = low + random.nextInt(max - low + 1);
    int step = 1 + random.nextInt(Math.max(1, (max - min) / 2));
    return switch (random.nextInt(5)) {
      case 0 -> low + "-" + high;
      case 1 -> low + "-" + high + "/" + step;
      case 2 -> "*/" + (step + 1);
      case 3 -> low + "/" + step;
      default -> String.valueOf(low);
    };
  }
}
