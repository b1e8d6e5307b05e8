package dev.cairn.server.backup;

import dev.cairn.server.backup.BackupStore.BackupRef;
import dev.cairn.server.backup.Progress.Phase;
import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import dev.cairn.server.repository.BackupRepository;
import dev.cairn.server.repository.Manifest;
import dev.cairn.server.repository.ManifestFormat;
import dev.cairn.server.site.SiteId;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Checks the files of READY backups against their manifests, in the background, one state change at
 * the start and one at the end. Thread-safe.
 */
final class BackupVerifier {
  private static final Logger log = LoggerFactory.getLogger(BackupVerifier.class);

  /** How much is read before it is asked again whether the backup is still there. */
  private static final long BYTES_BETWEEN_LOOKS = 16 << 20;

  private final BackupStore store;
  private final BackupRepository repository;
  private final JobQueue queue;
  private final InstantSource clock;
  private final Overdue overdue;
  private final Consumer<SiteId> whenEnded;

  /** For which there was no room. */
  private final Queue<BackupRef> putOff = new ConcurrentLinkedQueue<>();

  /**
   * @param whenEnded told after a verification ended, because it may change what has to go
   */
  BackupVerifier(
      BackupStore store,
      BackupRepository repository,
      JobQueue queue,
      InstantSource clock,
      Overdue overdue,
      Consumer<SiteId> whenEnded) {
    this.store = store;
    this.repository = repository;
    this.queue = queue;
    this.clock = clock;
    this.overdue = overdue;
    this.whenEnded = whenEnded;
  }

  /**
   * Records that a verification runs, and runs it when its turn comes. One that runs already is
   * left to it.
   *
   * @throws ServiceException BACKUP_NOT_FOUND; BACKUP_NOT_READY; OVERLOADED
   */
  BackupView enqueue(BackupRecord record) {
    BackupView view = store.view(record.siteId(), record.id());
    if (view.record().verification().running()) {
      return view;
    }
    try (JobQueue.Place place = queue.reserve()) {
      start(BackupRef.of(record)).ifPresent(running -> place.run(() -> work(running)));
      return store.view(record.siteId(), record.id());
    }
  }

  /** Records that a verification runs; empty when one did. */
  private Optional<BackupRecord> start(BackupRef ref) {
    try {
      return recordStart(ref);
    } catch (ServiceException e) {
      if (Overdue.isOfStorage(e)) {
        // It may be recorded all the same, and count as running although nobody does it.
        overdue.settle("give up a verification that could not be recorded", () -> giveUp(ref));
      }
      throw e;
    }
  }

  private void giveUp(BackupRef ref) {
    store
        .find(ref.siteId(), ref.id())
        .filter(record -> record.verification().running())
        .ifPresent(record -> abandon(record, "the verification could not be recorded"));
  }

  private Optional<BackupRecord> recordStart(BackupRef ref) {
    return store.change(
        batch -> {
          BackupRecord current = batch.require(ref.siteId(), ref.id());
          if (!current.isReady()) {
            throw Backups.notReady(current, "cannot be verified");
          }
          if (current.verification().running()) {
            return Optional.empty();
          }
          return Optional.of(
              batch.change(
                  current,
                  draft -> {
                    draft.verification = draft.verification.started();
                    draft.progress = Optional.empty();
                    return draft;
                  }));
        });
  }

  /** The same for verifications that nobody asked for: where there is no room now, later. */
  void enqueueIfRoom(BackupRecord record) {
    try {
      enqueue(record);
    } catch (ServiceException e) {
      if (e.reason() == Reason.OVERLOADED || Overdue.isOfStorage(e)) {
        putOff.add(BackupRef.of(record));
      }
      log.info(
          "verification put off site={} backup={} reason={}",
          record.siteId(),
          record.id(),
          e.reason());
    }
  }

  /** Verifies one, and then what was put off, in the same place of the queue. */
  private void work(BackupRecord first) {
    verify(first);
    for (BackupRef next = putOff.poll(); next != null; next = putOff.poll()) {
      startIfUnverified(next).ifPresent(this::verify);
    }
  }

  private Optional<BackupRecord> startIfUnverified(BackupRef ref) {
    try {
      return store
          .find(ref.siteId(), ref.id())
          .filter(record -> record.verification().state() == Verification.State.UNVERIFIED)
          .flatMap(record -> start(ref));
    } catch (ServiceException e) {
      return Optional.empty(); // it was deleted
    }
  }

