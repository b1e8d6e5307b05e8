package dev.cairn.server.backup;

/**
 * A backup and how far what runs on it has come.
 *
 * @param sequence number of this state; that of the record, or a later one once progress was told
 */
public record BackupView(BackupRecord record, Progress progress, long sequence)
    implements Topics.State {

  static BackupView of(BackupRecord record) {
    return new BackupView(
        record,
        record.progress().orElseGet(() -> Progress.queued(record.times().create())),
        record.sequence());
  }

  /**
   * The next view when the record has become {@code next}: what runs on it goes on, so the progress
   * stays and the sequence grows.
   */
  BackupView with(BackupRecord next, Sequences sequences) {
    if (next.sequence() <= record.sequence()) {
      return this;
    }
    BackupView fresh = of(next);
    boolean runsOn = !settled() && !fresh.settled() && next.progress().isEmpty();
    return new BackupView(
        next,
        runsOn ? progress : fresh.progress,
        next.sequence() > sequence ? next.sequence() : sequences.next());
  }

  /** The next view when what runs has come to {@code next}; the same if nothing runs. */
  BackupView with(Progress next, Sequences sequences) {
    return settled() ? this : new BackupView(record, next, sequences.next());
  }

  @Override
  public BackupState stage() {
    return record.state();
  }

  @Override
  public boolean settled() {
    return !record.isPending() && !record.verification().running();
  }
}
