package dev.cairn.server.site.query;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.cairn.server.site.query.Field.Attribute;
import dev.cairn.server.site.query.Field.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FieldTest {
  @Test
  void splitsAtDots() {
    assertThat(Field.parse("a")).isEqualTo(path("a"));
    assertThat(Field.parse("address.city")).isEqualTo(path("address", "city"));
    assertThat(Field.parse("tags.0")).isEqualTo(path("tags", "0"));
    assertThat(Field.parse("a..b.")).isEqualTo(path("a", "", "b", ""));
  }

  @Test
  void takesWhatFollowsABackslashAsPartOfAKey() {
    assertThat(Field.parse("a\\.b")).isEqualTo(path("a.b"));
    assertThat(Field.parse("a\\\\.b")).isEqualTo(path("a\\", "b"));
    assertThat(Field.parse("\\@id")).isEqualTo(path("@id"));
    assertThat(Field.parse("a.@b@")).isEqualTo(path("a", "@b@"));
  }

  @Test
  void knowsAnItemsOwnFields() {
    assertThat(Field.parse("@id")).isEqualTo(Attribute.ID);
    assertThat(Field.parse("@owner")).isEqualTo(Attribute.OWNER);
    assertThat(Field.parse("@revision")).isEqualTo(Attribute.REVISION);
    assertThat(Field.parse("@create_time")).isEqualTo(Attribute.CREATE_TIME);
    assertThat(Field.parse("@update_time")).isEqualTo(Attribute.UPDATE_TIME);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "@", "@ID", "@id.x", "@data", "a\\b", "a\\", "\\"})
  void refusesWhatIsNoPath(String path) {
    assertThatIllegalArgumentException().isThrownBy(() -> Field.parse(path));
  }

  @Test
  void acceptsNoMoreThanTheLimits() {
    Field.parse("é".repeat(500));
    Field.parse("a" + ".a".repeat(31));
    assertThatIllegalArgumentException().isThrownBy(() -> Field.parse("é".repeat(500) + "e"));
    assertThatIllegalArgumentException().isThrownBy(() -> Field.parse("a" + ".a".repeat(32)));
  }

  private static Path path(String... segments) {
    return new Path(List.of(segments));
  }
}
