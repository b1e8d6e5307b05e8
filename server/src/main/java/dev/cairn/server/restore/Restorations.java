package dev.cairn.server.restore;

import dev.cairn.server.backup.BackupId;
import dev.cairn.server.backup.BackupRecord;
import dev.cairn.server.backup.BackupUse;
import dev.cairn.server.backup.Backups;
import dev.cairn.server.backup.JobFailure;
import dev.cairn.server.backup.JobQueue;
import dev.cairn.server.backup.LogLine;
import dev.cairn.server.backup.Overdue;
import dev.cairn.server.backup.Sequences;
import dev.cairn.server.backup.Topics;
import dev.cairn.server.backup.Verification;
import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import dev.cairn.server.repository.BackupRepository;
import dev.cairn.server.repository.DiskReserve;
import dev.cairn.server.repository.DurableFiles;
import dev.cairn.server.restore.RestorationRecord.Entry;
import dev.cairn.server.restore.RestorationStore.RestorationRef;
import dev.cairn.server.site.Catalog;
import dev.cairn.server.site.CatalogTransaction;
import dev.cairn.server.site.CommandLog;
import dev.cairn.server.site.Environment;
import dev.cairn.server.site.Lease;
import dev.cairn.server.site.RequestId;
import dev.cairn.server.site.RequestRecord;
import dev.cairn.server.site.SiteCollections;
import dev.cairn.server.site.SiteDependent;
import dev.cairn.server.site.SiteId;
import dev.cairn.server.site.Sites;
import dev.cairn.server.site.TimeOrderedIds;
import dev.cairn.server.store.CollectionId;
import dev.cairn.server.store.StoreEngine;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.UnaryOperator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Restorations: asked for, run, undone, listed, cancelled, watched, and put in order after a crash.
 *
 * <p>Thread-safe; states change only in commands, and what runs is in {@code running}.
 */
public final class Restorations implements SiteDependent {
  private static final Logger log = LoggerFactory.getLogger(Restorations.class);

  private final RestoreJob.Parts jobParts;
  private final Recovery recovery;
  private final RestorationStore store;
  private final Sites sites;
  private final Backups backups;
  private final JobQueue queue;
  private final InstantSource clock;
  private final TimeOrderedIds ids;
  private final Map<RestorationRef, RestoreJob> running = new ConcurrentHashMap<>();

  /** The parts of the server that restorations are made with. */
  public record Parts(
      Sites sites,
      Catalog catalog,
      CommandLog commands,
      Backups backups,
      BackupRepository repository,
      StoreEngine engine,
      DurableFiles files,
      Sequences sequences,
      InstantSource clock,
      TimeOrderedIds ids,
      JobQueue queue,
      DiskReserve disk,
      int maxCollectionsPerSite) {}

  /**
   * @param patience with what must be recorded once content has been switched
   */
  public Restorations(Parts parts, Patience patience) {
    this.store =
        new RestorationStore(parts.catalog(), parts.commands(), parts.sequences(), parts.clock());
    this.sites = parts.sites();
    this.backups = parts.backups();
    this.queue = parts.queue();
    this.clock = parts.clock();
    this.ids = parts.ids();
    this.jobParts =
        new RestoreJob.Parts(
            parts.sites(),
            parts.backups(),
            parts.repository(),
            parts.engine(),
            parts.files(),
            store,
            parts.clock(),
            patience,
            parts.disk(),
            parts.maxCollectionsPerSite());
    this.recovery = new Recovery(jobParts);
  }

  /**
   * A collection of a backup, and where it is to be put.
   *
   * @param displayName for the destination if it is created; empty: the one in the backup
   */
  public record Selection(CollectionId source, CollectionId destination, String displayName) {}

