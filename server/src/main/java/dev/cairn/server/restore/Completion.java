package dev.cairn.server.restore;

import dev.cairn.server.backup.BackupId;
import dev.cairn.server.backup.BackupRecord;
import dev.cairn.server.backup.LogLine;
import dev.cairn.server.backup.Progress;
import dev.cairn.server.backup.SafetyBackups;
import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import dev.cairn.server.repository.BackupKey;
import dev.cairn.server.repository.Manifest;
import dev.cairn.server.restore.RestorationRecord.Entry;
import dev.cairn.server.restore.RestorationRecord.Outcome;
import dev.cairn.server.site.CollectionRecord;
import dev.cairn.server.site.Environment;
import dev.cairn.server.site.Lease;
import dev.cairn.server.site.SiteSection;
import dev.cairn.server.store.CollectionId;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * What is left to do once restored content is live: collections' records that agree with it, and a
 * COMPLETED restoration with a READY safety backup. All of it may be done again, by a second try or
 * after a crash, also when users went on working meanwhile: the live content says what they did.
 */
final class Completion {
  private final RestoreJob.Parts parts;
  private final RestorationRecord record;

  Completion(RestoreJob.Parts parts, RestorationRecord record) {
    this.parts = parts;
    this.record = record;
  }

  /**
   * Makes the collections' records agree with the content that is live.
   *
   * @return the entries with what became of each
   */
  List<Entry> adopt(SiteSection section) {
    Set<CollectionId> created = Set.copyOf(record.intent().orElseThrow().created());
    Set<CollectionId> held = held(section);
    List<Entry> outcomes = new ArrayList<>();
    List<CollectionRecord> added = new ArrayList<>();
    List<CollectionId> removed = new ArrayList<>();
    for (Entry entry : record.collections()) {
      CollectionId id = entry.destination();
      if (entry.remove()) {
        outcomes.add(entry.with(Outcome.REMOVED));
        if (!held.contains(id)) { // or somebody made it again since
          removed.add(id);
        }
      } else if (created.contains(id)) {
        outcomes.add(entry.with(Outcome.CREATED));
        if (held.contains(id)) { // or somebody deleted it since
          added.add(section.collections().find(id).orElseGet(() -> withoutSchema(entry)));
        }
      } else {
        outcomes.add(entry.with(Outcome.REPLACED));
      }
    }
    section.adopt(added, removed);
    if (!removed.isEmpty() && section.hasSandbox()) {
      section.write(
          Environment.SANDBOX,
          transaction -> {
            removed.forEach(transaction::drop);
            return Boolean.TRUE;
          });
    }
    return outcomes;
  }

  private static Set<CollectionId> held(SiteSection section) {
    try (Lease lease = section.lease(Environment.LIVE)) {
      return Set.copyOf(lease.store().collections().keySet());
    }
  }

  private CollectionRecord withoutSchema(Entry entry) {
    Instant now = parts.clock().instant();
    return new CollectionRecord(
        entry.destination(), entry.displayName(), List.of(), List.of(), 1, now, now);
  }

  /** Records that it is COMPLETED, together with its safety backup, and tells watchers. */
  void record(List<Entry> outcomes, Optional<Duration> writePause, Progress finished) {
    Instant now = parts.clock().instant();
    BackupId safetyId = record.intent().orElseThrow().safetyId();
    Optional<Manifest> safety = sealed(safetyId);
    RestorationRecord next =
        record.with(
            draft -> {
              draft.state = RestorationState.COMPLETED;
              draft.times = draft.times.finished(now);
              draft.backup = presentBackup(parts, record);
              draft.collections = outcomes;
              draft.writePause = writePause;
              draft.safetyBackupId = safety.map(kept -> safetyId);
              draft.progress = Optional.of(finished);
              outcomes.forEach(entry -> logIfCreated(draft, entry, now));
              return safety.isPresent()
                  ? draft.log(
                      now, LogLine.Severity.INFO, "completed; undo with safety backup " + safetyId)
                  : draft.log(
                      now,
                      LogLine.Severity.WARNING,
                      "completed, but its safety backup is lost; it cannot be undone");
            });
    if (safety.isEmpty()) {
      parts.store().add(transaction -> parts.store().put(transaction, next));
      return;
    }
    parts
        .backups()
        .safety()
        .add(
            safety.get(),
            new SafetyBackups.Origin(
                record.id().value(), record.creator(), record.times().start().orElseThrow()),
            transaction -> parts.store().put(transaction, next),
            parts.store()::publish);
  }

  private static void logIfCreated(RestorationRecord.Draft draft, Entry entry, Instant now) {
    if (entry.outcome() == Outcome.CREATED) {
      draft.log(
          now,
          LogLine.Severity.WARNING,
          "collection " + entry.destination() + " was created without schema");
    }
  }

  /** The safety backup, unless it is lost. */
  private Optional<Manifest> sealed(BackupId safetyId) {
    BackupKey key = new BackupKey(record.destinationSiteId().value(), safetyId.value());
    try {
      return parts.repository().manifest(key);
    } catch (ServiceException e) {
      if (e.reason() == Reason.BACKUP_CORRUPT) {
        return Optional.empty();
      }
      throw e;
    }
  }

  /** The backup that is restored, as it is now. */
  static BackupRecord presentBackup(RestoreJob.Parts parts, RestorationRecord record) {
    BackupRecord backup = record.backup();
    try {
      return parts.backups().get(backup.siteId(), backup.id()).record().trimmed();
    } catch (ServiceException e) {
      return backup; // gone meanwhile: as it was
    }
  }
}
