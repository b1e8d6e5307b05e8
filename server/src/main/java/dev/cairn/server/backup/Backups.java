package dev.cairn.server.backup;

import dev.cairn.server.backup.BackupStore.BackupRef;
import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import dev.cairn.server.repository.BackupRepository;
import dev.cairn.server.repository.DiskReserve;
import dev.cairn.server.repository.Manifest;
import dev.cairn.server.site.Catalog;
import dev.cairn.server.site.CatalogTransaction;
import dev.cairn.server.site.CommandLog;
import dev.cairn.server.site.RequestId;
import dev.cairn.server.site.RequestRecord;
import dev.cairn.server.site.SiteCollections;
import dev.cairn.server.site.SiteDependent;
import dev.cairn.server.site.SiteId;
import dev.cairn.server.site.Sites;
import dev.cairn.server.site.TimeOrderedIds;
import dev.cairn.server.store.CollectionId;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Backups of sites: asked for, made, listed, changed, verified, deleted, watched.
 *
 * <p>It is one class because the rules meet here: whatever makes a backup READY or lets one go
 * applies {@link Retention} in the same step. Thread-safe; states change only in commands, and what
 * runs is in {@code running}.
 */
public final class Backups implements SiteDependent {
  private static final Logger log = LoggerFactory.getLogger(Backups.class);

  private final Sites sites;
  private final BackupStore store;
  private final BackupRepository repository;
  private final SnapshotTaker taker;
  private final Retention retention;
  private final Departures departures;
  private final SafetyBackups safety;
  private final JobQueue makeQueue;
  private final BackupVerifier verifier;
  private final InstantSource clock;
  private final TimeOrderedIds ids;
  private final Sequences sequences;
  private final boolean verifyAfterCreate;
  private final DiskReserve disk;
  private final Overdue overdue = new Overdue();
  private final Map<BackupRef, BackupJob> running = new ConcurrentHashMap<>();
  private volatile Consumer<BackupType> whenEnded = type -> {};

  /**
   * What backups need to know from the configuration.
   *
   * @param autoRetention of a site, as its schedule says
   * @param disk what has to be free for a backup to be taken
   */
  public record Settings(
      Retention retention,
      boolean verifyAfterCreate,
      Function<SiteId, AutoRetention> autoRetention,
      DiskReserve disk) {

    public Settings(Retention retention, boolean verifyAfterCreate) {
      this(retention, verifyAfterCreate, site -> AutoRetention.DEFAULT, DiskReserve.NONE);
    }
  }

  /** The parts of the server that backups are made with. */
  public record Parts(
      Sites sites,
      Catalog catalog,
      CommandLog commands,
      BackupRepository repository,
      Sequences sequences,
      InstantSource clock,
      TimeOrderedIds ids,
      JobQueue makeQueue,
      JobQueue verifyQueue) {}

  public Backups(Parts parts, Settings settings) {
    this.sites = parts.sites();
    this.store =
        new BackupStore(parts.catalog(), parts.commands(), parts.sequences(), parts.clock());
    this.repository = parts.repository();
    this.taker = new SnapshotTaker(repository, parts.clock());
    this.retention = settings.retention();
    this.makeQueue = parts.makeQueue();
    this.clock = parts.clock();
    this.ids = parts.ids();
    this.sequences = parts.sequences();
    this.verifyAfterCreate = settings.verifyAfterCreate();
    this.disk = settings.disk();
    this.departures = new Departures(sites, store, repository, clock, overdue, settings);
    this.verifier =
        new BackupVerifier(
            store, repository, parts.verifyQueue(), clock, overdue, this::applyRetention);
    this.safety = new SafetyBackups(parts, store, taker, departures, this::verifyNew);
  }

  /**
   * Makes records of the sites and backups on disk that the catalog does not know, because it was
   * lost. Called before {@link #recover()}, which would remove them.
   */
  public void findLost() {
    new LostBackups(sites, store, repository, clock).find();
  }

