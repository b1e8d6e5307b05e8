package dev.cairn.client;

import dev.cairn.client.fake.FakeServer;
import java.time.Duration;

/** Clients for tests: the real policy with pauses of a millisecond. */
final class Clients {
  static final RetryPolicy QUICK =
      new RetryPolicy(5, Duration.ofMillis(1), Duration.ofMillis(4), 2, Duration.ofSeconds(1));

  private Clients() {}

  static CairnClient of(FakeServer server) {
    return CairnClient.builder(server.channel()).retryPolicy(QUICK).build();
  }
}
