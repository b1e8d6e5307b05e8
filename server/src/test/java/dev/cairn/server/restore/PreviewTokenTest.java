package dev.cairn.server.restore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cairn.server.backup.BackupId;
import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import dev.cairn.server.restore.RestorationRecord.Entry;
import dev.cairn.server.restore.RestorationRecord.Outcome;
import dev.cairn.server.site.SiteId;
import dev.cairn.server.store.CollectionId;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

class PreviewTokenTest {
  private static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");
  private static final Instant END = NOW.plus(Duration.ofHours(1));

  private final PreviewToken token = PreviewToken.of(choice("b1", "pages"), "state", END);

  @Test
  void acceptsWhatWasPreviewed() {
    assertThatCode(
            () -> {
              token.require(choice("b1", "pages"), END);
              token.requireState("state");
            })
        .doesNotThrowAnyException();
  }

  @Test
  void refusesAnotherBackupAndAnotherSelection() {
    assertReason(() -> token.require(choice("b2", "pages"), NOW), Reason.INVALID_ARGUMENT);
    assertReason(() -> token.require(choice("b1", "posts"), NOW), Reason.INVALID_ARGUMENT);
  }

  @Test
  void refusesChangedContentAndAnOldPreview() {
    assertReason(() -> token.requireState("other"), Reason.PREVIEW_OUTDATED);
    assertReason(
        () -> token.require(choice("b1", "pages"), END.plusMillis(1)), Reason.PREVIEW_OUTDATED);
  }

  @Test
  void refusesATokenWithAnyFlippedBit() {
    byte[] bytes = Base64.getUrlDecoder().decode(token.value());
    for (int bit = 0; bit < bytes.length * 8; bit++) {
      byte[] damaged = bytes.clone();
      damaged[bit / 8] ^= (byte) (1 << (bit % 8));
      PreviewToken other =
          new PreviewToken(Base64.getUrlEncoder().withoutPadding().encodeToString(damaged));
      assertReason(() -> other.require(choice("b1", "pages"), NOW), Reason.INVALID_ARGUMENT);
    }
  }

  @Test
  void refusesAnyOtherText() {
    for (String text : List.of("", "x", "!!!", token.value() + "A", "\u00e9")) {
      assertReason(
          () -> new PreviewToken(text).require(choice("b1", "pages"), NOW),
          Reason.INVALID_ARGUMENT);
    }
  }

  private static PreviewToken.Choice choice(String backup, String collection) {
    CollectionId id = new CollectionId(collection);
    return new PreviewToken.Choice(
        new SiteId("shop"),
        new SiteId("shop"),
        new BackupId(backup),
        List.of(new Entry(id, id, "", 1, 1, false, Outcome.NONE)));
  }

  private static void assertReason(ThrowingCallable call, Reason reason) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            ServiceException.class, e -> assertThat(e.reason()).isEqualTo(reason));
  }
}
