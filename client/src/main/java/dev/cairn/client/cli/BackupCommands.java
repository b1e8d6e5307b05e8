package dev.cairn.client.cli;

import com.google.protobuf.FieldMask;
import dev.cairn.client.CairnClient;
import dev.cairn.client.Watch;
import dev.cairn.v1.Backup;
import dev.cairn.v1.BackupState;
import dev.cairn.v1.BackupType;
import dev.cairn.v1.CreateBackupRequest;
import dev.cairn.v1.DeleteBackupRequest;
import dev.cairn.v1.GetBackupItemRequest;
import dev.cairn.v1.Item;
import dev.cairn.v1.ListBackupItemsRequest;
import dev.cairn.v1.ListBackupItemsResponse;
import dev.cairn.v1.ListBackupsRequest;
import dev.cairn.v1.ListBackupsResponse;
import dev.cairn.v1.UpdateBackupRequest;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code cairn backup …}. Long, but a row of short verbs. */
@Command(
    name = "backup",
    description = "Backups: the live content of a site at one moment.",
    subcommands = {
      BackupCommands.Create.class,
      BackupCommands.Get.class,
      BackupCommands.ListAll.class,
      BackupCommands.Update.class,
      BackupCommands.Delete.class,
      BackupCommands.Cancel.class,
      BackupCommands.Verify.class,
      BackupCommands.WatchOne.class,
      BackupCommands.ListItems.class,
      BackupCommands.GetItem.class
    })
final class BackupCommands extends Group {
  private static final int MAX_PAGE = 1_000;

  /** A verb about one backup. */
  abstract static class OnBackup extends OnSite {
    @Parameters(
        index = "1",
        paramLabel = "BACKUP",
        description =
            "Id of the backup; 'latest' is the newest READY one that is no safety backup.")
    String backupId;

    final String backupId(CairnClient cairn) {
      return backupId(cairn, siteId, backupId);
    }
  }

  @Command(
      name = "create",
      description = {
        "Request a backup and show its record; --wait follows it to its end.",
        "It holds one exact moment. A site keeps a few on-demand backups; when one more is READY,"
            + " the oldest that is not pinned goes."
      })
  static final class Create extends OnSite {
    @Option(
        names = {"-c", "--collection"},
        paramLabel = "COLLECTION",
        description = "Only this collection; repeatable. Default: all.")
    List<String> collectionIds = List.of();

    @Option(
        names = {"-d", "--description"},
        paramLabel = "TEXT",
        description = "What it is for, for people.")
    String description = "";

    @Option(names = "--label", paramLabel = "KEY=VALUE", description = "A label; repeatable.")
    List<String> labels = List.of();

    @Option(names = "--pin", description = "Retention shall leave it alone.")
    boolean pin;

    @Option(
        names = {"-w", "--wait"},
        description = "Wait until it is READY or FAILED, with progress; the exit code says which.")
    boolean wait;

    @Override
    int run(CairnClient cairn, Output out) {
      Backup requested =
          cairn
              .backups()
              .create(
                  CreateBackupRequest.newBuilder()
                      .setSiteId(siteId)
                      .addAllCollectionIds(collectionIds)
                      .setDescription(description)
                      .putAllLabels(labels(labels))
                      .setPinned(pin)
                      .build());
      if (!wait) {
        out.show(requested, () -> JobViews.backup(requested, Instant.now()));
        cli()
            .remark(
                "It goes on. To follow it: cairn backup watch " + siteId + " " + requested.getId());
        return ExitCode.OK;
      }
      Jobs jobs = new Jobs(cli(), cairn);
      Backup made = jobs.awaitMade(requested);
      out.show(made, () -> JobViews.backup(made, Instant.now()));
      return jobs.outcome(made);
    }
  }

  @Command(name = "get", description = "Show a backup with its collections and log.")
  static final class Get extends OnBackup {
    @Override
    int run(CairnClient cairn, Output out) {
      Backup backup = cairn.backups().get(siteId, backupId(cairn));
      out.show(backup, () -> JobViews.backup(backup, Instant.now()));
      return ExitCode.OK;
    }
  }

  @Command(
      name = "list",
      description = {
        "List the backups of a site, newest first.",
        "NOTE marks the one that goes when one more on-demand backup becomes READY."
      })
  static final class ListAll extends OnSite {
    @Option(
        names = "--state",
        paramLabel = "STATE",
        description = "Only pending, ready, failed, deleted or canceled ones; repeatable.")
    List<String> states = List.of();

    @Option(
        names = "--type",
        paramLabel = "TYPE",
        description = "Only on-demand, auto or safety ones; repeatable.")
    List<String> types = List.of();

    @Option(
        names = "--label",
        paramLabel = "KEY=VALUE",
        description = "Only those with this label; repeatable.")
    List<String> labels = List.of();

    @Option(
        names = {"-n", "--limit"},
        paramLabel = "N",
        description = "At most so many. Default: all.")
    int limit = Integer.MAX_VALUE;

