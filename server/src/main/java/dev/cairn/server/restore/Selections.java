package dev.cairn.server.restore;

import dev.cairn.server.backup.BackupRecord;
import dev.cairn.server.error.ServiceException;
import dev.cairn.server.restore.RestorationRecord.Entry;
import dev.cairn.server.restore.RestorationRecord.Outcome;
import dev.cairn.server.restore.Restorations.Selection;
import dev.cairn.server.store.CollectionId;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Turns what a caller chose of a backup into the entries of a restoration. */
final class Selections {
  private Selections() {}

  /**
   * The entries, by source collection.
   *
   * @param selections empty: every collection of the backup
   * @throws ServiceException COLLECTION_NOT_FOUND (not in the backup); INVALID_ARGUMENT when a
   *     source or a destination comes twice
   */
  static List<Entry> entries(BackupRecord backup, List<Selection> selections) {
    requireOnce(selections.stream().map(Selection::source).toList());
    requireOnce(selections.stream().map(Selection::destination).toList());
    return selections.isEmpty()
        ? backup.collections().stream().map(Selections::whole).toList()
        : selections.stream()
            .map(selection -> chosen(backup, selection))
            .sorted(Comparator.comparing(Entry::source))
            .toList();
  }

  private static void requireOnce(List<CollectionId> ids) {
    Set<CollectionId> seen = new HashSet<>();
    for (CollectionId id : ids) {
      if (!seen.add(id)) {
        throw ServiceException.invalid("collections", "collection " + id + " is named twice");
      }
    }
  }

  /** What takes {@code undone} back, given the backup that keeps what it replaced. */
  static List<Entry> inverse(RestorationRecord undone, BackupRecord safety) {
    return undone.collections().stream().flatMap(entry -> inverse(entry, safety).stream()).toList();
  }

  private static Optional<Entry> inverse(Entry done, BackupRecord safety) {
    CollectionId id = done.destination();
    return switch (done.outcome()) {
      case CREATED -> Optional.of(new Entry(id, id, "", 0, 0, true, Outcome.NONE));
      case REPLACED -> Optional.of(whole(safety.requireContent(id)));
      // It may have been gone already when it was to be removed.
      case REMOVED ->
          safety.collections().stream()
              .filter(content -> content.id().equals(id))
              .findFirst()
              .map(Selections::whole);
      case NONE, UNCHANGED -> Optional.empty();
    };
  }

  private static Entry whole(BackupRecord.Content content) {
    return entry(content, content.id(), content.displayName());
  }

  private static Entry chosen(BackupRecord backup, Selection selection) {
    BackupRecord.Content content = backup.requireContent(selection.source());
    String name =
        selection.displayName().isEmpty() ? content.displayName() : selection.displayName();
    return entry(content, selection.destination(), name);
  }

  static Entry entry(BackupRecord.Content content, CollectionId destination, String displayName) {
    return new Entry(
        content.id(),
        destination,
        displayName,
        content.itemCount(),
        content.sizeBytes(),
        false,
        Outcome.NONE);
  }
}
