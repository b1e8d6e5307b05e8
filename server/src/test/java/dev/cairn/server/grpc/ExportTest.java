package dev.cairn.server.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.rpc.RetryInfo;
import dev.cairn.v1.DeleteSiteRequest;
import dev.cairn.v1.ExportItemsRequest;
import dev.cairn.v1.ExportItemsResponse;
import dev.cairn.v1.Item;
import dev.cairn.v1.TruncateCollectionRequest;
import io.grpc.Context;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ExportTest {
  @TempDir Path data;
  private TestServer server;

  @BeforeEach
  void start() {
    server =
        TestServer.on(
                data,
                "limits.stream-threads",
                "1",
                "limits.export-standstill",
                "300ms",
                "shutdown.grace",
                "50ms")
            .hasSite("shop")
            .hasCollection("shop", "products");
  }

  @AfterEach
  void stop() {
    server.close();
  }

  @Test
  void exportsEverythingInOrder() {
    server.hasItems("shop", "products", 3_500);

    List<ExportItemsResponse> messages = TestServer.all(export(""));

    assertThat(messages.get(0).getItemCount()).isEqualTo(3_500);
    assertThat(messages.get(0).hasSnapshotTime()).isTrue();
    assertThat(messages.subList(1, messages.size()))
        .isNotEmpty()
        .allSatisfy(
            each -> {
              assertThat(each.hasItemCount()).isFalse();
              assertThat(each.hasSnapshotTime()).isFalse();
              assertThat(each.getItemsCount()).isBetween(1, 1_000);
            });
    assertThat(ids(messages))
        .isEqualTo(IntStream.range(0, 3_500).mapToObj("i%05d"::formatted).toList());
  }

  @Test
  void anEmptyCollectionIsOneMessage() {
    List<ExportItemsResponse> messages = TestServer.all(export(""));

    assertThat(messages)
        .singleElement()
        .satisfies(
            each -> {
              assertThat(each.hasItemCount()).isTrue();
              assertThat(each.getItemCount()).isZero();
              assertThat(each.getItemsList()).isEmpty();
            });
  }

  @Test
  void goesOnAfterAnItemThatNeedNotExist() {
    server.hasItems("shop", "products", 10);

    List<ExportItemsResponse> messages = TestServer.all(export("i00006x"));

    assertThat(messages.get(0).getItemCount()).isEqualTo(10);
    assertThat(ids(messages)).containsExactly("i00007", "i00008", "i00009");
  }

  @Test
  void largeItemsTravelInMessagesOfBoundedSize() {
    String large = "{\"t\":\"" + "x".repeat(400_000) + "\"}";
    for (int i = 0; i < 6; i++) {
      server.hasItem("shop", "products", "p" + i, large);
    }

    List<ExportItemsResponse> messages = TestServer.all(export(""));

    assertThat(ids(messages)).hasSize(6);
    assertThat(messages)
        .allSatisfy(each -> assertThat(each.getSerializedSize()).isLessThan(1 << 20));
  }

  @Test
  void showsOneMomentHoweverSlowTheReader() {
    server.hasItems("shop", "products", 5_000);
    Iterator<ExportItemsResponse> reader = export("");
    List<ExportItemsResponse> messages = new ArrayList<>(List.of(reader.next()));

    server
        .items()
        .truncateCollection(
            TruncateCollectionRequest.newBuilder()
                .setSiteId("shop")
                .setCollectionId("products")
                .build());
    server.hasItem("shop", "products", "new", "{}");

    messages.addAll(TestServer.all(reader));
    assertThat(ids(messages)).hasSize(5_000).doesNotContain("new");
  }

  @Test
  void readersThatStandStillHoldNoThreadAndAreEnded() {
    server.hasItems("shop", "products", 5_000);
    List<Iterator<ExportItemsResponse>> standing = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      Iterator<ExportItemsResponse> reader = export("");
      reader.next();
      standing.add(reader);
    }

    // There is one thread for all of them.
    assertThat(ids(TestServer.all(export("")))).hasSize(5_000);

    for (int i = 0; i < 60; i++) {
      TestServer.pause();
    }
    CallError error = CallError.of(() -> TestServer.all(standing.get(0)));
    assertThat(error.code()).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
    assertThat(error.reason()).isEqualTo("DEADLINE_EXCEEDED");
  }

  @Test
  void cancellingLetsTheContentGo() {
    server.hasItems("shop", "products", 5_000);
    Context.CancellableContext context = Context.current().withCancellation();
    context.run(() -> export("").next());

    context.cancel(null);

    TestServer.eventually(this::siteCanBeMadeAnew);
  }

  /**
   * A site's files go when the last lease on them is closed; until then it cannot be made again.
   */
  private boolean siteCanBeMadeAnew() {
    try {
      server
          .sites()
          .deleteSite(
              DeleteSiteRequest.newBuilder()
                  .setSiteId("shop")
                  .setForce(true)
                  .setAllowMissing(true)
                  .build());
      server.hasSite("shop");
      return true;
    } catch (StatusRuntimeException e) {
      return false;
    }
  }

  @Test
  void whatIsNotThereCannotBeExported() {
    ExportItemsRequest request =
        ExportItemsRequest.newBuilder().setSiteId("shop").setCollectionId("nope").build();

    assertThat(CallError.of(() -> TestServer.all(server.items().exportItems(request))).reason())
        .isEqualTo("COLLECTION_NOT_FOUND");
  }

  @Test
  void anOpenExportDoesNotKeepTheServerFromStopping() {
    server.hasItems("shop", "products", 5_000);
    Iterator<ExportItemsResponse> reader = export("");
    reader.next();

    server.server().close();

    CallError error = CallError.of(() -> TestServer.all(reader));
    assertThat(error.code()).isEqualTo(Status.Code.UNAVAILABLE);
    assertThat(error.reason()).isEqualTo("SHUTTING_DOWN");
    assertThat(error.detail(RetryInfo.class).hasRetryDelay()).isTrue();
    server.close();
    // The databases were closed: they can be opened again.
    server = TestServer.on(data);
    assertThat(server.count("shop", "products")).isEqualTo(5_000);
  }

  private Iterator<ExportItemsResponse> export(String after) {
    return server
        .items()
        .exportItems(
            ExportItemsRequest.newBuilder()
                .setSiteId("shop")
                .setCollectionId("products")
                .setAfterItemId(after)
                .build());
  }

  private static List<String> ids(List<ExportItemsResponse> messages) {
    return messages.stream()
        .flatMap(each -> each.getItemsList().stream())
        .map(Item::getId)
        .toList();
  }
}
