package dev.cairn.server.grpc;

import dev.cairn.server.backup.BackupId;
import dev.cairn.server.restore.Previews;
import dev.cairn.server.restore.RestorationId;
import dev.cairn.server.restore.RestorationRecord;
import dev.cairn.server.restore.RestorationView;
import dev.cairn.server.restore.Restorations;
import dev.cairn.server.site.RequestId;
import dev.cairn.server.site.SiteId;
import dev.cairn.server.store.CollectionId;
import dev.cairn.v1.CancelRestorationRequest;
import dev.cairn.v1.CancelRestorationResponse;
import dev.cairn.v1.GetRestorationRequest;
import dev.cairn.v1.GetRestorationResponse;
import dev.cairn.v1.ListRestorationsRequest;
import dev.cairn.v1.ListRestorationsResponse;
import dev.cairn.v1.PreviewRestorationRequest;
import dev.cairn.v1.PreviewRestorationResponse;
import dev.cairn.v1.Restoration;
import dev.cairn.v1.RestorationSelection;
import dev.cairn.v1.RestorationServiceGrpc;
import dev.cairn.v1.RestorationState;
import dev.cairn.v1.RestoreBackupRequest;
import dev.cairn.v1.RestoreBackupResponse;
import dev.cairn.v1.RestorePartialBackupRequest;
import dev.cairn.v1.RestorePartialBackupResponse;
import dev.cairn.v1.UndoRestorationRequest;
import dev.cairn.v1.UndoRestorationResponse;
import dev.cairn.v1.WatchRestorationRequest;
import dev.cairn.v1.WatchRestorationResponse;
import io.grpc.Context;
import io.grpc.ServerServiceDefinition;
import io.grpc.stub.StreamObserver;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** {@code cairn.v1.RestorationService}. */
final class RestorationGrpcService extends RestorationServiceGrpc.RestorationServiceImplBase {
  private static final int DEFAULT_PAGE = 50;
  private static final int MAX_SELECTIONS = 1_000;
  private static final int DEFAULT_SAMPLES = 10;
  private static final int MAX_SAMPLES = 100;

  private final Restorations restorations;
  private final Previews previews;
  private final RestorationMessages messages;
  private final Watches watches;
  private final Limits limits;
  private final WatchStream.Messages<RestorationView, WatchRestorationResponse> watchMessages =
      new WatchStream.Messages<>(this::message, RestorationGrpcService::heartbeat);

  RestorationGrpcService(
      Restorations restorations,
      Previews previews,
      RestorationMessages messages,
      Watches watches,
      Limits limits) {
    this.restorations = restorations;
    this.previews = previews;
    this.messages = messages;
    this.watches = watches;
    this.limits = limits;
  }

  @Override
  public void restoreBackup(
      RestoreBackupRequest request, StreamObserver<RestoreBackupResponse> caller) {
    new Check(limits)
        .site(request.getSiteId())
        .backup(request.getBackupId())
        .when(
            !request.getDestinationSiteId().isEmpty(),
            part -> part.siteId("destination_site_id", request.getDestinationSiteId()))
        .known("verification", request.getVerification())
        .requestId(request.getRequestId())
        .done();
    RestorationView view =
        restorations.start(
            new Restorations.Request(
                new SiteId(request.getSiteId()),
                new BackupId(request.getBackupId()),
                List.of(),
                newSite(request.getDestinationSiteId()),
                RestorationMessages.mode(request.getVerification()),
                request.getAllowCorrupt(),
                token(request.getPreviewToken()),
                AccessControl.caller().name(),
                RequestDigest.requestId(request, request.getRequestId())));
    Replies.send(
        caller,
        RestoreBackupResponse.newBuilder().setRestoration(messages.withProgress(view)).build());
  }

