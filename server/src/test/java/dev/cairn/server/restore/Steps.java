package dev.cairn.server.restore;

import dev.cairn.server.repository.StorageFailures;
import java.io.IOException;

/**
 * What happens to the disk, one change after the other, as the decorators of {@link
 * ServerUnderTest} see it. A test looks at the data directory between two of them, or makes one
 * fail.
 */
@FunctionalInterface
public interface Steps {
  /** Lets everything happen. */
  Steps UNDISTURBED = step -> {};

  /**
   * Called on the thread that makes the change.
   *
   * @param step what is about to happen ("before ...") or has just happened ("after ...")
   * @throws IOException to make it fail
   */
  void at(String step) throws IOException;

  /** The same for decorators whose interface knows no {@link IOException}. */
  default void pass(String step) {
    try {
      at(step);
    } catch (IOException e) {
      throw StorageFailures.of("do what the test forbids", e);
    }
  }
}