  /**
   * A wish for a restoration.
   *
   * @param selections what to put back; empty: every collection of the backup
   * @param newSite the site to restore into, if it is not the backup's own: a clone
   * @param allowCorrupt whether to go on although the backup is damaged
   * @param previewToken binds it to a preview
   */
  public record Request(
      SiteId siteId,
      BackupId backupId,
      List<Selection> selections,
      Optional<SiteId> newSite,
      VerificationMode verification,
      boolean allowCorrupt,
      Optional<String> previewToken,
      String creator,
      Optional<RequestId> requestId) {

    /** Into the backup's own site, bound to no preview. */
    public Request(
        SiteId siteId,
        BackupId backupId,
        List<Selection> selections,
        VerificationMode verification,
        boolean allowCorrupt,
        String creator,
        Optional<RequestId> requestId) {
      this(
          siteId,
          backupId,
          selections,
          Optional.empty(),
          verification,
          allowCorrupt,
          Optional.empty(),
          creator,
          requestId);
    }

    private RestorationKind kind() {
      return newSite.isPresent()
          ? RestorationKind.CLONE
          : selections.isEmpty() ? RestorationKind.FULL : RestorationKind.PARTIAL;
    }
  }

  /**
   * Accepts a restoration and answers its PENDING record; the work goes on by itself.
   *
   * @throws ServiceException SITE_NOT_FOUND; BACKUP_NOT_FOUND; BACKUP_NOT_READY; BACKUP_CORRUPT;
   *     COLLECTION_NOT_FOUND (not in the backup); COLLECTION_LIMIT_REACHED;
   *     RESTORATION_IN_PROGRESS; REQUEST_ID_CONFLICT; OVERLOADED
   */
  public RestorationView start(Request request) {
    sites.requireExists(request.siteId());
    Optional<RestorationRecord> before = madeBefore(request.siteId(), request.requestId());
    if (before.isPresent()) {
      return RestorationView.of(before.get());
    }
    BackupRecord backup = backups.get(request.siteId(), request.backupId()).record();
    requireReady(backup);
    requireSound(backup, request.allowCorrupt());
    List<Entry> entries = Selections.entries(backup, request.selections());
    SiteId destination = request.newSite().orElse(request.siteId());
    Optional<PreviewToken> preview = request.previewToken().map(PreviewToken::new);
    if (preview.isPresent()) {
      requireAsPreviewed(
          preview.get(),
          new PreviewToken.Choice(request.siteId(), destination, request.backupId(), entries));
    }
    Draft draft =
        new Draft(
            request.siteId(),
            destination,
            backup,
            request.kind(),
            entries,
            request.verification(),
            request.allowCorrupt(),
            Optional.empty(),
            preview,
            request.creator(),
            request.requestId());
    return launch(draft);
  }

  /** Refuses at once what would be refused at the switch, which asks again. */
  private void requireAsPreviewed(PreviewToken preview, PreviewToken.Choice choice) {
    preview.require(choice, clock.instant());
    if (choice.destination().equals(choice.siteId())) {
      try (Lease live = sites.lease(choice.siteId(), Environment.LIVE)) {
        preview.requireState(PreviewToken.state(live.store(), choice.entries()));
      }
    }
  }

  private static void requireReady(BackupRecord backup) {
    if (!backup.isReady()) {
      throw new ServiceException(
          Reason.BACKUP_NOT_READY,
          Map.of(
              "site_id", backup.siteId().value(),
              "backup_id", backup.id().value(),
              "state", backup.state().name()),
          "backup " + backup.id() + " is " + backup.state() + " and cannot be restored");
    }
  }

  private static void requireSound(BackupRecord backup, boolean allowCorrupt) {
    if (backup.verification().state() == Verification.State.CORRUPT && !allowCorrupt) {
      throw new ServiceException(
          Reason.BACKUP_CORRUPT,
          Map.of("site_id", backup.siteId().value(), "backup_id", backup.id().value()),
          "backup "
              + backup.id()
              + " is corrupt ("
              + backup.verification().detail()
              + "); choose another one or allow a corrupt one");
    }
  }

