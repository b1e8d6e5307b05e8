package dev.cairn.server.grpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import dev.cairn.v1.BackupState;
import dev.cairn.v1.ListBackupsRequest;
import dev.cairn.v1.ListItemsRequest;
import org.junit.jupiter.api.Test;

class PageTokensTest {
  private static final ListBackupsRequest REQUEST =
      ListBackupsRequest.newBuilder()
          .setSiteId("shop")
          .addStates(BackupState.BACKUP_STATE_READY)
          .putLabels("a", "1")
          .putLabels("b", "2")
          .build();

  @Test
  void givesBackThePosition() {
    String token = PageTokens.make(REQUEST, "pö\u0001sition");

    assertThat(PageTokens.position(REQUEST, token)).isEqualTo("pö\u0001sition");
    assertThat(PageTokens.position(REQUEST, "")).isEmpty();
  }

  @Test
  void doesNotMindThePageSizeNorTheOrderOfLabels() {
    String token = PageTokens.make(REQUEST, "x");
    ListBackupsRequest other =
        ListBackupsRequest.newBuilder()
            .putLabels("b", "2")
            .putLabels("a", "1")
            .addStates(BackupState.BACKUP_STATE_READY)
            .setSiteId("shop")
            .setPageSize(7)
            .setPageToken(token)
            .build();

    assertThat(PageTokens.position(other, token)).isEqualTo("x");
  }

  @Test
  void isBoundToRpcSiteAndFilters() {
    String token = PageTokens.make(REQUEST, "x");

    assertInvalid(REQUEST.toBuilder().setSiteId("other").build(), token);
    assertInvalid(REQUEST.toBuilder().clearStates().build(), token);
    assertInvalid(REQUEST.toBuilder().putLabels("a", "9").build(), token);
    assertThatThrownBy(
            () ->
                PageTokens.position(ListItemsRequest.newBuilder().setSiteId("shop").build(), token))
        .isInstanceOf(ServiceException.class);
  }

  @Test
  void noticesEveryChange() {
    String token = PageTokens.make(REQUEST, "position");
    for (int i = 0; i < token.length(); i++) {
      char other = token.charAt(i) == 'A' ? 'Q' : 'A';
      String changed = token.substring(0, i) + other + token.substring(i + 1);
      assertInvalid(REQUEST, changed);
    }
    assertInvalid(REQUEST, token.substring(0, token.length() - 4));
    assertInvalid(REQUEST, token + "AAAA");
    assertInvalid(REQUEST, "not base64!");
    assertInvalid(REQUEST, "AA");
  }

  private static void assertInvalid(ListBackupsRequest request, String token) {
    assertThatThrownBy(() -> PageTokens.position(request, token))
        .isInstanceOfSatisfying(
            ServiceException.class,
            e -> {
              assertThat(e.reason()).isEqualTo(Reason.INVALID_PAGE_TOKEN);
              assertThat(e.violations()).extracting("field").containsExactly("page_token");
            });
  }
}
