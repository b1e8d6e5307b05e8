package dev.cairn.server.restore;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import com.code_intelligence.jazzer.mutation.annotation.NotNull;
import dev.cairn.server.backup.BackupId;
import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import dev.cairn.server.restore.RestorationRecord.Entry;
import dev.cairn.server.restore.RestorationRecord.Outcome;
import dev.cairn.server.site.SiteId;
import dev.cairn.server.store.CollectionId;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.zip.CRC32C;

/** Whatever comes as the token of a preview is ours and of this choice, or refused. */
class PreviewTokenFuzzTest {
  private static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");
  private static final CollectionId PAGES = new CollectionId("pages");
  private static final PreviewToken.Choice CHOICE =
      new PreviewToken.Choice(
          new SiteId("shop"),
          new SiteId("shop"),
          new BackupId("b1"),
          List.of(new Entry(PAGES, PAGES, "", 1, 1, false, Outcome.NONE)));

  /** Also the seed of the first test: what is changed starts from a token that is good. */
  private static final String GOOD = PreviewToken.of(CHOICE, "state", NOW.plusSeconds(1)).value();

  @FuzzTest
  void textIsTheGoodTokenOrRefused(@NotNull String text) {
    assertTaken(text, text.equals(GOOD));
    for (int at = 0; at < Math.min(text.length(), GOOD.length()); at++) {
      String spliced = GOOD.substring(0, at) + text.charAt(at) + GOOD.substring(at + 1);
      assertTaken(spliced, spliced.equals(GOOD));
    }
  }

  /** Anybody can compute the checksum: no version, time or digest makes more than a refusal. */
  @FuzzTest
  void bodyWithTheRightChecksumIsRefused(byte @NotNull [] body) {
    CRC32C crc = new CRC32C();
    crc.update(body);
    byte[] sealed =
        ByteBuffer.allocate(body.length + Integer.BYTES)
            .put(body)
            .putInt((int) crc.getValue())
            .array();
    String text = Base64.getUrlEncoder().withoutPadding().encodeToString(sealed);
    assertTaken(text, text.equals(GOOD));
  }

  private static void assertTaken(String text, boolean taken) {
    try {
      PreviewToken token = new PreviewToken(text);
      token.require(CHOICE, NOW);
      token.requireState("state");
      assertThat(taken).as(text).isTrue();
    } catch (ServiceException e) {
      assertThat(taken).as(text).isFalse();
      assertThat(e.reason()).isIn(Reason.INVALID_ARGUMENT, Reason.PREVIEW_OUTDATED);
    }
  }
}
