package dev.cairn.it.bench;

import com.google.protobuf.ByteString;
import dev.cairn.client.CairnClient;
import dev.cairn.v1.Item;
import dev.cairn.v1.ItemServiceGrpc;
import dev.cairn.v1.SaveItemRequest;
import dev.cairn.v1.SaveItemResponse;
import io.grpc.Channel;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Durable writes that come whether or not earlier ones are answered: at half of what the server can
 * do, and at four times as much. What callers who wait for each answer get out of it is what it can
 * do. The accepted calls are to keep their latency; those too many are to be refused soon.
 */
final class Overload implements Case {
  static final String NAME = "overload";
  private static final Set<Status.Code> REFUSALS =
      Set.of(Status.Code.RESOURCE_EXHAUSTED, Status.Code.UNAVAILABLE);

  private static final int CLOSED_CALLERS = 64;
  private static final int CONNECTIONS = 8;
  private static final Work ACCEPTED =
      Work.time("accepted writes at four times the load, p99", "<= 3");
  private static final Work REFUSED = Work.time("refusals at four times the load, p99", "");

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public void run(Subjects subjects, Results results) throws Exception {
    int millis = subjects.settings().seconds() * 1_000;
    List<CairnClient> clients = new ArrayList<>();
    try {
      for (int i = 0; i < CONNECTIONS; i++) {
        clients.add(CairnClient.builder("127.0.0.1:" + subjects.server().port()).build());
      }
      List<Channel> channels = clients.stream().map(CairnClient::channel).toList();
      subjects.turns(
          counted -> {
            double capacity =
                new Callers(subjects.client().channel(), subjects.site().id())
                    .run(CLOSED_CALLERS, millis);
            Arrivals half = new Arrivals(channels, subjects.site().id(), subjects.nextSeed());
            half.run(capacity / 2, millis);
            Arrivals four = new Arrivals(channels, subjects.site().id(), subjects.nextSeed());
            four.run(capacity * 4, millis);
            if (counted) {
              int items = subjects.items();
              results.add(ACCEPTED, items, Results.CAIRN, four.p99(four.accepted));
              results.add(
                  ACCEPTED, items, Results.LIMIT + "half the load", half.p99(half.accepted));
              if (!four.refused.isEmpty()) {
                results.add(REFUSED, items, Results.CAIRN, four.p99(four.refused));
              }
              results.note(
                  String.format(
                      Locale.ROOT,
                      "Overload: capacity %.0f/s; half the load: %d accepted, %d refused, p99 %.1f ms;"
                          + " four times: offered %.0f/s, %d accepted (%.0f/s), %d refused, p99 %.1f ms"
                          + " accepted, %.1f ms refused; ratio of p99 %.1f.",
                      capacity,
                      half.accepted.size(),
                      half.refused.size(),
                      half.p99(half.accepted),
                      four.offered(),
                      four.accepted.size(),
                      four.accepted.size() * 1e3 / millis,
                      four.refused.size(),
                      four.p99(four.accepted),
                      four.p99(four.refused),
                      four.p99(four.accepted) / half.p99(half.accepted)));
            }
          });
    } finally {
      clients.forEach(CairnClient::close);
    }
  }

  /** Calls that come at a rate, whatever became of the earlier ones. */
  private static final class Arrivals {
    private final List<ItemServiceGrpc.ItemServiceStub> stubs;
    private final String siteId;
    private final int seed;
    private final ConcurrentLinkedQueue<Double> accepted = new ConcurrentLinkedQueue<>();
    private final ConcurrentLinkedQueue<Double> refused = new ConcurrentLinkedQueue<>();
    private final AtomicLong open = new AtomicLong();
    private final AtomicInteger sent = new AtomicInteger();
    private volatile @Nullable Throwable failure;
    private double seconds;

    Arrivals(List<Channel> channels, String siteId, int seed) {
      this.stubs = channels.stream().map(ItemServiceGrpc::newStub).toList();
      this.siteId = siteId;
      this.seed = seed;
    }

    void run(double rate, int millis) {
      long begin = System.nanoTime();
      long end = begin + TimeUnit.MILLISECONDS.toNanos(millis);
      for (long now = begin; now < end; now = System.nanoTime()) {
        long due = (long) ((now - begin) / 1e9 * rate);
        while (sent.get() < due) {
          call(sent.getAndIncrement());
        }
        LockSupport.parkNanos(200_000);
      }
      seconds = (System.nanoTime() - begin) / 1e9;
      long patience = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
      while (open.get() > 0) {
        if (System.nanoTime() > patience) {
          throw new IllegalStateException(open + " calls are not answered");
        }
        LockSupport.parkNanos(1_000_000);
      }
      if (failure != null) {
        throw new IllegalStateException("a write was neither accepted nor refused", failure);
      }
    }

    double offered() {
      return sent.get() / seconds;
    }

    double p99(ConcurrentLinkedQueue<Double> millis) {
      return millis.isEmpty() ? 0 : Results.percentile99(List.copyOf(millis));
    }

    private void call(int index) {
      long begin = System.nanoTime();
      open.incrementAndGet();
      stubs
          .get(index % stubs.size())
          .saveItem(
              SaveItemRequest.newBuilder()
                  .setSiteId(siteId)
                  .setCollectionId(Dataset.COLLECTIONS.get(index % 10))
                  .setItem(
                      Item.newBuilder()
                          .setId("offered-" + index % 10_000)
                          .setOwner(Dataset.owner(index))
                          .setData(ByteString.copyFrom(Dataset.document(seed, index))))
                  .build(),
              new StreamObserver<SaveItemResponse>() {
                @Override
                public void onNext(SaveItemResponse answer) {}

                @Override
                public void onError(Throwable thrown) {
                  if (REFUSALS.contains(Status.fromThrowable(thrown).getCode())) {
                    refused.add((System.nanoTime() - begin) / 1e6);
                  } else {
                    failure = thrown;
                  }
                  open.decrementAndGet();
                }

                @Override
                public void onCompleted() {
                  accepted.add((System.nanoTime() - begin) / 1e6);
                  open.decrementAndGet();
                }
              });
    }
  }
}