  private void verifyNew(BackupRecord ready) {
    if (verifyAfterCreate) {
      verifier.enqueueIfRoom(ready);
    }
  }

  /**
   * A wish for a backup.
   *
   * @param collections empty: all
   */
  public record Request(
      SiteId siteId,
      List<CollectionId> collections,
      BackupType type,
      BackupRecord.Notes notes,
      String creator,
      Optional<RequestId> requestId) {}

  /**
   * Accepts a backup and answers its PENDING record; the work goes on by itself.
   *
   * @throws ServiceException SITE_NOT_FOUND; COLLECTION_NOT_FOUND; ALL_BACKUPS_PINNED;
   *     REQUEST_ID_CONFLICT; OVERLOADED; DISK_FULL
   */
  public BackupView create(Request request) {
    return create(request, (transaction, record) -> {});
  }

  /**
   * Accepts an AUTO backup of all collections.
   *
   * @param alongside made durable together with its record
   * @throws ServiceException SITE_NOT_FOUND; OVERLOADED; what {@code alongside} throws
   */
  public BackupView createAuto(
      SiteId siteId, BiConsumer<CatalogTransaction, BackupRecord> alongside) {
    return create(
        new Request(
            siteId,
            List.of(),
            BackupType.AUTO,
            BackupRecord.Notes.NONE,
            "schedule",
            Optional.empty()),
        alongside);
  }

  private BackupView create(
      Request request, BiConsumer<CatalogTransaction, BackupRecord> alongside) {
    SiteCollections known = sites.collections(request.siteId());
    Optional<BackupId> made = store.madeBy(request.siteId(), request.requestId());
    if (made.isPresent()) {
      return store.view(request.siteId(), made.get());
    }
    request.collections().forEach(known::require);
    disk.require("take a backup of site " + request.siteId());
    AtomicReference<@Nullable BackupJob> job = new AtomicReference<>();
    try (JobQueue.Place place = makeQueue.reserve()) {
      if (request.type() == BackupType.ON_DEMAND) {
        flushAhead(request.siteId());
      }
      BackupRecord record =
          store.change(
              batch -> {
                Optional<String> before =
                    RequestRecord.find(
                        batch.transaction()::get, request.siteId(), request.requestId());
                if (before.isPresent()) {
                  return batch.require(request.siteId(), new BackupId(before.get()));
                }
                Sites.requireExists(batch.transaction(), request.siteId());
                refuseWhenAllPinned(request, batch);
                BackupRecord fresh = pending(request);
                BackupJob making = new BackupJob(sites, store, repository, taker, clock, fresh);
                job.set(making);
                RequestRecord.put(
                    batch.transaction(),
                    request.siteId(),
                    request.requestId(),
                    fresh.id().value(),
                    fresh.times().create());
                alongside.accept(batch.transaction(), fresh);
                BackupRecord requested = batch.put(fresh);
                if (!place.startsAtOnce()) {
                  return requested;
                }
                batch.addEvents();
                return making.start(batch, requested);
              });
      @Nullable BackupJob fresh = job.get();
      if (fresh != null) {
        log.info(
            "backup requested site={} backup={} type={}",
            record.siteId(),
            record.id(),
            record.type());
        running.put(BackupRef.of(record), fresh);
        fresh.recorded(record);
        place.run(() -> make(record, fresh));
      }
      return BackupView.of(record);
    } catch (ServiceException e) {
      @Nullable BackupJob fresh = job.get();
      if (fresh != null && Overdue.isOfStorage(e)) {
        // Its record may be there all the same, and nobody would ever make it.
        overdue.settle("give up a backup that could not be recorded", () -> fresh.ended(e));
      }
      throw e;
    }
  }

