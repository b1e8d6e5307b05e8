package dev.cairn.server.backup.schedule;

import dev.cairn.server.backup.AutoRetention;
import dev.cairn.server.site.Catalog;
import dev.cairn.server.site.CatalogTransaction;
import dev.cairn.server.site.CommandLog;
import dev.cairn.server.site.SiteId;
import dev.cairn.server.site.Sites;
import java.util.List;
import java.util.function.UnaryOperator;

/** The records of schedules: reads them, and changes them through the command log. Thread-safe. */
public class ScheduleStore {
  private final Sites sites;
  private final Catalog catalog;
  private final CommandLog commands;
  private final int defaultCount;

  /**
   * @param defaultCount how many AUTO backups a site keeps whose schedule does not say
   */
  public ScheduleStore(Sites sites, Catalog catalog, CommandLog commands, int defaultCount) {
    this.sites = sites;
    this.catalog = catalog;
    this.commands = commands;
    this.defaultCount = defaultCount;
  }

  /** How long a site's AUTO backups are kept. */
  public AutoRetention retention(SiteId site) {
    return retention(
        catalog
            .get(BackupSchedule.key(site), BackupSchedule.class)
            .map(BackupSchedule::settings)
            .orElse(ScheduleSettings.DEFAULT));
  }

  AutoRetention retention(ScheduleSettings settings) {
    return new AutoRetention(
        settings.retentionCount().orElse(defaultCount), settings.retentionMaxAge());
  }

  /**
   * The site's schedule.
   *
   * @throws dev.cairn.server.error.ServiceException SITE_NOT_FOUND
   */
  BackupSchedule get(SiteId site) {
    return catalog
        .get(BackupSchedule.key(site), BackupSchedule.class)
        .orElseGet(() -> BackupSchedule.initial(site, sites.get(site).createTime()));
  }

  /**
   * Changes it in one durable step.
   *
   * @throws dev.cairn.server.error.ServiceException SITE_NOT_FOUND, and what {@code change} throws
   */
  BackupSchedule change(SiteId site, UnaryOperator<BackupSchedule> change) {
    return commands.append(transaction -> change(transaction, site, change));
  }

  /** Changes it as part of a larger step. */
  BackupSchedule change(
      CatalogTransaction transaction, SiteId site, UnaryOperator<BackupSchedule> change) {
    // A record goes together with its site, so one that is there says that the site is, too.
    BackupSchedule old =
        transaction
            .get(BackupSchedule.key(site), BackupSchedule.class)
            .orElseGet(() -> BackupSchedule.initial(site, sites.get(site).createTime()));
    BackupSchedule changed = change.apply(old);
    if (!changed.equals(old)) {
      transaction.put(BackupSchedule.key(site), changed);
    }
    return changed;
  }

  void delete(SiteId site, CatalogTransaction transaction) {
    transaction.delete(BackupSchedule.key(site));
  }

  /** The ids of all sites. */
  List<SiteId> sites() {
    return sites.ids();
  }
}
