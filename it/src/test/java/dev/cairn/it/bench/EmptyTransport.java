package dev.cairn.it.bench;

import com.google.protobuf.ByteString;
import com.google.protobuf.util.Timestamps;
import dev.cairn.v1.CollectionProgress;
import dev.cairn.v1.ExportItemsRequest;
import dev.cairn.v1.ExportItemsResponse;
import dev.cairn.v1.ImportItemsRequest;
import dev.cairn.v1.ImportItemsResponse;
import dev.cairn.v1.Item;
import dev.cairn.v1.ItemServiceGrpc;
import dev.cairn.v1.Phase;
import dev.cairn.v1.Progress;
import dev.cairn.v1.Restoration;
import dev.cairn.v1.RestorationServiceGrpc;
import dev.cairn.v1.RestorationState;
import dev.cairn.v1.SaveItemRequest;
import dev.cairn.v1.SaveItemResponse;
import dev.cairn.v1.WatchRestorationRequest;
import dev.cairn.v1.WatchRestorationResponse;
import dev.cairn.v1.WorkAmount;
import io.grpc.Grpc;
import io.grpc.InsecureServerCredentials;
import io.grpc.Server;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/**
 * The contract's messages without anything behind them: what gRPC and protobuf cost alone. Runs on
 * the transport's own threads, which is the fastest way there is.
 */
final class EmptyTransport implements AutoCloseable {
  private final Server server;
  private final Restorations restorations;

  private EmptyTransport(Server server, Restorations restorations) {
    this.server = server;
    this.restorations = restorations;
  }

  static EmptyTransport start() throws IOException {
    Restorations restorations = new Restorations();
    return new EmptyTransport(
        Grpc.newServerBuilderForPort(0, InsecureServerCredentials.create())
            .directExecutor()
            .addService(new Items())
            .addService(restorations)
            .build()
            .start(),
        restorations);
  }

  /** Ends all watches; answers how many there were. */
  int endWatches() {
    return restorations.end();
  }

  int port() {
    return server.getPort();
  }

  @Override
  public void close() {
    server.shutdownNow();
    restorations.thread.shutdownNow();
  }

  /**
   * Sends each watch a message at once and one again and again; the id of the restoration says
   * after how many milliseconds each. All are sent by one thread.
   */
  private static final class Restorations
      extends RestorationServiceGrpc.RestorationServiceImplBase {
    private final ScheduledExecutorService thread = Executors.newSingleThreadScheduledExecutor();
    private final Set<ServerCallStreamObserver<WatchRestorationResponse>> open =
        ConcurrentHashMap.newKeySet();

    @Override
    public void watchRestoration(
        WatchRestorationRequest request, StreamObserver<WatchRestorationResponse> answer) {
      ServerCallStreamObserver<WatchRestorationResponse> stream =
          (ServerCallStreamObserver<WatchRestorationResponse>) answer;
      stream.setOnCancelHandler(() -> open.remove(stream));
      open.add(stream);
      sendAgain(stream, 0, Long.parseLong(request.getRestorationId()));
    }

    private void sendAgain(
        ServerCallStreamObserver<WatchRestorationResponse> stream, long delay, long millis) {
      thread.schedule(
          () -> {
            if (open.contains(stream)) {
              stream.onNext(message());
              sendAgain(stream, millis, millis);
            }
          },
          delay,
          TimeUnit.MILLISECONDS);
    }

    int end() {
      int ended = open.size();
      thread.execute(
          () -> {
            open.forEach(StreamObserver::onCompleted);
            open.clear();
          });
      return ended;
    }

    private static WatchRestorationResponse message() {
      Progress.Builder progress =
          Progress.newBuilder()
              .setPhase(Phase.PHASE_STAGING)
              .setUpdateTime(Timestamps.fromMillis(System.currentTimeMillis()));
      for (String collection : Dataset.COLLECTIONS) {
        WorkAmount amount = WorkAmount.newBuilder().setDone(500_000).setTotal(1_000_000).build();
        progress.addCollectionProgress(
            CollectionProgress.newBuilder()
                .setCollectionId(collection)
                .setItems(amount)
                .setBytes(amount));
      }
      return WatchRestorationResponse.newBuilder()
          .setSequence(1)
          .setRestoration(
              Restoration.newBuilder()
                  .setState(RestorationState.RESTORATION_STATE_PENDING)
                  .setProgress(progress))
          .build();
    }
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
