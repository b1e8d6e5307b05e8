package dev.cairn.client;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;

/** The pauses of one call or one stream, by a {@link RetryPolicy}. Confined to one thread. */
final class Backoff {
  private final RetryPolicy policy;
  private int failures;
  private boolean worked;
  private long brokenSinceNanos;

  Backoff(RetryPolicy policy) {
    this.policy = policy;
  }

  /** Something came through: the pauses begin anew. */
  void worked() {
    worked = true;
    failures = 0;
  }

  /** How long to wait after this failure before the next attempt; empty: give up. */
  Optional<Duration> afterFailure(CairnException failure) {
    if (failures == 0) {
      brokenSinceNanos = System.nanoTime();
    }
    failures++;
    Duration pause = atLeast(failure.retryDelay().orElse(Duration.ZERO), jittered());
    if (worked) {
      Duration broken = Duration.ofNanos(System.nanoTime() - brokenSinceNanos);
      return broken.compareTo(policy.reconnectFor()) < 0 ? Optional.of(pause) : Optional.empty();
    }
    return failures < policy.maxAttempts() ? Optional.of(pause) : Optional.empty();
  }

  private Duration jittered() {
    double full =
        Math.min(
            policy.initialBackoff().toNanos() * Math.pow(policy.multiplier(), failures - 1),
            (double) policy.maxBackoff().toNanos());
    return Duration.ofNanos((long) (full * (0.5 + ThreadLocalRandom.current().nextDouble() / 2)));
  }

  private static Duration atLeast(Duration floor, Duration value) {
    return value.compareTo(floor) < 0 ? floor : value;
  }
}