  /**
   * Somebody waits for the backup: its longest part begins while the request is recorded, even if
   * that is refused then. Beside another backup of the site it could have to wait, and does not.
   */
  private void flushAhead(SiteId siteId) {
    if (running.keySet().stream().anyMatch(ref -> ref.siteId().equals(siteId))) {
      return;
    }
    try {
      sites.beginFlush(siteId);
    } catch (RuntimeException e) {
      log.debug("the backup will say what is wrong with its site site={}", siteId, e);
    }
  }

  private void refuseWhenAllPinned(Request request, BackupStore.Batch batch) {
    if (request.type() != BackupType.ON_DEMAND) {
      return;
    }
    List<BackupRecord> pinned = retention.pinnedInTheWay(batch.ready(request.siteId()));
    if (!pinned.isEmpty()) {
      String named =
          pinned.stream().map(each -> each.id().value()).collect(Collectors.joining(","));
      throw new ServiceException(
          Reason.ALL_BACKUPS_PINNED,
          Map.of(
              "site_id", request.siteId().value(),
              "limit", String.valueOf(retention.onDemandLimit()),
              "backup_ids", named),
          "all on-demand backups of site "
              + request.siteId()
              + " are pinned ("
              + named
              + "); unpin or delete one");
    }
  }

  private BackupRecord pending(Request request) {
    Instant now = clock.instant();
    return BackupRecord.pending(
            newId(),
            request.siteId(),
            request.type(),
            request.notes(),
            request.creator(),
            request.collections(),
            Optional.empty(),
            now)
        .with(draft -> draft.log(now, LogLine.Severity.INFO, "requested"));
  }

  private BackupId newId() {
    return new BackupId(ids.next());
  }

  private void make(BackupRecord pending, BackupJob job) {
    try {
      Manifest manifest = job.run();
      BackupRecord ready = commit(pending, job, manifest);
      log.info(
          "backup ready site={} backup={} items={} bytes={}",
          ready.siteId(),
          ready.id(),
          ready.itemCount(),
          ready.sizeBytes());
      verifyNew(ready);
    } catch (RuntimeException | Error e) {
      overdue.settle("record the end of backup " + pending.id(), () -> end(pending, job, e));
    } finally {
      running.remove(BackupRef.of(pending));
      whenEnded.accept(pending.type());
    }
  }

  /**
   * Has {@code listener} told of the end of each backup that was asked for, whatever became of it.
   * It is called by the thread that made the backup: it must be quick and must not throw.
   */
  public void onEnded(Consumer<BackupType> listener) {
    whenEnded = listener;
  }

  private void end(BackupRecord pending, BackupJob job, Throwable why) {
    Optional<BackupRecord> ended = job.ended(why);
    if (ended.filter(BackupRecord::isReady).isEmpty()) {
      departures.deleteFiles(pending.repositoryKey());
    }
    log.info(
        "backup ended site={} backup={} state={} reason={}",
        pending.siteId(),
        pending.id(),
        ended.map(record -> record.state().name()).orElse("removed with its site"),
        ended.flatMap(BackupRecord::failure).map(failure -> failure.reason().name()).orElse(""));
  }

  /**
   * Steps 5 and 6. When the catalog fails, the record may be READY on disk nevertheless: the files
   * go only once it is known that it is not.
   */
  private BackupRecord commit(BackupRecord pending, BackupJob job, Manifest manifest) {
    long exclusive = repository.exclusiveBytes(pending.repositoryKey());
    List<BackupRecord> gone = new ArrayList<>();
    BackupRecord ready =
        store.change(
            batch -> departures.putReady(batch, job.ready(batch, manifest, exclusive), gone));
    departures.finish(gone);
    return ready;
  }

  /**
   * Lets go what is too much now, for example after a schedule keeps less or a backup has become
   * too old.
   */
  public void applyRetention(SiteId siteId) {
    departures.applyRetention(siteId);
  }

