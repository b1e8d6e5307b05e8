package dev.cairn.server.grpc;

import dev.cairn.server.backup.BackupId;
import dev.cairn.server.backup.BackupItems;
import dev.cairn.server.backup.BackupRecord;
import dev.cairn.server.backup.BackupType;
import dev.cairn.server.backup.BackupView;
import dev.cairn.server.backup.Backups;
import dev.cairn.server.site.Items;
import dev.cairn.server.site.SiteId;
import dev.cairn.server.store.CollectionId;
import dev.cairn.server.store.StoredItem;
import dev.cairn.v1.Backup;
import dev.cairn.v1.BackupServiceGrpc;
import dev.cairn.v1.BackupState;
import dev.cairn.v1.CancelBackupRequest;
import dev.cairn.v1.CancelBackupResponse;
import dev.cairn.v1.CreateBackupRequest;
import dev.cairn.v1.CreateBackupResponse;
import dev.cairn.v1.DeleteBackupRequest;
import dev.cairn.v1.DeleteBackupResponse;
import dev.cairn.v1.GetBackupItemRequest;
import dev.cairn.v1.GetBackupItemResponse;
import dev.cairn.v1.GetBackupRequest;
import dev.cairn.v1.GetBackupResponse;
import dev.cairn.v1.Item;
import dev.cairn.v1.ListBackupItemsRequest;
import dev.cairn.v1.ListBackupItemsResponse;
import dev.cairn.v1.ListBackupsRequest;
import dev.cairn.v1.ListBackupsResponse;
import dev.cairn.v1.UpdateBackupRequest;
import dev.cairn.v1.UpdateBackupResponse;
import dev.cairn.v1.VerifyBackupRequest;
import dev.cairn.v1.VerifyBackupResponse;
import dev.cairn.v1.WatchBackupRequest;
import dev.cairn.v1.WatchBackupResponse;
import io.grpc.ServerServiceDefinition;
import io.grpc.stub.StreamObserver;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** {@code cairn.v1.BackupService}. */
final class BackupGrpcService extends BackupServiceGrpc.BackupServiceImplBase {
  private static final List<String> UPDATABLE = List.of("description", "labels", "pinned");
  private static final int DEFAULT_PAGE = 50;

  private final Backups backups;
  private final BackupItems items;
  private final BackupMessages messages;
  private final Watches watches;
  private final Limits limits;
  private final WatchStream.Messages<BackupView, WatchBackupResponse> watchMessages =
      new WatchStream.Messages<>(this::message, BackupGrpcService::heartbeat);

  BackupGrpcService(
      Backups backups, BackupItems items, BackupMessages messages, Watches watches, Limits limits) {
    this.backups = backups;
    this.items = items;
    this.messages = messages;
    this.watches = watches;
    this.limits = limits;
  }

  @Override
  public void createBackup(
      CreateBackupRequest request, StreamObserver<CreateBackupResponse> caller) {
    new Check(limits)
        .site(request.getSiteId())
        .collectionIds("collection_ids", request.getCollectionIdsList())
        .text("description", request.getDescription())
        .labels("labels", request.getLabelsMap())
        .requestId(request.getRequestId())
        .done();
    BackupView view =
        backups.create(
            new Backups.Request(
                new SiteId(request.getSiteId()),
                request.getCollectionIdsList().stream().map(CollectionId::new).toList(),
                BackupType.ON_DEMAND,
                new BackupRecord.Notes(
                    request.getDescription(), request.getLabelsMap(), request.getPinned()),
                AccessControl.caller().name(),
                RequestDigest.requestId(request, request.getRequestId())));
    Replies.send(
        caller, CreateBackupResponse.newBuilder().setBackup(messages.withProgress(view)).build());
  }

