package dev.cairn.client.cli;

import picocli.CommandLine.Parameters;

/** A verb whose first two arguments are a site and a collection of it. */
abstract class OnCollection extends OnSite {
  @Parameters(index = "1", paramLabel = "COLLECTION", description = "Id of the collection.")
  String collectionId;
}