  @Override
  public void restorePartialBackup(
      RestorePartialBackupRequest request, StreamObserver<RestorePartialBackupResponse> caller) {
    Check check =
        new Check(limits)
            .site(request.getSiteId())
            .backup(request.getBackupId())
            .when(
                !request.getDestinationSiteId().isEmpty(),
                part -> part.siteId("destination_site_id", request.getDestinationSiteId()))
            .known("verification", request.getVerification())
            .requestId(request.getRequestId());
    checkSelections(check, request.getCollectionsList());
    check.done();
    RestorationView view =
        restorations.start(
            new Restorations.Request(
                new SiteId(request.getSiteId()),
                new BackupId(request.getBackupId()),
                request.getCollectionsList().stream()
                    .map(RestorationGrpcService::selection)
                    .toList(),
                newSite(request.getDestinationSiteId()),
                RestorationMessages.mode(request.getVerification()),
                request.getAllowCorrupt(),
                token(request.getPreviewToken()),
                AccessControl.caller().name(),
                RequestDigest.requestId(request, request.getRequestId())));
    Replies.send(
        caller,
        RestorePartialBackupResponse.newBuilder()
            .setRestoration(messages.withProgress(view))
            .build());
  }

  private static void checkSelections(Check check, List<RestorationSelection> selections) {
    int count = selections.size();
    check.that(
        count >= 1 && count <= MAX_SELECTIONS,
        "collections",
        "has " + count + " entries; 1 to " + MAX_SELECTIONS + " are allowed");
    for (int i = 0; i < count && !check.full(); i++) {
      RestorationSelection each = selections.get(i);
      String path = Check.at("collections", i);
      check.collectionId(path + ".collection_id", each.getCollectionId());
      if (each.hasDestination()) {
        check
            .collectionId(
                path + ".destination.collection_id", each.getDestination().getCollectionId())
            .text(path + ".destination.display_name", each.getDestination().getDisplayName());
      }
    }
    check
        .distinct(
            selections.stream().map(RestorationSelection::getCollectionId).toList(),
            i -> Check.at("collections", i) + ".collection_id")
        .distinct(
            selections.stream().map(RestorationGrpcService::destination).toList(),
            i -> Check.at("collections", i) + ".destination.collection_id");
  }

  private static String destination(RestorationSelection selection) {
    return selection.hasDestination()
        ? selection.getDestination().getCollectionId()
        : selection.getCollectionId();
  }

  private static Restorations.Selection selection(RestorationSelection selection) {
    return new Restorations.Selection(
        new CollectionId(selection.getCollectionId()),
        new CollectionId(destination(selection)),
        selection.getDestination().getDisplayName());
  }

  private static Optional<SiteId> newSite(String destinationSiteId) {
    return destinationSiteId.isEmpty()
        ? Optional.empty()
        : Optional.of(new SiteId(destinationSiteId));
  }

  private static Optional<String> token(String previewToken) {
    return previewToken.isEmpty() ? Optional.empty() : Optional.of(previewToken);
  }

  @Override
  public void previewRestoration(
      PreviewRestorationRequest request, StreamObserver<PreviewRestorationResponse> caller) {
    int samples = request.hasSampleSize() ? request.getSampleSize() : DEFAULT_SAMPLES;
    Check check =
        new Check(limits)
            .site(request.getSiteId())
            .backup(request.getBackupId())
            .when(
                !request.getDestinationSiteId().isEmpty(),
                part -> part.siteId("destination_site_id", request.getDestinationSiteId()))
            .that(
                samples >= 0 && samples <= MAX_SAMPLES,
                "sample_size",
                "is " + samples + "; 0 to " + MAX_SAMPLES + " are allowed");
    if (request.getCollectionsCount() > 0) {
      checkSelections(check, request.getCollectionsList());
    }
    check.done();
    Context call = Context.current();
    Previews.Preview preview =
        previews.preview(
            new Previews.Request(
                new SiteId(request.getSiteId()),
                new BackupId(request.getBackupId()),
                request.getCollectionsList().stream()
                    .map(RestorationGrpcService::selection)
                    .toList(),
                newSite(request.getDestinationSiteId()),
                samples),
            call::isCancelled);
    Replies.send(
        caller,
        PreviewRestorationResponse.newBuilder()
            .addAllCollections(preview.rows().stream().map(RestorationMessages::preview).toList())
            .setPreviewToken(preview.token())
            .setExpireTime(Times.toProto(preview.expireTime()))
            .build());
  }

  @Override
  public void getRestoration(
      GetRestorationRequest request, StreamObserver<GetRestorationResponse> caller) {
    new Check(limits).site(request.getSiteId()).restoration(request.getRestorationId()).done();
    RestorationView view =
        restorations.get(
            new SiteId(request.getSiteId()), new RestorationId(request.getRestorationId()));
    Replies.send(
        caller, GetRestorationResponse.newBuilder().setRestoration(messages.whole(view)).build());
  }

