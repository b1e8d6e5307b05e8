package dev.cairn.client.cli;

import picocli.CommandLine.Parameters;

/** A verb whose first argument is a site. */
abstract class OnSite extends ClientCommand {
  @Parameters(index = "0", paramLabel = "SITE", description = "Id of the site.")
  String siteId;
}
