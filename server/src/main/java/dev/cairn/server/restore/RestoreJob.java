package dev.cairn.server.restore;

import dev.cairn.server.backup.BackupRecord;
import dev.cairn.server.backup.BackupUse;
import dev.cairn.server.backup.Backups;
import dev.cairn.server.backup.JobFailure;
import dev.cairn.server.backup.LogLine;
import dev.cairn.server.backup.Progress.Phase;
import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import dev.cairn.server.repository.BackupKey;
import dev.cairn.server.repository.BackupRepository;
import dev.cairn.server.repository.DiskReserve;
import dev.cairn.server.repository.DurableFiles;
import dev.cairn.server.repository.Manifest;
import dev.cairn.server.restore.RestorationRecord.Entry;
import dev.cairn.server.restore.RestorationRecord.SwitchIntent;
import dev.cairn.server.site.Environment;
import dev.cairn.server.site.Lease;
import dev.cairn.server.site.SiteSection;
import dev.cairn.server.site.Sites;
import dev.cairn.server.store.CollectionId;
import dev.cairn.server.store.CollectionStats;
import dev.cairn.server.store.ItemStore;
import dev.cairn.server.store.StoreEngine;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs one restoration.
 *
 * <pre>
 * step                                        a crash after it leaves        recovery makes it
 * 1 record: started, with the safety id       the old content                FAILED
 * 2 the backup's files checked                the same                       FAILED
 * 3 content staged beside the live one        the same, and staged files     FAILED, files swept
 *   -- the site's door closes: writes wait --
 * 4 safety backup taken and sealed            the same, and its files        FAILED, files removed
 * 5 commit: CURRENT renamed, or names flipped the new content                COMPLETED, by 6 and 7
 * 6 collections made and removed              the same                       COMPLETED, by 6 and 7
 *   -- the door opens --
 * 7 record: COMPLETED, safety backup READY    all done
 * </pre>
 *
 * <p>A clone has no live site to switch: after step 3 its site appears with its record ({@link
 * Cloning}).
 *
 * <p>Each forced record costs a restoration of any size as much as its switch. So the first one
 * says at once what recovery needs for the last; it is written again only if collections come or go
 * meanwhile. And where no other job is in the way, it is written together with the request.
 *
 * <p>Steps 4 to 6 are in {@link Switch}, what has to follow 5 in {@link Completion}. The content
 * itself remembers which restoration made it ({@link Staging#MARKER}), written in the same step as
 * 5; that is how recovery tells the two sides apart. After step 5 nothing fails a restoration any
 * more: what cannot be written is tried again for a while and then left to recovery.
 *
 * <p>Confined to its thread, but for {@link #cancel()}.
 */
final class RestoreJob {
  private static final Logger log = LoggerFactory.getLogger(RestoreJob.class);

  /** Of the backup's files at once: somebody waits, but not for this restoration alone. */
  private static final int READERS =
      Math.max(1, Math.min(4, Runtime.getRuntime().availableProcessors() / 2));

  /** A start that was recorded so long before is recorded again. */
  private static final Duration LATE = Duration.ofSeconds(1);

  /** Whether the job can still be cancelled. */
  private enum Control {
    OPEN,
    CANCELLED,
    SWITCHING
  }

  /** The parts of the server that a restoration is made with. */
  record Parts(
      Sites sites,
      Backups backups,
      BackupRepository repository,
      StoreEngine engine,
      DurableFiles files,
      RestorationStore store,
      InstantSource clock,
      Patience patience,
      DiskReserve disk,
      int maxCollections) {}

  private final Parts parts;
  private final BackupUse use;
  private final Journal journal;
  private final Switch change;
  private final Cloning cloning;

  /** Closed last: what is left to do for it keeps nobody waiting. */
  private Optional<Staging> switchedTo = Optional.empty();

  private final AtomicReference<Control> control = new AtomicReference<>(Control.OPEN);

  /**
   * @param use of the backup; ended before the end is recorded, so that whoever sees the end may
   *     delete the backup
   */
  RestoreJob(Parts parts, RestorationRecord record, BackupUse use) {
    this.parts = parts;
    this.use = use;
    this.journal = new Journal(parts.store(), parts.clock(), record);
    this.change = new Switch(parts, journal);
    this.cloning = new Cloning(parts, journal);
  }

  /**
   * Asks the job to give up.
   *
   * @return false if it is past the point from which it can go back
   */
  boolean cancel() {
    control.compareAndSet(Control.OPEN, Control.CANCELLED);
    return control.get() == Control.CANCELLED;
  }

  /** Runs the restoration to its end; what fails is recorded, not thrown. */
  void run() {
    try {
      steps();
    } catch (RuntimeException | Error e) {
      switch (change.side()) {
        case OLD -> {
          if (cloning.isMade()) {
            log.warn("trouble after the new site appeared restoration={}", record().id(), e);
          } else {
            fail(e);
          }
        }
        case NEW -> log.warn("trouble after the switch restoration={}", record().id(), e);
        case UNKNOWN -> {
          log.error(
              "restoration broke off in its switch; how it ended is found out when the disk works"
                  + " again site={} restoration={}",
              record().destinationSiteId(),
              record().id(),
              e);
          JobFailure failure = JobFailure.of(e);
          later("find out how a restoration ended", () -> recoverWith(failure), e);
        }
      }
    }
    if (change.side() == Switch.Side.NEW) {
      finish();
    }
    switchedTo.ifPresent(Staging::close);
  }

  private void recoverWith(JobFailure failure) {
    new Recovery(parts).settle(record(), failure);
  }

  private void later(String what, Runnable work, Throwable why) {
    use.end();
    parts.backups().overdue().later(what + " " + record().id(), work, why);
  }

  private RestorationRecord record() {
    return journal.record();
  }

  private void steps() {
    checkCancelled();
    boolean clone = record().kind() == RestorationKind.CLONE;
    if (!clone) {
      // What the safety backup will need on disk is written while the restoration begins.
      parts.sites().beginFlush(record().destinationSiteId());
    }
    if (!isStarted()) {
      journal.change(starting());
    }
    Manifest manifest = checked(this::manifest);
    journal.totals(manifest.fileBytes(), manifest.files().size());
    verify(manifest);
    journal.progress().enter(Phase.STAGING);
    if (clone) {
      boolean linked = isWhole(manifest);
      requireRoom(linked);
      makeSite(linked);
      return;
    }
    boolean whole = isWhole(manifest) && leavesNothing();
    // When collections that the backup does not hold come to the site meanwhile, a second round
    // copies single ones.
    requireRoom(whole);
    while (!stageAndSwitch(whole)) {
      whole = false;
      requireRoom(false);
    }
  }

  /** Step 1. */
  UnaryOperator<RestorationRecord.Draft> starting() {
    Optional<SwitchIntent> intent =
        record().kind() == RestorationKind.CLONE
            ? Optional.empty()
            : Optional.of(change.newIntent());
    Instant now = journal.now();
    return draft -> {
      draft.times = draft.times.started(now);
      draft.intent = intent;
      return draft;
    };
  }

  /** Whether the request was recorded with step 1, and another job was not quicker after all. */
  private boolean isStarted() {
    Optional<Instant> start = record().times().start();
    return start.isPresent() && start.get().plus(LATE).isAfter(journal.now());
  }

  /** The record of the request, before the job runs. */
  void recorded(RestorationRecord request) {
    journal.recorded(request);
  }

  /** Hard links need next to nothing; copies are about as large as what they are made of. */
  private void requireRoom(boolean linked) {
    if (!linked) {
      parts
          .disk()
          .require(
              "restore into site " + record().destinationSiteId(),
              record().collections().stream()
                  .filter(entry -> !entry.remove())
                  .mapToLong(Entry::sizeBytes)
                  .sum());
    }
  }

  private void makeSite(boolean whole) {
    requireExact(cloning.stage(whole, copies(), this::copied));
    journal.progress().allItems();
    journal.progress().allFiles();
    if (!control.compareAndSet(Control.OPEN, Control.SWITCHING)) {
      checkCancelled();
    }
    journal.progress().enter(Phase.SWITCHING);
    use.end();
    cloning.complete();
    log.info(
        "site made of a backup site={} restoration={}",
        record().destinationSiteId(),
        record().id());
  }

  private boolean stageAndSwitch(boolean whole) {
    Staging staging = whole ? stageGeneration() : stageCollections();
    boolean switched = false;
    try {
      requireExact(staging.contents());
      journal.progress().allItems();
      journal.progress().allFiles();
      // What is in memory is written before the door closes, so that it is closed only shortly.
      try (Lease lease = parts.sites().lease(record().destinationSiteId(), Environment.LIVE)) {
        lease.store().flush();
      }
      if (!control.compareAndSet(Control.OPEN, Control.SWITCHING)) {
        checkCancelled();
      }
      switched = change.to(staging);
      if (switched) {
        switchedTo = Optional.of(staging);
      } else {
        control.set(Control.OPEN);
      }
      return switched;
    } finally {
      if (!switched) {
        staging.close();
      }
    }
  }

  private Manifest manifest() {
    return parts
        .repository()
        .manifest(backupKey())
        .orElseThrow(() -> Backups.manifestMissing(record().backup()));
  }

  private BackupKey backupKey() {
    return record().backup().repositoryKey();
  }

  /** Whatever reads the backup: damage that it finds is remembered with the backup. */
  private <T> T checked(Supplier<T> reading) {
    try {
      return reading.get();
    } catch (ServiceException e) {
      if (e.reason() == Reason.BACKUP_CORRUPT) {
        BackupRecord backup = record().backup();
        parts.backups().foundCorrupt(backup.siteId(), backup.id(), String.valueOf(e.getMessage()));
      }
      throw e;
    }
  }

  private void verify(Manifest manifest) {
    if (record().verification() == VerificationMode.SKIP) {
      return;
    }
    journal.progress().enter(Phase.VERIFYING);
    try {
      checked(
          () -> {
            parts
                .repository()
                .verify(
                    backupKey(),
                    READERS,
                    (bytes, files) -> {
                      checkCancelled();
                      journal.progress().files(bytes, files);
                    });
            return Boolean.TRUE;
          });
      journal.note(LogLine.Severity.INFO, "checked " + manifest.files().size() + " files");
    } catch (ServiceException e) {
      if (e.reason() != Reason.BACKUP_CORRUPT || !record().allowCorrupt()) {
        throw e;
      }
      Instant now = journal.now();
      journal.change(
          draft -> draft.log(now, LogLine.Severity.WARNING, "goes on although " + e.getMessage()));
    }
  }

  /** Whether the backup's database as a whole is what the restoration is to make. */
  private boolean isWhole(Manifest manifest) {
    Set<CollectionId> held =
        manifest.collections().stream()
            .map(each -> new CollectionId(each.collectionId()))
            .collect(Collectors.toSet());
    boolean sameNames =
        record().collections().stream()
            .allMatch(entry -> entry.remove() || entry.source().equals(entry.destination()));
    return manifest.whole() && sameNames && restored().equals(held);
  }

  /** Whether no live items are left in place. */
  private boolean leavesNothing() {
    Set<CollectionId> replaced = new HashSet<>(restored());
    replaced.addAll(removed());
    return parts.sites().stats(record().destinationSiteId(), Environment.LIVE).entrySet().stream()
        .allMatch(live -> live.getValue().itemCount() == 0 || replaced.contains(live.getKey()));
  }

  /** The destinations that get content. */
  private Set<CollectionId> restored() {
    return record().collections().stream()
        .filter(entry -> !entry.remove())
        .map(Entry::destination)
        .collect(Collectors.toSet());
  }

  private Set<CollectionId> removed() {
    return record().collections().stream()
        .filter(Entry::remove)
        .map(Entry::destination)
        .collect(Collectors.toSet());
  }

  private Staging stageGeneration() {
    checkCancelled();
    long number =
        parts.sites().exclusively(record().destinationSiteId(), SiteSection::nextGeneration);
    return StagedGeneration.make(
        parts.engine(),
        parts.files(),
        parts.repository().fetch(backupKey()),
        parts.sites().generationDirectory(record().destinationSiteId(), number),
        number,
        restored(),
        removed(),
        record().id());
  }

  private Staging stageCollections() {
    checkCancelled();
    // One restoration at a time goes into a site, so that the directory is this one's alone.
    Path scratch = parts.sites().stagingDirectory(record().destinationSiteId());
    try (ItemStore backup = parts.engine().openReadOnly(parts.repository().fetch(backupKey()))) {
      return StagedIntoLive.make(
          parts.sites().lease(record().destinationSiteId(), Environment.LIVE),
          backup,
          copies(),
          removed(),
          scratch,
          record().id(),
          this::copied);
    }
  }

  /** The destinations by their sources. */
  private Map<CollectionId, CollectionId> copies() {
    Map<CollectionId, CollectionId> copies = new TreeMap<>();
    for (Entry entry : record().collections()) {
      if (!entry.remove()) {
        copies.put(entry.source(), entry.destination());
      }
    }
    return copies;
  }

  private void copied(CollectionId destination, long items, long bytes) {
    checkCancelled();
    CollectionId source =
        record().collections().stream()
            .filter(entry -> entry.destination().equals(destination))
            .findFirst()
            .map(Entry::source)
            .orElse(destination);
    journal.progress().items(source, items, bytes);
  }

  /** What was staged must be what the manifest promised, item count by item count. */
  private void requireExact(Map<CollectionId, CollectionStats> contents) {
    for (Entry entry : record().collections()) {
      long found = contents.getOrDefault(entry.destination(), CollectionStats.EMPTY).itemCount();
      if (!entry.remove() && found != entry.itemCount() && !record().allowCorrupt()) {
        throw new ServiceException(
            Reason.DATA_CORRUPT,
            Map.of("collection_id", entry.source().value()),
            "collection "
                + entry.source()
                + " of the backup holds "
                + found
                + " items instead of "
                + entry.itemCount());
      }
    }
  }

  /** Steps 6, if it failed, and 7. */
  private void finish() {
    journal.progress().enter(Phase.FINALIZING);
    use.end();
    Completion completion = new Completion(parts, record());
    try {
      parts
          .patience()
          .insist(
              "record a completed restoration",
              () -> {
                complete(completion);
                return Boolean.TRUE;
              });
      log.info(
          "restoration completed site={} restoration={} backup={} longest_wait={}",
          record().destinationSiteId(),
          record().id(),
          record().backup().id(),
          change.longestWait());
    } catch (RuntimeException e) {
      log.error(
          "restoration is live but could not be recorded yet site={} restoration={}",
          record().destinationSiteId(),
          record().id(),
          e);
      later("record completed restoration", () -> complete(completion), e);
    }
  }

  private void complete(Completion completion) {
    completion.record(
        change.outcomes().orElseGet(() -> adopt(completion)),
        change.longestWait(),
        journal.progress().succeeded());
  }

  private List<Entry> adopt(Completion completion) {
    return parts.sites().exclusively(record().destinationSiteId(), completion::adopt);
  }

  private void fail(Throwable thrown) {
    use.end();
    JobFailure failure = JobFailure.of(thrown);
    boolean cancelled = failure.reason() == Reason.CANCELLED && control.get() == Control.CANCELLED;
    if (failure.reason() == Reason.INTERNAL) {
      log.error("restoration failed restoration={}", record().id(), thrown);
    }
    log.info(
        "restoration ended site={} restoration={} state={} reason={} message={}",
        record().destinationSiteId(),
        record().id(),
        cancelled ? RestorationState.CANCELED : RestorationState.FAILED,
        failure.reason(),
        failure.message());
    try {
      parts
          .patience()
          .insist(
              "record the end of a restoration",
              () -> {
                giveUp(failure, cancelled);
                return Boolean.TRUE;
              });
    } catch (RuntimeException e) {
      log.error("the end could not be recorded yet id={}", record().id(), e);
      later("record the end of restoration", () -> giveUp(failure, cancelled), e);
    }
  }

  private void giveUp(JobFailure failure, boolean cancelled) {
    if (record().kind() == RestorationKind.CLONE) {
      if (!isPending()) {
        log.warn("the new site was reported failed but is there id={}", record().id());
        return;
      }
      cloning.giveUp();
    }
    recordEnd(failure, cancelled);
  }

  private boolean isPending() {
    return parts.store().require(record().siteId(), record().id()).isPending();
  }

  private void recordEnd(JobFailure failure, boolean cancelled) {
    Instant now = journal.now();
    BackupRecord backup = Completion.presentBackup(parts, record());
    journal.change(
        draft -> {
          draft.state = cancelled ? RestorationState.CANCELED : RestorationState.FAILED;
          draft.times = draft.times.finished(now);
          draft.backup = backup;
          draft.progress = Optional.of(journal.progress().now());
          draft.intent = Optional.empty();
          if (cancelled) {
            return draft.log(now, LogLine.Severity.INFO, "cancelled");
          }
          draft.failure = Optional.of(failure);
          return draft.log(now, LogLine.Severity.ERROR, failure.message());
        });
  }

  private void checkCancelled() {
    if (control.get() == Control.CANCELLED) {
      throw new ServiceException(Reason.CANCELLED, "the restoration was cancelled");
    }
  }
}
