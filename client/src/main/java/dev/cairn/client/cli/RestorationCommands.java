package dev.cairn.client.cli;

import dev.cairn.client.CairnClient;
import dev.cairn.client.Watch;
import dev.cairn.v1.Backup;
import dev.cairn.v1.ListRestorationsRequest;
import dev.cairn.v1.ListRestorationsResponse;
import dev.cairn.v1.PreviewRestorationRequest;
import dev.cairn.v1.PreviewRestorationResponse;
import dev.cairn.v1.Restoration;
import dev.cairn.v1.RestorationSelection;
import dev.cairn.v1.RestorationState;
import dev.cairn.v1.RestoreBackupRequest;
import dev.cairn.v1.RestorePartialBackupRequest;
import dev.cairn.v1.VerificationMode;
import java.time.Instant;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code cairn restoration …}; {@code cairn restore} is its start. */
@Command(
    name = "restoration",
    description = "Restorations: put the content of a backup back, and take that back.",
    subcommands = {
      RestorationCommands.Preview.class,
      RestorationCommands.Start.class,
      RestorationCommands.Get.class,
      RestorationCommands.ListAll.class,
      RestorationCommands.Cancel.class,
      RestorationCommands.Undo.class,
      RestorationCommands.WatchOne.class
    })
final class RestorationCommands extends Group {
  private static final int MAX_PAGE = 1_000;

  /** A verb about a backup and what of it goes where. */
  abstract static class OnSelection extends BackupCommands.OnBackup {
    @Option(
        names = {"-c", "--collection"},
        paramLabel = "FROM[:TO]",
        description =
            "Only this collection of the backup, into the one of the same id or into another;"
                + " repeatable. Default: every collection of the backup.")
    List<String> collections = List.of();

    @Option(
        names = "--into-site",
        paramLabel = "SITE",
        description = "Into a new site of this id, instead of the backup's own.")
    String destinationSiteId = "";

    final List<RestorationSelection> selections() {
      return collections.stream().map(OnSelection::selection).toList();
    }

    private static RestorationSelection selection(String text) {
      // Ids have no colon.
      int colon = text.indexOf(':');
      RestorationSelection.Builder selection =
          RestorationSelection.newBuilder()
              .setCollectionId(colon < 0 ? text : text.substring(0, colon));
      if (colon >= 0) {
        selection.getDestinationBuilder().setCollectionId(text.substring(colon + 1));
      }
      return selection.build();
    }
  }

  /** A verb about one restoration. */
  abstract static class OnRestoration extends OnSite {
    @Parameters(
        index = "1",
        paramLabel = "RESTORATION",
        description = "Id of the restoration, or latest.")
    String given;

    /** The id that was given, or that of the restoration that was requested last. */
    final String restorationId(CairnClient cairn) {
      if (!given.equals(LATEST)) {
        return given;
      }
      Restoration latest =
          cairn
              .restorations()
              .list(ListRestorationsRequest.newBuilder().setSiteId(siteId).setPageSize(1).build())
              .first()
              .orElseThrow(
                  () ->
                      new UsageException(
                          "Site " + siteId + " has no restoration.",
                          "Start one: cairn restore " + siteId + " latest"));
      cli().remark("The latest restoration is " + latest.getId() + ".");
      return latest.getId();
    }
  }

  @Command(
      name = "preview",
      description = "Show what a restoration would add, change and remove, without doing it.")
  static final class Preview extends OnSelection {
    @Option(
        names = "--samples",
        paramLabel = "N",
        description = "Ids to show of each kind and collection, up to 100. Default: 10.")
    int samples = 10;

    @Override
    int run(CairnClient cairn, Output out) {
      PreviewRestorationResponse preview =
          cairn
              .restorations()
              .preview(
                  PreviewRestorationRequest.newBuilder()
                      .setSiteId(siteId)
                      .setBackupId(backupId(cairn))
                      .addAllCollections(selections())
                      .setDestinationSiteId(destinationSiteId)
                      .setSampleSize(samples)
                      .build());
      out.show(preview, () -> JobViews.preview(preview));
      return ExitCode.OK;
    }
  }

