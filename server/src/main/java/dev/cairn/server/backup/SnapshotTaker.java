package dev.cairn.server.backup;

import dev.cairn.server.error.ServiceException;
import dev.cairn.server.repository.BackupKey;
import dev.cairn.server.repository.BackupRepository;
import dev.cairn.server.repository.FileEntries;
import dev.cairn.server.repository.Manifest;
import dev.cairn.server.site.CollectionRecord;
import dev.cairn.server.site.Environment;
import dev.cairn.server.site.Lease;
import dev.cairn.server.site.SiteCollections;
import dev.cairn.server.site.SiteSection;
import dev.cairn.server.store.CheckpointFile;
import dev.cairn.server.store.CollectionId;
import dev.cairn.server.store.CollectionStats;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Takes the picture of one moment that a backup is, in two steps: the checkpoint behind the closed
 * door, where the counts belong exactly to it, and the manifest, for which the door may be open
 * again. Stateless.
 */
public final class SnapshotTaker {
  private final BackupRepository repository;
  private final InstantSource clock;

  public SnapshotTaker(BackupRepository repository, InstantSource clock) {
    this.repository = repository;
    this.clock = clock;
  }

  /** A checkpoint that is not a backup yet. */
  public record Snapshot(
      BackupKey key,
      Path directory,
      Instant time,
      boolean whole,
      List<Manifest.CollectionEntry> collections,
      List<CheckpointFile> files) {}

  /**
   * The first step.
   *
   * @param chosen the collections that the backup holds; empty: all there are
   * @throws ServiceException COLLECTION_NOT_FOUND for a chosen one that was deleted meanwhile
   */
  public Snapshot take(SiteSection section, BackupKey key, Collection<CollectionId> chosen) {
    Path directory = repository.stagingDirectory(key);
    try (Lease lease = section.lease(Environment.LIVE)) {
      SiteCollections known = section.collections();
      chosen.forEach(known::require);
      Map<CollectionId, CollectionStats> stats = lease.store().collections();
      List<Manifest.CollectionEntry> entries =
          known.all().stream()
              .filter(record -> chosen.isEmpty() || chosen.contains(record.id()))
              .map(record -> entry(record, stats))
              .toList();
      Set<String> names =
          entries.stream().map(Manifest.CollectionEntry::collectionId).collect(Collectors.toSet());
      boolean whole = stats.keySet().stream().allMatch(id -> names.contains(id.value()));
      List<CheckpointFile> files = lease.store().checkpoint(directory);
      return new Snapshot(key, directory, clock.instant(), whole, entries, files);
    }
  }

  private static Manifest.CollectionEntry entry(
      CollectionRecord record, Map<CollectionId, CollectionStats> stats) {
    CollectionStats held = stats.getOrDefault(record.id(), CollectionStats.EMPTY);
    return new Manifest.CollectionEntry(
        record.id().value(), record.displayName(), held.itemCount(), held.sizeBytes());
  }

  /** The second step: when it returns, the backup exists for good. */
  public Manifest seal(Snapshot snapshot) {
    List<Manifest.FileEntry> files =
        snapshot.files().stream()
            .map(file -> FileEntries.of(snapshot.directory().resolve(file.name()), file.crc32c()))
            .toList();
    Manifest manifest =
        new Manifest(
            snapshot.key().siteId(),
            snapshot.key().backupId(),
            snapshot.time(),
            snapshot.whole(),
            snapshot.collections(),
            files);
    repository.put(snapshot.key(), snapshot.directory(), manifest);
    return manifest;
  }
}
