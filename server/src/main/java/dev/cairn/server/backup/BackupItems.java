package dev.cairn.server.backup;

import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import dev.cairn.server.site.Items;
import dev.cairn.server.site.Lease;
import dev.cairn.server.site.SiteId;
import dev.cairn.server.store.CollectionId;
import dev.cairn.server.store.ItemStore;
import dev.cairn.server.store.StoredItem;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Reads items inside READY backups. What a verification found to be CORRUPT is not read, since a
 * damaged database may show less than it held without saying so. Thread-safe.
 */
public final class BackupItems {
  private final Backups backups;
  private final OpenBackups open;

  public BackupItems(Backups backups, OpenBackups open) {
    this.backups = backups;
    this.open = open;
  }

  /** Which items are meant. */
  public record Place(SiteId siteId, BackupId backupId, CollectionId collection) {}

  /**
   * Up to {@code limit} items after {@code after} (empty: from the first), by id.
   *
   * @param maxBytes the page ends early when its data reaches this size, but has at least one item
   * @throws ServiceException SITE_NOT_FOUND; BACKUP_NOT_FOUND; BACKUP_NOT_READY; BACKUP_CORRUPT;
   *     COLLECTION_NOT_FOUND when the backup does not hold it
   */
  public Items.Page list(Place place, String after, int limit, long maxBytes) {
    return read(place, store -> Items.page(store, place.collection(), after, limit, maxBytes));
  }

  /**
   * The item as it is in the backup.
   *
   * @throws ServiceException as {@link #list}; ITEM_NOT_FOUND
   */
  public StoredItem get(Place place, String itemId) {
    return read(place, store -> store.get(place.collection(), itemId))
        .orElseThrow(
            () ->
                new ServiceException(
                    Reason.ITEM_NOT_FOUND,
                    Map.of(
                        "site_id", place.siteId().value(),
                        "backup_id", place.backupId().value(),
                        "collection_id", place.collection().value(),
                        "item_id", itemId),
                    "collection "
                        + place.collection()
                        + " has no item "
                        + itemId
                        + " in backup "
                        + place.backupId()));
  }

  /**
   * A lease on all that a backup holds.
   *
   * @throws ServiceException SITE_NOT_FOUND; BACKUP_NOT_FOUND; BACKUP_NOT_READY; BACKUP_CORRUPT
   */
  public Lease open(SiteId siteId, BackupId backupId) {
    BackupRecord record = requireReady(siteId, backupId);
    if (record.verification().state() == Verification.State.CORRUPT) {
      throw corrupt(record, "was found to be damaged: " + record.verification().detail(), null);
    }
    return explaining(record, () -> open.open(record.repositoryKey()));
  }

  private <T> T read(Place place, Function<ItemStore, T> work) {
    BackupRecord record = requireReady(place.siteId(), place.backupId());
    record.requireContent(place.collection());
    try (Lease lease = open(place.siteId(), place.backupId())) {
      return explaining(record, () -> work.apply(lease.store()));
    }
  }

  private BackupRecord requireReady(SiteId siteId, BackupId backupId) {
    return backups.requireReady(siteId, backupId, "cannot be read");
  }

  /** A backup that cannot be read was deleted meanwhile, or else it is damaged. */
  private <T> T explaining(BackupRecord record, Supplier<T> reading) {
    try {
      return reading.get();
    } catch (ServiceException e) {
      switch (e.reason()) {
        case DATA_CORRUPT, BACKUP_NOT_FOUND, BACKUP_CORRUPT -> {
          requireReady(record.siteId(), record.id());
          throw corrupt(record, "is damaged and cannot be read", e);
        }
        default -> throw e;
      }
    }
  }

  private static ServiceException corrupt(
      BackupRecord record, String what, @Nullable Throwable cause) {
    return new ServiceException(
        Reason.BACKUP_CORRUPT,
        Map.of("site_id", record.siteId().value(), "backup_id", record.id().value()),
        "backup " + record.id() + " " + what,
        cause);
  }
}
