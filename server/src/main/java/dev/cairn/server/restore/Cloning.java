package dev.cairn.server.restore;

import com.google.protobuf.ByteString;
import dev.cairn.server.backup.LogLine;
import dev.cairn.server.restore.RestorationRecord.Entry;
import dev.cairn.server.restore.RestorationRecord.Outcome;
import dev.cairn.server.site.CollectionRecord;
import dev.cairn.server.site.NewSites;
import dev.cairn.server.site.SiteId;
import dev.cairn.server.site.SiteRecord;
import dev.cairn.server.store.CollectionId;
import dev.cairn.server.store.CollectionStats;
import dev.cairn.server.store.CopyListener;
import dev.cairn.server.store.Durability;
import dev.cairn.server.store.ItemStore;
import dev.cairn.server.store.ItemTransaction;
import dev.cairn.server.store.StagedCollections;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes a new site of a backup. Nobody sees the site before its content is whole; it appears in the
 * step that records the restoration as COMPLETED, so that a crash leaves the one with the other or
 * neither. Confined to the job's thread.
 */
final class Cloning {
  private static final Logger log = LoggerFactory.getLogger(Cloning.class);

  private final RestoreJob.Parts parts;
  private final Journal journal;
  private final NewSites newSites;
  private boolean made;

  Cloning(RestoreJob.Parts parts, Journal journal) {
    this.parts = parts;
    this.journal = journal;
    this.newSites = parts.sites().newSites();
  }

  private SiteId site() {
    return journal.record().destinationSiteId();
  }

  /**
   * Builds the database of the new site.
   *
   * @param whole whether the backup's database as a whole is what the site is to have
   * @return what it holds
   */
  Map<CollectionId, CollectionStats> stage(
      boolean whole, Map<CollectionId, CollectionId> copies, CopyListener listener) {
    Path directory = newSites.prepare(site());
    Path backup = parts.repository().fetch(journal.record().backup().repositoryKey());
    if (whole) {
      parts.engine().cloneDatabase(backup, directory);
      try (ItemStore store = parts.engine().open(directory)) {
        mark(store);
        return store.collections();
      }
    }
    try (ItemStore store = parts.engine().create(directory)) {
      copy(store, backup, copies, listener);
      return store.collections();
    }
  }

  private void mark(ItemStore store) {
    try (ItemTransaction transaction = store.begin()) {
      mark(transaction);
      transaction.commit(Durability.SYNCED);
    }
  }

  private void mark(ItemTransaction transaction) {
    transaction.putMarker(Staging.MARKER, ByteString.copyFromUtf8(journal.record().id().value()));
  }

  private void copy(
      ItemStore store, Path backup, Map<CollectionId, CollectionId> copies, CopyListener listener) {
    Path scratch = parts.sites().stagingDirectory(site());
    try (ItemStore source = parts.engine().openReadOnly(backup);
        StagedCollections staged = store.stage(source, copies, scratch, listener);
        ItemTransaction transaction = store.begin()) {
      transaction.replace(staged);
      mark(transaction);
      transaction.commit(Durability.SYNCED);
    }
  }

  /** Makes the site appear and the restoration COMPLETED, in one step. */
  void complete() {
    newSites.finish(site());
    RestorationRecord record = journal.record();
    SiteRecord origin = parts.sites().get(record.siteId());
    Instant now = journal.now();
    SiteRecord site = new SiteRecord(site(), origin.displayName(), origin.labels(), now);
    List<CollectionRecord> collections =
        record.collections().stream().map(entry -> withoutSchema(entry, now)).toList();
    RestorationRecord next =
        record.with(
            draft -> {
              draft.state = RestorationState.COMPLETED;
              draft.times = draft.times.finished(now);
              draft.backup = Completion.presentBackup(parts, record);
              draft.collections =
                  draft.collections.stream().map(entry -> entry.with(Outcome.CREATED)).toList();
              draft.progress = Optional.of(journal.progress().succeeded());
              return draft.log(
                  now, LogLine.Severity.INFO, "site " + site() + " was made, without schemas");
            });
    try {
      parts
          .store()
          .add(
              transaction -> {
                newSites.admit(transaction, site, collections);
                return parts.store().put(transaction, next);
              });
    } catch (RuntimeException e) {
      // A write that failed may have been made all the same: what can be read now counts.
      RestorationRecord found = parts.store().require(record.siteId(), record.id());
      if (found.isPending()) {
        throw e;
      }
      log.warn("the write that made a site failed and is there site={}", site(), e);
      parts.store().publish(found);
    }
    made = true;
    newSites.admitted(site);
  }

  /** Whether the site appeared; from then on nothing fails the restoration any more. */
  boolean isMade() {
    return made;
  }

  private static CollectionRecord withoutSchema(Entry entry, Instant now) {
    return new CollectionRecord(
        entry.destination(), entry.displayName(), List.of(), List.of(), 1, now, now);
  }

  /** Removes what was made of the site and frees its id. */
  void giveUp() {
    newSites.release(site(), journal.record().id().value());
  }
}
