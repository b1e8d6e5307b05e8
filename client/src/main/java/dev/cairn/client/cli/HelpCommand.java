package dev.cairn.client.cli;

import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code cairn help}: the same texts as {@code --help}, one or all of them. */
@Command(
    name = "help",
    description = {
      "Show help for a command, or with --all the whole manual.",
      "To read it page by page: cairn help --all | less"
    })
final class HelpCommand implements Callable<Integer> {
  @Spec CommandSpec spec;

  @Option(names = "--all", description = "Every command, one after the other.")
  boolean all;

  @Parameters(
      paramLabel = "COMMAND",
      arity = "0..*",
      description = "Such as: backup create. Default: the overview.")
  List<String> words = List.of();

  @Override
  public Integer call() {
    CommandLine command = spec.root().commandLine();
    for (String word : words) {
      CommandLine next = command.getSubcommands().get(word);
      if (next == null) {
        throw new UsageException(
            "There is no command '" + String.join(" ", words) + "'.", "See them all: cairn help");
      }
      command = next;
    }
    PrintWriter out = spec.root().commandLine().getOut();
    if (all) {
      Map<CommandSpec, CommandLine> commands = new LinkedHashMap<>();
      collect(command, commands);
      commands
          .values()
          .forEach(
              each -> {
                out.println("── " + each.getCommandSpec().qualifiedName() + " ──\n");
                each.usage(out);
                out.println();
              });
    } else {
      command.usage(out);
    }
    out.flush();
    return ExitCode.OK;
  }

  /** Aliases are the same command twice; it is shown once. */
  private static void collect(CommandLine command, Map<CommandSpec, CommandLine> commands) {
    if (commands.put(command.getCommandSpec(), command) == null) {
      command.getSubcommands().values().forEach(each -> collect(each, commands));
    }
  }
}
