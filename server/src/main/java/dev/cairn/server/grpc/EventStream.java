package dev.cairn.server.grpc;

import dev.cairn.server.site.EventFeed;
import dev.cairn.server.site.EventLog;
import dev.cairn.server.site.EventRecord;
import dev.cairn.server.site.SiteId;
import dev.cairn.v1.WatchEventsResponse;
import io.grpc.stub.ServerCallStreamObserver;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * One watch of events: reads a few from the log whenever there are some and the caller has room,
 * and keeps none, so that a slow caller costs two numbers.
 *
 * <pre>
 * NEW --opened--&gt; OPEN --cancel, error, drain--&gt; ENDED
 * </pre>
 *
 * <p>Confined to its {@link SerialQueue}; signals, room on the wire and timers only add a step
 * there, and signals only when none waits already. The log is read at each heartbeat too, so that
 * an event is late at most when nobody could be told of it.
 */
final class EventStream implements Watches.Watch {
  /** Events read at once. One may be a megabyte large, if its site has a thousand collections. */
  private static final int EVENTS = 16;

  /** Reads in one step; then other streams get the thread. */
  private static final int READS = 4;

  private final EventLog log;
  private final EventMessages messages;
  private final Predicate<SiteId> visible;
  private final ServerCallStreamObserver<WatchEventsResponse> caller;
  private final Duration heartbeat;
  private final ScheduledExecutorService timers;
  private final Consumer<Watches.Watch> onEnd;
  private final SerialQueue queue;
  private final AtomicBoolean noted = new AtomicBoolean();

  // Only touched in the queue.
  private @Nullable EventFeed feed;
  private EventLog.@Nullable Subscription subscription;
  private @Nullable ScheduledFuture<?> timer;
  private long lastSent = System.nanoTime();
  private boolean ended;

  /**
   * Made by the handler, on the event loop.
   *
   * @param visible the sites whose events the caller may see; others are passed over
   * @param workers read the log and speak
   * @param timers only adds steps to the queue
   * @param onEnd called once, when the watch is over
   */
  EventStream(
      EventLog log,
      EventMessages messages,
      Predicate<SiteId> visible,
      ServerCallStreamObserver<WatchEventsResponse> caller,
      Duration heartbeat,
      Workers workers,
      ScheduledExecutorService timers,
      Consumer<Watches.Watch> onEnd) {
    this.log = log;
    this.messages = messages;
    this.visible = visible;
    this.caller = caller;
    this.heartbeat = heartbeat;
    this.timers = timers;
    this.onEnd = onEnd;
    this.queue = new SerialQueue(workers, this::fail);
    caller.setOnCancelHandler(() -> queue.execute(this::finish));
    caller.setOnReadyHandler(this::signal);
  }

  /**
   * Begins.
   *
   * @param siteId empty: all sites
   */
  void open(Optional<SiteId> siteId, EventFeed.Start start) {
    queue.execute(
        () -> {
          if (ended) {
            return;
          }
          subscription = log.subscribe(siteId, this::signal); // before reading: nothing is missed
          EventFeed opened = new EventFeed(log, siteId, start);
          feed = opened;
          if (start instanceof EventFeed.Now) {
            send(EventMessages.heartbeat(opened.position()));
          }
          pump();
          wakeAt(lastSent + heartbeat.toNanos());
        });
  }

  /** Says that there may be something to send. From any thread; returns at once. */
  private void signal() {
    if (noted.compareAndSet(false, true)) {
      try {
        queue.execute(this::pump);
      } catch (RejectedExecutionException e) {
        // The server goes down and has ended this watch; whoever signals is not concerned.
      }
    }
  }

  @Override
  public void end(RuntimeException error) {
    queue.execute(() -> fail(error));
  }

  private void pump() {
    noted.set(false); // before the log is read, so that no later event is missed
    if (ended || feed == null) {
      return;
    }
    for (int i = 0; i < READS; i++) {
      if (!caller.isReady() || !sendSome(feed)) {
        return;
      }
    }
    signal();
  }

  /** Sends what comes next; false if the caller has no room or nothing is left. */
  private boolean sendSome(EventFeed open) {
    List<EventRecord> events = open.next(EVENTS);
    for (EventRecord event : events) {
      if (!caller.isReady()) {
        return false; // it is read again when there is room
      }
      if (visible.test(event.siteId())) {
        send(messages.message(event));
      }
      open.passed(event);
    }
    return !events.isEmpty();
  }

  private void send(WatchEventsResponse message) {
    caller.onNext(message);
    lastSent = System.nanoTime();
  }

  private void wakeAt(long due) {
    if (!ended) {
      timer =
          timers.schedule(
              () -> queue.execute(this::wake), due - System.nanoTime(), TimeUnit.NANOSECONDS);
    }
  }

  private void wake() {
    if (ended || feed == null) {
      return;
    }
    long now = System.nanoTime();
    long next = lastSent + heartbeat.toNanos();
    if (next - now <= 0) {
      long before = lastSent;
      pump();
      if (!ended && lastSent == before && caller.isReady()) {
        send(EventMessages.heartbeat(feed.position()));
      }
      next = now + heartbeat.toNanos();
    }
    wakeAt(next);
  }

  private void fail(RuntimeException error) {
    if (!ended) {
      caller.onError(error);
      finish();
    }
  }

  private void finish() {
    if (ended) {
      return;
    }
    ended = true;
    if (timer != null) {
      timer.cancel(false);
    }
    if (subscription != null) {
      subscription.close();
    }
    onEnd.accept(this);
  }
}