  /**
   * The backup as it is now.
   *
   * @throws ServiceException SITE_NOT_FOUND; BACKUP_NOT_FOUND
   */
  public BackupView get(SiteId siteId, BackupId id) {
    sites.requireExists(siteId);
    return store.view(siteId, id);
  }

  /**
   * Which backups to list; empty sets and maps mean all.
   *
   * @param labels a backup must have all of these
   */
  public record Filter(Set<BackupState> states, Set<BackupType> types, Map<String, String> labels) {
    public static final Filter ALL = new Filter(Set.of(), Set.of(), Map.of());

    boolean accepts(BackupRecord record) {
      return (states.isEmpty() || states.contains(record.state()))
          && (types.isEmpty() || types.contains(record.type()))
          && record.notes().labels().entrySet().containsAll(labels.entrySet());
    }
  }

  /** Some of a site's backups, newest requested first, and what concerns all of them. */
  public record Listing(List<BackupRecord> backups, Optional<BackupId> nextEvicted, int limit) {}

  /** Every backup that {@code filter} accepts. */
  public Listing list(SiteId siteId, Filter filter) {
    sites.requireExists(siteId);
    List<BackupRecord> all = store.list(siteId);
    return new Listing(
        all.stream().filter(filter::accepts).toList(),
        departures.nextEvicted(all),
        retention.onDemandLimit());
  }

  /** The READY backups of the site, oldest requested first; none if there is no such site. */
  public List<BackupRecord> ready(SiteId siteId) {
    return store.ready(siteId);
  }

  /** Measures anew what deleting each of a site's READY backups would free. */
  public void measure(SiteId siteId) {
    Map<BackupId, Long> exclusive = new HashMap<>();
    for (BackupRecord record : store.ready(siteId)) {
      try {
        exclusive.put(record.id(), repository.exclusiveBytes(record.repositoryKey()));
      } catch (ServiceException e) {
        if (e.reason() != Reason.BACKUP_NOT_FOUND) { // deleted meanwhile
          throw e;
        }
      }
    }
    measured(siteId, exclusive);
  }

  /** Keeps what was measured, of backups that are still READY. */
  void measured(SiteId siteId, Map<BackupId, Long> exclusive) {
    if (store.ready(siteId).stream().noneMatch(record -> isNews(record, exclusive))) {
      return;
    }
    store.change(
        batch -> {
          batch.ready(siteId).stream()
              .filter(record -> isNews(record, exclusive))
              .forEach(record -> batch.measured(record, exclusive.getOrDefault(record.id(), 0L)));
          return Boolean.TRUE;
        });
  }

  private static boolean isNews(BackupRecord record, Map<BackupId, Long> exclusive) {
    Long bytes = exclusive.get(record.id());
    return bytes != null && bytes != record.exclusiveBytes();
  }

  /**
   * Changes what people say about a backup.
   *
   * @param etag the one it must have; empty: any
   * @throws ServiceException BACKUP_NOT_FOUND; ETAG_MISMATCH; BACKUP_NOT_READY for a pin on one
   *     that has ended
   */
  public BackupView update(
      SiteId siteId, BackupId id, UnaryOperator<BackupRecord.Notes> change, String etag) {
    sites.requireExists(siteId);
    BackupRecord updated =
        store.change(
            batch -> {
              BackupRecord record = batch.require(siteId, id);
              requireEtag(record, etag);
              BackupRecord.Notes notes = change.apply(record.notes());
              if (notes.pinned()
                  && !record.notes().pinned()
                  && !record.isReady()
                  && !record.isPending()) {
                throw notReady(record, "can no longer be pinned");
              }
              return batch.change(
                  record,
                  draft -> {
                    draft.notes = notes;
                    return draft;
                  });
            });
    applyRetention(siteId);
    return get(siteId, updated.id());
  }

  /** What could not be settled because the storage failed. */
  public Overdue overdue() {
    return overdue;
  }

  /** When retention will delete the backup's data because of its age; empty if it will not. */
  public Optional<Instant> expireTime(BackupRecord record) {
    return departures.expireTime(record);
  }

