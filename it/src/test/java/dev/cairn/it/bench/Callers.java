package dev.cairn.it.bench;

import com.google.protobuf.ByteString;
import dev.cairn.v1.BatchSaveItemsRequest;
import dev.cairn.v1.BatchSaveItemsResponse;
import dev.cairn.v1.GetItemRequest;
import dev.cairn.v1.GetItemResponse;
import dev.cairn.v1.Item;
import dev.cairn.v1.ItemServiceGrpc;
import dev.cairn.v1.SaveItemRequest;
import dev.cairn.v1.SaveItemResponse;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.MethodDescriptor;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.StreamObserver;
import java.util.List;
import java.util.concurrent.Phaser;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * Callers that make one unary call after the other, each waiting for its answer, over one
 * connection and without a thread for each. Thread-safe.
 */
final class Callers<Q, A> {
  /** As many as the server has workers. */
  static final int MANY = 64;

  /** With how many at a time to measure. */
  static final List<Integer> COUNTS = List.of(1, 16, MANY);

  /** Items in a batch. */
  static final int BATCH = 100;

  /** Far from each other, so that neighbours are not read one after the other. */
  private static final int STRIDE = 7_919;

  private final Channel channel;
  private final MethodDescriptor<Q, A> method;
  private final IntFunction<Q> request;
  private final AtomicInteger next = new AtomicInteger();
  private final AtomicLong answered = new AtomicLong();
  private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();

  private Callers(Channel channel, MethodDescriptor<Q, A> method, IntFunction<Q> request) {
    this.channel = channel;
    this.method = method;
    this.request = request;
  }

  /** They save new items, one in each call. */
  static Callers<SaveItemRequest, SaveItemResponse> saving(Channel channel, String siteId) {
    return new Callers<>(
        channel,
        ItemServiceGrpc.getSaveItemMethod(),
        index ->
            SaveItemRequest.newBuilder()
                .setSiteId(siteId)
                .setCollectionId(Dataset.COLLECTIONS.get(index % 10))
                .setItem(item("written-", index))
                .build());
  }

  /** They save new items, {@link #BATCH} in each call. */
  static Callers<BatchSaveItemsRequest, BatchSaveItemsResponse> batching(
      Channel channel, String siteId) {
    return new Callers<>(
        channel,
        ItemServiceGrpc.getBatchSaveItemsMethod(),
        index -> {
          BatchSaveItemsRequest.Builder batch =
              BatchSaveItemsRequest.newBuilder()
                  .setSiteId(siteId)
                  .setCollectionId(Dataset.COLLECTIONS.get(index % 10));
          for (int i = 0; i < BATCH; i++) {
            batch.addEntries(
                BatchSaveItemsRequest.Entry.newBuilder()
                    .setItem(item("batched-", index * BATCH + i)));
          }
          return batch.build();
        });
  }

  /** They read items of a dataset, one in each call. */
  static Callers<GetItemRequest, GetItemResponse> reading(
      Channel channel, String siteId, Dataset dataset) {
    return new Callers<>(
        channel,
        ItemServiceGrpc.getGetItemMethod(),
        index ->
            GetItemRequest.newBuilder()
                .setSiteId(siteId)
                .setCollectionId(Dataset.COLLECTIONS.get(index % 10))
                .setItemId(Dataset.id(spread(index, dataset.itemsPerCollection())))
                .build());
  }

  /** Another one of {@code items} each time. */
  static int spread(int index, int items) {
    return (int) ((long) index * STRIDE % items);
  }

  private static Item item(String prefix, int index) {
    return Item.newBuilder()
        .setId(prefix + index)
        .setOwner(Dataset.owner(index))
        .setData(ByteString.copyFrom(Dataset.document(1, index)))
        .build();
  }

  /** Lets them run and answers how many calls a second were answered. */
  double run(int callers, int millis) {
    long begin = System.nanoTime();
    long end = begin + millis * 1_000_000L;
    Phaser running = new Phaser(callers + 1);
    for (int i = 0; i < callers; i++) {
      new Caller(end, running).call();
    }
    running.arriveAndAwaitAdvance();
    Throwable thrown = failure.get();
    if (thrown != null) {
      throw new IllegalStateException("a call failed", thrown);
    }
    return answered.get() / ((System.nanoTime() - begin) / 1e9);
  }

  private final class Caller implements StreamObserver<A> {
    private final long end;
    private final Phaser running;

    Caller(long end, Phaser running) {
      this.end = end;
      this.running = running;
    }

    void call() {
      ClientCalls.asyncUnaryCall(
          channel.newCall(method, CallOptions.DEFAULT),
          request.apply(next.getAndIncrement()),
          this);
    }

    @Override
    public void onNext(A answer) {
      answered.incrementAndGet();
    }

    @Override
    public void onError(Throwable e) {
      failure.set(e);
      running.arriveAndDeregister();
    }

    @Override
    public void onCompleted() {
      if (System.nanoTime() < end) {
        call();
      } else {
        running.arriveAndDeregister();
      }
    }
  }
}
