package dev.cairn.client.cli;

import dev.cairn.client.CairnClient;
import dev.cairn.v1.CreateSiteRequest;
import dev.cairn.v1.DeleteSiteRequest;
import dev.cairn.v1.GetSiteRequest;
import dev.cairn.v1.ListSitesRequest;
import dev.cairn.v1.ListSitesResponse;
import dev.cairn.v1.Site;
import dev.cairn.v1.SiteView;
import java.time.Instant;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code cairn site …}. */
@Command(
    name = "site",
    description = "Sites: each owns collections, backups and restorations.",
    subcommands = {
      SiteCommands.Create.class,
      SiteCommands.Get.class,
      SiteCommands.Usage.class,
      SiteCommands.ListAll.class,
      SiteCommands.Delete.class
    })
final class SiteCommands extends Group {

  @Command(name = "create", description = "Create an empty site.")
  static final class Create extends ClientCommand {
    @Parameters(
        paramLabel = "SITE",
        description = "Its id: up to 64 of A-Z a-z 0-9 . _ -, beginning with a letter or digit.")
    String siteId;

    @Option(names = "--name", paramLabel = "TEXT", description = "Name for people.")
    String displayName = "";

    @Option(names = "--label", paramLabel = "KEY=VALUE", description = "A label; repeatable.")
    List<String> labels = List.of();

    @Override
    int run(CairnClient cairn, Output out) {
      Site site =
          cairn
              .sites()
              .create(
                  CreateSiteRequest.newBuilder()
                      .setSiteId(siteId)
                      .setDisplayName(displayName)
                      .putAllLabels(labels(labels))
                      .build());
      out.show(site, () -> Views.site(site));
      return ExitCode.OK;
    }
  }

  @Command(name = "get", description = "Show a site.")
  static final class Get extends OnSite {
    @Option(names = "--usage", description = "Show also what it occupies on the server's disk.")
    boolean usage;

    @Override
    int run(CairnClient cairn, Output out) {
      return show(cairn, out, siteId, usage ? SiteView.SITE_VIEW_USAGE : SiteView.SITE_VIEW_BASIC);
    }
  }

  @Command(
      name = "usage",
      description = "Show a site with what it occupies, and what deleting each backup would free.")
  static final class Usage extends OnSite {
    @Override
    int run(CairnClient cairn, Output out) {
      return show(cairn, out, siteId, SiteView.SITE_VIEW_USAGE);
    }
  }

  private static int show(CairnClient cairn, Output out, String siteId, SiteView view) {
    Site site =
        cairn.sites().get(GetSiteRequest.newBuilder().setSiteId(siteId).setView(view).build());
    out.show(site, () -> Views.site(site));
    return ExitCode.OK;
  }

  @Command(name = "list", description = "List the sites that you may see.")
  static final class ListAll extends ClientCommand {
    @Parameters(
        paramLabel = "PREFIX",
        arity = "0..1",
        description = "Only sites whose id begins with this.")
    String prefix = "";

    @Override
    int run(CairnClient cairn, Output out) {
      ListSitesResponse.Builder all = ListSitesResponse.newBuilder();
      ListSitesRequest.Builder request =
          ListSitesRequest.newBuilder().setSiteId(prefix).setPageSize(1_000);
      do {
        ListSitesResponse page = cairn.sites().page(request.build());
        all.addAllSites(page.getSitesList()).setTotalSize(page.getTotalSize());
        request.setPageToken(page.getNextPageToken());
      } while (!request.getPageToken().isEmpty());
      out.show(all.build(), () -> Views.sites(all.getSitesList(), Instant.now()));
      return ExitCode.OK;
    }
  }

  @Command(
      name = "delete",
      description = "Delete a site with everything in it, its backups too. For good.")
  static final class Delete extends OnSite {
    @Option(names = "--force", description = "Also if it still holds collections or READY backups.")
    boolean force;

    @Option(names = "--allow-missing", description = "No error if there is no such site.")
    boolean allowMissing;

    @Mixin Confirmation confirmation = new Confirmation();

    @Override
    int run(CairnClient cairn, Output out) {
      confirmation.ask(
          cli(), "Delete site " + siteId + " with all its content and backups, for good?");
      cairn
          .sites()
          .delete(
              DeleteSiteRequest.newBuilder()
                  .setSiteId(siteId)
                  .setForce(force)
                  .setAllowMissing(allowMissing)
                  .build());
      cli().remark("Site " + siteId + " is deleted.");
      return ExitCode.OK;
    }
  }
}
