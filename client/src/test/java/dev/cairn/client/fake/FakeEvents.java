package dev.cairn.client.fake;

import dev.cairn.v1.*;
import io.grpc.stub.StreamObserver;

/** Gives the events after a cursor that is a number, and stays open. */
final class FakeEvents extends EventServiceGrpc.EventServiceImplBase {
  private final FakeContent content;

  FakeEvents(FakeContent content) {
    this.content = content;
  }

  @Override
  public void watchEvents(WatchEventsRequest q, StreamObserver<WatchEventsResponse> o) {
    synchronized (content.lock) {
      int from = q.getAfterCursor().isEmpty() ? 0 : Integer.parseInt(q.getAfterCursor());
      for (int i = from; i < content.events.size(); i++) {
        String cursor = Integer.toString(i + 1);
        o.onNext(
            WatchEventsResponse.newBuilder()
                .setEvent(content.events.get(i).toBuilder().setCursor(cursor))
                .setCursor(cursor)
                .build());
      }
      o.onNext(
          WatchEventsResponse.newBuilder()
              .setHeartbeat(true)
              .setCursor(Integer.toString(content.events.size()))
              .build());
    }
  }
}