  @Override
  public void getBackup(GetBackupRequest request, StreamObserver<GetBackupResponse> caller) {
    new Check(limits).site(request.getSiteId()).backup(request.getBackupId()).done();
    BackupView view =
        backups.get(new SiteId(request.getSiteId()), new BackupId(request.getBackupId()));
    Replies.send(caller, GetBackupResponse.newBuilder().setBackup(messages.whole(view)).build());
  }

  @Override
  public void listBackups(ListBackupsRequest request, StreamObserver<ListBackupsResponse> caller) {
    new Check(limits)
        .site(request.getSiteId())
        .knownFilter("states", request.getStatesList(), BackupState.BACKUP_STATE_UNSPECIFIED)
        .knownFilter(
            "types", request.getTypesList(), dev.cairn.v1.BackupType.BACKUP_TYPE_UNSPECIFIED)
        .labelFilter("labels", request.getLabelsMap())
        .pageSize(request.getPageSize())
        .done();
    String before = PageTokens.position(request, request.getPageToken());
    Backups.Listing listing = backups.list(new SiteId(request.getSiteId()), filter(request));
    List<Backup> rest =
        listing.backups().stream()
            .filter(each -> before.isEmpty() || each.id().value().compareTo(before) < 0)
            .map(messages::brief)
            .toList();
    int size = Replies.pageSize(request.getPageSize(), DEFAULT_PAGE, limits);
    Replies.Page<Backup> page = Replies.page(rest, size, Backup::getSerializedSize, limits);
    Replies.send(
        caller,
        ListBackupsResponse.newBuilder()
            .addAllBackups(page.entries())
            .setNextPageToken(page.next(last -> PageTokens.make(request, last.getId())))
            .setTotalSize(listing.backups().size())
            .setNextEvictedBackupId(listing.nextEvicted().map(BackupId::value).orElse(""))
            .setOnDemandLimit(listing.limit())
            .build());
  }

  private static Backups.Filter filter(ListBackupsRequest request) {
    return new Backups.Filter(
        request.getStatesList().stream()
            .map(BackupMessages::state)
            .collect(Collectors.toUnmodifiableSet()),
        request.getTypesList().stream()
            .map(BackupMessages::type)
            .collect(Collectors.toUnmodifiableSet()),
        request.getLabelsMap());
  }

  @Override
  public void updateBackup(
      UpdateBackupRequest request, StreamObserver<UpdateBackupResponse> caller) {
    Backup wanted = request.getBackup();
    List<String> paths = request.getUpdateMask().getPathsList();
    boolean all = paths.contains("*");
    boolean description = all || paths.contains("description");
    boolean labels = all || paths.contains("labels");
    boolean pinned = all || paths.contains("pinned");
    new Check(limits)
        .site(request.getSiteId())
        .backup(request.getBackupId())
        .required("backup", request.hasBackup())
        .mask("update_mask", request.getUpdateMask(), UPDATABLE)
        .when(description, part -> part.text("backup.description", wanted.getDescription()))
        .when(labels, part -> part.labels("backup.labels", wanted.getLabelsMap()))
        .done();
    BackupView view =
        backups.update(
            new SiteId(request.getSiteId()),
            new BackupId(request.getBackupId()),
            old ->
                new BackupRecord.Notes(
                    description ? wanted.getDescription() : old.description(),
                    labels ? Map.copyOf(wanted.getLabelsMap()) : old.labels(),
                    pinned ? wanted.getPinned() : old.pinned()),
            request.getEtag());
    Replies.send(
        caller, UpdateBackupResponse.newBuilder().setBackup(messages.withProgress(view)).build());
  }

  @Override
  public void deleteBackup(
      DeleteBackupRequest request, StreamObserver<DeleteBackupResponse> caller) {
    new Check(limits).site(request.getSiteId()).backup(request.getBackupId()).done();
    BackupView view =
        backups.delete(
            new SiteId(request.getSiteId()),
            new BackupId(request.getBackupId()),
            request.getEtag());
    Replies.send(
        caller, DeleteBackupResponse.newBuilder().setBackup(messages.withProgress(view)).build());
  }

