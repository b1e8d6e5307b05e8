package dev.cairn.server.restore;

import dev.cairn.server.backup.Progress;
import dev.cairn.server.backup.Sequences;
import dev.cairn.server.backup.Topics;
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
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.UnaryOperator;

/**
 * The records of restorations: reads them, changes them through the command log, and tells whoever
 * watches. Thread-safe.
 */
final class RestorationStore {
  private final Catalog catalog;
  private final CommandLog commands;
  private final Sequences sequences;
  private final InstantSource clock;
  private final Topics<RestorationRef, RestorationView> topics = new Topics<>();

  /** Those that are PENDING. */
  private final CurrentRecords current = new CurrentRecords("restoration");

  RestorationStore(Catalog catalog, CommandLog commands, Sequences sequences, InstantSource clock) {
    this.catalog = catalog;
    this.commands = commands;
    this.sequences = sequences;
    this.clock = clock;
  }

  /** Names a restoration across sites. */
  record RestorationRef(SiteId siteId, RestorationId id) {
    static RestorationRef of(RestorationRecord record) {
      return new RestorationRef(record.siteId(), record.id());
    }
  }

  Topics<RestorationRef, RestorationView> topics() {
    return topics;
  }

  RestorationRecord require(SiteId siteId, RestorationId id) {
    return require(catalog::get, siteId, id);
  }

  Optional<RestorationRecord> find(SiteId siteId, RestorationId id) {
    return catalog.get(RestorationRecord.key(siteId, id), RestorationRecord.class);
  }

  private static RestorationRecord require(Reader reader, SiteId siteId, RestorationId id) {
    return reader
        .get(RestorationRecord.key(siteId, id), RestorationRecord.class)
        .orElseThrow(
            () ->
                new ServiceException(
                    Reason.RESTORATION_NOT_FOUND,
                    Map.of("site_id", siteId.value(), "restoration_id", id.value()),
                    "site " + siteId + " has no restoration " + id));
  }

  @FunctionalInterface
  private interface Reader {
    Optional<RestorationRecord> get(String key, Class<RestorationRecord> type);
  }

  /** Numbers states only higher than this one from now on, also when the clock was set back. */
  void startAfter(RestorationOutline outline) {
    sequences.startAfter(outline.sequence());
  }

  /** The id of what the same call made before. */
  Optional<String> madeBy(SiteId siteId, Optional<RequestId> requestId) {
    return RequestRecord.find(catalog::get, siteId, requestId);
  }

  /** The site's restorations, newest requested first. */
  List<RestorationRecord> list(SiteId siteId) {
    List<RestorationRecord> result = new ArrayList<>();
    catalog.scanDescending(
        RestorationRecord.prefix(siteId),
        RestorationRecord.class,
        (key, record) -> {
          result.add(record);
          return true;
        });
    return result;
  }

  List<RestorationRecord> listAll() {
    return catalog.list(RestorationRecord.allPrefix(), RestorationRecord.class);
  }

  /** The outlines of the restorations of all sites. */
  List<RestorationOutline> outlines() {
    return catalog.list(RestorationRecord.allPrefix(), RestorationOutline.class);
  }

  /** Has the index of the PENDING ones agree with the records. */
  void recoverIndex(List<RestorationOutline> all) {
    current.recover(
        catalog,
        commands,
        all.stream()
            .filter(RestorationOutline::isPending)
            .map(each -> new CurrentRecords.Name(each.siteId(), each.id().value()))
            .toList());
  }

  /** The PENDING restorations of the site's backups. */
  List<RestorationRecord> pending(SiteId siteId) {
    return pending(current.ids(catalog, siteId), id -> find(siteId, id));
  }

  /** The same as {@code transaction} is about to leave them. */
  List<RestorationRecord> pending(CatalogTransaction transaction, SiteId siteId) {
    return pending(
        current.ids(transaction, siteId),
        id -> transaction.get(RestorationRecord.key(siteId, id), RestorationRecord.class));
  }

  private static List<RestorationRecord> pending(
      List<String> ids, Function<RestorationId, Optional<RestorationRecord>> find) {
    return ids.stream()
        .flatMap(id -> find.apply(new RestorationId(id)).stream())
        .filter(RestorationRecord::isPending)
        .toList();
  }

  /** Removes the records of a site, in the step that removes the site. */
  void removeSite(CatalogTransaction transaction, SiteId siteId) {
    transaction.deleteAll(RestorationRecord.prefix(siteId));
    current.removeSite(transaction, siteId);
  }

  /** Makes a record, or answers another one, in one durable step; then publishes it. */
  RestorationRecord add(Function<CatalogTransaction, RestorationRecord> work) {
    RestorationRecord record = commands.append(work::apply);
    publish(record);
    return record;
  }

  /**
   * Changes one record in one durable step, then publishes it.
   *
   * @param progress of the run that makes the change, for watchers
   */
  RestorationRecord change(
      RestorationRecord record, UnaryOperator<RestorationRecord.Draft> change, Progress progress) {
    RestorationRecord changed =
        commands.append(
            transaction ->
                put(
                    transaction,
                    require(transaction::get, record.siteId(), record.id()).with(change)));
    topics.publish(
        RestorationRef.of(changed),
        new RestorationView(changed, changed.progress().orElse(progress), changed.sequence()));
    return changed;
  }

  /** Numbers and writes a record as part of a larger step; the caller publishes it after that. */
  RestorationRecord put(CatalogTransaction transaction, RestorationRecord record) {
    RestorationRecord numbered =
        record.with(
            draft -> {
              draft.sequence = sequences.next();
              return draft;
            });
    String key = RestorationRecord.key(record.siteId(), record.id());
    Optional<RestorationRecord> before = transaction.get(key, RestorationRecord.class);
    RestorationChange.between(before, numbered)
        .ifPresent(
            event ->
                transaction.addEvent(
                    record.siteId(), clock.instant(), RestorationChange.TYPE, event));
    transaction.put(key, numbered);
    if (numbered.isPending() != before.map(RestorationRecord::isPending).orElse(false)) {
      current.note(transaction, record.siteId(), record.id().value(), numbered.isPending());
    }
    return numbered;
  }

  void delete(RestorationRecord record) {
    commands.append(
        transaction -> {
          transaction.delete(RestorationRecord.key(record.siteId(), record.id()));
          return Boolean.TRUE;
        });
  }

  /** Tells watchers; the progress of the run goes on where it was. */
  void publish(RestorationRecord record) {
    RestorationView view =
        topics
            .latest(RestorationRef.of(record))
            .filter(before -> record.isPending() && record.progress().isEmpty())
            .map(before -> new RestorationView(record, before.progress(), record.sequence()))
            .orElseGet(() -> RestorationView.of(record));
    topics.publish(RestorationRef.of(record), view);
  }

  /** Tells watchers of progress, which is not kept. */
  void publish(RestorationRecord record, Progress progress) {
    topics.publish(
        RestorationRef.of(record), new RestorationView(record, progress, sequences.next()));
  }
}
