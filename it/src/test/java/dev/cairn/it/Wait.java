package dev.cairn.it;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/** Waiting for what another process does. */
final class Wait {
  private Wait() {}

  /** Waits until {@code done}, looking again and again. */
  static void until(String what, Duration atMost, BooleanSupplier done) {
    long end = System.nanoTime() + atMost.toNanos();
    long pause = 1;
    while (!done.getAsBoolean()) {
      if (System.nanoTime() > end) {
        throw new AssertionError("not within " + atMost + ": " + what);
      }
      pause(Duration.ofMillis(pause));
      pause = Math.min(50, pause * 2);
    }
  }

  /** Repeats {@code assertion} until it no longer throws, and then throws what it threw last. */
  static void untilAsserted(Duration atMost, Runnable assertion) {
    long end = System.nanoTime() + atMost.toNanos();
    while (true) {
      try {
        assertion.run();
        return;
      } catch (AssertionError e) {
        if (System.nanoTime() > end) {
          throw e;
        }
        pause(Duration.ofMillis(20));
      }
    }
  }

  static void pause(Duration time) {
    LockSupport.parkNanos(time.toNanos());
  }

  /** The result and how long it took. */
  static <T> Timed<T> timed(Supplier<T> work) {
    long begin = System.nanoTime();
    T result = work.get();
    return new Timed<>(result, Duration.ofNanos(System.nanoTime() - begin));
  }

  record Timed<T>(T result, Duration time) {}
}
