package dev.cairn.server.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import com.code_intelligence.jazzer.mutation.annotation.NotNull;
import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import dev.cairn.server.site.query.Position;
import dev.cairn.v1.QueryItemsRequest;

/** Whatever comes as a token or cursor is one of ours or refused as none. */
class TokensFuzzTest {
  private static final QueryItemsRequest REQUEST =
      QueryItemsRequest.newBuilder().setSiteId("shop").build();

  @FuzzTest
  void pageTokenIsOursOrRefused(@NotNull String token) {
    try {
      String position = PageTokens.position(REQUEST, token);
      assertThat(PageTokens.position(REQUEST, PageTokens.make(REQUEST, position)))
          .isEqualTo(position);
    } catch (ServiceException e) {
      assertThat(e.reason()).isEqualTo(Reason.INVALID_PAGE_TOKEN);
    }
  }

  @FuzzTest
  void cursorIsOursOrRefused(@NotNull String cursor) {
    try {
      long position = EventCursors.position(cursor);
      assertThat(EventCursors.position(EventCursors.make(position))).isEqualTo(position);
    } catch (ServiceException e) {
      assertThat(e.reason()).isEqualTo(Reason.INVALID_ARGUMENT);
    }
  }

  /** What a forged token may hold: anybody can compute its seal. */
  @FuzzTest
  void positionInAnOrderIsOursOrRefused(@NotNull String text) {
    try {
      Position position = Position.decode(text);
      assertThat(Position.decode(position.encode())).isEqualTo(position);
    } catch (ServiceException e) {
      assertThat(e.reason()).isEqualTo(Reason.INVALID_PAGE_TOKEN);
    }
  }
}