  private void verify(BackupRecord record) {
    BackupRef ref = BackupRef.of(record);
    ProgressTracker progress =
        new ProgressTracker(clock, Map.of(Phase.VERIFYING, 1.0), now -> store.publish(ref, now));
    try {
      Manifest manifest =
          repository.manifest(record.repositoryKey()).orElseThrow(() -> manifestMissing(record));
      progress.totals(manifest.fileBytes(), manifest.files().size(), Map.of());
      progress.enter(Phase.VERIFYING);
      AtomicLong looked = new AtomicLong(-BYTES_BETWEEN_LOOKS);
      repository.verify(
          record.repositoryKey(),
          (bytes, files) -> {
            if (bytes - looked.get() >= BYTES_BETWEEN_LOOKS) {
              requireStillThere(record);
              looked.set(bytes);
            }
            progress.files(bytes, files);
          });
      settle(record, () -> end(record, progress.succeeded(), Verification.State.VERIFIED, ""));
    } catch (ServiceException e) {
      settle(record, () -> failed(record, progress.now(), e));
    } catch (RuntimeException | Error e) {
      log.error("verification failed site={} backup={}", record.siteId(), record.id(), e);
      settle(record, () -> abandon(record, "the verification failed unexpectedly"));
    }
    tellEnded(record.siteId());
  }

  /** What is not recorded would count as running, and nobody could verify the backup again. */
  private void settle(BackupRecord record, Runnable ending) {
    overdue.settle("record the verification of backup " + record.id(), ending);
  }

  static ServiceException manifestMissing(BackupRecord record) {
    return new ServiceException(
        Reason.BACKUP_CORRUPT,
        Map.of(
            "site_id", record.siteId().value(),
            "backup_id", record.id().value(),
            "file", ManifestFormat.FILE_NAME),
        "backup "
            + record.id()
            + " of site "
            + record.siteId()
            + " is damaged: file "
            + ManifestFormat.FILE_NAME
            + ": it is missing");
  }

  private void tellEnded(SiteId siteId) {
    try {
      whenEnded.accept(siteId);
    } catch (RuntimeException e) {
      log.warn("what follows from a verification is put off site={}", siteId, e);
    }
  }

  private void requireStillThere(BackupRecord record) {
    if (!isReady(record)) {
      throw new ServiceException(Reason.CANCELLED, "the backup was deleted");
    }
  }

  private boolean isReady(BackupRecord record) {
    return store.isReady(BackupRef.of(record));
  }

  private void failed(BackupRecord record, Progress progress, ServiceException e) {
    if (!isReady(record)) {
      return; // deleted meanwhile: whatever was found says nothing
    }
    if (e.reason() == Reason.BACKUP_CORRUPT || e.reason() == Reason.BACKUP_NOT_FOUND) {
      end(record, progress, Verification.State.CORRUPT, String.valueOf(e.getMessage()));
    } else {
      log.warn("verification gave up site={} backup={}", record.siteId(), record.id(), e);
      abandon(record, "could not be verified: " + e.getMessage());
    }
  }

  private void end(
      BackupRecord record, Progress progress, Verification.State result, String detail) {
    Instant now = clock.instant();
    boolean corrupt = result == Verification.State.CORRUPT;
    if (corrupt) {
      log.error(
          "backup is corrupt site={} backup={} detail={}", record.siteId(), record.id(), detail);
    } else {
      log.info("backup verified site={} backup={}", record.siteId(), record.id());
    }
    long exclusive = exclusiveBytes(record);
    change(
        record,
        draft -> {
          draft.verification = draft.verification.ended(result, now, detail);
          draft.progress = Optional.of(progress);
          draft.exclusiveBytes = exclusive;
          return draft.log(
              now,
              corrupt ? LogLine.Severity.ERROR : LogLine.Severity.INFO,
              corrupt ? detail : "verified");
        });
  }

  /** What deleting it would free; of a backup that lost its manifest, as far as is known. */
  private long exclusiveBytes(BackupRecord record) {
    try {
      return repository.exclusiveBytes(record.repositoryKey());
    } catch (ServiceException e) {
      return record.exclusiveBytes();
    }
  }

  /** Changes the record unless the backup is gone. */
  private void change(BackupRecord record, UnaryOperator<BackupRecord.Draft> change) {
    store.change(
        batch ->
            batch
                .find(BackupRef.of(record))
                .filter(BackupRecord::isReady)
                .map(current -> batch.change(current, change)));
  }

  /** Records damage that somebody else found. */
  void foundCorrupt(BackupRecord record, String detail) {
    end(
        record,
        record.progress().orElseGet(() -> Progress.queued(clock.instant())),
        Verification.State.CORRUPT,
        detail);
    tellEnded(record.siteId());
  }

  /** Records that nothing is left of a READY backup. */
  void foundLost(BackupRecord record) {
    foundCorrupt(record, String.valueOf(manifestMissing(record).getMessage()));
  }

  private void abandon(BackupRecord record, String why) {
    change(
        record,
        draft -> {
          draft.verification = draft.verification.abandoned(why);
          return draft.log(clock.instant(), LogLine.Severity.WARNING, why);
        });
  }
}
