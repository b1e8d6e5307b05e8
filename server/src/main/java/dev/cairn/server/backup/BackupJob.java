package dev.cairn.server.backup;

import dev.cairn.server.backup.BackupStore.BackupRef;
import dev.cairn.server.backup.Progress.Amount;
import dev.cairn.server.backup.Progress.Phase;
import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import dev.cairn.server.repository.BackupRepository;
import dev.cairn.server.repository.Manifest;
import dev.cairn.server.site.Environment;
import dev.cairn.server.site.Lease;
import dev.cairn.server.site.Sites;
import dev.cairn.server.store.CollectionId;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes one backup.
 *
 * <pre>
 * step                              a crash after it leaves
 * 1 record: started                 PENDING, no files
 * 2 flush                           the same
 * 3 checkpoint behind the door      PENDING, a staging directory
 * 4 manifest sealed                 PENDING, a backup in the repository
 * 5 record: READY, evicted DELETED  READY, files of evicted ones
 * 6 files of evicted ones deleted   READY
 * </pre>
 *
 * <p>Where no other job is in the way, step 1 is recorded together with the request. Recovery makes
 * PENDING FAILED and deletes the files of whatever is not READY. Confined to its thread, but for
 * {@link #cancel()}.
 */
final class BackupJob {
  private static final Logger log = LoggerFactory.getLogger(BackupJob.class);

  /** A start that was recorded so long before is recorded again. */
  private static final Duration LATE = Duration.ofSeconds(1);

  private static final Map<Phase, Double> WEIGHTS =
      Map.of(Phase.STAGING, 0.8, Phase.FINALIZING, 0.2);

  private final Sites sites;
  private final BackupStore store;
  private final BackupRepository repository;
  private final SnapshotTaker taker;
  private final InstantSource clock;
  private final AtomicBoolean cancelled = new AtomicBoolean();
  private final ProgressTracker progress;
  private BackupRecord record;

  BackupJob(
      Sites sites,
      BackupStore store,
      BackupRepository repository,
      SnapshotTaker taker,
      InstantSource clock,
      BackupRecord record) {
    this.sites = sites;
    this.store = store;
    this.repository = repository;
    this.taker = taker;
    this.clock = clock;
    this.record = record;
    BackupRef ref = BackupRef.of(record);
    this.progress = new ProgressTracker(clock, WEIGHTS, now -> store.publish(ref, now));
  }

  /** Asks the job to give up at its next step, at the latest before the record becomes READY. */
  void cancel() {
    cancelled.set(true);
  }

  /** Steps 1 to 4; answers the sealed manifest. What it throws has left no files. */
  Manifest run() {
    boolean done = false;
    try {
      Manifest manifest = steps();
      done = true;
      return manifest;
    } finally {
      if (!done) {
        discard();
      }
    }
  }

  private Manifest steps() {
    checkCancelled();
    sites.beginFlush(record.siteId()); // goes on while the record is written
    if (!isStarted()) {
      record = store.change(batch -> start(batch, requirePending(batch)));
    }
    progress.enter(Phase.STAGING);
    SnapshotTaker.Place place = taker.prepare(record.repositoryKey());
    // What is in memory is written before the door closes, so that it is closed only shortly.
    try (Lease lease = sites.lease(record.siteId(), Environment.LIVE)) {
      lease.store().flush();
    }
    checkCancelled();
    Set<CollectionId> chosen = new HashSet<>(record.requested());
    SnapshotTaker.Snapshot snapshot =
        sites.exclusively(record.siteId(), section -> taker.take(section, place, chosen));
    Map<CollectionId, Amount> amounts = new HashMap<>();
    snapshot
        .collections()
        .forEach(
            each ->
                amounts.put(
                    new CollectionId(each.collectionId()),
                    new Amount(each.itemCount(), each.sizeBytes())));
    long bytes = snapshot.files().stream().mapToLong(file -> file.sizeBytes()).sum();
    progress.totals(bytes, snapshot.files().size(), amounts);
    progress.allItems();
    progress.files(bytes, snapshot.files().size());
    progress.enter(Phase.FINALIZING);
    checkCancelled();
    Manifest manifest = taker.seal(snapshot);
    checkCancelled();
    return manifest;
  }

  /** Step 1. */
  BackupRecord start(BackupStore.Batch batch, BackupRecord pending) {
    Instant now = clock.instant();
    return batch.change(
        pending,
        draft -> {
          draft.times = draft.times.started(now);
          return draft;
        });
  }

  /** Whether the request was recorded with step 1, and another job was not quicker after all. */
  private boolean isStarted() {
    Optional<Instant> start = record.times().start();
    return start.isPresent() && start.get().plus(LATE).isAfter(clock.instant());
  }

  /** The record of the request, before the job runs. */
  void recorded(BackupRecord request) {
    record = request;
  }

  /** What the record becomes with step 5, unless it was cancelled. */
  BackupRecord ready(BackupStore.Batch batch, Manifest manifest, long exclusive) {
    BackupRecord current = requirePending(batch);
    checkCancelled();
    Instant now = clock.instant();
    return current.with(
        draft -> {
          applyManifest(draft, manifest, exclusive);
          draft.times = draft.times.finished(now);
          draft.progress = Optional.of(progress.succeeded());
          return draft.log(
              now,
              LogLine.Severity.INFO,
              "holds "
                  + manifest.itemCount()
                  + " items in "
                  + manifest.collections().size()
                  + (manifest.collections().size() == 1 ? " collection" : " collections"));
        });
  }

  private BackupRecord requirePending(BackupStore.Batch batch) {
    BackupRecord current = batch.require(record.siteId(), record.id());
    if (!current.isPending()) {
      throw cancelledException();
    }
    return current;
  }

  /** Makes a record READY with what the manifest says. */
  static void applyManifest(BackupRecord.Draft draft, Manifest manifest, long exclusiveBytes) {
    draft.state = BackupState.READY;
    draft.times = draft.times.snapshot(manifest.snapshotTime());
    draft.collections =
        manifest.collections().stream()
            .map(
                each ->
                    new BackupRecord.Content(
                        new CollectionId(each.collectionId()),
                        each.displayName(),
                        each.itemCount(),
                        each.sizeBytes()))
            .toList();
    draft.whole = manifest.whole();
    draft.sizeBytes = manifest.fileBytes();
    draft.exclusiveBytes = exclusiveBytes;
  }

  /** The record after the job failed or was cancelled; empty if its site was deleted. */
  Optional<BackupRecord> ended(Throwable thrown) {
    Instant now = clock.instant();
    JobFailure failure = JobFailure.of(thrown);
    boolean wasCancelled = failure.reason() == Reason.CANCELLED;
    if (failure.reason() == Reason.INTERNAL) {
      log.error("backup failed site={} backup={}", record.siteId(), record.id(), thrown);
    }
    return store.change(
        batch -> {
          Optional<BackupRecord> current = batch.find(BackupRef.of(record));
          if (current.isEmpty() || !current.get().isPending()) {
            return current;
          }
          return Optional.of(
              batch.change(
                  current.get(),
                  draft -> {
                    draft.state = wasCancelled ? BackupState.CANCELED : BackupState.FAILED;
                    draft.times = draft.times.finished(now);
                    draft.progress = Optional.of(progress.now());
                    if (wasCancelled) {
                      return draft.log(now, LogLine.Severity.INFO, "cancelled");
                    }
                    draft.failure = Optional.of(failure);
                    return draft.log(now, LogLine.Severity.ERROR, failure.message());
                  }));
        });
  }

  private void discard() {
    try {
      repository.delete(record.repositoryKey());
    } catch (RuntimeException e) {
      log.warn(
          "files of a failed backup remain until the next start site={} backup={}",
          record.siteId(),
          record.id(),
          e);
    }
  }

  private void checkCancelled() {
    if (cancelled.get()) {
      throw cancelledException();
    }
  }

  private static ServiceException cancelledException() {
    return new ServiceException(Reason.CANCELLED, "the backup was cancelled");
  }
}
