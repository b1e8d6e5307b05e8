package dev.cairn.client.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.client.CairnClient;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine;

/** Each command's help is a page of a manual, and what it shows works. */
class ManualTest {
  /** As a shell reads words: some in single quotes. */
  private static final Pattern WORD = Pattern.compile("'([^']*)'|(\\S+)");

  private static CommandLine commands() {
    CommandLine root =
        new CairnCli(Terminal.system(), CairnClient::builder)
            .commandLine()
            .setExpandAtFiles(false)
            .setCaseInsensitiveEnumValuesAllowed(true);
    Manual.dress(root);
    return root;
  }

  static Stream<CommandLine> leaves() {
    List<CommandLine> leaves = new ArrayList<>();
    collect(commands(), leaves);
    assertThat(leaves).hasSizeGreaterThan(40);
    return leaves.stream();
  }

  private static void collect(CommandLine command, List<CommandLine> leaves) {
    if (command.getSubcommands().isEmpty()) {
      leaves.add(command);
    }
    command.getSubcommands().values().forEach(each -> collect(each, leaves));
  }

  static List<String> examples() {
    return Manual.examples();
  }

  @ParameterizedTest
  @MethodSource("leaves")
  void eachCommandSaysWhatItDoesHowAndWithWhichExitCodes(CommandLine command) {
    String name = command.getCommandSpec().qualifiedName();
    String help = command.getUsageMessage(CommandLine.Help.Ansi.OFF);

    assertThat(help).as(name).startsWith("Usage: " + name).contains("Exit codes: 0 done");
    assertThat(help).as("an example of " + name).contains("Examples:\n  " + name);
    assertThat(command.getCommandSpec().usageMessage().description()).as(name).isNotEmpty();
    assertThat(command.getCommandSpec().positionalParameters())
        .as(name)
        .allSatisfy(each -> assertThat(each.description()).as(name).isNotEmpty());
    assertThat(command.getCommandSpec().options())
        .as(name)
        .allSatisfy(each -> assertThat(each.description()).as(name).isNotEmpty());
  }

  @ParameterizedTest
  @MethodSource("examples")
  void eachExampleIsACommandThatIsThere(String example) {
    List<String> words = new ArrayList<>();
    for (Matcher word = WORD.matcher(example); word.find(); ) {
      words.add(word.group(1) != null ? word.group(1) : word.group(2));
    }
    CommandLine.ParseResult parsed =
        commands().parseArgs(words.subList(1, words.size()).toArray(String[]::new));

    CommandLine last = parsed.asCommandLineList().get(parsed.asCommandLineList().size() - 1);
    assertThat(last.getSubcommands()).as("a verb in " + example).isEmpty();
    assertThat(last.getUnmatchedArguments()).as(example).isEmpty();
  }
}
