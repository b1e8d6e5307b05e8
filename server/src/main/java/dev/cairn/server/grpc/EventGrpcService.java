package dev.cairn.server.grpc;

import dev.cairn.server.auth.Caller;
import dev.cairn.server.auth.Permission;
import dev.cairn.server.site.EventFeed;
import dev.cairn.server.site.EventLog;
import dev.cairn.server.site.SiteId;
import dev.cairn.v1.EventServiceGrpc;
import dev.cairn.v1.EventStart;
import dev.cairn.v1.WatchEventsRequest;
import dev.cairn.v1.WatchEventsResponse;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ScheduledExecutorService;

/** {@code cairn.v1.EventService}. */
final class EventGrpcService extends EventServiceGrpc.EventServiceImplBase {
  private final EventLog log;
  private final EventMessages messages;
  private final Streams streams;
  private final Limits limits;

  /**
   * What watches run on.
   *
   * @param watches has a place for each
   * @param timers only adds steps to their queues
   * @param heartbeat the longest silence
   */
  record Streams(
      Watches watches, Workers workers, ScheduledExecutorService timers, Duration heartbeat) {}

  EventGrpcService(EventLog log, EventMessages messages, Streams streams, Limits limits) {
    this.log = log;
    this.messages = messages;
    this.streams = streams;
    this.limits = limits;
  }

  @Override
  public void watchEvents(WatchEventsRequest request, StreamObserver<WatchEventsResponse> caller) {
    boolean ofOneSite = !request.getSiteId().isEmpty();
    new Check(limits)
        .when(ofOneSite, check -> check.site(request.getSiteId()))
        .that(
            ofOneSite || !request.hasAfterSequence(),
            "after_sequence",
            "is only for a watch of one site; use after_cursor")
        .that(request.getAfterSequence() >= 0, "after_sequence", "is negative")
        .known("start_from", request.getStartFrom())
        .done();
    EventFeed.Start start = start(request);
    Caller who = AccessControl.caller();
    Optional<Set<String>> watched =
        who.grants().sites(granted -> granted.contains(Permission.LIST_BACKUPS));
    EventStream stream =
        streams
            .watches()
            .enter(
                who,
                leave ->
                    new EventStream(
                        log,
                        messages,
                        site -> watched.map(ids -> ids.contains(site.value())).orElse(true),
                        (ServerCallStreamObserver<WatchEventsResponse>) caller,
                        streams.heartbeat(),
                        streams.workers(),
                        streams.timers(),
                        leave));
    stream.open(ofOneSite ? Optional.of(new SiteId(request.getSiteId())) : Optional.empty(), start);
  }

  private static EventFeed.Start start(WatchEventsRequest request) {
    return switch (request.getStartCase()) {
      case AFTER_SEQUENCE -> new EventFeed.AfterSequence(request.getAfterSequence());
      case AFTER_CURSOR ->
          new EventFeed.AfterPosition(EventCursors.position(request.getAfterCursor()));
      case START_FROM ->
          request.getStartFrom() == EventStart.EVENT_START_BEGINNING
              ? new EventFeed.Beginning()
              : new EventFeed.Now();
      case START_NOT_SET -> new EventFeed.Now();
    };
  }
}
