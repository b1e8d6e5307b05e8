package dev.cairn.server.grpc;

import dev.cairn.server.backup.BackupChange;
import dev.cairn.server.restore.RestorationChange;
import dev.cairn.server.site.EventRecord;
import dev.cairn.v1.BackupStateChanged;
import dev.cairn.v1.Event;
import dev.cairn.v1.RestorationStateChanged;
import dev.cairn.v1.WatchEventsResponse;

/** Events as the contract has them. Immutable. */
final class EventMessages {
  private static final String ID_PREFIX = "event-";

  private final BackupMessages backups;
  private final RestorationMessages restorations;

  EventMessages(BackupMessages backups, RestorationMessages restorations) {
    this.backups = backups;
    this.restorations = restorations;
  }

  WatchEventsResponse message(EventRecord record) {
    String cursor = EventCursors.make(record.position());
    return WatchEventsResponse.newBuilder()
        .setEvent(event(record, cursor))
        .setCursor(cursor)
        .build();
  }

  static WatchEventsResponse heartbeat(long position) {
    return WatchEventsResponse.newBuilder()
        .setHeartbeat(true)
        .setCursor(EventCursors.make(position))
        .build();
  }

  private Event event(EventRecord record, String cursor) {
    Event.Builder event =
        Event.newBuilder()
            .setId(ID_PREFIX + record.position())
            .setSiteId(record.siteId().value())
            .setSequence(record.sequence())
            .setCursor(cursor)
            .setTime(Times.toProto(record.time()));
    switch (record.type()) {
      case BackupChange.TYPE ->
          event.setBackupStateChanged(backup(record.change(BackupChange.class)));
      case RestorationChange.TYPE ->
          event.setRestorationStateChanged(restoration(record.change(RestorationChange.class)));
      default -> {} // of a newer server, which ran on this data: clients know what that means
    }
    return event.build();
  }

  private BackupStateChanged backup(BackupChange change) {
    BackupStateChanged.Builder message =
        BackupStateChanged.newBuilder().setBackup(backups.brief(change.backup()));
    change
        .previousState()
        .ifPresent(state -> message.setPreviousState(BackupMessages.state(state)));
    change
        .previousVerification()
        .ifPresent(state -> message.setPreviousVerificationState(BackupMessages.result(state)));
    return message.build();
  }

  private RestorationStateChanged restoration(RestorationChange change) {
    RestorationStateChanged.Builder message =
        RestorationStateChanged.newBuilder()
            .setRestoration(restorations.brief(change.restoration()));
    change
        .previousState()
        .ifPresent(state -> message.setPreviousState(RestorationMessages.state(state)));
    return message.build();
  }
}
