package dev.cairn.server.backup;

import dev.cairn.server.error.ServiceException;
import dev.cairn.server.repository.BackupKey;
import dev.cairn.server.repository.BackupRepository;
import dev.cairn.server.site.SiteId;
import dev.cairn.server.site.Sites;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How backups go, asked for or because there are too many: first the record, in the durable step
 * that decides it, then the files. What is being read stays. Thread-safe.
 */
final class Departures {
  private static final Logger log = LoggerFactory.getLogger(Departures.class);
  private static final Comparator<BackupRecord> NEWEST_ON_DEMAND =
      Comparator.<BackupRecord, Boolean>comparing(each -> each.type() == BackupType.ON_DEMAND)
          .thenComparing(BackupRecord::id);

  private final Sites sites;
  private final BackupStore store;
  private final BackupRepository repository;
  private final InstantSource clock;
  private final Overdue overdue;
  private final Retention retention;
  private final boolean verifyAfterCreate;
  private final Function<SiteId, AutoRetention> autoRetention;
  private final BackupUses uses = new BackupUses();

  Departures(
      Sites sites,
      BackupStore store,
      BackupRepository repository,
      InstantSource clock,
      Overdue overdue,
      Backups.Settings settings) {
    this.sites = sites;
    this.store = store;
    this.overdue = overdue;
    this.repository = repository;
    this.clock = clock;
    this.retention = settings.retention();
    this.verifyAfterCreate = settings.verifyAfterCreate();
    this.autoRetention = settings.autoRetention();
    store.onDoubt(this::finishWhenKnown);
  }

  /**
   * Keeps a READY backup from going until the answer ends or is closed.
   *
   * @throws ServiceException BACKUP_NOT_FOUND; BACKUP_NOT_READY
   */
  BackupUse use(SiteId siteId, BackupId id, String restorationId) {
    Runnable release =
        store.change(
            batch -> {
              BackupRecord record = batch.require(siteId, id);
              if (!record.isReady()) {
                throw Backups.notReady(record, "cannot be restored");
              }
              return uses.use(record.repositoryKey(), restorationId);
            });
    return new BackupUse() {
      @Override
      public void end() {
        release.run();
      }

      @Override
      public void close() {
        release.run();
        tryRetention(siteId);
      }
    };
  }

  boolean inUse(BackupRecord record) {
    return uses.inUse(record.repositoryKey());
  }

  /** The on-demand backup that the next one would evict; empty while there is room. */
  Optional<BackupId> nextEvicted(List<BackupRecord> all) {
    return retention.next(all, this::inUse, verifyAfterCreate).map(BackupRecord::id);
  }

  /** When a backup's data will be deleted because of its age; empty if it will not. */
  Optional<Instant> expireTime(BackupRecord record) {
    return record.type() == BackupType.AUTO
        ? autoRetention.apply(record.siteId()).expireTime(record)
        : Optional.empty();
  }

  /**
   * Stores a backup that becomes READY, and lets go what is too much now, in one durable step.
   *
   * @param gone gets the records whose files have to go once the step is done: {@link #finish}
   */
  BackupRecord putReady(BackupStore.Batch batch, BackupRecord ready, List<BackupRecord> gone) {
    BackupRecord put = batch.put(ready);
    return letGo(batch, batch.ready(put.siteId()), put, gone);
  }

  /**
   * Applies retention.
   *
   * @param ready the site's READY backups
   * @param newest of them, it names what it evicts
   * @return the newest's record
   */
  private BackupRecord letGo(
      BackupStore.Batch batch,
      List<BackupRecord> ready,
      BackupRecord newest,
      List<BackupRecord> gone) {
    List<BackupId> evicted = new ArrayList<>(newest.evicted());
    for (BackupRecord each : excess(ready, newest.siteId())) {
      boolean onDemand = each.type() == BackupType.ON_DEMAND;
      markDeleted(batch, each, onDemand ? DeleteReason.EVICTED : DeleteReason.EXPIRED);
      gone.add(each);
      if (onDemand) {
        evicted.add(each.id());
      }
    }
    if (evicted.size() == newest.evicted().size()) {
      return newest;
    }
    return batch.change(
        batch.require(newest.siteId(), newest.id()),
        draft -> {
          draft.evicted = List.copyOf(evicted);
          return draft;
        });
  }

