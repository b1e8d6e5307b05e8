package dev.cairn.client.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Help;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.UsageMessageSpec;

/**
 * Makes every command's help a page of a manual: what it does, its arguments and options, examples
 * ({@code examples.txt}) and exit codes. The options of all commands are explained once, at the
 * root.
 */
final class Manual {
  private static final List<String> EXAMPLES = read();

  private Manual() {}

  /** The examples of one command, by its whole name, such as {@code cairn backup create}. */
  static List<String> examples(String command) {
    return EXAMPLES.stream().filter(each -> (each + " ").startsWith(command + " ")).toList();
  }

  /** All lines of {@code examples.txt}. */
  static List<String> examples() {
    return EXAMPLES;
  }

  private static List<String> read() {
    try (InputStream in = Manual.class.getResourceAsStream("examples.txt")) {
      if (in == null) {
        throw new IllegalStateException("examples.txt is not in this jar");
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Dresses a command and all below it. */
  static void dress(CommandLine command) {
    UsageMessageSpec usage = command.getCommandSpec().usageMessage();
    usage.width(100).sortOptions(false).abbreviateSynopsis(true);
    if (command.getParent() == null) {
      CommandGroups.showFirst(command);
    } else {
      page(command, usage);
    }
    command.getSubcommands().values().forEach(Manual::dress);
  }

  private static void page(CommandLine command, UsageMessageSpec usage) {
    usage.descriptionHeading("%n");
    usage.parameterListHeading("%nArguments:%n");
    usage.optionListHeading("%nOptions:%n");
    command.setHelpFactory(
        (spec, colors) ->
            new Help(spec, colors) {
              private List<OptionSpec> own() {
                return spec.options().stream().filter(o -> !o.inherited() && !o.hidden()).toList();
              }

              @Override
              public String optionListHeading(Object... parameters) {
                return own().isEmpty() ? "" : super.optionListHeading(parameters);
              }

              @Override
              public String optionList() {
                return optionListExcludingGroups(own()) + optionListGroupSections();
              }
            });
    List<String> footer = new ArrayList<>();
    List<String> examples = examples(command.getCommandSpec().qualifiedName());
    if (command.getSubcommands().isEmpty() && !examples.isEmpty()) {
      footer.add("");
      footer.add("Examples:");
      examples.forEach(each -> footer.add("  " + each.replace("%", "%%")));
    }
    if (command.getSubcommands().isEmpty()) {
      footer.add("");
      footer.add(
          "Exit codes: 0 done; 1 failed; 2 wrong command or request; 3 not found; 4 a conflict,");
      footer.add(
          "  state or limit; 5 server not there or too busy; 6 without the right; 130 Ctrl-C");
    }
    footer.add("");
    footer.add("Options for all commands (--server, --output, …) and more: cairn --help");
    usage.footer(footer.toArray(String[]::new));
  }
}