  /**
   * Takes a COMPLETED restoration back: puts back what it replaced, removes what it created.
   *
   * @throws ServiceException RESTORATION_NOT_FOUND; NOT_UNDOABLE; BACKUP_CORRUPT;
   *     COLLECTION_LIMIT_REACHED; RESTORATION_IN_PROGRESS; REQUEST_ID_CONFLICT; OVERLOADED
   */
  public RestorationView undo(
      SiteId siteId, RestorationId id, String creator, Optional<RequestId> requestId) {
    sites.requireExists(siteId);
    Optional<RestorationRecord> before = madeBefore(siteId, requestId);
    if (before.isPresent()) {
      return RestorationView.of(before.get());
    }
    RestorationRecord undone = store.require(siteId, id);
    BackupRecord safety = requireUndoable(undone);
    requireSound(safety, false);
    return launch(
        new Draft(
            siteId,
            siteId,
            safety,
            RestorationKind.UNDO,
            Selections.inverse(undone, safety),
            VerificationMode.CHECKSUMS,
            false,
            Optional.of(id),
            Optional.empty(),
            creator,
            requestId));
  }

  private BackupRecord requireUndoable(RestorationRecord undone) {
    boolean right =
        undone.state() == RestorationState.COMPLETED && undone.kind() != RestorationKind.CLONE;
    if (right && undone.safetyBackupId().isPresent()) {
      try {
        BackupRecord safety =
            backups.get(undone.destinationSiteId(), undone.safetyBackupId().get()).record();
        if (safety.isReady()) {
          return safety;
        }
      } catch (ServiceException e) {
        if (e.reason() != Reason.BACKUP_NOT_FOUND) {
          throw e;
        }
      }
    }
    throw new ServiceException(
        Reason.NOT_UNDOABLE,
        Map.of(
            "site_id", undone.siteId().value(),
            "restoration_id", undone.id().value(),
            "state", undone.state().name()),
        "restoration "
            + undone.id()
            + " cannot be undone: "
            + (right ? "its safety backup is gone" : "it is " + undone.state()));
  }

  private Optional<RestorationRecord> madeBefore(SiteId siteId, Optional<RequestId> requestId) {
    if (requestId.isEmpty()) {
      return Optional.empty();
    }
    return store
        .madeBy(siteId, requestId)
        .map(made -> store.require(siteId, new RestorationId(made)));
  }

  /** A restoration that is not recorded yet. */
  private record Draft(
      SiteId siteId,
      SiteId destination,
      BackupRecord backup,
      RestorationKind kind,
      List<Entry> entries,
      VerificationMode verification,
      boolean allowCorrupt,
      Optional<RestorationId> undoOf,
      Optional<PreviewToken> preview,
      String creator,
      Optional<RequestId> requestId) {}

  private RestorationView launch(Draft draft) {
    RestorationRecord fresh = pending(draft);
    requireRoom(fresh);
    BackupUse use = backups.use(draft.siteId(), draft.backup().id(), fresh.id().value());
    RestoreJob job = new RestoreJob(jobParts, fresh, use);
    // Known before its record can be seen, so that whoever sees it can cancel it.
    running.put(RestorationRef.of(fresh), job);
    boolean launched = false;
    try (JobQueue.Place place = queue.reserve()) {
      // Looks at the site, and so not while the catalog waits.
      Optional<UnaryOperator<RestorationRecord.Draft>> start =
          place.startsAtOnce() ? Optional.of(job.starting()) : Optional.empty();
      RestorationRecord record = store.add(transaction -> add(transaction, draft, fresh, start));
      if (record.id().equals(fresh.id())) {
        log.info(
            "restoration requested site={} restoration={} backup={} kind={}",
            record.siteId(),
            record.id(),
            record.backup().id(),
            record.kind());
        launched = true;
        job.recorded(record);
        place.run(() -> run(record, job, use));
      }
      return RestorationView.of(record);
    } catch (ServiceException e) {
      if (!launched && Overdue.isOfStorage(e)) {
        // Its record may be there all the same, and nobody would ever work on it.
        backups
            .overdue()
            .settle(
                "give up a restoration that could not be recorded",
                () ->
                    store
                        .find(fresh.siteId(), fresh.id())
                        .filter(RestorationRecord::isPending)
                        .ifPresent(there -> recovery.settle(there, JobFailure.of(e))));
      }
      throw e;
    } finally {
      if (!launched) {
        running.remove(RestorationRef.of(fresh));
        use.close();
      }
    }
  }

