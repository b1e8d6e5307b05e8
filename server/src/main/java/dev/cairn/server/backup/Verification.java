package dev.cairn.server.backup;

import java.time.Instant;
import java.util.Optional;

/**
 * Whether a backup's files are what its manifest says.
 *
 * @param state the last result
 * @param running whether a verification runs or waits for its turn
 * @param lastTime when the last complete one ended
 * @param detail what it found, for people
 */
public record Verification(
    State state, boolean running, Optional<Instant> lastTime, String detail) {
  public static final Verification NONE =
      new Verification(State.UNVERIFIED, false, Optional.empty(), "");

  /** A result. */
  public enum State {
    UNVERIFIED,
    VERIFIED,
    CORRUPT
  }

  /**
   * Whether it is not known yet but may soon be that the backup is good: a verification runs, or
   * will without being asked for, and none was given up.
   *
   * @param expected whether backups are verified without being asked
   */
  boolean mayTurnOutGood(boolean expected) {
    return state == State.UNVERIFIED && (running || (expected && detail.isEmpty()));
  }

  Verification started() {
    return new Verification(state, true, lastTime, detail);
  }

  /**
   * The same without a result from the run that was under way.
   *
   * @param why for people; empty if it is to be tried again
   */
  Verification abandoned(String why) {
    return new Verification(state, false, lastTime, why.isEmpty() ? detail : why);
  }

  Verification ended(State result, Instant time, String found) {
    return new Verification(result, false, Optional.of(time), found);
  }
}
