package dev.cairn.client;

import static dev.cairn.client.fake.Errors.transport;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.cairn.client.fake.Errors;
import dev.cairn.client.fake.FakeServer;
import dev.cairn.v1.ErrorReason;
import dev.cairn.v1.ExportItemsRequest;
import dev.cairn.v1.Item;
import io.grpc.Status.Code;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ItemExportTest {
  private final FakeServer server = new FakeServer().with("shop", "orders");
  private final CairnClient cairn = Clients.of(server);

  @AfterEach
  void close() {
    cairn.close();
    server.close();
  }

  @Test
  void givesAllItemsInOrder() {
    put(8);

    try (ItemExport export = cairn.items().exportItems("shop", "orders")) {
      assertThat(export.itemCount()).isEqualTo(8);
      assertThat(export.snapshotTime().getSeconds()).isPositive();
      assertThat(ids(export)).hasSize(8).isSorted();
      assertThat(export.resumptions()).isZero();
    }
  }

  @Test
  void givesNothingOfAnEmptyCollection() {
    try (ItemExport export = cairn.items().exportItems("shop", "orders")) {
      assertThat(export.hasNext()).isFalse();
      assertThat(export.itemCount()).isZero();
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3, 4})
  void goesOnAfterTheLastItemWhenItBreaks(int answers) {
    put(8);
    server.faults().cutAfterAnswers("ExportItems", answers, transport(Code.UNAVAILABLE));

    try (ItemExport export = cairn.items().exportItems("shop", "orders")) {
      assertThat(ids(export)).hasSize(8).isSorted().doesNotHaveDuplicates();
      assertThat(export.resumptions()).isEqualTo(1);
    }
    int came = Math.min(8, Math.max(0, answers - 1) * FakeServer.EXPORT_PAGE);
    assertThat(server.faults().requests("ExportItems", ExportItemsRequest.class).get(1))
        .extracting(ExportItemsRequest::getAfterItemId)
        .isEqualTo(came == 0 ? "" : "i" + (came - 1));
  }

  @Test
  void goesOnWithANewTokenWhenTheOldOneHasExpired() {
    put(8);
    server.faults().cutAfterAnswers("ExportItems", 2, Errors.unauthenticated("expired"));

    try (ItemExport export = cairn.items().exportItems("shop", "orders")) {
      assertThat(ids(export)).hasSize(8).isSorted().doesNotHaveDuplicates();
      assertThat(export.resumptions()).isEqualTo(1);
    }
  }

  @Test
  void doesNotTryAnExpiredTokenTwice() {
    put(8);
    server.faults().cutAfterAnswers("ExportItems", 2, Errors.unauthenticated("expired"));
    server.faults().fail("ExportItems", Errors.unauthenticated("expired"));

    try (ItemExport export = cairn.items().exportItems("shop", "orders")) {
      CairnException failure = catchThrowableOfType(CairnException.class, () -> ids(export));

      assertThat(failure.reason()).isEqualTo(ErrorReason.ERROR_REASON_UNAUTHENTICATED);
      assertThat(server.faults().received("ExportItems")).hasSizeLessThanOrEqualTo(2);
    }
  }

  @Test
  void throwsWhenThereIsNothingToExport() {
    try (ItemExport export = cairn.items().exportItems("shop", "nothing")) {
      CairnException failure = catchThrowableOfType(CairnException.class, export::hasNext);

      assertThat(failure.reason()).isEqualTo(ErrorReason.ERROR_REASON_COLLECTION_NOT_FOUND);
    }
  }

  @Test
  void endsWhenClosed() {
    put(8);

    ItemExport export = cairn.items().exportItems("shop", "orders");
    export.next();
    export.close();

    assertThat(export.hasNext()).isFalse();
  }

  private void put(int count) {
    for (int i = 0; i < count; i++) {
      server.with("shop", "orders", "i" + i, "{\"n\":" + i + "}");
    }
  }

  private static List<String> ids(ItemExport export) {
    List<String> ids = new ArrayList<>();
    export.forEachRemaining((Item item) -> ids.add(item.getId()));
    return ids;
  }
}
