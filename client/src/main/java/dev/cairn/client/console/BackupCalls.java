package dev.cairn.client.console;

import com.google.protobuf.FieldMask;
import com.google.protobuf.MessageOrBuilder;
import dev.cairn.client.CairnClient;
import dev.cairn.client.EventWatch;
import dev.cairn.client.Watch;
import dev.cairn.client.jsonl.ProtoJson;
import dev.cairn.v1.Backup;
import dev.cairn.v1.BackupState;
import dev.cairn.v1.BackupType;
import dev.cairn.v1.CreateBackupRequest;
import dev.cairn.v1.DeleteBackupRequest;
import dev.cairn.v1.Event;
import dev.cairn.v1.EventStart;
import dev.cairn.v1.ListBackupsRequest;
import dev.cairn.v1.Restoration;
import dev.cairn.v1.UpdateBackupRequest;
import dev.cairn.v1.WatchEventsRequest;
import java.util.Iterator;

/** Backups of a site, and its events. Immutable and thread-safe. */
final class BackupCalls {
  private final CairnClient cairn;

  BackupCalls(CairnClient cairn) {
    this.cairn = cairn;
  }

  void addTo(Routes routes) {
    routes.get("sites/{site}/backups", this::list);
    routes.post("sites/{site}/backups", this::create);
    routes.get("sites/{site}/backups/{backup}", this::get);
    routes.post("sites/{site}/backups/{backup}/pin", this::pin);
    routes.post("sites/{site}/backups/{backup}/describe", this::describe);
    routes.post("sites/{site}/backups/{backup}/verify", this::verify);
    routes.post("sites/{site}/backups/{backup}/cancel", this::cancel);
    routes.post("sites/{site}/backups/{backup}/delete", this::delete);
    routes.stream("sites/{site}/backups/{backup}/watch", this::watch);
    routes.stream("sites/{site}/events", this::events);
  }

  /** All of them, or only those that hold a place: READY and made on demand. */
  private MessageOrBuilder list(Request request) {
    ListBackupsRequest.Builder list =
        ListBackupsRequest.newBuilder()
            .setSiteId(request.siteId())
            .setPageToken(request.parameter("page"));
    if (!request.parameter("kept").isEmpty()) {
      list.addStates(BackupState.BACKUP_STATE_READY).addTypes(BackupType.BACKUP_TYPE_ON_DEMAND);
    }
    return cairn.backups().page(list.build());
  }

  private MessageOrBuilder create(Request request) {
    return cairn
        .backups()
        .create(
            CreateBackupRequest.newBuilder()
                .setSiteId(request.siteId())
                .setDescription(request.text("description"))
                .putAllLabels(request.pairs("labels"))
                .setPinned(request.flag("pinned"))
                .build());
  }

  private MessageOrBuilder get(Request request) {
    return cairn.backups().get(request.siteId(), request.part("backup"));
  }

  private MessageOrBuilder pin(Request request) {
    return cairn
        .backups()
        .update(
            UpdateBackupRequest.newBuilder()
                .setSiteId(request.siteId())
                .setBackupId(request.part("backup"))
                .setBackup(Backup.newBuilder().setPinned(request.flag("pinned")))
                .setUpdateMask(FieldMask.newBuilder().addPaths("pinned"))
                .build());
  }

  /** What people say about a backup; only if nobody else changed it since the page read it. */
  private MessageOrBuilder describe(Request request) {
    return cairn
        .backups()
        .update(
            UpdateBackupRequest.newBuilder()
                .setSiteId(request.siteId())
                .setBackupId(request.part("backup"))
                .setBackup(
                    Backup.newBuilder()
                        .setDescription(request.text("description"))
                        .putAllLabels(request.pairs("labels")))
                .setUpdateMask(FieldMask.newBuilder().addPaths("description").addPaths("labels"))
                .setEtag(request.text("etag"))
                .build());
  }

  private MessageOrBuilder verify(Request request) {
    return cairn.backups().verify(request.siteId(), request.part("backup"));
  }

  private MessageOrBuilder cancel(Request request) {
    return cairn.backups().cancel(request.siteId(), request.part("backup"));
  }

  private MessageOrBuilder delete(Request request) {
    request.requireConfirmed();
    return cairn
        .backups()
        .delete(
            DeleteBackupRequest.newBuilder()
                .setSiteId(request.siteId())
                .setBackupId(request.part("backup"))
                .build());
  }

  private void watch(Request request, Feed feed) {
    try (Watch<Backup> watch = cairn.backups().watch(request.siteId(), request.part("backup"))) {
      feed.whenGone(watch::close);
      send(watch, "state", feed);
    }
  }

  /**
   * From now on, from the oldest that is kept, or after the last event that the page has seen.
   * Without lists of collections: a page that shows all of them needs only what happened to what.
   */
  private void events(Request request, Feed feed) {
    WatchEventsRequest.Builder from = WatchEventsRequest.newBuilder().setSiteId(request.siteId());
    if (!request.parameter("after").isEmpty()) {
      from.setAfterCursor(request.parameter("after"));
    } else if (!request.parameter("past").isEmpty()) {
      from.setStartFrom(EventStart.EVENT_START_BEGINNING);
    }
    try (EventWatch watch = cairn.events().watch(from.build())) {
      feed.whenGone(watch::close);
      while (watch.hasNext()) {
        feed.send("event", ProtoJson.line(withoutCollections(watch.next())));
      }
    }
  }

  private static Event withoutCollections(Event event) {
    Event.Builder slim = event.toBuilder();
    if (event.hasBackupStateChanged()) {
      slim.getBackupStateChangedBuilder().getBackupBuilder().clearCollections();
    } else if (event.hasRestorationStateChanged()) {
      Restoration.Builder restoration =
          slim.getRestorationStateChangedBuilder().getRestorationBuilder();
      restoration.clearCollections().getBackupBuilder().clearCollections();
    }
    return slim.build();
  }

  /** Sends all that a watch brings, until it or the page ends. */
  static void send(Iterator<? extends MessageOrBuilder> watch, String event, Feed feed) {
    while (watch.hasNext()) {
      feed.send(event, ProtoJson.line(watch.next()));
    }
  }
}
