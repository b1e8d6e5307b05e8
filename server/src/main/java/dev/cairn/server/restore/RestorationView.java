package dev.cairn.server.restore;

import dev.cairn.server.backup.Progress;
import dev.cairn.server.backup.Topics;

/**
 * A restoration and how far it has come.
 *
 * @param sequence number of this state; that of the record, or a later one when only the progress
 *     changed
 */
public record RestorationView(RestorationRecord record, Progress progress, long sequence)
    implements Topics.State {

  static RestorationView of(RestorationRecord record) {
    return new RestorationView(
        record,
        record.progress().orElseGet(() -> Progress.queued(record.times().create())),
        record.sequence());
  }

  @Override
  public RestorationState stage() {
    return record.state();
  }

  @Override
  public boolean settled() {
    return !record.isPending();
  }
}
