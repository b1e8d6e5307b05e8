package dev.cairn.server.config;

import java.util.Collection;

/** Finds what somebody probably meant. */
final class Nearest {
  private Nearest() {}

  /**
   * The candidate that takes the fewest insertions, deletions, substitutions and swaps of
   * neighbours; a candidate that ends with the whole text as its last part comes first.
   *
   * @param candidates at least one
   */
  static String to(String text, Collection<String> candidates) {
    String best = "";
    int least = Integer.MAX_VALUE;
    for (String candidate : candidates) {
      int distance = candidate.endsWith("." + text) ? 0 : distance(text, candidate);
      if (distance < least) {
        least = distance;
        best = candidate;
      }
    }
    return best;
  }

  static int distance(String from, String to) {
    int[] beforeLast = new int[to.length() + 1];
    int[] last = new int[to.length() + 1];
    int[] current = new int[to.length() + 1];
    for (int j = 0; j <= to.length(); j++) {
      last[j] = j;
    }
    for (int i = 1; i <= from.length(); i++) {
      current[0] = i;
      for (int j = 1; j <= to.length(); j++) {
        int change = from.charAt(i - 1) == to.charAt(j - 1) ? 0 : 1;
        int least = Math.min(last[j - 1] + change, Math.min(last[j], current[j - 1]) + 1);
        if (swapped(from, i, to, j)) {
          least = Math.min(least, beforeLast[j - 2] + 1);
        }
        current[j] = least;
      }
      int[] free = beforeLast;
      beforeLast = last;
      last = current;
      current = free;
    }
    return last[to.length()];
  }

  private static boolean swapped(String from, int i, String to, int j) {
    return i > 1
        && j > 1
        && from.charAt(i - 1) == to.charAt(j - 2)
        && from.charAt(i - 2) == to.charAt(j - 1);
  }
}
