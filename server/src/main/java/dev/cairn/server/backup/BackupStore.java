package dev.cairn.server.backup;

import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import dev.cairn.server.site.Catalog;
import dev.cairn.server.site.CatalogTransaction;
import dev.cairn.server.site.CommandLog;
import dev.cairn.server.site.CurrentRecords;
import dev.cairn.server.site.RequestId;
import dev.cairn.server.site.RequestRecord;
import dev.cairn.server.site.SiteId;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiConsumer;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/**
 * The records of backups: reads them, changes them through the command log, and tells whoever
 * watches. Thread-safe.
 */
final class BackupStore {
  private final Catalog catalog;
  private final CommandLog commands;
  private final Sequences sequences;
  private final InstantSource clock;
  private final Topics<BackupRef, BackupView> topics = new Topics<>();

  /** Those that are PENDING or READY. */
  private final CurrentRecords current = new CurrentRecords("backup");

  private volatile BiConsumer<List<BackupRecord>, ServiceException> whenInDoubt =
      (records, why) -> {};

  BackupStore(Catalog catalog, CommandLog commands, Sequences sequences, InstantSource clock) {
    this.catalog = catalog;
    this.commands = commands;
    this.sequences = sequences;
    this.clock = clock;
  }

  /** Names a backup across sites. */
  record BackupRef(SiteId siteId, BackupId id) {
    static BackupRef of(BackupRecord record) {
      return new BackupRef(record.siteId(), record.id());
    }
  }

  Topics<BackupRef, BackupView> topics() {
    return topics;
  }

  Optional<BackupRecord> find(SiteId siteId, BackupId id) {
    return catalog.get(BackupRecord.key(siteId, id), BackupRecord.class);
  }

  BackupRecord require(SiteId siteId, BackupId id) {
    return find(siteId, id).orElseThrow(() -> notFound(siteId, id));
  }

  /**
   * Whether there is such a backup and it is READY; reads no more of its record than that takes.
   */
  boolean isReady(BackupRef ref) {
    return catalog
        .get(BackupRecord.key(ref.siteId(), ref.id()), BackupOutline.class)
        .map(BackupOutline::isReady)
        .orElse(false);
  }

  static ServiceException notFound(SiteId siteId, BackupId id) {
    return new ServiceException(
        Reason.BACKUP_NOT_FOUND,
        Map.of("site_id", siteId.value(), "backup_id", id.value()),
        "site " + siteId + " has no backup " + id);
  }

  /** The site's backups, newest requested first. */
  List<BackupRecord> list(SiteId siteId) {
    List<BackupRecord> result = new ArrayList<>();
    catalog.scanDescending(
        BackupRecord.prefix(siteId),
        BackupRecord.class,
        (key, record) -> {
          result.add(record);
          return true;
        });
    return result;
  }

  /** The READY ones of the site's backups, oldest requested first. */
  List<BackupRecord> ready(SiteId siteId) {
    return current(siteId).filter(BackupRecord::isReady).toList();
  }

  /** The PENDING ones of the site's backups, oldest requested first. */
  List<BackupRecord> pending(SiteId siteId) {
    return current(siteId).filter(BackupRecord::isPending).toList();
  }

  private Stream<BackupRecord> current(SiteId siteId) {
    return current.ids(catalog, siteId).stream()
        .flatMap(id -> find(siteId, new BackupId(id)).stream());
  }

  /** What the same call made before. */
  Optional<BackupId> madeBy(SiteId siteId, Optional<RequestId> request) {
    return RequestRecord.find(catalog::get, siteId, request).map(BackupId::new);
  }

  List<BackupRecord> listAll() {
    return catalog.list(BackupRecord.allPrefix(), BackupRecord.class);
  }

  /** The outlines of the backups of all sites. */
  List<BackupOutline> outlines() {
    return catalog.list(BackupRecord.allPrefix(), BackupOutline.class);
  }

  /** Has the index of the PENDING and READY ones agree with the records. */
  void recoverIndex(List<BackupOutline> all) {
    current.recover(
        catalog,
        commands,
        all.stream()
            .filter(each -> isCurrent(each.state()))
            .map(each -> new CurrentRecords.Name(each.siteId(), each.id().value()))
            .toList());
  }

  private static boolean isCurrent(BackupState state) {
    return state == BackupState.PENDING || state == BackupState.READY;
  }

  /** Removes the records of a site, in the step that removes the site. */
  void removeSite(CatalogTransaction transaction, SiteId siteId) {
    transaction.deleteAll(BackupRecord.prefix(siteId));
    current.removeSite(transaction, siteId);
  }

  /** What a command changes, and the records that came of it. */
  @FunctionalInterface
  interface Work<R> {
    R apply(Batch batch);
  }