  private RestorationRecord add(
      CatalogTransaction transaction,
      Draft draft,
      RestorationRecord fresh,
      Optional<UnaryOperator<RestorationRecord.Draft>> start) {
    sites.requireExists(draft.siteId()); // it may have been deleted a moment ago, with its records
    Optional<String> before =
        RequestRecord.find(transaction::get, draft.siteId(), draft.requestId());
    if (before.isPresent()) {
      return store.require(draft.siteId(), new RestorationId(before.get()));
    }
    if (draft.kind() == RestorationKind.CLONE) {
      sites.newSites().reserve(transaction, draft.destination(), fresh.id().value());
    } else {
      refuseSecond(transaction, draft.siteId());
    }
    RequestRecord.put(
        transaction, draft.siteId(), draft.requestId(), fresh.id().value(), fresh.times().create());
    RestorationRecord requested = store.put(transaction, fresh);
    return start.map(started -> store.put(transaction, requested.with(started))).orElse(requested);
  }

  /** Refuses at once what would fail in the end; the switch asks again. */
  private void requireRoom(RestorationRecord fresh) {
    if (fresh.kind() == RestorationKind.CLONE) {
      return; // a backup never holds more than a site may have
    }
    SiteCollections existing = sites.collections(fresh.destinationSiteId());
    int added = fresh.missingIn(existing).size();
    if (added > 0 && existing.size() + added > jobParts.maxCollections()) {
      throw Switch.tooManyCollections(fresh.destinationSiteId().value(), jobParts.maxCollections());
    }
  }

  private void run(RestorationRecord record, RestoreJob job, BackupUse use) {
    try (use) {
      job.run();
    } finally {
      running.remove(RestorationRef.of(record));
    }
  }

  private void refuseSecond(CatalogTransaction transaction, SiteId siteId) {
    store.pending(transaction, siteId).stream()
        .filter(other -> other.destinationSiteId().equals(siteId))
        .findFirst()
        .ifPresent(
            other -> {
              throw inProgress(siteId, other.id());
            });
  }

  private static ServiceException inProgress(SiteId siteId, RestorationId running) {
    return new ServiceException(
        Reason.RESTORATION_IN_PROGRESS,
        Map.of("site_id", siteId.value(), "running_restoration_id", running.value()),
        "restoration " + running + " of site " + siteId + " is under way");
  }

