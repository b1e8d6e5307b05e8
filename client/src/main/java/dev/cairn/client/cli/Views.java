package dev.cairn.client.cli;

import dev.cairn.v1.BackupSchedule;
import dev.cairn.v1.BackupUsage;
import dev.cairn.v1.Collection;
import dev.cairn.v1.CollectionField;
import dev.cairn.v1.CollectionView;
import dev.cairn.v1.Item;
import dev.cairn.v1.Site;
import dev.cairn.v1.SiteUsage;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.stream.Collectors;

/** What people see of sites, collections, items and schedules: a block, or the rows of a table. */
final class Views {
  private Views() {}

  // Sites

  static String site(Site site) {
    Details details =
        new Details()
            .add("Site", site.getId())
            .add("Name", site.getDisplayName())
            .add("Labels", Format.labels(site.getLabelsMap()))
            .add("Created", Format.when(site.hasCreateTime(), site.getCreateTime()))
            .add("Keeps", site.getOnDemandBackupLimit() + " on-demand backups");
    if (!site.hasUsage()) {
      return details.toString();
    }
    SiteUsage usage = site.getUsage();
    details
        .add("Live", items(usage.getLiveItemCount(), usage.getLiveSizeBytes()))
        .add("Sandbox", items(usage.getSandboxItemCount(), usage.getSandboxSizeBytes()))
        .add("Backups", Format.bytes(usage.getBackupSizeBytes()) + " that only they hold")
        .add("Total", Format.bytes(usage.getTotalSizeBytes()));
    Table table = new Table("BACKUP", "SIZE>", "FREED IF DELETED>");
    for (BackupUsage backup : usage.getBackupsList()) {
      table.row(
          backup.getBackupId(),
          Format.bytes(backup.getSizeBytes()),
          Format.bytes(backup.getExclusiveSizeBytes()));
    }
    return details + (table.isEmpty() ? "" : "\n" + table);
  }

  static String sites(List<Site> sites, Instant now) {
    Table table = new Table("SITE", "AGE", "KEEPS>", "NAME", "LABELS");
    for (Site site : sites) {
      table.row(
          site.getId(),
          Format.age(site.hasCreateTime(), site.getCreateTime(), now),
          Integer.toString(site.getOnDemandBackupLimit()),
          site.getDisplayName(),
          Table.shortened(Format.labels(site.getLabelsMap())));
    }
    return table.toString();
  }

  // Collections

  static String collection(Collection collection) {
    Details details =
        new Details()
            .add("Collection", collection.getId())
            .add("Site", collection.getSiteId())
            .add("Name", collection.getDisplayName())
            .add(
                "Items",
                Format.count(collection.getLiveItemCount())
                    + " live, "
                    + Format.count(collection.getSandboxItemCount())
                    + " in the sandbox")
            .add("Revision", Long.toString(collection.getRevision()))
            .add("Created", Format.when(collection.hasCreateTime(), collection.getCreateTime()))
            .add("Changed", Format.when(collection.hasUpdateTime(), collection.getUpdateTime()));
    Table fields = new Table("FIELD", "TYPE", "REQUIRED", "NAME", "DESCRIPTION");
    for (CollectionField field : collection.getFieldsList()) {
      fields.row(
          field.getKey(),
          Format.name(field.getType()),
          field.getRequired() ? "yes" : "",
          field.getDisplayName(),
          Table.shortened(field.getDescription()));
    }
    Table views = new Table("VIEW", "SORTED BY", "FIELDS");
    for (CollectionView view : collection.getViewsList()) {
      views.row(
          view.getName(),
          view.getSortList().stream().map(s -> s.getField()).collect(Collectors.joining(", ")),
          Table.shortened(String.join(", ", view.getFieldsList())));
    }
    return details
        + (fields.isEmpty() ? "" : "\n" + fields)
        + (views.isEmpty() ? "" : "\n" + views);
  }

  static String collections(List<Collection> collections, Instant now) {
    Table table =
        new Table(
            "COLLECTION", "LIVE>", "SANDBOX>", "FIELDS>", "VIEWS>", "REVISION>", "AGE", "NAME");
    for (Collection collection : collections) {
      table.row(
          collection.getId(),
          Format.count(collection.getLiveItemCount()),
          Format.count(collection.getSandboxItemCount()),
          Integer.toString(collection.getFieldsCount()),
          Integer.toString(collection.getViewsCount()),
          Long.toString(collection.getRevision()),
          Format.age(collection.hasCreateTime(), collection.getCreateTime(), now),
          collection.getDisplayName());
    }
    return table.toString();
  }

  // Items

  static String item(Item item) {
    return new Details()
            .add("Item", item.getId())
            .add("Owner", item.getOwner())
            .add("Revision", Long.toString(item.getRevision()))
            .add("Created", Format.when(item.hasCreateTime(), item.getCreateTime()))
            .add("Changed", Format.when(item.hasUpdateTime(), item.getUpdateTime()))
            .add("Size", Format.bytes(item.getData().size()))
        + "\n"
        + item.getData().toStringUtf8().strip()
        + "\n";
  }

  static String items(List<Item> items, Instant now) {
    Table table = new Table("ITEM", "REVISION>", "CHANGED", "SIZE>", "OWNER", "DATA");
    for (Item item : items) {
      table.row(
          item.getId(),
          Long.toString(item.getRevision()),
          Format.age(item.hasUpdateTime(), item.getUpdateTime(), now),
          Format.bytes(item.getData().size()),
          item.getOwner(),
          Table.shortened(item.getData().toStringUtf8(), 60));
    }
    return table.toString();
  }

  // Schedules

  static String schedule(BackupSchedule schedule, Instant now) {
    String timing =
        switch (schedule.getTimingCase()) {
          case INTERVAL -> "every " + Format.span(Format.duration(schedule.getInterval()));
          case CRON -> schedule.getCron() + " (" + zone(schedule) + ")";
          case TIMING_NOT_SET -> "";
        };
    String maxAge =
        schedule.getRetention().hasMaxAge()
            ? ", at most "
                + Format.span(Format.duration(schedule.getRetention().getMaxAge()))
                + " old"
            : "";
    return new Details()
        .add("Site", schedule.getSiteId())
        .add("Takes backups", schedule.getPaused() ? "no: paused (" + timing + ")" : timing)
        .add("Keeps", schedule.getRetention().getCount() + maxAge)
        .add(
            "Next",
            schedule.hasNextRunTime()
                ? Format.time(schedule.getNextRunTime())
                    + ", in "
                    + Format.span(
                        Duration.between(now, Format.instant(schedule.getNextRunTime())).abs())
                : "")
        .add("Last", Format.when(schedule.hasLastRunTime(), schedule.getLastRunTime()))
        .add("Last backup", schedule.getLastBackupId())
        .add(
            "Last success",
            schedule.hasLastSuccessfulBackupTime()
                ? Format.time(schedule.getLastSuccessfulBackupTime())
                    + ", "
                    + Format.age(schedule.getLastSuccessfulBackupTime(), now)
                    + " ago"
                : "none yet")
        .add("Etag", schedule.getEtag())
        .toString();
  }

  private static String zone(BackupSchedule schedule) {
    return schedule.getTimeZone().isEmpty() ? "UTC" : schedule.getTimeZone();
  }

  private static String items(long count, long bytes) {
    return Format.count(count, "item") + ", " + Format.bytes(bytes);
  }
}