  private static void requireEtag(BackupRecord record, String etag) {
    if (!etag.isEmpty() && !etag.equals(etag(record))) {
      throw new ServiceException(
          Reason.ETAG_MISMATCH,
          Map.of(
              "site_id", record.siteId().value(),
              "backup_id", record.id().value(),
              "actual_etag", etag(record)),
          "backup " + record.id() + " has changed since it was read");
    }
  }

  /** Changes with every change of the record. */
  public static String etag(BackupRecord record) {
    return Long.toHexString(record.sequence());
  }

  static ServiceException notReady(BackupRecord record, String what) {
    return new ServiceException(
        Reason.BACKUP_NOT_READY,
        Map.of(
            "site_id", record.siteId().value(),
            "backup_id", record.id().value(),
            "state", record.state().name()),
        "backup " + record.id() + " is " + record.state() + " and " + what);
  }

  /**
   * Deletes a backup's data; a PENDING one is cancelled, one that has ended is left as it is.
   *
   * @throws ServiceException BACKUP_NOT_FOUND; BACKUP_IN_USE; ETAG_MISMATCH
   */
  public BackupView delete(SiteId siteId, BackupId id, String etag) {
    sites.requireExists(siteId);
    BackupRecord before = store.require(siteId, id);
    if (before.isPending()) {
      requireEtag(before, etag);
      BackupView cancelled = cancelPending(before);
      if (!cancelled.record().isReady()) {
        return cancelled;
      }
    }
    Optional<BackupRecord> deleted =
        store.change(
            batch -> {
              BackupRecord record = batch.require(siteId, id);
              if (!record.isReady()) {
                return Optional.empty();
              }
              requireEtag(record, etag);
              return Optional.of(departures.markDeleted(batch, record, DeleteReason.REQUESTED));
            });
    departures.finish(deleted.stream().toList());
    return get(siteId, id);
  }

  /**
   * Asks for a PENDING backup to be given up.
   *
   * @throws ServiceException BACKUP_NOT_FOUND; NOT_CANCELABLE
   */
  public BackupView cancel(SiteId siteId, BackupId id) {
    sites.requireExists(siteId);
    BackupRecord record = store.require(siteId, id);
    return switch (record.state()) {
      case PENDING -> cancelPending(record);
      case CANCELED -> BackupView.of(record);
      case READY, FAILED, DELETED ->
          throw new ServiceException(
              Reason.NOT_CANCELABLE,
              Map.of(
                  "site_id", siteId.value(),
                  "backup_id", id.value(),
                  "state", record.state().name()),
              "backup " + id + " is " + record.state() + " already");
    };
  }

  private BackupView cancelPending(BackupRecord pending) {
    BackupJob job = running.get(BackupRef.of(pending));
    if (job != null) {
      job.cancel();
    }
    Instant now = clock.instant();
    BackupRecord record =
        store.change(
            batch -> {
              BackupRecord current = batch.require(pending.siteId(), pending.id());
              if (!current.isPending() || current.times().start().isPresent()) {
                return current; // the job sees the flag
              }
              return batch.change(
                  current,
                  draft -> {
                    draft.state = BackupState.CANCELED;
                    draft.times = draft.times.finished(now);
                    return draft.log(now, LogLine.Severity.INFO, "cancelled");
                  });
            });
    return BackupView.of(record);
  }

  /**
   * Starts to check a READY backup's files against its manifest; one that runs is followed.
   *
   * @throws ServiceException BACKUP_NOT_FOUND; BACKUP_NOT_READY; OVERLOADED
   */
  public BackupView verify(SiteId siteId, BackupId id) {
    sites.requireExists(siteId);
    return verifier.enqueue(store.require(siteId, id));
  }

  BackupRecord requireReady(SiteId siteId, BackupId id, String what) {
    sites.requireExists(siteId);
    BackupRecord record = store.require(siteId, id);
    if (!record.isReady()) {
      throw notReady(record, what);
    }
    return record;
  }

