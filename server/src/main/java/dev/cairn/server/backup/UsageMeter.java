package dev.cairn.server.backup;

import dev.cairn.server.repository.StorageFailures;
import dev.cairn.server.site.Environment;
import dev.cairn.server.site.SiteCollections;
import dev.cairn.server.site.SiteId;
import dev.cairn.server.site.SiteLayout;
import dev.cairn.server.site.Sites;
import java.io.IOException;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Finds out what a site occupies, by a look at its files in the data directory. Backups that are
 * kept elsewhere count nothing. Thread-safe.
 */
public final class UsageMeter {
  private final Sites sites;
  private final Backups backups;
  private final SiteLayout layout;
  private final InstantSource clock;

  public UsageMeter(Sites sites, Backups backups, SiteLayout layout, InstantSource clock) {
    this.sites = sites;
    this.backups = backups;
    this.layout = layout;
    this.clock = clock;
  }

  /**
   * Measures the site, and keeps in its backups what deleting each would free. Takes as long as the
   * file system needs to list the site's files.
   *
   * @throws dev.cairn.server.error.ServiceException SITE_NOT_FOUND; STORAGE_FAILED
   */
  public SiteUsage measure(SiteId id) {
    long liveItems = itemCount(id, Environment.LIVE);
    long sandboxItems = itemCount(id, Environment.SANDBOX);
    List<BackupRecord> ready =
        backups.list(id, Backups.Filter.ALL).backups().stream()
            .filter(BackupRecord::isReady)
            .toList();
    Path sandbox = layout.sandbox(id);
    Path kept = layout.backups().resolve(id.value());
    try {
      DiskUsage disk = new DiskUsage(layout.root());
      SiteUsage.Part live =
          new SiteUsage.Part(liveItems, disk.add(layout.site(id), Set.of(sandbox)));
      SiteUsage.Part drafts = new SiteUsage.Part(sandboxItems, disk.add(sandbox, Set.of()));
      long backupBytes = disk.add(kept, Set.of());
      List<SiteUsage.OfBackup> rows = new ArrayList<>();
      Map<BackupId, Long> exclusive = new HashMap<>();
      for (BackupRecord record : ready) {
        DiskUsage.Shares shares = disk.shares(kept.resolve(record.id().value()));
        rows.add(new SiteUsage.OfBackup(record.id(), shares.bytes(), shares.exclusiveBytes()));
        exclusive.put(record.id(), shares.exclusiveBytes());
      }
      backups.measured(id, exclusive);
      return new SiteUsage(live, drafts, backupBytes, rows, clock.instant());
    } catch (IOException e) {
      throw StorageFailures.of("measure site " + id, e);
    }
  }

  /** Items that callers can see; those of deleted collections may linger for a while. */
  private long itemCount(SiteId id, Environment environment) {
    SiteCollections known = sites.collections(id);
    return sites.stats(id, environment).entrySet().stream()
        .filter(entry -> known.find(entry.getKey()).isPresent())
        .mapToLong(entry -> entry.getValue().itemCount())
        .sum();
  }
}
