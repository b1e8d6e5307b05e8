package dev.cairn.server.restore;

import dev.cairn.server.backup.BackupId;
import dev.cairn.server.backup.BackupItems;
import dev.cairn.server.backup.BackupRecord;
import dev.cairn.server.backup.Backups;
import dev.cairn.server.restore.RestorationRecord.Entry;
import dev.cairn.server.restore.RestorationRecord.Outcome;
import dev.cairn.server.restore.Restorations.Selection;
import dev.cairn.server.site.Environment;
import dev.cairn.server.site.Items;
import dev.cairn.server.site.Lease;
import dev.cairn.server.site.SiteId;
import dev.cairn.server.site.Sites;
import dev.cairn.server.store.ItemCursor;
import dev.cairn.server.store.ItemStore;
import dev.cairn.server.store.StoredItem;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/**
 * Tells what a restoration would do, without doing it. Thread-safe; reads both sides once, in
 * memory that does not grow with them.
 */
public final class Previews {
  private static final Duration VALID = Duration.ofHours(1);

  private final Sites sites;
  private final Backups backups;
  private final BackupItems contents;
  private final InstantSource clock;

  public Previews(Sites sites, Backups backups, BackupItems contents, InstantSource clock) {
    this.sites = sites;
    this.backups = backups;
    this.contents = contents;
    this.clock = clock;
  }

  /**
   * What would be restored.
   *
   * @param selections empty: every collection of the backup
   * @param newSite the site to restore into, if it is not the backup's own
   * @param samples how many ids of each sort to return for each collection
   */
  public record Request(
      SiteId siteId,
      BackupId backupId,
      List<Selection> selections,
      Optional<SiteId> newSite,
      int samples) {}

  /** What would become of one collection; see {@link ContentDiff} for the counts. */
  public record Row(
      Entry entry,
      long liveCount,
      long backupCount,
      long addedCount,
      long changedCount,
      long removedCount,
      List<String> added,
      List<String> changed,
      List<String> removed) {}

  /**
   * The answer.
   *
   * @param token binds a restoration to it
   * @param expireTime when the token ends
   */
  public record Preview(List<Row> rows, String token, Instant expireTime) {}

  /**
   * Compares the backup with what is live.
   *
   * @param cancelled asked from time to time whether to give up
   * @throws dev.cairn.server.error.ServiceException SITE_NOT_FOUND; SITE_ALREADY_EXISTS (the new
   *     one); BACKUP_NOT_FOUND; BACKUP_NOT_READY; BACKUP_CORRUPT; COLLECTION_NOT_FOUND; CANCELLED
   */
  public Preview preview(Request request, BooleanSupplier cancelled) {
    BackupRecord backup = backups.get(request.siteId(), request.backupId()).record();
    request.newSite().ifPresent(sites.newSites()::requireFree);
    try (Lease inBackup = contents.open(request.siteId(), request.backupId())) {
      List<Entry> entries = Selections.entries(backup, request.selections());
      if (request.newSite().isPresent()) {
        List<Row> rows =
            entries.stream()
                .map(entry -> onlyAdded(entry, inBackup.store(), request.samples()))
                .toList();
        return answer(request, entries, "", rows);
      }
      try (Lease live = sites.lease(request.siteId(), Environment.LIVE)) {
        // The state first: a change during the comparison then outdates the preview.
        String state = PreviewToken.state(live.store(), entries);
        List<Row> rows = new ArrayList<>();
        for (Entry entry : entries) {
          rows.add(compare(request, entry, live.store(), inBackup.store(), cancelled));
        }
        return answer(request, entries, state, rows);
      }
    }
  }

  private Row compare(
      Request request, Entry entry, ItemStore live, ItemStore backup, BooleanSupplier cancelled) {
    boolean exists = sites.collections(request.siteId()).find(entry.destination()).isPresent();
    try (ItemCursor now = live.scan(entry.destination(), "");
        ItemCursor then = backup.scan(entry.source(), "")) {
      ContentDiff diff = ContentDiff.between(now, then, request.samples(), cancelled);
      Outcome outcome =
          !exists ? Outcome.CREATED : diff.isEmpty() ? Outcome.UNCHANGED : Outcome.REPLACED;
      return new Row(
          entry.with(outcome),
          diff.liveCount(),
          diff.backupCount(),
          diff.addedCount(),
          diff.changedCount(),
          diff.removedCount(),
          diff.added(),
          diff.changed(),
          diff.removed());
    }
  }

  private static Row onlyAdded(Entry entry, ItemStore backup, int samples) {
    List<String> first =
        Items.page(backup, entry.source(), "", samples, Long.MAX_VALUE).items().stream()
            .map(StoredItem::id)
            .toList();
    return new Row(
        entry.with(Outcome.CREATED),
        0,
        entry.itemCount(),
        entry.itemCount(),
        0,
        0,
        first,
        List.of(),
        List.of());
  }

  private Preview answer(Request request, List<Entry> entries, String state, List<Row> rows) {
    Instant expires = clock.instant().plus(VALID);
    PreviewToken token =
        PreviewToken.of(
            new PreviewToken.Choice(
                request.siteId(),
                request.newSite().orElse(request.siteId()),
                request.backupId(),
                entries),
            state,
            expires);
    return new Preview(rows, token.value(), expires);
  }
}
