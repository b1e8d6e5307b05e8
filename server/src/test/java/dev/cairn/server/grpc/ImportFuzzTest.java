package dev.cairn.server.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import com.code_intelligence.jazzer.mutation.annotation.NotNull;
import com.code_intelligence.jazzer.mutation.annotation.WithSize;
import com.google.protobuf.ByteString;
import dev.cairn.v1.ImportItemsRequest;
import dev.cairn.v1.ImportItemsResponse;
import dev.cairn.v1.Item;
import dev.cairn.v1.TruncateCollectionRequest;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Whatever messages come as an import, in whatever order: the stream ends, well or with a typed
 * error, acknowledgements never go back, and the count that they tell is that of the collection.
 */
class ImportFuzzTest {
  private static final TestServer SERVER = start();

  private static TestServer start() {
    try {
      Path data = Files.createTempDirectory("cairn-import-fuzz");
      return TestServer.on(data).hasSite("shop").hasCollection("shop", "products");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** As they come. */
  @FuzzTest
  void anyMessagesEndTheStream(@NotNull @WithSize(max = 6) List<@NotNull ImportItemsRequest> all) {
    send(all);
  }

  /** After an opening message that is right, with sequences that may be. */
  @FuzzTest
  void anyBatchesEndTheStream(
      @NotNull @WithSize(max = 6) List<@NotNull ImportItemsRequest> batches) {
    SERVER.items().truncateCollection(truncation());
    List<ImportItemsRequest> messages = new ArrayList<>();
    messages.add(
        ImportItemsRequest.newBuilder().setSiteId("shop").setCollectionId("products").build());
    long sequence = 0;
    for (ImportItemsRequest each : batches) {
      ImportItemsRequest.Builder batch =
          ImportItemsRequest.newBuilder().setBatchSequence(++sequence);
      // Half of them say more than they should.
      if (each.getBatchSequence() % 2 != 0) {
        batch.mergeFrom(each);
      } else {
        each.getItemsList()
            .forEach(item -> batch.addItems(Item.newBuilder(item).setData(document(item))));
      }
      messages.add(batch.build());
    }
    List<ImportItemsResponse> answers = send(messages);
    if (!answers.isEmpty()) {
      long inserted = answers.get(answers.size() - 1).getInsertedCount();
      assertThat(SERVER.count("shop", "products")).isGreaterThanOrEqualTo(inserted);
    }
  }

  private static ByteString document(Item item) {
    return ByteString.copyFromUtf8("{\"n\":" + item.getRevision() + "}");
  }

  private static TruncateCollectionRequest truncation() {
    return TruncateCollectionRequest.newBuilder()
        .setSiteId("shop")
        .setCollectionId("products")
        .build();
  }

  private static List<ImportItemsResponse> send(List<ImportItemsRequest> messages) {
    List<ImportItemsResponse> answers = new ArrayList<>();
    CompletableFuture<Optional<Throwable>> end = new CompletableFuture<>();
    StreamObserver<ImportItemsRequest> stream =
        SERVER
            .asyncItems()
            .importItems(
                new StreamObserver<>() {
                  @Override
                  public void onNext(ImportItemsResponse answer) {
                    answers.add(answer);
                  }

                  @Override
                  public void onError(Throwable failure) {
                    end.complete(Optional.of(failure));
                  }

                  @Override
                  public void onCompleted() {
                    end.complete(Optional.empty());
                  }
                });
    messages.forEach(stream::onNext);
    stream.onCompleted();
    try {
      end.get(60, TimeUnit.SECONDS)
          .ifPresent(
              failure ->
                  assertThat(CallError.of(failure).code())
                      .isIn(
                          Status.Code.INVALID_ARGUMENT,
                          Status.Code.NOT_FOUND,
                          Status.Code.ALREADY_EXISTS,
                          Status.Code.FAILED_PRECONDITION,
                          Status.Code.RESOURCE_EXHAUSTED,
                          Status.Code.ABORTED));
      assertThat(answers).extracting(ImportItemsResponse::getAcknowledgedSequence).isSorted();
      return answers;
    } catch (InterruptedException | ExecutionException | TimeoutException e) {
      throw new AssertionError("the stream did not end", e);
    }
  }
}
