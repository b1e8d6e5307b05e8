package dev.cairn.server.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.cairn.server.config.PropertiesText.BadLineException;
import dev.cairn.server.config.PropertiesText.Line;
import java.io.StringReader;
import java.util.HashMap;
import java.util.Map;
import java.util.Properties;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class PropertiesTextTest {
  @Test
  void numbersLines() throws Exception {
    String text = "# comment\n\na=1\n  ! comment \\\nb : two\\\n   three\n\nc\n";

    assertThat(PropertiesText.parse(text))
        .containsExactly(new Line(3, "a", "1"), new Line(5, "b", "twothree"), new Line(8, "c", ""));
  }

  @Test
  void keepsALineThatRepeatsAName() throws Exception {
    assertThat(PropertiesText.parse("a=1\r\na=2"))
        .containsExactly(new Line(1, "a", "1"), new Line(2, "a", "2"));
  }

  @Test
  void dropsSpaceAfterAValueAndAByteOrderMark() throws Exception {
    assertThat(PropertiesText.parse("\ufeffa = 1  \t\n")).containsExactly(new Line(1, "a", "1"));
  }

  @Test
  void namesALineThatIsNotUnderstood() {
    assertThatExceptionOfType(BadLineException.class)
        .isThrownBy(() -> PropertiesText.parse("a=1\nb=\\u12x4\n"))
        .withMessageContaining("line 2");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "a=b",
        "a b",
        "a:b",
        "a\\=b=c",
        "a=\\u00e9\u00e9",
        "a=b\\\\",
        "a=b\\\\\\\nc",
        "a=b\\",
        "a=b\\\n",
        "a=1\\\n\\\n2",
        "# a=b\\\nc=d",
        "a=\\t1",
        "a=#b!c",
        "\\#a=b",
        "a=b\\\n#c",
        "a=1\rb=2\r\nc=3",
        "=x",
        "",
        "\\",
      })
  void readsWhatPropertiesRead(String text) throws Exception {
    Properties expected = new Properties();
    expected.load(new StringReader(text));
    Map<String, String> stripped = new HashMap<>();
    expected.forEach((name, value) -> stripped.put((String) name, ((String) value).strip()));

    Map<String, String> actual = new HashMap<>();
    PropertiesText.parse(text).forEach(line -> actual.put(line.name(), line.value()));

    assertThat(actual).isEqualTo(stripped);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "a", "C:\\a\\b", "a=b", "a#b", "#a", "a\tb\nc\rd", "\u00fc", "\\", ":"})
  void escapedValueReadsAsItself(String value) throws Exception {
    assertThat(PropertiesText.parse("a=" + PropertiesText.escape(value)))
        .containsExactly(new Line(1, "a", value));
  }
}