  /** Changes records in one durable step, then publishes what has changed. */
  <R> R change(Work<R> work) {
    List<BackupRecord> changed = new ArrayList<>();
    R result;
    try {
      result =
          commands.append(
              transaction -> {
                changed.clear();
                Batch batch = new Batch(transaction, changed);
                R made = work.apply(batch);
                batch.addEvents();
                return made;
              });
    } catch (ServiceException e) {
      publishWhatIsThere(changed);
      if (Overdue.isOfStorage(e)) {
        whenInDoubt.accept(List.copyOf(changed), e);
      }
      throw e;
    }
    changed.forEach(record -> publish(BackupRef.of(record)));
    return result;
  }

  /**
   * Has {@code listener} told of each step that the storage failed, with the records as the step
   * was to make them: they may be so or not.
   */
  void onDoubt(BiConsumer<List<BackupRecord>, ServiceException> listener) {
    whenInDoubt = listener;
  }

  /** A step that was reported failed may have been made. */
  private void publishWhatIsThere(List<BackupRecord> changed) {
    try {
      changed.forEach(record -> publish(BackupRef.of(record)));
    } catch (ServiceException ignored) {
      // It cannot even be read; whoever settles it publishes it then.
    }
  }

  /**
   * Publishes the record as it is in the catalog now: of two changes at the same time, the one that
   * is published last may be the one that was made first.
   */
  private void publish(BackupRef ref) {
    topics.update(
        ref,
        newest ->
            find(ref.siteId(), ref.id())
                .map(
                    record ->
                        newest
                            .map(view -> view.with(record, sequences))
                            .orElseGet(() -> BackupView.of(record)))
                .or(() -> newest));
  }

  /**
   * The backup as it is now.
   *
   * @throws ServiceException BACKUP_NOT_FOUND
   */
  BackupView view(SiteId siteId, BackupId id) {
    return topics
        .latest(new BackupRef(siteId, id))
        .orElseGet(() -> BackupView.of(require(siteId, id)));
  }

  /** Changes one record. */
  BackupRecord change(BackupRecord record, UnaryOperator<BackupRecord.Draft> change) {
    return change(batch -> batch.change(batch.require(record.siteId(), record.id()), change));
  }

  /** Tells watchers of progress, which is not kept. Too late when the run has ended. */
  void publish(BackupRef ref, Progress progress) {
    topics.update(ref, newest -> newest.map(view -> view.with(progress, sequences)));
  }

  /** Changes to records that become durable together. */
  final class Batch {
    private final CatalogTransaction transaction;
    private final List<BackupRecord> changed;
    private final Map<BackupRef, Optional<BackupRecord>> before = new LinkedHashMap<>();

    private Batch(CatalogTransaction transaction, List<BackupRecord> changed) {
      this.transaction = transaction;
      this.changed = changed;
    }

    CatalogTransaction transaction() {
      return transaction;
    }

    Optional<BackupRecord> find(BackupRef ref) {
      return transaction.get(BackupRecord.key(ref.siteId(), ref.id()), BackupRecord.class);
    }

    BackupRecord require(SiteId siteId, BackupId id) {
      return find(new BackupRef(siteId, id)).orElseThrow(() -> notFound(siteId, id));
    }

    /** The READY ones of the site's backups, oldest requested first. */
    List<BackupRecord> ready(SiteId siteId) {
      return current.ids(transaction, siteId).stream()
          .flatMap(id -> find(new BackupRef(siteId, new BackupId(id))).stream())
          .filter(BackupRecord::isReady)
          .toList();
    }

    BackupRecord change(BackupRecord record, UnaryOperator<BackupRecord.Draft> change) {
      return put(record.with(change));
    }

    BackupRecord put(BackupRecord record) {
      BackupRecord numbered =
          record.with(
              draft -> {
                draft.sequence = sequences.next();
                return draft;
              });
      String key = BackupRecord.key(record.siteId(), record.id());
      Optional<BackupRecord> old = transaction.get(key, BackupRecord.class);
      before.putIfAbsent(BackupRef.of(record), old);
      transaction.put(key, numbered);
      boolean isCurrent = isCurrent(numbered.state());
      if (isCurrent != old.map(each -> isCurrent(each.state())).orElse(false)) {
        current.note(transaction, record.siteId(), record.id().value(), isCurrent);
      }
      changed.removeIf(each -> each.id().equals(numbered.id()));
      changed.add(numbered);
      return numbered;
    }

    /**
     * Keeps what deleting the backup would free. Nobody changed the backup: its etag stays, and
     * whoever watches is not told.
     */
    void measured(BackupRecord record, long exclusiveBytes) {
      transaction.put(
          BackupRecord.key(record.siteId(), record.id()),
          record.with(
              draft -> {
                draft.exclusiveBytes = exclusiveBytes;
                return draft;
              }));
    }

    /**
     * Adds the events of what was changed so far, one for each record as it is now. Done at the end
     * of the step; before, where something else follows whose events come later.
     */
    void addEvents() {
      before.forEach(
          (ref, old) ->
              BackupChange.between(old, require(ref.siteId(), ref.id()))
                  .ifPresent(
                      event ->
                          transaction.addEvent(
                              ref.siteId(), clock.instant(), BackupChange.TYPE, event)));
      before.clear();
    }
  }
}
