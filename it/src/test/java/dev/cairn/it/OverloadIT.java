package dev.cairn.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.v1.ErrorReason;
import dev.cairn.v1.Item;
import dev.cairn.v1.ItemServiceGrpc;
import dev.cairn.v1.SaveItemRequest;
import dev.cairn.v1.SaveItemResponse;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.stub.StreamObserver;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
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
  private static final int THREADS = 2;
  private static final int QUEUE = 64;

  private static final String METHOD = ItemServiceGrpc.getSaveItemMethod().getFullMethodName();
  private static final Pattern ADMIN_PORT = Pattern.compile("metrics on [0-9.]+:([0-9]+)");

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

  /** A number of the page of metrics. */
  private static double metric(CairnProcess server, String name) throws Exception {
    Matcher port = ADMIN_PORT.matcher(server.log());
    assertThat(port.find()).as("a port for metrics").isTrue();
    URI page = URI.create("http://127.0.0.1:" + port.group(1) + "/metrics");
    return HttpClient.newHttpClient()
        .send(HttpRequest.newBuilder(page).build(), HttpResponse.BodyHandlers.ofLines())
        .body()
        .filter(line -> line.startsWith(name + " "))
        .mapToDouble(line -> Double.parseDouble(line.substring(name.length())))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void whatIsTooMuchIsRefusedWithAReasonAndTheRestIsCarriedOut() throws Exception {
    CairnProcess server =
        servers.start(
            "--limits.worker-threads=" + THREADS,
            "--limits.worker-queue=" + QUEUE,
            "--admin.port=0");
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
        assertThat(metric(server, "cairn_queue_length{queue=\"calls\"}"))
            .isLessThanOrEqualTo(THREADS + QUEUE);
        Wait.until("every call is answered", Duration.ofMinutes(1), () -> outcomes.open.get() == 0);
      }

      assertThat(outcomes.wrong).isEmpty();
      assertThat(outcomes.refused.get()).as("calls refused").isPositive();
      assertThat(outcomes.accepted).isNotEmpty();
      assertThat(
              metric(
                  server,
                  "cairn_calls_total{code=\"RESOURCE_EXHAUSTED\",method=\"" + METHOD + "\"}"))
          .isEqualTo(outcomes.refused.get());
      assertThat(metric(server, "cairn_call_seconds_count{method=\"" + METHOD + "\"}"))
          .as("times are of what was carried out")
          .isEqualTo(outcomes.accepted.size());
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
