package dev.cairn.server.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class FlagsTest {
  @Test
  void readsBothFormsAndSwitches() {
    Flags flags = parse("--a=1", "--b", "2", "--help", "--c=x=y", "--d=", "--config", "file");

    assertThat(flags.keys())
        .containsEntry("a", "1")
        .containsEntry("b", "2")
        .containsEntry("c", "x=y")
        .containsEntry("d", "")
        .hasSize(4);
    assertThat(flags.has("help")).isTrue();
    assertThat(flags.has("version")).isFalse();
    assertThat(flags.option("config")).contains("file");
    assertThat(flags.option("other")).isEmpty();
    assertThat(flags.problems()).isEmpty();
    assertThat(flags.withoutValue()).isEmpty();
  }

  @Test
  void takesAValueThatStartsWithOneHyphen() {
    assertThat(parse("--a", "-5").keys()).containsEntry("a", "-5");
  }

  @Test
  void noticesMissingValues() {
    Flags flags = parse("--a", "--b=1", "--config");

    assertThat(flags.withoutValue()).containsExactly("a", "config");
    assertThat(flags.keys()).containsOnlyKeys("b");
  }

  @Test
  void keepsAllThatIsWrong() {
    Flags flags = parse("start", "-x", "--", "--=1", "--a=1", "--a=2", "--help=yes");

    assertThat(flags.problems())
        .hasSize(6)
        .anyMatch(problem -> problem.contains("\"start\""))
        .anyMatch(problem -> problem.contains("\"-x\""))
        .anyMatch(problem -> problem.contains("\"--\""))
        .anyMatch(problem -> problem.contains("\"--=1\""))
        .anyMatch(problem -> problem.equals("flag --a is given twice"))
        .anyMatch(problem -> problem.equals("flag --help has no value"));
    assertThat(flags.keys()).containsEntry("a", "1");
  }

  private static Flags parse(String... arguments) {
    return Flags.parse(List.of(arguments), Set.of("help", "version"), Set.of("config", "other"));
  }
}