  @Command(
      name = "start",
      description = {
        "Put a backup back: all of it, or chosen collections. Until one moment everyone reads the"
            + " old content, after it the new.",
        "What is replaced is kept as a safety backup, so that 'cairn restoration undo' takes it"
            + " back. Collections that the backup does not hold stay as they are."
      })
  static final class Start extends OnSelection {
    @Option(
        names = "--preview-token",
        paramLabel = "TOKEN",
        description = "Only if nothing has changed since this preview of the same selection.")
    String previewToken = "";

    @Option(
        names = "--skip-verification",
        description = "Do not check the backup's files first. Quicker; damage may be restored.")
    boolean skipVerification;

    @Option(
        names = "--allow-corrupt",
        description = "Go on although the backup is damaged, as far as it can be read.")
    boolean allowCorrupt;

    @Option(
        names = {"-w", "--wait"},
        description = "Wait until it is COMPLETED or FAILED; the exit code says which.")
    boolean wait;

    @Mixin Confirmation confirmation = new Confirmation();

    @Override
    int run(CairnClient cairn, Output out) {
      String id = backupId(cairn);
      if (!confirmation.yes) {
        confirmation.ask(cli(), question(cairn.backups().get(siteId, id)));
      }
      Restoration started = collections.isEmpty() ? full(cairn, id) : partial(cairn, id);
      return follow(this, cairn, out, started, wait);
    }

    private String question(Backup backup) {
      String what = collections.isEmpty() ? "all" : String.join(", ", collections);
      String when =
          backup.hasSnapshotTime()
              ? " as of "
                  + Format.time(backup.getSnapshotTime())
                  + " ("
                  + Format.age(backup.getSnapshotTime(), Instant.now())
                  + " ago)"
              : "";
      String where =
          destinationSiteId.isEmpty()
              ? "over the live content of " + siteId
              : "into the new site " + destinationSiteId;
      return "Restore " + what + " of backup " + backup.getId() + when + " " + where + "?";
    }

    private VerificationMode mode() {
      return skipVerification
          ? VerificationMode.VERIFICATION_MODE_SKIP
          : VerificationMode.VERIFICATION_MODE_CHECKSUMS;
    }

    private Restoration full(CairnClient cairn, String id) {
      return cairn
          .restorations()
          .restore(
              RestoreBackupRequest.newBuilder()
                  .setSiteId(siteId)
                  .setBackupId(id)
                  .setDestinationSiteId(destinationSiteId)
                  .setVerification(mode())
                  .setPreviewToken(previewToken)
                  .setAllowCorrupt(allowCorrupt)
                  .build());
    }

    private Restoration partial(CairnClient cairn, String id) {
      return cairn
          .restorations()
          .restorePartial(
              RestorePartialBackupRequest.newBuilder()
                  .setSiteId(siteId)
                  .setBackupId(id)
                  .addAllCollections(selections())
                  .setDestinationSiteId(destinationSiteId)
                  .setVerification(mode())
                  .setPreviewToken(previewToken)
                  .setAllowCorrupt(allowCorrupt)
                  .build());
    }
  }

  private static int follow(
      ClientCommand command, CairnClient cairn, Output out, Restoration started, boolean wait) {
    CairnCli cli = command.cli();
    if (!wait) {
      out.show(started, () -> JobViews.restoration(started));
      cli.remark(
          "It goes on. To follow it: cairn restoration watch "
              + started.getSiteId()
              + " "
              + started.getId());
      return ExitCode.OK;
    }
    Jobs jobs = new Jobs(cli, cairn);
    Restoration ended = jobs.await(started);
    out.show(ended, () -> JobViews.restoration(ended));
    int code = jobs.outcome(ended);
    if (code == ExitCode.OK && !ended.getSafetyBackupId().isEmpty()) {
      cli.remark(
          "To take it back: cairn restoration undo " + ended.getSiteId() + " " + ended.getId());
    }
    return code;
  }

