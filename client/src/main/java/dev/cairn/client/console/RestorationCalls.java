package dev.cairn.client.console;

import com.google.protobuf.MessageOrBuilder;
import dev.cairn.client.CairnClient;
import dev.cairn.client.Watch;
import dev.cairn.v1.ListRestorationsRequest;
import dev.cairn.v1.PreviewRestorationRequest;
import dev.cairn.v1.Restoration;
import dev.cairn.v1.RestorationSelection;
import dev.cairn.v1.RestoreBackupRequest;
import dev.cairn.v1.RestorePartialBackupRequest;
import java.util.List;
import java.util.Map;

/** Restorations: preview, start, follow, undo. Immutable and thread-safe. */
final class RestorationCalls {
  private final CairnClient cairn;

  RestorationCalls(CairnClient cairn) {
    this.cairn = cairn;
  }

  void addTo(Routes routes) {
    routes.post("sites/{site}/backups/{backup}/preview", this::preview);
    routes.post("sites/{site}/backups/{backup}/restore", this::restore);
    routes.get("sites/{site}/restorations", this::list);
    routes.get("sites/{site}/restorations/{restoration}", this::get);
    routes.post("sites/{site}/restorations/{restoration}/cancel", this::cancel);
    routes.post("sites/{site}/restorations/{restoration}/undo", this::undo);
    routes.stream("sites/{site}/restorations/{restoration}/watch", this::watch);
  }

  private MessageOrBuilder preview(Request request) {
    return cairn
        .restorations()
        .preview(
            PreviewRestorationRequest.newBuilder()
                .setSiteId(request.siteId())
                .setBackupId(request.part("backup"))
                .addAllCollections(selections(request))
                .setDestinationSiteId(request.text("destinationSite"))
                .build());
  }

  /**
   * What was previewed, or nothing: the preview's token makes sure of it. A new site replaces
   * nothing, so nothing has to be typed for it.
   */
  private MessageOrBuilder restore(Request request) {
    String destinationSite = request.text("destinationSite");
    if (destinationSite.isEmpty()) {
      request.requireConfirmed();
    }
    if (request.text("previewToken").isEmpty()) {
      throw new RefusedException(
          400, "There was no preview; nothing was done.", "Look at the preview first.");
    }
    List<RestorationSelection> selections = selections(request);
    if (selections.isEmpty()) {
      return cairn
          .restorations()
          .restore(
              RestoreBackupRequest.newBuilder()
                  .setSiteId(request.siteId())
                  .setBackupId(request.part("backup"))
                  .setDestinationSiteId(destinationSite)
                  .setPreviewToken(request.text("previewToken"))
                  .build());
    }
    return cairn
        .restorations()
        .restorePartial(
            RestorePartialBackupRequest.newBuilder()
                .setSiteId(request.siteId())
                .setBackupId(request.part("backup"))
                .addAllCollections(selections)
                .setDestinationSiteId(destinationSite)
                .setPreviewToken(request.text("previewToken"))
                .build());
  }

  private MessageOrBuilder list(Request request) {
    return cairn
        .restorations()
        .page(
            ListRestorationsRequest.newBuilder()
                .setSiteId(request.siteId())
                .setPageToken(request.parameter("page"))
                .build());
  }

  private MessageOrBuilder get(Request request) {
    return cairn.restorations().get(request.siteId(), request.part("restoration"));
  }

  private MessageOrBuilder cancel(Request request) {
    return cairn.restorations().cancel(request.siteId(), request.part("restoration"));
  }

  private MessageOrBuilder undo(Request request) {
    request.requireConfirmed();
    return cairn.restorations().undo(request.siteId(), request.part("restoration"));
  }

  private void watch(Request request, Feed feed) {
    try (Watch<Restoration> watch =
        cairn.restorations().watch(request.siteId(), request.part("restoration"))) {
      feed.whenGone(watch::close);
      BackupCalls.send(watch, "state", feed);
    }
  }

  /** The chosen collections, some of them into others. */
  private static List<RestorationSelection> selections(Request request) {
    Map<String, String> into = request.pairs("into");
    return request.texts("collections").stream()
        .map(
            id -> {
              RestorationSelection.Builder selection =
                  RestorationSelection.newBuilder().setCollectionId(id);
              String other = into.getOrDefault(id, "");
              if (!other.isEmpty()) {
                selection.getDestinationBuilder().setCollectionId(other);
              }
              return selection.build();
            })
        .toList();
  }
}
