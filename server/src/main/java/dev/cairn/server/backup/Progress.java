package dev.cairn.server.backup;

import dev.cairn.server.store.CollectionId;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * How far a run has come. Immutable.
 *
 * @param fraction of the whole run, 0 to 1; 1 only when it has succeeded
 * @param etaLow the remaining time if all goes well
 * @param etaHigh the remaining time if it goes slowly
 */
public record Progress(
    Phase phase,
    double fraction,
    Amount bytes,
    Amount files,
    Amount items,
    Amount collections,
    List<Row> rows,
    Optional<Duration> etaLow,
    Optional<Duration> etaHigh,
    Instant updateTime) {

  public Progress {
    rows = List.copyOf(rows);
  }

  /** What a run does now, in the order in which the phases come. */
  public enum Phase {
    QUEUED,
    VERIFYING,
    STAGING,
    SWITCHING,
    FINALIZING
  }

  /** An amount of work in one unit. */
  public record Amount(long done, long total) {
    static final Amount ZERO = new Amount(0, 0);
  }

  /** How far one collection has come. */
  public record Row(CollectionId collection, Amount items, Amount bytes) {}

  /** A run that waits for its turn. */
  public static Progress queued(Instant now) {
    return new Progress(
        Phase.QUEUED,
        0,
        Amount.ZERO,
        Amount.ZERO,
        Amount.ZERO,
        Amount.ZERO,
        List.of(),
        Optional.empty(),
        Optional.empty(),
        now);
  }
}
