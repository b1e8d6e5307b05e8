package dev.cairn.server.backup;

import java.time.Instant;
import java.time.InstantSource;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Numbers the states of backups and restorations. They grow, also from one run of the server to the
 * next, because they start at the microseconds of the epoch; should the clock have been set back,
 * after the greatest number that was kept. Thread-safe.
 */
public final class Sequences {
  private final AtomicLong last;

  public Sequences(InstantSource clock) {
    Instant now = clock.instant();
    this.last = new AtomicLong(now.getEpochSecond() * 1_000_000 + now.getNano() / 1_000);
  }

  /** Makes all further numbers greater than one of an earlier run. */
  public void startAfter(long used) {
    last.accumulateAndGet(used, Math::max);
  }

  public long next() {
    return last.incrementAndGet();
  }
}
