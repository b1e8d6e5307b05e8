package dev.cairn.server.restore;

import com.google.protobuf.ByteString;
import dev.cairn.server.backup.BackupId;
import dev.cairn.server.backup.BackupType;
import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import dev.cairn.server.store.StoredItem;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What a server holds, in maps and lists, written down from the contract. It refuses what the
 * server has to refuse, with the same reason.
 */
final class PlainModel {
  private static final int ON_DEMAND_LIMIT = 3;
  private static final int SAFETY_LIMIT = 1;

  final Map<String, Site> sites = new TreeMap<>();

  /** A site; collections by id, items by id in them. */
  static final class Site {
    Map<String, Map<String, StoredItem>> content = new TreeMap<>();

    /** Oldest first; those that are gone, too. */
    final List<Backup> backups = new ArrayList<>();

    final List<Restoration> restorations = new ArrayList<>();
  }

  /** A backup and what it holds. */
  static final class Backup {
    final BackupId id;
    final BackupType type;
    final Map<String, Map<String, StoredItem>> content;
    boolean ready = true;
    boolean pinned;
    boolean verified;

    Backup(BackupId id, BackupType type, Map<String, Map<String, StoredItem>> content) {
      this.id = id;
      this.type = type;
      this.content = content;
    }
  }

  /** What a restoration did to each collection, and what keeps the content of before. */
  record Restoration(
      RestorationId id, Map<String, RestorationRecord.Outcome> outcomes, Backup safety) {}

  static ServiceException refused(Reason reason) {
    return new ServiceException(reason, "refused by the model");
  }

  Site site(String id) {
    return Optional.ofNullable(sites.get(id)).orElseThrow(() -> refused(Reason.SITE_NOT_FOUND));
  }

  Map<String, StoredItem> items(String site, String collection) {
    return Optional.ofNullable(site(site).content.get(collection))
        .orElseThrow(() -> refused(Reason.COLLECTION_NOT_FOUND));
  }

  /** What is saved if there was {@code before}. */
  static StoredItem saved(String id, String data, @Nullable StoredItem before, Instant now) {
    return new StoredItem(
        id,
        ByteString.copyFromUtf8(data),
        before == null ? "" : before.owner(),
        before == null ? now : before.createTime(),
        now,
        before == null ? 1 : before.revision() + 1);
  }

  static Map<String, Map<String, StoredItem>> copy(Map<String, Map<String, StoredItem>> content) {
    Map<String, Map<String, StoredItem>> copy = new TreeMap<>();
    content.forEach((id, items) -> copy.put(id, new TreeMap<>(items)));
    return copy;
  }

  static void requireRoomForBackup(Site site) {
    if (onDemand(site).stream().filter(each -> each.pinned).count() >= ON_DEMAND_LIMIT) {
      throw refused(Reason.ALL_BACKUPS_PINNED);
    }
  }

  /** What the restoration or its undo puts where; empty: the destination is removed. */
  static Map<String, RestorationRecord.Outcome> restore(
      Site site, Map<String, Optional<Map<String, StoredItem>>> changes) {
    Map<String, RestorationRecord.Outcome> outcomes = new HashMap<>();
    changes.forEach(
        (destination, items) -> {
          boolean there = site.content.containsKey(destination);
          if (items.isPresent()) {
            site.content.put(destination, new TreeMap<>(items.get()));
            outcomes.put(
                destination,
                there ? RestorationRecord.Outcome.REPLACED : RestorationRecord.Outcome.CREATED);
          } else {
            site.content.remove(destination);
            outcomes.put(destination, RestorationRecord.Outcome.REMOVED); // there or not
          }
        });
    return outcomes;
  }

  /** What takes {@code done} back. */
  static Map<String, Optional<Map<String, StoredItem>>> inverse(Restoration done) {
    if (!done.safety().ready) {
      throw refused(Reason.NOT_UNDOABLE);
    }
    Map<String, Optional<Map<String, StoredItem>>> changes = new HashMap<>();
    done.outcomes()
        .forEach(
            (destination, outcome) -> {
              Map<String, StoredItem> before = done.safety().content.get(destination);
              switch (outcome) {
                case CREATED -> changes.put(destination, Optional.empty());
                case REPLACED, REMOVED -> {
                  if (before != null) {
                    changes.put(destination, Optional.of(before));
                  }
                }
                case NONE, UNCHANGED -> {}
              }
            });
    return changes;
  }

  private static List<Backup> onDemand(Site site) {
    return ready(site, BackupType.ON_DEMAND);
  }

  private static List<Backup> ready(Site site, BackupType type) {
    return site.backups.stream().filter(each -> each.ready && each.type == type).toList();
  }

  /**
   * Lets go what is too much: the oldest that is neither pinned nor the newest, and not the only
   * verified one.
   */
  static void evict(Site site) {
    for (Optional<Backup> next = next(site); next.isPresent(); next = next(site)) {
      next.get().ready = false;
    }
    List<Backup> safety = ready(site, BackupType.SAFETY);
    safety.subList(0, Math.max(0, safety.size() - SAFETY_LIMIT)).stream()
        .filter(each -> !each.pinned)
        .forEach(each -> each.ready = false);
  }

  private static Optional<Backup> next(Site site) {
    List<Backup> kept = onDemand(site);
    long verified = kept.stream().filter(each -> each.verified).count();
    return kept.size() <= ON_DEMAND_LIMIT
        ? Optional.empty()
        : kept.subList(0, kept.size() - 1).stream()
            .filter(each -> !each.pinned && (!each.verified || verified > 1))
            .findFirst();
  }
}
