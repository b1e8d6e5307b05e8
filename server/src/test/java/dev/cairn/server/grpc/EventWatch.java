package dev.cairn.server.grpc;

import dev.cairn.v1.Event;
import dev.cairn.v1.EventServiceGrpc;
import dev.cairn.v1.WatchEventsRequest;
import dev.cairn.v1.WatchEventsResponse;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.Status;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A client of WatchEvents that takes as many messages as it is told to. Thread-safe. */
final class EventWatch implements AutoCloseable {
  private final ClientCall<WatchEventsRequest, WatchEventsResponse> call;
  private final List<WatchEventsResponse> messages = new ArrayList<>();
  private @Nullable Status status;
  private @Nullable Metadata trailers;

  private EventWatch(Channel channel, WatchEventsRequest request, int room) {
    call = channel.newCall(EventServiceGrpc.getWatchEventsMethod(), CallOptions.DEFAULT);
    call.start(
        new ClientCall.Listener<>() {
          @Override
          public void onMessage(WatchEventsResponse message) {
            synchronized (EventWatch.this) {
              messages.add(message);
            }
          }

          @Override
          public void onClose(Status ended, Metadata with) {
            synchronized (EventWatch.this) {
              status = ended;
              trailers = with;
            }
          }
        },
        new Metadata());
    call.sendMessage(request);
    call.halfClose();
    if (room > 0) {
      call.request(room);
    }
  }

  /** One that takes whatever comes. */
  static EventWatch open(Channel channel, WatchEventsRequest request) {
    return new EventWatch(channel, request, Integer.MAX_VALUE);
  }

  /** One that takes nothing until it has {@link #room}. */
  static EventWatch slow(Channel channel, WatchEventsRequest request) {
    return new EventWatch(channel, request, 0);
  }

  void room(int count) {
    call.request(count);
  }

  synchronized List<WatchEventsResponse> messages() {
    return List.copyOf(messages);
  }

  List<Event> events() {
    return messages().stream()
        .filter(WatchEventsResponse::hasEvent)
        .map(WatchEventsResponse::getEvent)
        .toList();
  }

  EventWatch awaitEvents(int count) {
    TestServer.eventually(() -> events().size() >= count || ended());
    return this;
  }

  EventWatch awaitMessages(int count) {
    TestServer.eventually(() -> messages().size() >= count || ended());
    return this;
  }

  String lastCursor() {
    List<WatchEventsResponse> all = messages();
    return all.get(all.size() - 1).getCursor();
  }

  synchronized boolean ended() {
    return status != null;
  }

  CallError error() {
    TestServer.eventually(this::ended);
    synchronized (this) {
      return CallError.of(Optional.ofNullable(status).orElseThrow().asRuntimeException(trailers));
    }
  }

  @Override
  public void close() {
    call.cancel("enough", null);
  }
}
