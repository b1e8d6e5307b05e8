package dev.cairn.client.cli;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine;
import picocli.CommandLine.Help;
import picocli.CommandLine.Help.Column;
import picocli.CommandLine.Help.TextTable;
import picocli.CommandLine.IHelpSectionRenderer;
import picocli.CommandLine.Model.UsageMessageSpec;

/** The commands of the root, in the order in which somebody comes to need them. */
final class CommandGroups implements IHelpSectionRenderer {
  private static final Map<String, List<String>> GROUPS = new LinkedHashMap<>();
  private static final int NAME_WIDTH = 16;
  private static final int INDENT = 2;

  static {
    GROUPS.put("Begin", List.of("tour", "console", "help", "completion"));
    GROUPS.put("Content", List.of("site", "collection", "item"));
    GROUPS.put("Backups", List.of("backup", "schedule"));
    GROUPS.put("Putting back", List.of("restore", "restoration"));
    GROUPS.put("What happens", List.of("event"));
  }

  /** Lists the commands in groups, before the options. */
  static void showFirst(CommandLine root) {
    UsageMessageSpec usage = root.getCommandSpec().usageMessage();
    List<String> sections = new ArrayList<>(usage.sectionKeys());
    sections.remove(UsageMessageSpec.SECTION_KEY_COMMAND_LIST_HEADING);
    sections.remove(UsageMessageSpec.SECTION_KEY_COMMAND_LIST);
    sections.add(
        sections.indexOf(UsageMessageSpec.SECTION_KEY_OPTION_LIST_HEADING),
        UsageMessageSpec.SECTION_KEY_COMMAND_LIST);
    usage.sectionKeys(sections);
    usage.optionListHeading("%nOptions for all commands:%n");
    root.getHelpSectionMap().put(UsageMessageSpec.SECTION_KEY_COMMAND_LIST, new CommandGroups());
  }

  @Override
  public String render(Help help) {
    int width = help.commandSpec().usageMessage().width();
    StringBuilder text = new StringBuilder();
    GROUPS.forEach(
        (title, names) -> {
          TextTable table =
              TextTable.forColumns(
                  help.colorScheme(),
                  new Column(NAME_WIDTH, INDENT, Column.Overflow.SPAN),
                  new Column(width - NAME_WIDTH, INDENT, Column.Overflow.WRAP));
          for (String name : names) {
            CommandLine command = help.commandSpec().subcommands().get(name);
            if (command != null) {
              String[] description = command.getCommandSpec().usageMessage().description();
              table.addRowValues(name, description[0]);
            }
          }
          text.append(String.format("%n%s:%n%s", title, table));
        });
    return text.toString();
  }

  /** Whether a command has its place in a group. */
  static boolean has(String name) {
    return GROUPS.values().stream().anyMatch(names -> names.contains(name));
  }
}
