package dev.cairn.server.backup.schedule;

import dev.cairn.server.site.Catalog;
import dev.cairn.server.site.CatalogTransaction;
import dev.cairn.server.site.CommandLog;
import dev.cairn.server.site.SiteId;
import dev.cairn.server.site.Sites;
import java.util.HashMap;
import java.util.Map;
import java.util.function.UnaryOperator;

/**
 * Keeps schedules as objects: half a million backups a year would spend all their time on JSON. The
 * sites stay in the catalog. Confined to the test's thread.
 */
final class MemoryScheduleStore extends ScheduleStore {
  private final Map<SiteId, BackupSchedule> schedules = new HashMap<>();

  MemoryScheduleStore(Sites sites, Catalog catalog, CommandLog commands) {
    super(sites, catalog, commands, 4);
  }

  @Override
  BackupSchedule get(SiteId site) {
    BackupSchedule known = schedules.get(site);
    return known == null ? super.get(site) : known;
  }

  @Override
  BackupSchedule change(SiteId site, UnaryOperator<BackupSchedule> change) {
    BackupSchedule changed = change.apply(get(site));
    schedules.put(site, changed);
    return changed;
  }

  @Override
  BackupSchedule change(
      CatalogTransaction transaction, SiteId site, UnaryOperator<BackupSchedule> change) {
    return change(site, change);
  }
}
