package dev.cairn.server.backup;

import dev.cairn.server.error.ServiceException;
import dev.cairn.server.repository.BackupKey;
import dev.cairn.server.repository.BackupRepository;
import dev.cairn.server.repository.Manifest;
import dev.cairn.server.site.SiteId;
import dev.cairn.server.site.Sites;
import dev.cairn.server.store.CollectionId;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes the records of backups anew from their manifests, for a catalog that was lost. Each becomes
 * a pinned on-demand backup, so that nothing evicts it: what it was, who asked for it and what
 * people said about it only the catalog knew.
 */
final class LostBackups {
  private static final Logger log = LoggerFactory.getLogger(LostBackups.class);

  private final Sites sites;
  private final BackupStore store;
  private final BackupRepository repository;
  private final InstantSource clock;

  LostBackups(Sites sites, BackupStore store, BackupRepository repository, InstantSource clock) {
    this.sites = sites;
    this.store = store;
    this.repository = repository;
    this.clock = clock;
  }

  /** Finds sites and backups that no record tells of, and records them. */
  void find() {
    Map<BackupKey, Manifest> manifests = new TreeMap<>();
    List<BackupKey> damaged = new ArrayList<>();
    for (BackupKey key : repository.list()) {
      if (SiteId.isValid(key.siteId()) && BackupId.isValid(key.backupId())) {
        manifest(key).ifPresentOrElse(each -> manifests.put(key, each), () -> damaged.add(key));
      }
    }
    sites.findLost(newest(manifests));
    manifests.forEach((key, manifest) -> keep(key, Optional.of(manifest)));
    damaged.forEach(key -> keep(key, Optional.empty()));
  }

  private Optional<Manifest> manifest(BackupKey key) {
    try {
      return repository.manifest(key);
    } catch (ServiceException e) {
      log.error("the manifest of a backup cannot be read backup={}", key, e);
      return Optional.empty();
    }
  }

  /** The collections of each site's newest backup: ids are in the order in which they were made. */
  private static Map<SiteId, Map<CollectionId, String>> newest(Map<BackupKey, Manifest> manifests) {
    Map<SiteId, Map<CollectionId, String>> newest = new HashMap<>();
    manifests.forEach(
        (key, manifest) ->
            newest.put(
                new SiteId(key.siteId()),
                manifest.collections().stream()
                    .collect(
                        Collectors.toMap(
                            each -> new CollectionId(each.collectionId()),
                            Manifest.CollectionEntry::displayName))));
    return newest;
  }

  private void keep(BackupKey key, Optional<Manifest> manifest) {
    SiteId siteId = new SiteId(key.siteId());
    BackupId id = new BackupId(key.backupId());
    if (!sites.exists(siteId)) {
      sites.create(siteId, "", Map.of(), Optional.empty());
    }
    if (store.find(siteId, id).isEmpty()) {
      BackupRecord record = record(siteId, id, manifest);
      store.change(batch -> batch.put(record));
      log.warn("backup found on disk, recorded anew site={} backup={}", siteId, id);
    }
  }

  private BackupRecord record(SiteId siteId, BackupId id, Optional<Manifest> manifest) {
    Instant now = clock.instant();
    Instant taken = manifest.map(Manifest::snapshotTime).orElse(now);
    BackupRecord found =
        BackupRecord.pending(
                id,
                siteId,
                BackupType.ON_DEMAND,
                new BackupRecord.Notes("found when the catalog was made anew", Map.of(), true),
                "",
                List.of(),
                Optional.empty(),
                taken)
            .with(
                draft -> {
                  draft.state = BackupState.READY;
                  draft.times = draft.times.started(taken).finished(taken).snapshot(taken);
                  return draft.log(now, LogLine.Severity.WARNING, "found by its files");
                });
    if (manifest.isEmpty()) {
      return found;
    }
    long exclusive = repository.exclusiveBytes(found.repositoryKey());
    return found.with(
        draft -> {
          BackupJob.applyManifest(draft, manifest.get(), exclusive);
          return draft;
        });
  }
}
