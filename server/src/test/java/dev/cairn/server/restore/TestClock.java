package dev.cairn.server.restore;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.concurrent.atomic.AtomicInteger;

/** A clock that stands still unless the test moves it, or goes on a little with each look at it. */
public final class TestClock implements InstantSource {
  private static final AtomicInteger CLOCKS = new AtomicInteger();

  /** Each clock starts after those made before, as the clocks of a server's runs do. */
  private Instant now =
      Instant.parse("2026-03-01T10:00:00Z").plus(Duration.ofHours(CLOCKS.getAndIncrement()));

  private Duration perLook = Duration.ZERO;

  public synchronized void advance(Duration by) {
    now = now.plus(by);
  }

  /** From now on each look finds it {@code step} later. */
  public synchronized void goOnBy(Duration step) {
    perLook = step;
  }

  @Override
  public synchronized Instant instant() {
    now = now.plus(perLook);
    return now;
  }
}
