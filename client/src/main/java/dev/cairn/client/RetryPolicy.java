package dev.cairn.client;

import java.time.Duration;

/**
 * How often and how fast failed calls are repeated and broken streams opened again. Pauses grow by
 * {@code multiplier} from {@code initialBackoff} to {@code maxBackoff}; each is shortened at random
 * by up to a half, so that many clients do not come back at once, and never shorter than the server
 * asks for.
 *
 * <p>It says how, not what: a call is repeated only where the contract allows it.
 *
 * @param maxAttempts how often a call is made in all; also how often a stream is opened that has
 *     not worked yet; at least 1
 * @param initialBackoff the first pause; not negative
 * @param maxBackoff the longest pause; not below the first
 * @param multiplier by how much the pause grows; at least 1
 * @param reconnectFor how long a stream that has worked before is tried again until it is given up;
 *     counted from the break, and anew after each message
 */
public record RetryPolicy(
    int maxAttempts,
    Duration initialBackoff,
    Duration maxBackoff,
    double multiplier,
    Duration reconnectFor) {

  /** 5 attempts, pauses from 0.2 to 5 seconds, streams for 2 minutes. */
  public static final RetryPolicy DEFAULT =
      new RetryPolicy(5, Duration.ofMillis(200), Duration.ofSeconds(5), 2.0, Duration.ofMinutes(2));

  /** Every call is made once and a broken stream is the caller's affair. */
  public static final RetryPolicy NONE =
      new RetryPolicy(1, Duration.ZERO, Duration.ZERO, 1.0, Duration.ZERO);

  public RetryPolicy {
    if (maxAttempts < 1) {
      throw new IllegalArgumentException("maxAttempts is " + maxAttempts + ", not at least 1");
    }
    if (initialBackoff.isNegative() || maxBackoff.compareTo(initialBackoff) < 0) {
      throw new IllegalArgumentException(
          "Pauses from " + initialBackoff + " to " + maxBackoff + " do not grow from 0 or more");
    }
    if (!(multiplier >= 1)) {
      throw new IllegalArgumentException("multiplier is " + multiplier + ", not at least 1");
    }
    if (reconnectFor.isNegative()) {
      throw new IllegalArgumentException("reconnectFor is " + reconnectFor + ", below 0");
    }
  }
}
