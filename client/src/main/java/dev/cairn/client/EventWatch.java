package dev.cairn.client;

import dev.cairn.v1.Event;
import dev.cairn.v1.EventServiceGrpc;
import dev.cairn.v1.WatchEventsRequest;
import dev.cairn.v1.WatchEventsResponse;
import java.util.Iterator;
import java.util.NoSuchElementException;
import org.jspecify.annotations.Nullable;

/**
 * Events, each once and in order, without end. When the connection breaks, it is made again with
 * growing pauses and the watch goes on after the last event; nothing is lost or seen twice.
 *
 * <p>{@link #hasNext} and {@link #next} wait, and throw {@link CairnException}: with reason {@code
 * EVENTS_EXPIRED} if the events after the position are no longer kept.
 *
 * <p>One thread iterates; {@link #close} may be called by any thread and ends the iteration.
 */
public final class EventWatch implements Iterator<Event>, AutoCloseable {
  private final ResumingStream<WatchEventsResponse> stream;
  private WatchEventsRequest position;
  private String cursor;
  private @Nullable Event next;

  EventWatch(Calls calls, WatchEventsRequest request) {
    this.position = request;
    this.cursor = request.getAfterCursor();
    this.stream =
        new ResumingStream<>(
            calls,
            () -> {
              MessageStream<WatchEventsRequest, WatchEventsResponse> open =
                  calls.open(EventServiceGrpc.getWatchEventsMethod(), message -> message);
              open.send(position);
              open.finishSending();
              return open;
            },
            Watch.SILENCE);
  }

  /** Waits for the next event; false only after {@link #close}. */
  @Override
  public boolean hasNext() {
    while (next == null && !stream.isClosed()) {
      WatchEventsResponse message = stream.read();
      if (message == null) {
        if (!stream.isClosed()) {
          stream.endedEarly();
        }
        continue;
      }
      if (!message.getCursor().isEmpty()) {
        position = position.toBuilder().setAfterCursor(message.getCursor()).build();
      }
      if (message.hasEvent()) {
        next = message.getEvent();
      } else {
        cursor = position.getAfterCursor();
      }
    }
    return next != null;
  }

  @Override
  public Event next() {
    if (!hasNext() || next == null) {
      throw new NoSuchElementException();
    }
    Event event = next;
    next = null;
    cursor = position.getAfterCursor();
    return event;
  }

  /**
   * Where a later watch goes on after the last event that {@link #next} returned: its {@code
   * after_cursor}. It also moves on while {@link #hasNext} waits and nothing happens. Empty before
   * the first message.
   */
  public String cursor() {
    return cursor;
  }

  @Override
  public void close() {
    stream.close();
  }
}
