package dev.cairn.server.site;

import java.time.InstantSource;
import java.util.random.RandomGenerator;

/**
 * Makes ids that sort by the time they were made: 48 bits of milliseconds and 80 random bits, as 26
 * lower-case digits and letters (the ULID layout and Crockford's alphabet). Two made in the same
 * millisecond still ascend, and so they do when the clock is set back.
 *
 * <p>Thread-safe; the monitor guards the last id.
 */
public final class TimeOrderedIds {
  private static final String ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";
  private static final int DIGITS = 26;
  private static final int TIME_DIGITS = 10;

  private final InstantSource clock;
  private final RandomGenerator random;
  private long lastMillis = -1;
  private long high;
  private long low;

  public TimeOrderedIds(InstantSource clock, RandomGenerator random) {
    this.clock = clock;
    this.random = random;
  }

  /**
   * Makes all further ids sort after {@code id}, whatever the clock says; for ids of an earlier run
   * of the server. Texts that are no ids of this kind are ignored.
   */
  public synchronized void startAfter(String id) {
    long millis = 0;
    for (int i = 0; i < TIME_DIGITS; i++) {
      int digit = id.length() == DIGITS ? ALPHABET.indexOf(id.charAt(i)) : -1;
      if (digit < 0) {
        return;
      }
      millis = millis << 5 | digit;
    }
    if (millis >= lastMillis) {
      lastMillis = millis + 1;
      randomize();
    }
  }

  /** The next id. */
  public synchronized String next() {
    long millis = clock.millis();
    if (millis > lastMillis) {
      lastMillis = millis;
      randomize();
    } else if (++low == 0) {
      high++;
    }
    StringBuilder text = new StringBuilder(DIGITS);
    for (int shift = 45; shift >= 0; shift -= 5) {
      text.append(digit(lastMillis >>> shift));
    }
    // 80 bits: 16 of `high`, then 64 of `low`, five at a time.
    for (int position = 75; position >= 0; position -= 5) {
      long bits =
          position >= 64
              ? high >>> (position - 64)
              : position > 59 ? high << (64 - position) | low >>> position : low >>> position;
      text.append(digit(bits));
    }
    return text.toString();
  }

  private void randomize() {
    high = random.nextLong() & 0x7FFF; // the top bit stays free for counting up
    low = random.nextLong();
  }

  private static char digit(long bits) {
    return ALPHABET.charAt((int) (bits & 31));
  }
}
