package dev.cairn.it;

import dev.cairn.v1.Event;
import dev.cairn.v1.EventServiceGrpc;
import dev.cairn.v1.EventStart;
import dev.cairn.v1.WatchEventsRequest;
import dev.cairn.v1.WatchEventsResponse;
import io.grpc.Context;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * A reader of events whose connection breaks again and again, at random moments and in different
 * ways, and who resumes after the last message that it took in.
 *
 * <p>One thread reads; {@link #seen}, {@link #disconnects} and {@link #error} may be called by any.
 */
final class EventFollower {
  private static final int LONGEST_MILLIS = 400;

  private final String siteId;
  private final Supplier<String> address;
  private final Random random;
  private final Thread thread;
  private final List<Event> seen = new ArrayList<>();
  private String cursor = "";
  private int disconnects;
  private Optional<String> error = Optional.empty();
  private volatile boolean stopping;

  /**
   * @param siteId empty for all sites
   * @param address of the server, which changes when it is started again
   */
  EventFollower(String siteId, Supplier<String> address, long seed) {
    this.siteId = siteId;
    this.address = address;
    this.random = new Random(seed);
    this.thread = new Thread(this::run, "follower-" + siteId);
    thread.setDaemon(true);
    thread.start();
  }

  /** Every event that it took in, in the order in which they came. */
  synchronized List<Event> seen() {
    return List.copyOf(seen);
  }

  /** How often the watch ended after it had brought at least one message. */
  synchronized int disconnects() {
    return disconnects;
  }

  synchronized Optional<String> error() {
    return error;
  }

  void stop() {
    stopping = true;
    try {
      thread.join(60_000);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void run() {
    while (!stopping) {
      // A connection of its own for some watches; closing it is one more way to break one.
      try (Cairn cairn = Cairn.connect(address.get())) {
        int watches = 1 + random.nextInt(4);
        for (int i = 0; i < watches && !stopping; i++) {
          watch(cairn);
        }
      } catch (RuntimeException | AssertionError e) {
        fail(String.valueOf(e));
        return;
      }
    }
  }

  private void watch(Cairn cairn) {
    int most = random.nextInt(3) == 0 ? 1 + random.nextInt(8) : Integer.MAX_VALUE;
    Duration longest = Duration.ofMillis(1 + random.nextInt(LONGEST_MILLIS));
    Context.CancellableContext context = Context.current().withCancellation();
    Context before = context.attach();
    int messages = 0;
    try {
      Iterator<WatchEventsResponse> stream =
          EventServiceGrpc.newBlockingStub(cairn.channel())
              .withDeadlineAfter(longest.toMillis(), TimeUnit.MILLISECONDS)
              .watchEvents(request());
      while (messages < most && stream.hasNext()) {
        take(stream.next());
        messages++;
      }
    } catch (StatusRuntimeException e) {
      Status.Code code = e.getStatus().getCode();
      if (code == Status.Code.UNAVAILABLE) {
        Wait.pause(Duration.ofMillis(10)); // the server is being started again
      } else if (code != Status.Code.DEADLINE_EXCEEDED && code != Status.Code.CANCELLED) {
        throw e;
      }
    } finally {
      context.detach(before);
      context.cancel(null);
    }
    if (messages > 0) {
      synchronized (this) {
        disconnects++;
      }
    }
  }

  private synchronized WatchEventsRequest request() {
    WatchEventsRequest.Builder request = WatchEventsRequest.newBuilder().setSiteId(siteId);
    if (cursor.isEmpty()) {
      return request.setStartFrom(EventStart.EVENT_START_BEGINNING).build();
    }
    if (!siteId.isEmpty() && !seen.isEmpty() && random.nextBoolean()) {
      return request.setAfterSequence(seen.get(seen.size() - 1).getSequence()).build();
    }
    return request.setAfterCursor(cursor).build();
  }

  private synchronized void take(WatchEventsResponse message) {
    cursor = message.getCursor();
    if (message.hasEvent()) {
      seen.add(message.getEvent());
    }
  }

  private synchronized void fail(String what) {
    error = Optional.of("follower of '" + siteId + "' met " + what);
  }
}
