package dev.cairn.it.bench;

import com.google.protobuf.ByteString;
import dev.cairn.v1.Item;
import dev.cairn.v1.ItemServiceGrpc;
import dev.cairn.v1.SaveItemRequest;
import dev.cairn.v1.SaveItemResponse;
import io.grpc.Channel;
import io.grpc.stub.StreamObserver;
import java.util.concurrent.Phaser;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Callers that save one new item after the other, each waiting for its answer, over one connection
 * and without a thread for each. Thread-safe.
 */
final class Callers {
  private final ItemServiceGrpc.ItemServiceStub stub;
  private final String siteId;
  private final AtomicInteger next = new AtomicInteger();
  private final AtomicLong answered = new AtomicLong();
  private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();

  Callers(Channel channel, String siteId) {
    this.stub = ItemServiceGrpc.newStub(channel);
    this.siteId = siteId;
  }

  /** Lets them run and answers how many items a second were saved. */
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
      throw new IllegalStateException("a write failed", thrown);
    }
    return answered.get() / ((System.nanoTime() - begin) / 1e9);
  }

  private final class Caller implements StreamObserver<SaveItemResponse> {
    private final long end;
    private final Phaser running;

    Caller(long end, Phaser running) {
      this.end = end;
      this.running = running;
    }

    void call() {
      int index = next.getAndIncrement();
      stub.saveItem(
          SaveItemRequest.newBuilder()
              .setSiteId(siteId)
              .setCollectionId(Dataset.COLLECTIONS.get(index % 10))
              .setItem(
                  Item.newBuilder()
                      .setId("written-" + index)
                      .setOwner(Dataset.owner(index))
                      .setData(ByteString.copyFrom(Dataset.document(1, index))))
              .build(),
          this);
    }

    @Override
    public void onNext(SaveItemResponse answer) {
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
