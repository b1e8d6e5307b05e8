package dev.cairn.server.site;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;

/** A clock that goes on only when it is told to. Thread-safe; the monitor guards the time. */
public final class ManualClock implements InstantSource {
  private Instant now;

  public ManualClock(Instant start) {
    this.now = start;
  }

  public static ManualClock start() {
    return new ManualClock(Instant.parse("2026-03-01T12:00:00Z"));
  }

  public synchronized void advance(Duration time) {
    now = now.plus(time);
  }

  @Override
  public synchronized Instant instant() {
    return now;
  }
}