  @Override
  public void cancelBackup(
      CancelBackupRequest request, StreamObserver<CancelBackupResponse> caller) {
    new Check(limits).site(request.getSiteId()).backup(request.getBackupId()).done();
    BackupView view =
        backups.cancel(new SiteId(request.getSiteId()), new BackupId(request.getBackupId()));
    Replies.send(
        caller, CancelBackupResponse.newBuilder().setBackup(messages.withProgress(view)).build());
  }

  @Override
  public void verifyBackup(
      VerifyBackupRequest request, StreamObserver<VerifyBackupResponse> caller) {
    new Check(limits).site(request.getSiteId()).backup(request.getBackupId()).done();
    BackupView view =
        backups.verify(new SiteId(request.getSiteId()), new BackupId(request.getBackupId()));
    Replies.send(
        caller, VerifyBackupResponse.newBuilder().setBackup(messages.withProgress(view)).build());
  }

  @Override
  public void watchBackup(WatchBackupRequest request, StreamObserver<WatchBackupResponse> caller) {
    new Check(limits)
        .site(request.getSiteId())
        .backup(request.getBackupId())
        .that(request.getAfterSequence() >= 0, "after_sequence", "is negative")
        .done();
    SiteId siteId = new SiteId(request.getSiteId());
    BackupId id = new BackupId(request.getBackupId());
    watches.<BackupView, WatchBackupResponse>start(
        AccessControl.caller(),
        caller,
        request.getAfterSequence(),
        watchMessages,
        signal -> backups.watch(siteId, id, signal));
  }

  @Override
  public void listBackupItems(
      ListBackupItemsRequest request, StreamObserver<ListBackupItemsResponse> caller) {
    new Check(limits)
        .site(request.getSiteId())
        .backup(request.getBackupId())
        .collection(request.getCollectionId())
        .pageSize(request.getPageSize())
        .done();
    String after = PageTokens.position(request, request.getPageToken());
    int size = Replies.pageSize(request.getPageSize(), limits);
    Items.Page read =
        items.list(
            place(request.getSiteId(), request.getBackupId(), request.getCollectionId()),
            after,
            size,
            limits.answerBytes());
    Replies.Page<Item> page = ItemMessages.page(read, size, limits);
    Replies.send(
        caller,
        ListBackupItemsResponse.newBuilder()
            .addAllItems(page.entries())
            .setNextPageToken(page.next(last -> PageTokens.make(request, last.getId())))
            .setTotalSize(read.total())
            .build());
  }

  @Override
  public void getBackupItem(
      GetBackupItemRequest request, StreamObserver<GetBackupItemResponse> caller) {
    new Check(limits)
        .site(request.getSiteId())
        .backup(request.getBackupId())
        .collection(request.getCollectionId())
        .itemId("item_id", request.getItemId())
        .done();
    StoredItem item =
        items.get(
            place(request.getSiteId(), request.getBackupId(), request.getCollectionId()),
            request.getItemId());
    Replies.send(
        caller, GetBackupItemResponse.newBuilder().setItem(ItemMessages.toProto(item)).build());
  }

  private static BackupItems.Place place(String siteId, String backupId, String collectionId) {
    return new BackupItems.Place(
        new SiteId(siteId), new BackupId(backupId), new CollectionId(collectionId));
  }

  /** What was generated, but that many watch the same. */
  ServerServiceDefinition definition() {
    return SharedMessages.in(bindService(), BackupServiceGrpc.getWatchBackupMethod());
  }

  private WatchBackupResponse message(BackupView view, boolean whole) {
    return WatchBackupResponse.newBuilder()
        .setBackup(whole ? messages.whole(view) : messages.withProgress(view))
        .setSequence(view.sequence())
        .build();
  }

  private static WatchBackupResponse heartbeat(long sequence) {
    return WatchBackupResponse.newBuilder().setHeartbeat(true).setSequence(sequence).build();
  }
}
