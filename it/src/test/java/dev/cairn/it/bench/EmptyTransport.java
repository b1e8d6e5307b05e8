package dev.cairn.it.bench;

import com.google.protobuf.ByteString;
import com.google.protobuf.util.Timestamps;
import dev.cairn.v1.ExportItemsRequest;
import dev.cairn.v1.ExportItemsResponse;
import dev.cairn.v1.ImportItemsRequest;
import dev.cairn.v1.ImportItemsResponse;
import dev.cairn.v1.Item;
import dev.cairn.v1.ItemServiceGrpc;
import dev.cairn.v1.SaveItemRequest;
import dev.cairn.v1.SaveItemResponse;
import io.grpc.Grpc;
import io.grpc.InsecureServerCredentials;
import io.grpc.Server;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.io.IOException;

/**
 * The contract's messages without anything behind them: what gRPC and protobuf cost alone. Runs on
 * the transport's own threads, which is the fastest way there is.
 */
final class EmptyTransport implements AutoCloseable {
  private final Server server;

  private EmptyTransport(Server server) {
    this.server = server;
  }

  static EmptyTransport start() throws IOException {
    return new EmptyTransport(
        Grpc.newServerBuilderForPort(0, InsecureServerCredentials.create())
            .directExecutor()
            .addService(new Items())
            .build()
            .start());
  }

  int port() {
    return server.getPort();
  }

  @Override
  public void close() {
    server.shutdownNow();
  }

  private static final class Items extends ItemServiceGrpc.ItemServiceImplBase {
    @Override
    public void saveItem(SaveItemRequest request, StreamObserver<SaveItemResponse> answer) {
      answer.onNext(SaveItemResponse.newBuilder().setItem(request.getItem()).build());
      answer.onCompleted();
    }

    @Override
    public StreamObserver<ImportItemsRequest> importItems(
        StreamObserver<ImportItemsResponse> answer) {
      return new StreamObserver<>() {
        private long received;

        @Override
        public void onNext(ImportItemsRequest batch) {
          received += batch.getItemsCount();
          answer.onNext(
              ImportItemsResponse.newBuilder()
                  .setAcknowledgedSequence(batch.getBatchSequence())
                  .setReceivedCount(received)
                  .build());
        }

        @Override
        public void onError(Throwable e) {}

        @Override
        public void onCompleted() {
          answer.onCompleted();
        }
      };
    }

    /**
     * Sends the same message again and again; the place of the item to begin after says how often.
     */
    @Override
    public void exportItems(
        ExportItemsRequest request, StreamObserver<ExportItemsResponse> answer) {
      ServerCallStreamObserver<ExportItemsResponse> stream =
          (ServerCallStreamObserver<ExportItemsResponse>) answer;
      String[] words = request.getAfterItemId().split(" ", -1);
      int items = Integer.parseInt(words[0]);
      ExportItemsResponse message = message(Integer.parseInt(words[1]));
      int[] left = {items / message.getItemsCount()};
      stream.setOnReadyHandler(
          () -> {
            while (left[0] > 0 && stream.isReady()) {
              stream.onNext(message);
              if (--left[0] == 0) {
                stream.onCompleted();
              }
            }
          });
    }

    private static ExportItemsResponse message(int items) {
      ExportItemsResponse.Builder message = ExportItemsResponse.newBuilder();
      for (int i = 0; i < items; i++) {
        message.addItems(
            Item.newBuilder()
                .setId(Dataset.id(i))
                .setOwner(Dataset.owner(i))
                .setData(ByteString.copyFrom(Dataset.document(0, i)))
                .setCreateTime(Timestamps.fromMillis(1_700_000_000_123L + i))
                .setUpdateTime(Timestamps.fromMillis(1_700_000_000_123L + i))
                .setRevision(1));
      }
      return message.build();
    }
  }
}
