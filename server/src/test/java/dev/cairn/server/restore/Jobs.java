package dev.cairn.server.restore;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.Executor;

/**
 * Runs jobs where they are started, or holds them back until the test says so. Confined to the
 * test's thread.
 */
public final class Jobs implements Executor {
  private final Deque<Runnable> held = new ArrayDeque<>();
  private boolean holding;

  /** From now on jobs wait for {@link #runHeld()}. */
  public void hold() {
    holding = true;
  }

  /** Runs what waits, in order, and whatever comes later at once. */
  public void runHeld() {
    holding = false;
    while (!held.isEmpty()) {
      held.removeFirst().run();
    }
  }

  @Override
  public void execute(Runnable job) {
    if (holding) {
      held.addLast(job);
    } else {
      job.run();
    }
  }
}