    @Override
    int run(CairnClient cairn, Output out) {
      ListBackupsRequest.Builder request =
          ListBackupsRequest.newBuilder()
              .setSiteId(siteId)
              .putAllLabels(labels(labels))
              .setPageSize(Math.max(1, Math.min(MAX_PAGE, limit)));
      states.forEach(s -> request.addStates(Format.parse(BackupState.class, s)));
      types.forEach(t -> request.addTypes(Format.parse(BackupType.class, t)));
      ListBackupsResponse.Builder all = ListBackupsResponse.newBuilder();
      do {
        ListBackupsResponse page = cairn.backups().page(request.build());
        all.addAllBackups(page.getBackupsList())
            .setNextPageToken(page.getNextPageToken())
            .setTotalSize(page.getTotalSize())
            .setNextEvictedBackupId(page.getNextEvictedBackupId())
            .setOnDemandLimit(page.getOnDemandLimit());
        request.setPageToken(page.getNextPageToken());
      } while (!request.getPageToken().isEmpty() && all.getBackupsCount() < limit);
      while (all.getBackupsCount() > limit) {
        all.removeBackups(all.getBackupsCount() - 1);
      }
      out.show(
          all,
          () ->
              JobViews.backups(all.getBackupsList(), all.getNextEvictedBackupId(), Instant.now()));
      if (!out.isJson()) {
        String evicted = all.getNextEvictedBackupId();
        cli()
            .remark(
                "Keeps "
                    + all.getOnDemandLimit()
                    + " on-demand backups; the next one "
                    + (evicted.isEmpty() ? "evicts none." : "evicts " + evicted + "."));
      }
      return ExitCode.OK;
    }
  }

  @Command(name = "update", description = "Change the description, labels or pin of a backup.")
  static final class Update extends OnBackup {
    @Option(
        names = {"-d", "--description"},
        paramLabel = "TEXT",
        description = "What it is for, for people.")
    @Nullable String description;

    @Option(
        names = "--label",
        paramLabel = "KEY=VALUE",
        description = "A label; repeatable. Those given replace all that are there.")
    List<String> labels = List.of();

    @Option(names = "--no-labels", description = "Remove all labels.")
    boolean noLabels;

    @Option(names = "--pin", description = "Retention shall leave it alone.")
    boolean pin;

    @Option(names = "--unpin", description = "Retention may delete it again.")
    boolean unpin;

    @Option(names = "--etag", paramLabel = "ETAG", description = "Only if it still has this etag.")
    String etag = "";

    @Override
    int run(CairnClient cairn, Output out) {
      Backup.Builder values = Backup.newBuilder();
      FieldMask.Builder mask = FieldMask.newBuilder();
      if (description != null) {
        values.setDescription(description);
        mask.addPaths("description");
      }
      if (!labels.isEmpty() || noLabels) {
        values.putAllLabels(labels(labels));
        mask.addPaths("labels");
      }
      if (pin || unpin) {
        values.setPinned(pin);
        mask.addPaths("pinned");
      }
      boolean contradiction = (pin && unpin) || (noLabels && !labels.isEmpty());
      if (mask.getPathsCount() == 0 || contradiction) {
        throw new UsageException(
            contradiction ? "These options contradict each other." : "Nothing to change.",
            "Give --description, --label, --no-labels, --pin or --unpin.");
      }
      Backup changed =
          cairn
              .backups()
              .update(
                  UpdateBackupRequest.newBuilder()
                      .setSiteId(siteId)
                      .setBackupId(backupId(cairn))
                      .setBackup(values)
                      .setUpdateMask(mask)
                      .setEtag(etag)
                      .build());
      out.show(changed, () -> JobViews.backup(changed, Instant.now()));
      return ExitCode.OK;
    }
  }

  @Command(
      name = "delete",
      description = "Delete the data of a backup, pinned or not; its record stays for a while.")
  static final class Delete extends OnSite {
    // Not 'latest': what is deleted must be named.
    @Parameters(index = "1", paramLabel = "BACKUP", description = "Id of the backup.")
    String backupId;

    @Option(names = "--etag", paramLabel = "ETAG", description = "Only if it still has this etag.")
    String etag = "";

    @Mixin Confirmation confirmation = new Confirmation();

    @Override
    int run(CairnClient cairn, Output out) {
      confirmation.ask(cli(), "Delete backup " + backupId + " of " + siteId + ", for good?");
      Backup deleted =
          cairn
              .backups()
              .delete(
                  DeleteBackupRequest.newBuilder()
                      .setSiteId(siteId)
                      .setBackupId(backupId)
                      .setEtag(etag)
                      .build());
      out.show(deleted, () -> JobViews.backup(deleted, Instant.now()));
      return ExitCode.OK;
    }
  }

  @Command(name = "cancel", description = "Give up a PENDING backup.")
  static final class Cancel extends OnBackup {
    @Override
    int run(CairnClient cairn, Output out) {
      Backup canceled = cairn.backups().cancel(siteId, backupId(cairn));
      out.show(canceled, () -> JobViews.backup(canceled, Instant.now()));
      return ExitCode.OK;
    }
  }

