package dev.cairn.server.telemetry;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongSupplier;

/**
 * Which of many failures that are alike are worth a line in the log: the first, and while they go
 * on, one at each interval that says how many were left out. After an interval without any, the
 * next one is a first one again. A full disk fails every call; who reads the log needs to hear it
 * once.
 *
 * <p>Thread-safe. Of very many kinds it forgets those that have not come for longest.
 */
public final class Bursts {
  private static final int KINDS = 1_000;

  private final LongSupplier nanoTime;
  private final long interval;

  /** Guarded by itself, as are the bursts in it. */
  private final Map<String, Burst> bursts =
      new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Burst> eldest) {
          return size() > KINDS;
        }
      };

  private static final class Burst {
    private long lastSeen;
    private long lastTold;
    private long leftOut;
  }

  /**
   * One that is worth a line.
   *
   * @param first whether there was none like it for an interval
   * @param leftOut how many were not worth one since the last that was
   */
  public record Told(boolean first, long leftOut) {}

  /**
   * @param nanoTime as of {@link System#nanoTime}
   */
  public Bursts(Duration interval, LongSupplier nanoTime) {
    this.interval = interval.toNanos();
    this.nanoTime = nanoTime;
  }

  /** One more of a kind has happened; empty if it is not worth a line. */
  public Optional<Told> next(String kind) {
    long now = nanoTime.getAsLong();
    synchronized (bursts) {
      Burst before = bursts.get(kind);
      boolean first = before == null || now - before.lastSeen > interval;
      Burst burst = before == null || first ? new Burst() : before;
      bursts.put(kind, burst);
      burst.lastSeen = now;
      if (!first && now - burst.lastTold < interval) {
        burst.leftOut++;
        return Optional.empty();
      }
      Told told = new Told(first, burst.leftOut);
      burst.lastTold = now;
      burst.leftOut = 0;
      return Optional.of(told);
    }
  }

  /** The same, for what is worth only a first line. */
  public boolean begins(String kind) {
    return next(kind).map(Told::first).orElse(false);
  }
}
