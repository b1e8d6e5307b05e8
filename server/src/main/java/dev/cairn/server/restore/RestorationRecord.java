package dev.cairn.server.restore;

import com.fasterxml.jackson.annotation.JsonIgnore;
import dev.cairn.server.backup.BackupId;
import dev.cairn.server.backup.BackupRecord;
import dev.cairn.server.backup.JobFailure;
import dev.cairn.server.backup.LogLine;
import dev.cairn.server.backup.Progress;
import dev.cairn.server.site.SiteCollections;
import dev.cairn.server.site.SiteId;
import dev.cairn.server.store.CollectionId;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;

/**
 * A restoration as the catalog keeps it. Immutable; {@link #with} makes the next state.
 *
 * @param siteId the site that the backup belongs to, and that lists the restoration
 * @param destinationSiteId the site whose content is replaced
 * @param backup the backup as it was when the restoration last changed, without log and progress
 * @param collections what is put where, by source collection
 * @param safetyBackupId the backup that keeps what was replaced; set once COMPLETED
 * @param undoOf for UNDO: the restoration that is taken back
 * @param preview the preview that it is bound to
 * @param writePause the longest time that a write waited for the switch
 * @param intent set once started, unless a clone: what recovery needs to tell whether it happened
 * @param sequence number of this state; grows with each change of the record
 */
public record RestorationRecord(
    RestorationId id,
    SiteId siteId,
    SiteId destinationSiteId,
    BackupRecord backup,
    RestorationState state,
    RestorationKind kind,
    Times times,
    List<Entry> collections,
    Optional<BackupId> safetyBackupId,
    VerificationMode verification,
    boolean allowCorrupt,
    Optional<RestorationId> undoOf,
    Optional<PreviewToken> preview,
    Optional<Duration> writePause,
    Optional<SwitchIntent> intent,
    Optional<JobFailure> failure,
    String creator,
    Optional<Progress> progress,
    List<LogLine> log,
    long sequence) {

  private static final String PREFIX = "restoration/";

  public RestorationRecord {
    collections = List.copyOf(collections);
    log = List.copyOf(log);
  }

  /** When what happened to it. */
  public record Times(Instant create, Optional<Instant> start, Optional<Instant> finish) {
    Times started(Instant time) {
      return new Times(create, Optional.of(time), finish);
    }

    Times finished(Instant time) {
      return new Times(create, start, Optional.of(time));
    }
  }

  /** What became of a destination. */
  public enum Outcome {
    NONE,
    REPLACED,
    CREATED,
    REMOVED,
    UNCHANGED
  }

  /**
   * One collection of a restoration.
   *
   * @param source its id in the backup
   * @param destination where it is put
   * @param displayName for the destination if it is created
   * @param itemCount items in the backup
   * @param sizeBytes bytes of these items before compression
   * @param remove whether the destination is removed instead (only by an undo)
   */
  public record Entry(
      CollectionId source,
      CollectionId destination,
      String displayName,
      long itemCount,
      long sizeBytes,
      boolean remove,
      Outcome outcome) {

    Entry with(Outcome result) {
      return new Entry(source, destination, displayName, itemCount, sizeBytes, remove, result);
    }
  }

  /**
   * Written long before the switch, and again if collections come or go until then.
   *
   * @param safetyId the safety backup that will exist if the switch happens
   * @param created the destinations that did not exist before it
   */
  public record SwitchIntent(BackupId safetyId, List<CollectionId> created) {
    public SwitchIntent {
      created = List.copyOf(created);
    }
  }

  static String prefix(SiteId siteId) {
    return PREFIX + siteId + "/";
  }

  static String allPrefix() {
    return PREFIX;
  }

  static String key(SiteId siteId, RestorationId id) {
    return prefix(siteId) + id;
  }

  /** The destinations that do not exist yet. */
  List<CollectionId> missingIn(SiteCollections existing) {
    return collections.stream()
        .filter(entry -> !entry.remove() && existing.find(entry.destination()).isEmpty())
        .map(Entry::destination)
        .toList();
  }

  @JsonIgnore
  public boolean isPending() {
    return state == RestorationState.PENDING;
  }

  /** Without what lists leave out. */
  public RestorationRecord trimmed() {
    return with(
        draft -> {
          draft.log = List.of();
          draft.progress = Optional.empty();
          return draft;
        });
  }

  /** The record after {@code change}. */
  RestorationRecord with(UnaryOperator<Draft> change) {
    return change.apply(new Draft(this)).finish();
  }

  /** The parts that change, while they change. Confined to one expression. */
  static final class Draft {
    private final RestorationRecord old;
    BackupRecord backup;
    RestorationState state;
    Times times;
    List<Entry> collections;
    Optional<BackupId> safetyBackupId;
    Optional<Duration> writePause;
    Optional<SwitchIntent> intent;
    Optional<JobFailure> failure;
    Optional<Progress> progress;
    List<LogLine> log;
    long sequence;

    private Draft(RestorationRecord old) {
      this.old = old;
      this.backup = old.backup;
      this.state = old.state;
      this.times = old.times;
      this.collections = old.collections;
      this.safetyBackupId = old.safetyBackupId;
      this.writePause = old.writePause;
      this.intent = old.intent;
      this.failure = old.failure;
      this.progress = old.progress;
      this.log = old.log;
      this.sequence = old.sequence;
    }

    Draft log(Instant time, LogLine.Severity severity, String message) {
      return log(new LogLine(time, severity, message));
    }

    Draft log(LogLine line) {
      log = LogLine.append(log, line);
      return this;
    }

    private RestorationRecord finish() {
      return new RestorationRecord(
          old.id,
          old.siteId,
          old.destinationSiteId,
          backup,
          state,
          old.kind,
          times,
          collections,
          safetyBackupId,
          old.verification,
          old.allowCorrupt,
          old.undoOf,
          old.preview,
          writePause,
          intent,
          failure,
          old.creator,
          progress,
          log,
          sequence);
    }
  }
}
