package dev.cairn.client.cli;

import picocli.CommandLine.Option;

/** The option of a verb that asks before it does what cannot be taken back lightly. */
final class Confirmation {
  @Option(
      names = {"-y", "--yes"},
      description = "Do not ask.")
  boolean yes;

  /**
   * Returns if the answer is yes.
   *
   * @throws UsageException if it is not, or nobody is there to give it
   */
  void ask(CairnCli cli, String question) {
    cli.terminal().confirm(yes, question);
  }
}
