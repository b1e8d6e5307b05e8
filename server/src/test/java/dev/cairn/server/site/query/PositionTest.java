package dev.cairn.server.site.query;

import static dev.cairn.server.site.query.Documents.value;
import static dev.cairn.server.store.StoreFixtures.assertFails;
import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.server.error.Reason;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PositionTest {
  private static final Position EVERY_TYPE =
      new Position(
          List.of(
              FieldValue.MISSING,
              FieldValue.NULL,
              FieldValue.TRUE,
              FieldValue.FALSE,
              value("-12.5e99999999999999999999"),
              value("0"),
              new FieldValue.Text(""),
              new FieldValue.Text("\0é😀\ud800"),
              new FieldValue.Text("ab".repeat(100_000)),
              new FieldValue.Time(Instant.parse("2026-01-31T10:00:00.000000001Z")),
              FieldValue.Arr.EMPTY,
              FieldValue.Obj.EMPTY),
          "id 😀");

  @Test
  void comesBackFromItsText() {
    assertThat(Position.decode(EVERY_TYPE.encode())).isEqualTo(EVERY_TYPE);
    assertThat(EVERY_TYPE.encode()).matches("[A-Za-z0-9_-]+").hasSizeLessThan(280_000);
    assertThat(Position.decode(Position.of("x").encode())).isEqualTo(Position.of("x"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "AQ", "AAAA", "not a token", "AQAAAAEAAXgB"})
  void refusesWhatItDidNotWrite(String text) {
    assertFails(Reason.INVALID_PAGE_TOKEN, () -> Position.decode(text));
  }

  @Test
  void survivesDamage() {
    byte[] bytes = Base64.getUrlDecoder().decode(EVERY_TYPE.encode());
    Random random = new Random(5);
    for (int i = 0; i < 500; i++) {
      byte[] damaged = java.util.Arrays.copyOf(bytes, random.nextInt(100));
      if (damaged.length > 0) {
        damaged[random.nextInt(damaged.length)] = (byte) random.nextInt();
      }
      String text = Base64.getUrlEncoder().withoutPadding().encodeToString(damaged);
      assertFails(Reason.INVALID_PAGE_TOKEN, () -> Position.decode(text));
    }
  }
}
