package dev.cairn.server.backup.schedule;

import java.util.Random;

/** Makes site ids without any order in them. */
final class RandomNames {
  private static final String LETTERS =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";

  private RandomNames() {}

  static String next(Random random) {
    StringBuilder name = new StringBuilder("r");
    for (int length = 8 + random.nextInt(40); length > 0; length--) {
      name.append(LETTERS.charAt(random.nextInt(LETTERS.length())));
    }
    return name.append('z').toString();
  }
}
