package dev.cairn.server.restore;

import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;

/** Makes chosen steps fail. Confined to the test's thread. */
final class Faults implements Steps {
  static final String BROKEN = "Input/output error";
  static final String NO_SPACE = "No space left on device";

  private Predicate<String> failing = step -> false;
  private String reason = "";
  private Optional<String> failedAt = Optional.empty();

  /** Step {@code k} fails, counted from now on. */
  void failOnceAt(int k) {
    int[] seen = {0};
    Map<String, Integer> occurrences = new HashMap<>();
    begin(
        BROKEN,
        // What is done to each of many files or chunks fails at the first two.
        step -> occurrences.merge(step, 1, Integer::sum) <= 2 && seen[0]++ == k);
  }

  /**
   * The disk is full from the {@code k}th step on that needs space.
   *
   * @param catalogToo whether the catalog does not keep room for itself
   */
  void fillDiskFrom(int k, boolean catalogToo) {
    int[] seen = {0};
    begin(
        NO_SPACE,
        step ->
            (needsSpace(step) || (catalogToo && step.startsWith("before write to")))
                && seen[0]++ >= k);
  }

  private void begin(String why, Predicate<String> which) {
    reason = why;
    failing = which;
    failedAt = Optional.empty();
  }

  /** From now on all is well. */
  void end() {
    failing = step -> false;
  }

  /** The first step that failed since the last beginning. */
  Optional<String> failedAt() {
    return failedAt;
  }

  @Override
  public void at(String step) throws IOException {
    if (failing.test(step)) {
      if (failedAt.isEmpty()) {
        failedAt = Optional.of(step);
      }
      throw new IOException(reason);
    }
  }

  private static boolean needsSpace(String step) {
    return List.of(
            "WRITE",
            "CREATE",
            "clone",
            "open a database",
            "create a database",
            "stage",
            "flush",
            "checkpoint",
            "commit",
            "put a backup")
        .stream()
        .anyMatch(word -> step.startsWith("before " + word));
  }
}
