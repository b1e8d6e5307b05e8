package dev.cairn.it.bench;

import dev.cairn.v1.ItemServiceGrpc;
import dev.cairn.v1.SaveItemRequest;
import dev.cairn.v1.SaveItemResponse;
import io.grpc.Grpc;
import io.grpc.InsecureServerCredentials;
import io.grpc.Server;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.rocksdb.RocksDBException;

/**
 * One forced put of plain RocksDB for each call, and nothing else: what the transport and the disk
 * cost together. RocksDB forces the puts of all threads at once, as it does without a transport.
 */
final class PlainService implements AutoCloseable {
  private final ExecutorService threads;
  private final Server server;

  private PlainService(ExecutorService threads, Server server) {
    this.threads = threads;
    this.server = server;
  }

  static PlainService start(PlainDatabase plain, int threads) throws IOException {
    ExecutorService executor = Executors.newFixedThreadPool(threads);
    Server server =
        Grpc.newServerBuilderForPort(0, InsecureServerCredentials.create())
            .directExecutor()
            .addService(new Items(plain, executor))
            .build()
            .start();
    return new PlainService(executor, server);
  }

  int port() {
    return server.getPort();
  }

  @Override
  public void close() {
    server.shutdownNow();
    threads.shutdownNow();
  }

  private static final class Items extends ItemServiceGrpc.ItemServiceImplBase {
    private final PlainDatabase plain;
    private final ExecutorService threads;

    Items(PlainDatabase plain, ExecutorService threads) {
      this.plain = plain;
      this.threads = threads;
    }

    @Override
    public void saveItem(SaveItemRequest request, StreamObserver<SaveItemResponse> answer) {
      threads.execute(
          () -> {
            try {
              plain.put(
                  1 + Dataset.COLLECTIONS.indexOf(request.getCollectionId()), request.getItem());
              answer.onNext(SaveItemResponse.newBuilder().setItem(request.getItem()).build());
              answer.onCompleted();
            } catch (RocksDBException | RuntimeException e) {
              answer.onError(e);
            }
          });
    }
  }
}
