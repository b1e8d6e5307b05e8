package dev.cairn.client.cli;

import dev.cairn.v1.Environment;
import picocli.CommandLine.Option;

/** A verb about the items of a collection, in one of its environments. */
abstract class OnItems extends OnCollection {
  @Option(
      names = "--sandbox",
      description = "In the SANDBOX environment instead of LIVE. It is in no backup.")
  boolean sandbox;

  final Environment environment() {
    return sandbox ? Environment.ENVIRONMENT_SANDBOX : Environment.ENVIRONMENT_LIVE;
  }
}
