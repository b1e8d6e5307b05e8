package dev.cairn.client;

import dev.cairn.v1.WatchEventsRequest;

/**
 * Calls of {@code EventService}.
 *
 * <p>Immutable and thread-safe.
 */
public final class EventClient {
  private final Calls calls;

  EventClient(Calls calls) {
    this.calls = calls;
  }

  /** Follows the events of one site or of all, from where the request says. To be closed. */
  public EventWatch watch(WatchEventsRequest request) {
    return new EventWatch(calls, request);
  }
}
