package dev.cairn.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.v1.ErrorReason;
import dev.cairn.v1.Item;
import dev.cairn.v1.SaveItemRequest;
import dev.cairn.v1.SaveItemResponse;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * More calls than the server can carry out, by callers that do not wait for answers: some are
 * refused, with a reason and a time to come back; those that are not are carried out; and the
 * server is as it was afterwards. How long the accepted ones take, the benchmark measures.
 */
class OverloadIT {
  private static final String SITE = "shop";
  private static final String ITEMS = "products";
  private static final int CONNECTIONS = 4;
  private static final int AT_ONCE = 900;

  @RegisterExtension final Servers servers = new Servers();

  /** What came of all calls. */
  private static final class Outcomes {
    private final ConcurrentHashMap<String, String> accepted = new ConcurrentHashMap<>();
    private final AtomicInteger refused = new AtomicInteger();
    private final ConcurrentLinkedQueue<String> wrong = new ConcurrentLinkedQueue<>();
    private final AtomicLong open = new AtomicLong();

    StreamObserver<SaveItemResponse> of(String id, String data) {
      open.incrementAndGet();
      return new StreamObserver<>() {
        @Override
        public void onNext(SaveItemResponse answer) {
          accepted.put(id, data);
        }

        @Override
        public void onError(Throwable thrown) {
          Fault fault = Fault.of((StatusRuntimeException) thrown);
          boolean right =
              fault.code() == Status.Code.RESOURCE_EXHAUSTED
                  && fault.is(ErrorReason.ERROR_REASON_OVERLOADED)
                  && fault.hasRetryInfo();
          if (right) {
            refused.incrementAndGet();
          } else {
            wrong.add(String.valueOf(fault));
          }
          open.decrementAndGet();
        }

        @Override
        public void onCompleted() {
          open.decrementAndGet();
        }
      };
    }
  }

  @Test
  void whatIsTooMuchIsRefusedWithAReasonAndTheRestIsCarriedOut() {
    CairnProcess server = servers.start("--limits.worker-threads=2", "--limits.worker-queue=64");
    Outcomes outcomes = new Outcomes();
    List<Cairn> connections = new ArrayList<>();
    for (int i = 0; i < CONNECTIONS; i++) {
      connections.add(server.connect());
    }
    try (Cairn quiet = server.connect()) {
      quiet.createSite(SITE, List.of(ITEMS));
      for (int round = 0; round < 5; round++) {
        for (int i = 0; i < AT_ONCE; i++) {
          String id = round + "-" + i;
          String data = "{\"n\":" + i + "}";
          connections
              .get(i % CONNECTIONS)
              .itemStreams()
              .saveItem(
                  SaveItemRequest.newBuilder()
                      .setSiteId(SITE)
                      .setCollectionId(ITEMS)
                      .setItem(Cairn.item(id, data))
                      .build(),
                  outcomes.of(id, data));
        }
        // Health is asked of nobody who is busy.
        assertThat(
                HealthGrpc.newBlockingStub(quiet.channel())
                    .check(HealthCheckRequest.getDefaultInstance())
                    .getStatus())
            .isEqualTo(ServingStatus.SERVING);
        Wait.until("every call is answered", Duration.ofMinutes(1), () -> outcomes.open.get() == 0);
      }

      assertThat(outcomes.wrong).isEmpty();
      assertThat(outcomes.refused.get()).as("calls refused").isPositive();
      assertThat(outcomes.accepted).isNotEmpty();
      SortedMap<String, Item> there = quiet.export(SITE, ITEMS);
      assertThat(there).hasSize(outcomes.accepted.size()); // what was refused was not begun
      outcomes.accepted.forEach(
          (id, data) ->
              assertThat(there.get(id))
                  .as(id)
                  .extracting(item -> item.getData().toStringUtf8())
                  .isEqualTo(data));
      for (int i = 0; i < 20; i++) {
        quiet.save(SITE, ITEMS, "afterwards-" + i, "{}");
      }
      assertThat(quiet.backup(SITE).getItemCount()).isEqualTo(there.size() + 20);
      assertThat(server.log().lines().filter(line -> line.contains("OVERLOADED")).count())
          .as("a line for each refusal would cost more than the refusal")
          .isLessThan(outcomes.refused.get());
    } finally {
      connections.forEach(Cairn::close);
    }
  }
}