  @Command(name = "get", description = "Show a restoration with its collections and log.")
  static final class Get extends OnRestoration {
    @Override
    int run(CairnClient cairn, Output out) {
      Restoration restoration = cairn.restorations().get(siteId, restorationId(cairn));
      out.show(restoration, () -> JobViews.restoration(restoration));
      return ExitCode.OK;
    }
  }

  @Command(name = "list", description = "List the restorations of a site, newest first.")
  static final class ListAll extends OnSite {
    @Option(
        names = "--state",
        paramLabel = "STATE",
        description = "Only pending, completed, failed or canceled ones; repeatable.")
    List<String> states = List.of();

    @Option(names = "--backup", paramLabel = "BACKUP", description = "Only those of this backup.")
    String backupId = "";

    @Option(
        names = {"-n", "--limit"},
        paramLabel = "N",
        description = "At most so many. Default: all.")
    int limit = Integer.MAX_VALUE;

    @Override
    int run(CairnClient cairn, Output out) {
      ListRestorationsRequest.Builder request =
          ListRestorationsRequest.newBuilder()
              .setSiteId(siteId)
              .setBackupId(backupId)
              .setPageSize(Math.max(1, Math.min(MAX_PAGE, limit)));
      states.forEach(s -> request.addStates(Format.parse(RestorationState.class, s)));
      ListRestorationsResponse.Builder all = ListRestorationsResponse.newBuilder();
      do {
        ListRestorationsResponse page = cairn.restorations().page(request.build());
        all.addAllRestorations(page.getRestorationsList())
            .setNextPageToken(page.getNextPageToken())
            .setTotalSize(page.getTotalSize());
        request.setPageToken(page.getNextPageToken());
      } while (!request.getPageToken().isEmpty() && all.getRestorationsCount() < limit);
      while (all.getRestorationsCount() > limit) {
        all.removeRestorations(all.getRestorationsCount() - 1);
      }
      out.show(all, () -> JobViews.restorations(all.getRestorationsList(), Instant.now()));
      return ExitCode.OK;
    }
  }

  @Command(name = "cancel", description = "Give up a PENDING restoration; nothing is changed then.")
  static final class Cancel extends OnRestoration {
    @Override
    int run(CairnClient cairn, Output out) {
      Restoration canceled = cairn.restorations().cancel(siteId, restorationId(cairn));
      out.show(canceled, () -> JobViews.restoration(canceled));
      return ExitCode.OK;
    }
  }

  @Command(
      name = "undo",
      description = {
        "Take a COMPLETED restoration back: put back what it replaced.",
        "Writes made since are replaced, too, and kept, so that an undo can be undone."
      })
  static final class Undo extends OnRestoration {
    @Option(
        names = {"-w", "--wait"},
        description = "Wait until it is COMPLETED or FAILED; the exit code says which.")
    boolean wait;

    @Mixin Confirmation confirmation = new Confirmation();

    @Override
    int run(CairnClient cairn, Output out) {
      String id = restorationId(cairn);
      confirmation.ask(cli(), "Take restoration " + id + " of " + siteId + " back?");
      Restoration started = cairn.restorations().undo(siteId, id);
      return follow(this, cairn, out, started, wait);
    }
  }

  @Command(
      name = "watch",
      description = {
        "Follow a restoration to its end.",
        "With --output json every state is a line on stdout. Stopping this stops nothing else."
      })
  static final class WatchOne extends OnRestoration {
    @Override
    int run(CairnClient cairn, Output out) {
      Jobs jobs = new Jobs(cli(), cairn);
      String id = restorationId(cairn);
      if (out.isJson()) {
        try (Watch<Restoration> watch = cairn.restorations().watch(siteId, id)) {
          return jobs.outcome(watch.await(state -> out.showNext(state, () -> "")));
        }
      }
      Restoration last = jobs.await(Restoration.newBuilder().setSiteId(siteId).setId(id).build());
      out.show(last, () -> JobViews.restoration(last));
      return jobs.outcome(last);
    }
  }
}
