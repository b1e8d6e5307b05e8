package dev.cairn.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.v1.EventServiceGrpc;
import dev.cairn.v1.WatchEventsRequest;
import dev.cairn.v1.WatchEventsResponse;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Clients that do what no client should, in frames of their own, with an honest one beside them
 * that must not notice.
 */
class AbuseIT {
  private static final String GET = "/cairn.v1.ItemService/GetItem";
  private static final int CALLS_PER_CONNECTION = 100;

  @RegisterExtension final Servers servers = new Servers();

  private CairnProcess server;
  private Cairn honest;
  private Load load;

  @BeforeEach
  void start() {
    server = servers.start("--limits.calls-per-connection=" + CALLS_PER_CONNECTION);
    honest = server.connect();
    honest.createSite("shop", List.of("products"));
    honest.save("shop", "products", "one", "{}");
    load = new Load();
    load.start("honest", () -> honest.get("shop", "products", "one"));
  }

  @AfterEach
  void stop() {
    honest.close();
  }

  private void requireHonestClientServed() {
    long before = load.operations();
    Wait.until(
        "the honest client goes on",
        java.time.Duration.ofSeconds(30),
        () -> load.operations() > before + 20 || !load.errors().isEmpty());
    assertThat(load.errors()).isEmpty();
    load.stop();
    load.join();
    assertThat(load.errors()).isEmpty();
    assertThat(server.isAlive()).isTrue();
    assertThat(server.log()).as("strangers do not fill the log").doesNotContain("Http2Exception");
  }

  @Test
  void rapidResetsEndTheConnectionAndNobodyElseNotices() throws IOException {
    try (RawHttp2 attacker = new RawHttp2(server.port())) {
      try {
        for (int i = 0; i < 5_000; i++) {
          attacker.reset(attacker.open(GET, Map.of()));
          attacker.flush();
        }
      } catch (IOException cutOff) {
        // That is what ought to happen, sooner or later.
      }
      while (attacker.next() != null) {
        // What came before the end.
      }
    }
    requireHonestClientServed();
  }

  @Test
  void callsBeyondThoseOfAConnectionAreRefused() throws IOException {
    int opened = 3 * CALLS_PER_CONNECTION;
    int refused = 0;
    try (RawHttp2 attacker = new RawHttp2(server.port())) {
      for (int i = 0; i < opened; i++) {
        attacker.open(GET, Map.of()); // and no request ever follows
      }
      attacker.ping();
      attacker.flush();
      RawHttp2.@Nullable Frame frame = attacker.next();
      while (frame != null && frame.type() != RawHttp2.GOAWAY && !frame.answersPing()) {
        refused += frame.endsStream() ? 1 : 0;
        frame = attacker.next();
      }
    }
    assertThat(refused).isEqualTo(opened - CALLS_PER_CONNECTION);
    requireHonestClientServed();
  }

  @Test
  void hugeMessagesAndHeadersAreRefusedWithoutBeingRead() throws IOException {
    for (String size : List.of("message", "headers")) {
      try (RawHttp2 attacker = new RawHttp2(server.port())) {
        int stream =
            attacker.open(
                GET, size.equals("headers") ? Map.of("x-large", "x".repeat(12_000)) : Map.of());
        if (size.equals("message")) {
          attacker.announceMessage(stream, 1 << 30);
        }
        attacker.flush();
        RawHttp2.@Nullable Frame frame = attacker.next();
        while (frame != null && !(frame.stream() == stream && frame.endsStream())) {
          frame = attacker.next();
        }
        // Null: the whole connection was cut, which is as good.
        assertThat(frame == null || frame.endsStream()).as(size).isTrue();
      }
    }
    requireHonestClientServed();
  }

  @Test
  void pingFloodEndsTheConnection() throws IOException {
    try (RawHttp2 attacker = new RawHttp2(server.port())) {
      try {
        for (int i = 0; i < 1_000; i++) {
          attacker.ping();
          attacker.flush();
        }
      } catch (IOException cutOff) {
        // Expected, sooner or later.
      }
      RawHttp2.@Nullable Frame frame = attacker.next();
      while (frame != null && frame.type() != RawHttp2.GOAWAY) {
        frame = attacker.next();
      }
      if (frame != null) {
        assertThat(new String(frame.payload(), java.nio.charset.StandardCharsets.US_ASCII))
            .contains("too_many_pings");
      }
    }
    requireHonestClientServed();
  }

  @Test
  void tenThousandIdleWatchersCostTheOthersNothing() {
    int connections = Settings.integer("it.watchers", 10_000) / CALLS_PER_CONNECTION;
    AtomicInteger told = new AtomicInteger();
    AtomicReference<@Nullable Throwable> broken = new AtomicReference<>();
    List<Cairn> watchers = new ArrayList<>();
    try {
      for (int c = 0; c < connections; c++) {
        Cairn connection = server.connect();
        watchers.add(connection);
        for (int w = 0; w < CALLS_PER_CONNECTION; w++) {
          EventServiceGrpc.newStub(connection.channel())
              .watchEvents(
                  WatchEventsRequest.newBuilder().setSiteId("shop").build(),
                  new StreamObserver<WatchEventsResponse>() {
                    @Override
                    public void onNext(WatchEventsResponse message) {
                      told.incrementAndGet();
                    }

                    @Override
                    public void onError(Throwable thrown) {
                      broken.compareAndSet(null, thrown);
                    }

                    @Override
                    public void onCompleted() {}
                  });
        }
      }
      int all = connections * CALLS_PER_CONNECTION;
      Wait.until(
          "every watch is open",
          java.time.Duration.ofMinutes(2),
          () -> told.get() >= all || broken.get() != null);
      assertThat(broken.get()).isNull();
      int before = told.get();
      honest.backup("shop");
      Wait.until(
          "every watch is told of the backup",
          java.time.Duration.ofMinutes(2),
          () -> told.get() >= before + 2 * all || broken.get() != null);
      assertThat(broken.get()).isNull();
      requireHonestClientServed();
    } finally {
      watchers.forEach(Cairn::close);
    }
  }
}
