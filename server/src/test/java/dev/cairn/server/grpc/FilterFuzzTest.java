package dev.cairn.server.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import com.code_intelligence.jazzer.mutation.annotation.NotNull;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.cairn.v1.CountItemsRequest;
import dev.cairn.v1.Filter;
import dev.cairn.v1.FilterList;
import dev.cairn.v1.QueryItemsRequest;
import dev.cairn.v1.QueryItemsResponse;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.util.Optional;

/** Whatever is asked of a query is refused with a reason, or answered. */
class FilterFuzzTest {
  private static final TestServer SERVER = start();

  private static TestServer start() {
    try {
      return TestServer.on(Files.createTempDirectory("cairn-filter-fuzz"))
          .hasSite("shop")
          .hasCollection("shop", "products")
          .hasItem("shop", "products", "a", "{}")
          .hasItem(
              "shop",
              "products",
              "b",
              "{\"a\":1.5e300,\"b\":[1,\"x\",null,{\"c\":[]}],\"c\":{\"d\":{\"e\":\"é\"}}}")
          .hasItem("shop", "products", "c", "{\"a\":\"text\",\"b\":true,\"c\":[[[]]],\"d\":-0}");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @FuzzTest
  void bytesAreRefusedOrAnswered(byte @NotNull [] bytes) {
    try {
      ask(QueryItemsRequest.parseFrom(bytes));
    } catch (InvalidProtocolBufferException e) {
      return; // it would not have come so far
    }
  }

  /** The same, from messages that the fuzzer makes and changes field by field. */
  @FuzzTest
  void messageIsRefusedOrAnswered(@NotNull QueryItemsRequest request) {
    ask(request);
  }

  private static void ask(QueryItemsRequest request) {
    query(request.toBuilder());
    // A filter and its opposite share the items between them.
    Filter none =
        Filter.newBuilder()
            .setNoneOf(FilterList.newBuilder().addFilters(request.getFilter()))
            .build();
    Optional<Long> matching = count(request.getFilter());
    Optional<Long> others = count(none);
    if (matching.isPresent() && others.isPresent()) {
      assertThat(matching.get() + others.get()).isEqualTo(3);
    }
  }

  private static void query(QueryItemsRequest.Builder request) {
    request.setSiteId("shop").setCollectionId("products");
    try {
      QueryItemsResponse answer = SERVER.items().queryItems(request.build());
      assertThat(answer.getItemsCount()).isLessThanOrEqualTo(3);
      if (!answer.getNextPageToken().isEmpty()) {
        request.setPageToken(answer.getNextPageToken());
        assertThat(SERVER.items().queryItems(request.build()).getItemsCount()).isLessThan(3);
      }
    } catch (StatusRuntimeException e) {
      assertRefused(e);
    }
  }

  private static Optional<Long> count(Filter filter) {
    try {
      return Optional.of(
          SERVER
              .items()
              .countItems(
                  CountItemsRequest.newBuilder()
                      .setSiteId("shop")
                      .setCollectionId("products")
                      .setFilter(filter)
                      .build())
              .getItemCount());
    } catch (StatusRuntimeException e) {
      assertRefused(e);
      return Optional.empty();
    }
  }

  private static void assertRefused(StatusRuntimeException e) {
    assertThat(CallError.of(e).code())
        .as("%s", e)
        .isIn(Status.Code.INVALID_ARGUMENT, Status.Code.NOT_FOUND, Status.Code.RESOURCE_EXHAUSTED);
  }
}
