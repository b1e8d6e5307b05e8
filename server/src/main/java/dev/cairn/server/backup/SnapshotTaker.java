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
 * Takes the picture of one moment that a backup is, in three steps: a place for its files; the
 * checkpoint behind the closed door, where the counts belong exactly to it; and the manifest, for
 * which the door may be open again. Stateless.
 */
public final class SnapshotTaker {
  private final BackupRepository repository;
  private final InstantSource clock;

  public SnapshotTaker(BackupRepository repository, InstantSource clock) {
    this.repository = repository;
    this.clock = clock;
  }

  /** Where a backup is to be made. */
  public record Place(BackupKey key, Path directory) {}

  /** A checkpoint that is not a backup yet. */
  public record Snapshot(
      Place place,
      Instant time,
      boolean whole,
      List<Manifest.CollectionEntry> collections,
      List<CheckpointFile> files) {}

  /** The first step: removes what an earlier try left, while nobody waits for it. */
  public Place prepare(BackupKey key) {
    return new Place(key, repository.stagingDirectory(key));
  }

  /**
   * The second step.
   *
   * @param chosen the collections that the backup holds; empty: all there are
   * @throws ServiceException COLLECTION_NOT_FOUND for a chosen one that was deleted meanwhile
   */
  public Snapshot take(SiteSection section, Place place, Collection<CollectionId> chosen) {
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
      List<CheckpointFile> files = lease.store().checkpoint(place.directory());
      return new Snapshot(place, clock.instant(), whole, entries, files);
    }
  }

  private static Manifest.CollectionEntry entry(
      CollectionRecord record, Map<CollectionId, CollectionStats> stats) {
    CollectionStats held = stats.getOrDefault(record.id(), CollectionStats.EMPTY);
    return new Manifest.CollectionEntry(
        record.id().value(), record.displayName(), held.itemCount(), held.sizeBytes());
  }

  /** The third step: when it returns, the backup exists for good. */
  public Manifest seal(Snapshot snapshot) {
    BackupKey key = snapshot.place().key();
    Path directory = snapshot.place().directory();
    List<Manifest.FileEntry> files =
        snapshot.files().stream()
            .map(file -> FileEntries.of(directory.resolve(file.name()), file.crc32c()))
            .toList();
    Manifest manifest =
        new Manifest(
            key.siteId(),
            key.backupId(),
            snapshot.time(),
            snapshot.whole(),
            snapshot.collections(),
            files);
    repository.put(key, directory, manifest);
    return manifest;
  }
}
