package dev.cairn.server.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ConfigLoaderTest {
  private static final ConfigKey<Integer> COUNT =
      new ConfigKey<>("some.count", ConfigType.integer(1, 9), "3", "How many | of them.");
  private static final ConfigKey<Integer> MORE =
      new ConfigKey<>("some.more-count", ConfigType.integer(1, 9), "5", "More of them.");
  private static final ConfigKey<String> TOKEN =
      new ConfigKey<>("token", ConfigType.host(), "hidden", true, "Keep it to yourself.");
  private static final ConfigTable TABLE = new ConfigTable(List.of(COUNT, MORE, TOKEN));

  @TempDir Path directory;

  @Test
  void laterSourcesWin() throws IOException {
    String file = write("some.count=1\nsome.more-count=1\n");
    Map<String, String> environment = Map.of("CAIRN_SOME_COUNT", "2", "CAIRN_SOME_MORE_COUNT", "2");

    assertThat(loader().finish().get(COUNT)).isEqualTo(3);
    assertThat(loader().file(file).finish().get(COUNT)).isEqualTo(1);
    assertThat(loader().file(file).environment(environment).finish().get(COUNT)).isEqualTo(2);
    ConfigValues all =
        loader().file(file).environment(environment).flags(flags("--some.count=4")).finish();
    assertThat(all.get(COUNT)).isEqualTo(4);
    assertThat(all.get(MORE)).isEqualTo(2);
    assertThat(all.get(TOKEN)).isEqualTo("hidden");
  }

  @Test
  void reportsEverythingAtOnceWithItsSource() throws IOException {
    String file =
        write("# comment\nsome.count=0\nsome.cuont=1\nsome.more-count=1\n\nsome.count=1\n");
    Map<String, String> environment = Map.of("CAIRN_SOME_COUNT", "x", "CAIRN_SOME_CNT", "1");

    List<String> problems =
        problems(
            loader()
                .file(file)
                .environment(environment)
                .flags(flags("--some.count=10", "--tokn=a", "--some.more-count", "stray")));

    assertThat(problems)
        .containsExactly(
            "some.count: \"0\" (file " + file + ", line 2) must be a whole number (1 to 9)",
            "some.cuont (file " + file + ", line 3) is not known; did you mean some.count?",
            "some.count (file " + file + ", line 6) was already set in line 2",
            "variable CAIRN_SOME_CNT is not known; did you mean CAIRN_SOME_COUNT?",
            "some.count: \"x\" (variable CAIRN_SOME_COUNT) must be a whole number (1 to 9)",
            "some.count: \"10\" (flag --some.count) must be a whole number (1 to 9)",
            "some.more-count: \"stray\" (flag --some.more-count) must be a whole number (1 to 9)",
            "tokn (flag --tokn) is not known; did you mean token?");
  }

  @Test
  void messageListsAllProblems() {
    ConfigException refused =
        catchThrowableOfType(
            ConfigException.class,
            () -> loader().flags(flags("--some.count=0", "--some.more-count=0")).finish());

    assertThat(refused.getMessage())
        .isEqualTo(
            "the configuration was refused:\n"
                + "  - some.count: \"0\" (flag --some.count) must be a whole number (1 to 9)\n"
                + "  - some.more-count: \"0\" (flag --some.more-count) must be a whole number"
                + " (1 to 9)");
  }

  @Test
  void flagsWithoutTheirValueAreProblems() {
    assertThat(problems(loader().flags(flags("--some.count"))))
        .containsExactly("flag --some.count needs a value: a whole number (1 to 9)");
    assertThat(problems(loader().flags(flags("--config"))))
        .containsExactly("flag --config needs a value");
    assertThat(problems(loader().flags(flags("--hepl"))))
        .containsExactly("flag --hepl is not known; did you mean --help?");
  }

  @Test
  void emptyVariablesCountAsNotSet() {
    assertThat(loader().environment(Map.of("CAIRN_SOME_COUNT", "")).finish().get(COUNT))
        .isEqualTo(3);
  }

  @Test
  void variablesOfOthersAreLeftAlone() {
    loader()
        .environment(
            Map.of(
                "PATH", "/bin",
                "CAIRN", "1",
                "CAIRN_SERVICE_HOST", "10.0.0.1",
                "CAIRN_SERVICE_PORT", "7600",
                "CAIRN_SERVICE_PORT_GRPC", "7600",
                "CAIRN_PORT", "tcp://10.0.0.1:7600",
                "CAIRN_PORT_7600_TCP_ADDR", "10.0.0.1",
                "CAIRN_CLI_OUTPUT", "json"))
        .finish();

    assertThat(problems(loader().environment(Map.of("CAIRN_PORT_FILE", "x")))).hasSize(1);
  }

  @Test
  void fileThatCannotBeReadIsAProblem() throws IOException {
    Path bytes = directory.resolve("bytes");
    Files.write(bytes, new byte[] {'a', '=', (byte) 0xff});

    assertThat(problems(loader().file(directory + "/none")))
        .containsExactly("file " + directory + "/none does not exist");
    assertThat(problems(loader().file(bytes.toString())))
        .containsExactly("file " + bytes + " is not UTF-8");
    assertThat(problems(loader().file(directory.toString())).get(0)).contains("cannot be read");
    assertThat(problems(loader().file("\u0000"))).hasSize(1);
    assertThat(problems(loader().file(write("a=\\u00"))).get(0)).contains("line 1");
  }

  @Test
  void oneValueMustBeLessThanAnother() {
    loader().requireLess(COUNT, MORE).finish();
    assertThat(problems(loader().flags(flags("--some.count=5")).requireLess(COUNT, MORE)))
        .containsExactly(
            "some.count: \"5\" (flag --some.count) must be less than"
                + " some.more-count: \"5\" (default)");
  }

  @Test
  void refusedValueIsNotComparedAsWell() {
    ConfigLoader loader = loader().flags(flags("--some.count=8", "--some.more-count=10"));

    assertThat(problems(loader.requireLess(COUNT, MORE))).hasSize(1);
  }

  @Test
  void secretsAreNeverShown() {
    assertThat(loader().flags(flags("--token=abc")).finish().print())
        .contains("token=***")
        .doesNotContain("abc");
    assertThat(problems(loader().flags(flags("--token=a b c"))).get(0))
        .contains("token: \"***\"")
        .doesNotContain("a b c");
    assertThat(loader().finish().print() + TABLE.help() + TABLE.markdownTable())
        .doesNotContain("hidden");
  }

  @Test
  void printsValuesWithTheirSource() throws IOException {
    String file = write("some.more-count=05");

    assertThat(loader().file(file).environment(Map.of("CAIRN_TOKEN", "x")).finish().print())
        .isEqualTo(
            "some.count=3\n"
                + "# file "
                + file
                + ", line 1\n"
                + "some.more-count=5\n"
                + "# variable CAIRN_TOKEN\n"
                + "token=***\n");
  }

  @Test
  void tableIsMarkdown() {
    assertThat(TABLE.markdownTable())
        .isEqualTo(
            """
            | key | default | allowed | meaning |
            | --- | --- | --- | --- |
            | `some.count` | `3` | 1 to 9 | How many \\| of them. |
            | `some.more-count` | `5` | 1 to 9 | More of them. |
            | `token` | `***` | a host name or an IP address | Keep it to yourself. |
            """);
  }

  @Test
  void helpNamesEveryWayToSetAKey() {
    assertThat(TABLE.help())
        .startsWith(
            """
              --some.count
                  How many | of them.
                  default 3; a whole number (1 to 9); CAIRN_SOME_COUNT
            """);
  }

  @Test
  void keysAndDefaultsAreChecked() {
    ConfigType<Integer> type = ConfigType.integer(1, 9);

    assertThatIllegalArgumentException().isThrownBy(() -> new ConfigKey<>("A", type, "1", ""));
    assertThatIllegalArgumentException().isThrownBy(() -> new ConfigKey<>("a_b", type, "1", ""));
    assertThatIllegalArgumentException().isThrownBy(() -> new ConfigKey<>("a", type, "0", ""));
    assertThatIllegalArgumentException()
        .isThrownBy(
            () ->
                new ConfigTable(
                    List.of(
                        new ConfigKey<>("a.b", type, "1", ""),
                        new ConfigKey<>("a-b", type, "1", ""))));
  }

  private static ConfigLoader loader() {
    return new ConfigLoader(TABLE);
  }

  private static Flags flags(String... arguments) {
    return Flags.parse(List.of(arguments), Set.of("help"), Set.of("config"));
  }

  private static List<String> problems(ConfigLoader loader) {
    ConfigException refused = catchThrowableOfType(ConfigException.class, loader::finish);
    assertThat(refused).isNotNull();
    return refused.problems();
  }

  private String write(String text) throws IOException {
    return Files.writeString(directory.resolve("cairn.properties"), text).toString();
  }
}
