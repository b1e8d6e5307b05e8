package dev.cairn.server.backup;

import com.fasterxml.jackson.annotation.JsonIgnore;
import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import dev.cairn.server.repository.BackupKey;
import dev.cairn.server.site.SiteId;
import dev.cairn.server.store.CollectionId;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;

/**
 * A backup as the catalog keeps it, from the request until it is purged. Immutable; {@link #with}
 * makes the next state.
 *
 * @param requested the collections asked for; empty: all
 * @param restorationId for SAFETY: the restoration that kept it
 * @param whole whether its files hold exactly {@code collections}
 * @param sizeBytes bytes of all its files, shared or not
 * @param exclusiveBytes bytes that deleting it would free, when last measured
 * @param progress of its making or verification; at the end as it was then
 * @param sequence number of this state; grows with each change of the record
 */
public record BackupRecord(
    BackupId id,
    SiteId siteId,
    BackupType type,
    BackupState state,
    Notes notes,
    String creator,
    List<CollectionId> requested,
    Optional<String> restorationId,
    Times times,
    List<Content> collections,
    boolean whole,
    long sizeBytes,
    long exclusiveBytes,
    Verification verification,
    Optional<JobFailure> failure,
    Optional<DeleteReason> deleteReason,
    List<BackupId> evicted,
    Optional<Progress> progress,
    List<LogLine> log,
    long sequence) {

  private static final String PREFIX = "backup/";

  public BackupRecord {
    requested = List.copyOf(requested);
    collections = List.copyOf(collections);
    evicted = List.copyOf(evicted);
    log = List.copyOf(log);
  }

  /** What people say about a backup. */
  public record Notes(String description, Map<String, String> labels, boolean pinned) {
    public static final Notes NONE = new Notes("", Map.of(), false);

    public Notes {
      labels = Map.copyOf(labels);
    }
  }

  /** When what happened to it. */
  public record Times(
      Instant create,
      Optional<Instant> start,
      Optional<Instant> finish,
      Optional<Instant> snapshot,
      Optional<Instant> delete) {

    Times started(Instant time) {
      return new Times(create, Optional.of(time), finish, snapshot, delete);
    }

    Times finished(Instant time) {
      return new Times(create, start, Optional.of(time), snapshot, delete);
    }

    Times snapshot(Instant time) {
      return new Times(create, start, finish, Optional.of(time), delete);
    }

    Times deleted(Instant time) {
      return new Times(create, start, finish, snapshot, Optional.of(time));
    }
  }

  /** A collection in the backup; size in bytes before compression. */
  public record Content(CollectionId id, String displayName, long itemCount, long sizeBytes) {}

  /**
   * A backup of which nothing is known yet but who wants it.
   *
   * @param restorationId for SAFETY: the restoration that keeps it
   */
  static BackupRecord pending(
      BackupId id,
      SiteId siteId,
      BackupType type,
      Notes notes,
      String creator,
      List<CollectionId> requested,
      Optional<String> restorationId,
      Instant create) {
    return new BackupRecord(
        id,
        siteId,
        type,
        BackupState.PENDING,
        notes,
        creator,
        requested,
        restorationId,
        new Times(create, Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty()),
        List.of(),
        false,
        0,
        0,
        Verification.NONE,
        Optional.empty(),
        Optional.empty(),
        List.of(),
        Optional.empty(),
        List.of(),
        0);
  }

  static String prefix(SiteId siteId) {
    return PREFIX + siteId + "/";
  }

  static String allPrefix() {
    return PREFIX;
  }

  static String key(SiteId siteId, BackupId id) {
    return prefix(siteId) + id;
  }

  /** Where its files are kept. */
  public BackupKey repositoryKey() {
    return new BackupKey(siteId.value(), id.value());
  }

  /** Items in all its collections. */
  public long itemCount() {
    return collections.stream().mapToLong(Content::itemCount).sum();
  }

  /**
   * What it holds of a collection.
   *
   * @throws ServiceException COLLECTION_NOT_FOUND
   */
  public Content requireContent(CollectionId collection) {
    return collections.stream()
        .filter(content -> content.id().equals(collection))
        .findFirst()
        .orElseThrow(
            () ->
                new ServiceException(
                    Reason.COLLECTION_NOT_FOUND,
                    Map.of(
                        "site_id", siteId.value(),
                        "backup_id", id.value(),
                        "collection_id", collection.value()),
                    "backup " + id + " holds no collection " + collection));
  }

  @JsonIgnore
  public boolean isReady() {
    return state == BackupState.READY;
  }

  @JsonIgnore
  public boolean isPending() {
    return state == BackupState.PENDING;
  }

  /** Without what lists and embedded copies leave out. */
  public BackupRecord trimmed() {
    return with(
        draft -> {
          draft.log = List.of();
          draft.progress = Optional.empty();
          return draft;
        });
  }

  /** The record after {@code change}. */
  BackupRecord with(UnaryOperator<Draft> change) {
    return change.apply(new Draft(this)).finish();
  }

  /** The parts that change, while they change. Confined to one expression. */
  static final class Draft {
    private final BackupRecord old;
    BackupState state;
    Notes notes;
    Times times;
    List<Content> collections;
    boolean whole;
    long sizeBytes;
    long exclusiveBytes;
    Verification verification;
    Optional<JobFailure> failure;
    Optional<DeleteReason> deleteReason;
    List<BackupId> evicted;
    Optional<Progress> progress;
    List<LogLine> log;
    long sequence;

    private Draft(BackupRecord old) {
      this.old = old;
      this.state = old.state;
      this.notes = old.notes;
      this.times = old.times;
      this.collections = old.collections;
      this.whole = old.whole;
      this.sizeBytes = old.sizeBytes;
      this.exclusiveBytes = old.exclusiveBytes;
      this.verification = old.verification;
      this.failure = old.failure;
      this.deleteReason = old.deleteReason;
      this.evicted = old.evicted;
      this.progress = old.progress;
      this.log = old.log;
      this.sequence = old.sequence;
    }

    Draft log(Instant time, LogLine.Severity severity, String message) {
      log = LogLine.append(log, new LogLine(time, severity, message));
      return this;
    }

    private BackupRecord finish() {
      return new BackupRecord(
          old.id,
          old.siteId,
          old.type,
          state,
          notes,
          old.creator,
          old.requested,
          old.restorationId,
          times,
          collections,
          whole,
          sizeBytes,
          exclusiveBytes,
          verification,
          failure,
          deleteReason,
          evicted,
          progress,
          log,
          sequence);
    }
  }
}