  private List<BackupRecord> excess(List<BackupRecord> all, SiteId siteId) {
    Predicate<BackupRecord> inUse = this::inUse;
    List<BackupRecord> excess = new ArrayList<>(retention.excess(all, inUse, verifyAfterCreate));
    List<BackupRecord> left = new ArrayList<>(all);
    left.removeAll(excess);
    excess.addAll(autoRetention.apply(siteId).excess(left, inUse, clock.instant()));
    return excess;
  }

  /**
   * Lets go what is too much now, for example after a verification ended, a pin was taken off or a
   * backup has become too old.
   */
  void applyRetention(SiteId siteId) {
    List<BackupRecord> gone = new ArrayList<>();
    store.change(
        batch -> {
          // The newest on-demand one names what it evicts; without one, nothing is evicted.
          List<BackupRecord> ready = batch.ready(siteId);
          ready.stream()
              .max(NEWEST_ON_DEMAND)
              .ifPresent(newest -> letGo(batch, ready, newest, gone));
          return Boolean.TRUE;
        });
    finish(gone);
  }

  /** As {@link #applyRetention}, where nobody waits for it: what fails is tried again later. */
  void tryRetention(SiteId siteId) {
    try {
      applyRetention(siteId);
    } catch (RuntimeException e) {
      log.warn("retention put off site={}", siteId, e);
    }
  }

  /**
   * Makes a READY backup DELETED.
   *
   * @throws ServiceException BACKUP_IN_USE
   */
  BackupRecord markDeleted(BackupStore.Batch batch, BackupRecord record, DeleteReason reason) {
    uses.requireUnused(record.repositoryKey());
    Instant now = clock.instant();
    return batch.change(
        record,
        draft -> {
          draft.state = BackupState.DELETED;
          draft.deleteReason = Optional.of(reason);
          draft.times = draft.times.deleted(now);
          draft.exclusiveBytes = 0;
          draft.verification = draft.verification.abandoned("");
          return draft.log(now, LogLine.Severity.INFO, "deleted: " + reason);
        });
  }

  /** Deletes the files of backups that are DELETED now. */
  void finish(List<BackupRecord> gone) {
    for (BackupRecord record : gone) {
      log.info("backup deleted site={} backup={}", record.siteId(), record.id());
      deleteFiles(record.repositoryKey());
    }
  }

  /** A step that was reported failed may have let backups go: their files go once that is known. */
  private void finishWhenKnown(List<BackupRecord> changed, ServiceException why) {
    List<BackupRecord> doubtful = changed.stream().filter(Departures::isGone).toList();
    if (!doubtful.isEmpty()) {
      overdue.later(
          "find out which backups are gone",
          () -> finish(doubtful.stream().filter(this::isGoneOnRecord).toList()),
          why);
    }
  }

  private boolean isGoneOnRecord(BackupRecord record) {
    return store.find(record.siteId(), record.id()).map(Departures::isGone).orElse(true);
  }

  private static boolean isGone(BackupRecord record) {
    return record.state() == BackupState.DELETED;
  }

  /** Deletes what there is of a backup; what cannot be deleted goes at the next start. */
  void deleteFiles(BackupKey key) {
    try {
      repository.delete(key);
      forgetIfDeleted(new SiteId(key.siteId()));
    } catch (RuntimeException e) {
      log.warn("files of a deleted backup remain until the next start backup={}", key, e);
    }
  }

  /** Deletes all backups of a site that is deleted, but none of a site made anew with its name. */
  void deleteFilesOf(SiteId siteId) {
    for (BackupKey key : repository.list()) {
      if (key.siteId().equals(siteId.value()) && !isKnown(siteId, key)) {
        deleteFiles(key);
      }
    }
    forgetIfDeleted(siteId);
  }

  private boolean isKnown(SiteId siteId, BackupKey key) {
    return BackupId.isValid(key.backupId())
        && store.find(siteId, new BackupId(key.backupId())).isPresent();
  }

  /** Whoever deletes the last files of a deleted site, perhaps a job that was given up, tidies. */
  private void forgetIfDeleted(SiteId siteId) {
    if (!sites.exists(siteId)) {
      repository.forgetSite(siteId.value());
    }
  }
}