  private RestorationRecord pending(Draft draft) {
    Instant now = clock.instant();
    return new RestorationRecord(
        new RestorationId(ids.next()),
        draft.siteId(),
        draft.destination(),
        draft.backup().trimmed(),
        RestorationState.PENDING,
        draft.kind(),
        new RestorationRecord.Times(now, Optional.empty(), Optional.empty()),
        draft.entries(),
        Optional.empty(),
        draft.verification(),
        draft.allowCorrupt(),
        draft.undoOf(),
        draft.preview(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        draft.creator(),
        Optional.empty(),
        List.of(new LogLine(now, LogLine.Severity.INFO, "requested")),
        0);
  }

  /**
   * The restoration as it is now.
   *
   * @throws ServiceException SITE_NOT_FOUND; RESTORATION_NOT_FOUND
   */
  public RestorationView get(SiteId siteId, RestorationId id) {
    sites.requireExists(siteId);
    return store
        .topics()
        .latest(new RestorationRef(siteId, id))
        .orElseGet(() -> RestorationView.of(store.require(siteId, id)));
  }

  /**
   * The restorations of the site's backups, newest requested first.
   *
   * @param states empty: all
   * @param backupId only those of this backup; empty: of all
   */
  public List<RestorationRecord> list(
      SiteId siteId, Set<RestorationState> states, Optional<BackupId> backupId) {
    sites.requireExists(siteId);
    return store.list(siteId).stream()
        .filter(record -> states.isEmpty() || states.contains(record.state()))
        .filter(record -> backupId.isEmpty() || backupId.get().equals(record.backup().id()))
        .toList();
  }

  /**
   * Asks for a PENDING restoration to be given up.
   *
   * @throws ServiceException RESTORATION_NOT_FOUND; NOT_CANCELABLE when it switches or has ended
   */
  public RestorationView cancel(SiteId siteId, RestorationId id) {
    RestorationView view = get(siteId, id);
    if (view.record().state() == RestorationState.CANCELED) {
      return view;
    }
    RestoreJob job = running.get(new RestorationRef(siteId, id));
    if (!view.record().isPending() || job == null || !job.cancel()) {
      RestorationView present = get(siteId, id);
      RestorationRecord now = present.record();
      if (now.state() == RestorationState.CANCELED) {
        return present;
      }
      throw new ServiceException(
          Reason.NOT_CANCELABLE,
          Map.of(
              "site_id", siteId.value(),
              "restoration_id", id.value(),
              "state", now.state().name()),
          "restoration "
              + id
              + (now.isPending() ? " is switching" : " is " + now.state())
              + "; a COMPLETED one can be undone");
    }
    return get(siteId, id);
  }

  /**
   * Subscribes to a restoration's states.
   *
   * @param signal called after each change, from any thread; has to return at once
   * @throws ServiceException SITE_NOT_FOUND; RESTORATION_NOT_FOUND
   */
  public Topics.Subscription<RestorationView> watch(
      SiteId siteId, RestorationId id, Topics.Signal signal) {
    sites.requireExists(siteId);
    return store
        .topics()
        .subscribe(
            new RestorationRef(siteId, id),
            () -> RestorationView.of(store.require(siteId, id)),
            signal);
  }

  /**
   * Puts records in order after a crash: a restoration whose switch happened is completed, any
   * other is FAILED. Called once, before backups are recovered and files swept.
   */
  public void recover() {
    List<RestorationOutline> all = store.outlines();
    for (RestorationOutline each : all) {
      ids.startAfter(each.id().value());
      store.startAfter(each);
    }
    store.recoverIndex(all);
    all.stream()
        .filter(RestorationOutline::isPending)
        .forEach(each -> recover(store.require(each.siteId(), each.id())));
  }

  private void recover(RestorationRecord record) {
    try {
      recovery.recover(record);
    } catch (RuntimeException e) {
      record
          .intent()
          .ifPresent(
              intent -> backups.safety().keep(record.destinationSiteId(), intent.safetyId()));
      log.error(
          "restoration cannot be put in order, it stays PENDING site={} restoration={}",
          record.destinationSiteId(),
          record.id(),
          e);
    }
  }

  /** Removes records that ended before {@code before}; answers how many. */
  public int purge(Instant before) {
    int purged = 0;
    for (RestorationRecord record : store.listAll()) {
      if (record.times().finish().map(end -> end.isBefore(before)).orElse(false)) {
        store.delete(record);
        purged++;
      }
    }
    return purged;
  }

  @Override
  public void beforeDelete(SiteId id) {
    store.pending(id).stream()
        .findFirst()
        .ifPresent(
            record -> {
              throw inProgress(record.destinationSiteId(), record.id());
            });
  }

  @Override
  public void removeRecords(SiteId id, CatalogTransaction transaction) {
    store.removeSite(transaction, id);
  }

  @Override
  public void afterDelete(SiteId id) {
    store.topics().end(ref -> ref.siteId().equals(id), Sites.notFound(id));
  }
}
