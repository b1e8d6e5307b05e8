package dev.cairn.server.restore;

import dev.cairn.server.backup.LogLine;
import dev.cairn.server.backup.Progress.Amount;
import dev.cairn.server.backup.Progress.Phase;
import dev.cairn.server.backup.ProgressTracker;
import dev.cairn.server.restore.RestorationRecord.Entry;
import dev.cairn.server.store.CollectionId;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;

/**
 * The record of a restoration that runs, and its progress: whatever changes is told to watchers
 * with both. Confined to the job's thread.
 */
final class Journal {
  private static final Map<Phase, Double> WEIGHTS =
      Map.of(
          Phase.VERIFYING, 0.5,
          Phase.STAGING, 0.35,
          Phase.SWITCHING, 0.1,
          Phase.FINALIZING, 0.05);

  private final RestorationStore store;
  private final InstantSource clock;
  private final ProgressTracker progress;
  private final List<LogLine> notes = new ArrayList<>();
  private RestorationRecord record;

  Journal(RestorationStore store, InstantSource clock, RestorationRecord record) {
    this.store = store;
    this.clock = clock;
    this.record = record;
    this.progress = new ProgressTracker(clock, WEIGHTS, now -> store.publish(this.record, now));
  }

  RestorationRecord record() {
    return record;
  }

  /** The record as it was stored; called before the job runs. */
  void recorded(RestorationRecord stored) {
    record = stored;
  }

  ProgressTracker progress() {
    return progress;
  }

  Instant now() {
    return clock.instant();
  }

  /** Says how much there is to do, from the restoration's own record and the backup's files. */
  void totals(long fileBytes, int files) {
    progress.totals(fileBytes, files, amounts(record));
  }

  private static Map<CollectionId, Amount> amounts(RestorationRecord record) {
    Map<CollectionId, Amount> amounts = new HashMap<>();
    for (Entry entry : record.collections()) {
      if (!entry.remove()) {
        amounts.put(entry.source(), new Amount(entry.itemCount(), entry.sizeBytes()));
      }
    }
    return amounts;
  }

  /** Changes the record for good. */
  void change(UnaryOperator<RestorationRecord.Draft> change) {
    record =
        store.change(
            record,
            draft -> {
              // A change that failed may have been made all the same, with them.
              notes.stream().filter(line -> !draft.log.contains(line)).forEach(draft::log);
              return change.apply(draft);
            },
            progress.now());
    notes.clear();
  }

  /** Adds a line to the log. Watchers see it at once; it is kept with the next change. */
  void note(LogLine.Severity severity, String message) {
    LogLine line = new LogLine(now(), severity, message);
    notes.add(line);
    record = record.with(draft -> draft.log(line));
    store.publish(record, progress.now());
  }
}
