package dev.cairn.server.restore;

import java.util.Optional;

/**
 * The event that a restoration changed its state.
 *
 * @param restoration right after the change, without log and progress
 * @param previousState empty: it was just requested
 */
public record RestorationChange(
    RestorationRecord restoration, Optional<RestorationState> previousState) {

  /** Which events are of this type. */
  public static final String TYPE = "restoration";

  /** The event that {@code next} after {@code old} is, if it is one. */
  static Optional<RestorationChange> between(
      Optional<RestorationRecord> old, RestorationRecord next) {
    boolean happened =
        old.isEmpty()
            || old.get().state() != next.state()
            || !old.get().times().start().equals(next.times().start());
    return happened
        ? Optional.of(new RestorationChange(next.trimmed(), old.map(RestorationRecord::state)))
        : Optional.empty();
  }
}
