package dev.cairn.server.backup;

import java.util.Optional;

/**
 * The event that a backup changed its state.
 *
 * @param backup right after the change, without log and progress
 * @param previousState empty: it was just requested
 * @param previousVerification empty: it was just requested
 */
public record BackupChange(
    BackupRecord backup,
    Optional<BackupState> previousState,
    Optional<Verification.State> previousVerification) {

  /** Which events are of this type. */
  public static final String TYPE = "backup";

  /** The event that {@code next} after {@code old} is, if it is one. */
  static Optional<BackupChange> between(Optional<BackupRecord> old, BackupRecord next) {
    boolean happened =
        old.isEmpty()
            || old.get().state() != next.state()
            || !old.get().times().start().equals(next.times().start())
            || !old.get().verification().lastTime().equals(next.verification().lastTime());
    return happened
        ? Optional.of(
            new BackupChange(
                next.trimmed(),
                old.map(BackupRecord::state),
                old.map(each -> each.verification().state())))
        : Optional.empty();
  }
}