  @Command(
      name = "verify",
      description = "Check every file of a READY backup against its checksums.")
  static final class Verify extends OnBackup {
    @Option(
        names = {"-w", "--wait"},
        description = "Wait for the result, with progress; the exit code is 1 if it is CORRUPT.")
    boolean wait;

    @Override
    int run(CairnClient cairn, Output out) {
      Backup started = cairn.backups().verify(siteId, backupId(cairn));
      if (!wait) {
        out.show(started, () -> JobViews.backup(started, Instant.now()));
        cli()
            .remark(
                "It goes on. To follow it: cairn backup watch " + siteId + " " + started.getId());
        return ExitCode.OK;
      }
      Jobs jobs = new Jobs(cli(), cairn);
      Backup verified = jobs.awaitVerified(started);
      out.show(verified, () -> JobViews.backup(verified, Instant.now()));
      return jobs.outcome(verified);
    }
  }

  @Command(
      name = "watch",
      description = {
        "Follow a backup until it is neither being made nor being verified.",
        "With --output json every state is a line on stdout. Stopping this stops nothing else."
      })
  static final class WatchOne extends OnBackup {
    @Override
    int run(CairnClient cairn, Output out) {
      Jobs jobs = new Jobs(cli(), cairn);
      String id = backupId(cairn);
      if (out.isJson()) {
        try (Watch<Backup> watch = cairn.backups().watch(siteId, id)) {
          return jobs.outcome(watch.await(state -> out.showNext(state, () -> "")));
        }
      }
      Backup last = jobs.awaitVerified(Backup.newBuilder().setSiteId(siteId).setId(id).build());
      out.show(last, () -> JobViews.backup(last, Instant.now()));
      return jobs.outcome(last);
    }
  }

  @Command(
      name = "list-items",
      description = "List the items of a collection inside a backup, without restoring it.")
  static final class ListItems extends OnBackup {
    @Parameters(
        index = "2",
        paramLabel = "COLLECTION",
        description = "Id of the collection in the backup.")
    String collectionId;

    @Option(
        names = {"-n", "--limit"},
        paramLabel = "N",
        description = "At most so many. Default: 100.")
    int limit = 100;

    @Override
    int run(CairnClient cairn, Output out) {
      String id = backupId(cairn);
      ListBackupItemsResponse.Builder all = ListBackupItemsResponse.newBuilder();
      do {
        ListBackupItemsResponse page =
            cairn
                .backups()
                .page(
                    ListBackupItemsRequest.newBuilder()
                        .setSiteId(siteId)
                        .setBackupId(id)
                        .setCollectionId(collectionId)
                        .setPageSize(Math.max(1, Math.min(MAX_PAGE, limit - all.getItemsCount())))
                        .setPageToken(all.getNextPageToken())
                        .build());
        all.addAllItems(page.getItemsList())
            .setTotalSize(page.getTotalSize())
            .setNextPageToken(page.getNextPageToken());
      } while (!all.getNextPageToken().isEmpty() && all.getItemsCount() < limit);
      out.show(all, () -> Views.items(all.getItemsList(), Instant.now()));
      if (!all.getNextPageToken().isEmpty()) {
        cli()
            .remark(
                "Shows "
                    + all.getItemsCount()
                    + " of "
                    + Format.count(all.getTotalSize())
                    + "; --limit N shows more.");
      }
      return ExitCode.OK;
    }
  }

  @Command(
      name = "get-item",
      description = {
        "Show an item as it is inside a backup.",
        "To put it back: cairn backup get-item ... --raw | cairn item save ... --id ITEM"
      })
  static final class GetItem extends OnBackup {
    @Parameters(
        index = "2",
        paramLabel = "COLLECTION",
        description = "Id of the collection in the backup.")
    String collectionId;

    @Parameters(index = "3", paramLabel = "ITEM", description = "Id of the item.")
    String itemId;

    @Option(names = "--raw", description = "Only the document, byte for byte.")
    boolean raw;

    @Override
    int run(CairnClient cairn, Output out) {
      Item item =
          cairn
              .backups()
              .getItem(
                  GetBackupItemRequest.newBuilder()
                      .setSiteId(siteId)
                      .setBackupId(backupId(cairn))
                      .setCollectionId(collectionId)
                      .setItemId(itemId)
                      .build());
      ItemCommands.show(out, item, raw);
      if (!raw && !out.isJson()) {
        cli().remark("To put it back: " + wayBack(item));
      }
      return ExitCode.OK;
    }

    private String wayBack(Item item) {
      String owner = item.getOwner().isEmpty() ? "" : " --owner " + quoted(item.getOwner());
      String from = siteId + " " + backupId + " " + collectionId + " " + quoted(item.getId());
      return "cairn backup get-item "
          + from
          + " --raw | cairn item save "
          + siteId
          + " "
          + collectionId
          + " --id "
          + quoted(item.getId())
          + owner;
    }

    /** As a shell takes it for one word. */
    private static String quoted(String text) {
      return "'" + text.replace("'", "'\\''") + "'";
    }
  }
}