  @Override
  public void listRestorations(
      ListRestorationsRequest request, StreamObserver<ListRestorationsResponse> caller) {
    new Check(limits)
        .site(request.getSiteId())
        .knownFilter(
            "states", request.getStatesList(), RestorationState.RESTORATION_STATE_UNSPECIFIED)
        .when(!request.getBackupId().isEmpty(), part -> part.backup(request.getBackupId()))
        .pageSize(request.getPageSize())
        .done();
    String before = PageTokens.position(request, request.getPageToken());
    List<RestorationRecord> all =
        restorations.list(
            new SiteId(request.getSiteId()),
            request.getStatesList().stream()
                .map(RestorationMessages::state)
                .collect(Collectors.toUnmodifiableSet()),
            request.getBackupId().isEmpty()
                ? Optional.empty()
                : Optional.of(new BackupId(request.getBackupId())));
    List<Restoration> rest =
        all.stream()
            .filter(each -> before.isEmpty() || each.id().value().compareTo(before) < 0)
            .map(messages::brief)
            .toList();
    int size = Replies.pageSize(request.getPageSize(), DEFAULT_PAGE, limits);
    Replies.Page<Restoration> page =
        Replies.page(rest, size, Restoration::getSerializedSize, limits);
    Replies.send(
        caller,
        ListRestorationsResponse.newBuilder()
            .addAllRestorations(page.entries())
            .setNextPageToken(page.next(last -> PageTokens.make(request, last.getId())))
            .setTotalSize(all.size())
            .build());
  }

  @Override
  public void cancelRestoration(
      CancelRestorationRequest request, StreamObserver<CancelRestorationResponse> caller) {
    new Check(limits).site(request.getSiteId()).restoration(request.getRestorationId()).done();
    RestorationView view =
        restorations.cancel(
            new SiteId(request.getSiteId()), new RestorationId(request.getRestorationId()));
    Replies.send(
        caller,
        CancelRestorationResponse.newBuilder().setRestoration(messages.withProgress(view)).build());
  }

  @Override
  public void undoRestoration(
      UndoRestorationRequest request, StreamObserver<UndoRestorationResponse> caller) {
    new Check(limits)
        .site(request.getSiteId())
        .restoration(request.getRestorationId())
        .requestId(request.getRequestId())
        .done();
    Optional<RequestId> requestId = RequestDigest.requestId(request, request.getRequestId());
    RestorationView view =
        restorations.undo(
            new SiteId(request.getSiteId()),
            new RestorationId(request.getRestorationId()),
            AccessControl.caller().name(),
            requestId);
    Replies.send(
        caller,
        UndoRestorationResponse.newBuilder().setRestoration(messages.withProgress(view)).build());
  }

  @Override
  public void watchRestoration(
      WatchRestorationRequest request, StreamObserver<WatchRestorationResponse> caller) {
    new Check(limits)
        .site(request.getSiteId())
        .restoration(request.getRestorationId())
        .that(request.getAfterSequence() >= 0, "after_sequence", "is negative")
        .done();
    SiteId siteId = new SiteId(request.getSiteId());
    RestorationId id = new RestorationId(request.getRestorationId());
    watches.<RestorationView, WatchRestorationResponse>start(
        AccessControl.caller(),
        caller,
        request.getAfterSequence(),
        watchMessages,
        signal -> restorations.watch(siteId, id, signal));
  }

  /** What was generated, but that many watch the same. */
  ServerServiceDefinition definition() {
    return SharedMessages.in(bindService(), RestorationServiceGrpc.getWatchRestorationMethod());
  }

  private WatchRestorationResponse message(RestorationView view, boolean whole) {
    return WatchRestorationResponse.newBuilder()
        .setRestoration(whole ? messages.whole(view) : messages.withProgress(view))
        .setSequence(view.sequence())
        .build();
  }

  private static WatchRestorationResponse heartbeat(long sequence) {
    return WatchRestorationResponse.newBuilder().setHeartbeat(true).setSequence(sequence).build();
  }
}