  /**
   * Subscribes to a backup's states.
   *
   * @param signal called after each change, from any thread; has to return at once
   * @throws ServiceException SITE_NOT_FOUND; BACKUP_NOT_FOUND
   */
  public Topics.Subscription<BackupView> watch(SiteId siteId, BackupId id, Topics.Signal signal) {
    sites.requireExists(siteId);
    return store
        .topics()
        .subscribe(
            new BackupRef(siteId, id), () -> BackupView.of(store.require(siteId, id)), signal);
  }

  /** On how many backups something runs or somebody watches. */
  int topicCount() {
    return store.topics().size();
  }

  // What restorations need.

  /** The backups that they make of what they replace. */
  public SafetyBackups safety() {
    return safety;
  }

  /**
   * Keeps a READY backup from being deleted until the answer ends or is closed.
   *
   * @throws ServiceException BACKUP_NOT_FOUND; BACKUP_NOT_READY
   */
  public BackupUse use(SiteId siteId, BackupId id, String restorationId) {
    return departures.use(siteId, id, restorationId);
  }

  /** Records what a restoration found when it checked the backup's files. */
  public void foundCorrupt(SiteId siteId, BackupId id, String detail) {
    verifier.foundCorrupt(store.require(siteId, id), detail);
  }

  /** What is wrong with a READY backup that has no manifest: BACKUP_CORRUPT, naming it. */
  public static ServiceException manifestMissing(BackupRecord record) {
    return BackupVerifier.manifestMissing(record);
  }

  // The life of the server and of sites.

  /**
   * Goes on after what is on record, with an index that agrees with it. Called once, before
   * restorations are recovered, which take ids and apply retention.
   */
  public void takeStock() {
    List<BackupOutline> all = store.outlines();
    for (BackupOutline each : all) {
      ids.startAfter(each.id().value());
      sequences.startAfter(each.sequence());
    }
    store.recoverIndex(all);
  }

  /**
   * Puts records and files in order after a crash. Called once, after restorations were recovered
   * and before anything is served.
   */
  public void recover() {
    new BackupRecovery(
            store, repository, verifier, departures, clock, safety::isAwaited, verifyAfterCreate)
        .run(store.outlines());
  }

  /** Removes records that ended before {@code before}; answers how many. */
  public int purge(Instant before) {
    int purged = 0;
    for (BackupRecord record : store.listAll()) {
      Optional<Instant> ended =
          switch (record.state()) {
            case PENDING, READY -> Optional.empty();
            case FAILED, CANCELED -> record.times().finish();
            case DELETED -> record.times().delete();
          };
      if (ended.isPresent() && ended.get().isBefore(before)) {
        store.change(
            batch -> {
              batch.transaction().delete(BackupRecord.key(record.siteId(), record.id()));
              return Boolean.TRUE;
            });
        purged++;
      }
    }
    return purged;
  }

  @Override
  public void beforeDelete(SiteId id) {
    store.pending(id).forEach(this::cancelPending);
  }

  @Override
  public long backupCount(SiteId id) {
    return store.ready(id).size();
  }

  @Override
  public void removeRecords(SiteId id, CatalogTransaction transaction) {
    for (BackupRecord record : transaction.list(BackupRecord.prefix(id), BackupRecord.class)) {
      if (departures.inUse(record)) {
        throw new ServiceException(
            Reason.RESTORATION_IN_PROGRESS,
            Map.of("site_id", id.value(), "backup_id", record.id().value()),
            "backup " + record.id() + " of site " + id + " is being restored");
      }
    }
    store.removeSite(transaction, id);
  }

  @Override
  public void afterDelete(SiteId id) {
    store.topics().end(ref -> ref.siteId().equals(id), Sites.notFound(id));
    departures.deleteFilesOf(id);
  }
}
