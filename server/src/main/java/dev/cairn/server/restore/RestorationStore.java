package dev.cairn.server.restore;

import dev.cairn.server.backup.Progress;
import dev.cairn.server.backup.Sequences;
import dev.cairn.server.backup.Topics;
import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import dev.cairn.server.site.Catalog;
import dev.cairn.server.site.CatalogTransaction;
import dev.cairn.server.site.CommandLog;
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
    RestorationChange.between(transaction.get(key, RestorationRecord.class), numbered)
        .ifPresent(
            event ->
                transaction.addEvent(
                    record.siteId(), clock.instant(), RestorationChange.TYPE, event));
    transaction.put(key, numbered);
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
