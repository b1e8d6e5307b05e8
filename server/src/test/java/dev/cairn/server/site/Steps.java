package dev.cairn.server.site;

import dev.cairn.server.repository.DurableFiles;
import dev.cairn.server.repository.DurableFiles.Step;
import java.io.IOException;
import java.nio.file.Path;

/** Lets changes to the file system fail. Confined to one thread at a time. */
public final class Steps implements DurableFiles.StepListener {
  private int toGo = Integer.MAX_VALUE;
  private int failures;

  /** The step after {@code steps} more fails, and no other. */
  public void failAt(int steps) {
    fail(steps, 1);
  }

  /** The step after {@code steps} more and all after it fail. */
  public void failFrom(int steps) {
    fail(steps, Integer.MAX_VALUE);
  }

  public void failAlways() {
    failFrom(0);
  }

  /** {@code count} steps fail after {@code steps} more. */
  public void fail(int steps, int count) {
    toGo = steps;
    failures = count;
  }

  public void heal() {
    fail(Integer.MAX_VALUE, 0);
  }

  @Override
  public void before(Step step, Path path) throws IOException {
    if (toGo > 0) {
      toGo--;
    } else if (failures > 0) {
      failures--;
      throw new IOException("failed as it was told to: " + step + " " + path.getFileName());
    }
  }
}
