package dev.cairn.server.restore;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Any;
import com.google.protobuf.FieldMask;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Timestamp;
import com.google.rpc.ErrorInfo;
import dev.cairn.server.backup.BackupId;
import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import dev.cairn.server.grpc.EventLoopLag;
import dev.cairn.server.grpc.GrpcServer;
import dev.cairn.server.grpc.Limits;
import dev.cairn.server.site.ItemWrite;
import dev.cairn.server.store.StoredItem;
import dev.cairn.server.telemetry.Telemetry;
import dev.cairn.v1.Backup;
import dev.cairn.v1.BackupCollection;
import dev.cairn.v1.BackupServiceGrpc;
import dev.cairn.v1.BackupServiceGrpc.BackupServiceBlockingStub;
import dev.cairn.v1.BatchDeleteItemsRequest;
import dev.cairn.v1.BatchSaveItemsRequest;
import dev.cairn.v1.BatchSaveItemsResponse;
import dev.cairn.v1.Collection;
import dev.cairn.v1.CollectionServiceGrpc;
import dev.cairn.v1.CollectionServiceGrpc.CollectionServiceBlockingStub;
import dev.cairn.v1.CreateBackupRequest;
import dev.cairn.v1.CreateCollectionRequest;
import dev.cairn.v1.CreateSiteRequest;
import dev.cairn.v1.DeleteBackupRequest;
import dev.cairn.v1.DeleteCollectionRequest;
import dev.cairn.v1.DeleteSiteRequest;
import dev.cairn.v1.GetRestorationRequest;
import dev.cairn.v1.InsertItemRequest;
import dev.cairn.v1.Item;
import dev.cairn.v1.ItemServiceGrpc;
import dev.cairn.v1.ItemServiceGrpc.ItemServiceBlockingStub;
import dev.cairn.v1.ListBackupItemsRequest;
import dev.cairn.v1.ListBackupItemsResponse;
import dev.cairn.v1.ListBackupsRequest;
import dev.cairn.v1.ListBackupsResponse;
import dev.cairn.v1.ListCollectionsRequest;
import dev.cairn.v1.ListCollectionsResponse;
import dev.cairn.v1.ListItemsRequest;
import dev.cairn.v1.ListItemsResponse;
import dev.cairn.v1.ListSitesRequest;
import dev.cairn.v1.ListSitesResponse;
import dev.cairn.v1.Restoration;
import dev.cairn.v1.RestorationDestination;
import dev.cairn.v1.RestorationSelection;
import dev.cairn.v1.RestorationServiceGrpc;
import dev.cairn.v1.RestorationServiceGrpc.RestorationServiceBlockingStub;
import dev.cairn.v1.RestorationState;
import dev.cairn.v1.RestoreBackupRequest;
import dev.cairn.v1.RestorePartialBackupRequest;
import dev.cairn.v1.SaveItemRequest;
import dev.cairn.v1.Site;
import dev.cairn.v1.SiteServiceGrpc;
import dev.cairn.v1.SiteServiceGrpc.SiteServiceBlockingStub;
import dev.cairn.v1.TruncateCollectionRequest;
import dev.cairn.v1.UndoRestorationRequest;
import dev.cairn.v1.UpdateBackupRequest;
import dev.cairn.v1.UpdateItemRequest;
import dev.cairn.v1.VerifyBackupRequest;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import io.grpc.protobuf.StatusProto;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/**
 * Speaks to a {@link ServerUnderTest} as any client does: generated stubs, the real services and
 * interceptors, an in-process transport. Answers come in the words of {@link PlainModel}; a refusal
 * is a {@link ServiceException} with the reason that was read, whose status code is asserted to be
 * the documented one. Lists are read in small pages.
 */
final class ContractCaller implements AutoCloseable {
  private static final int PAGE = 3;

  /** As the comments of {@code ErrorReason} have it. */
  private static final Map<Reason, Status.Code> CODES =
      Map.ofEntries(
          Map.entry(Reason.SITE_NOT_FOUND, Status.Code.NOT_FOUND),
          Map.entry(Reason.COLLECTION_NOT_FOUND, Status.Code.NOT_FOUND),
          Map.entry(Reason.ITEM_NOT_FOUND, Status.Code.NOT_FOUND),
          Map.entry(Reason.BACKUP_NOT_FOUND, Status.Code.NOT_FOUND),
          Map.entry(Reason.RESTORATION_NOT_FOUND, Status.Code.NOT_FOUND),
          Map.entry(Reason.SITE_ALREADY_EXISTS, Status.Code.ALREADY_EXISTS),
          Map.entry(Reason.COLLECTION_ALREADY_EXISTS, Status.Code.ALREADY_EXISTS),
          Map.entry(Reason.ITEM_ALREADY_EXISTS, Status.Code.ALREADY_EXISTS),
          Map.entry(Reason.REVISION_MISMATCH, Status.Code.ABORTED),
          Map.entry(Reason.SITE_NOT_EMPTY, Status.Code.FAILED_PRECONDITION),
          Map.entry(Reason.BACKUP_NOT_READY, Status.Code.FAILED_PRECONDITION),
          Map.entry(Reason.NOT_UNDOABLE, Status.Code.FAILED_PRECONDITION),
          Map.entry(Reason.ALL_BACKUPS_PINNED, Status.Code.RESOURCE_EXHAUSTED));

  private final ScheduledExecutorService watchThread = Executors.newSingleThreadScheduledExecutor();
  private final GrpcServer server;
  private final ManagedChannel channel;
  private final SiteServiceBlockingStub sites;
  private final CollectionServiceBlockingStub collections;
  private final ItemServiceBlockingStub items;
  private final BackupServiceBlockingStub backups;
  private final RestorationServiceBlockingStub restorations;

  ContractCaller(ServerUnderTest domain) {
    String name = UUID.randomUUID().toString();
    Duration minute = Duration.ofMinutes(1);
    Telemetry telemetry = new Telemetry();
    server =
        new GrpcServer(
            domain.forCallers(),
            new GrpcServer.Settings(
                Limits.ofContract(),
                3,
                2,
                10,
                10,
                2,
                10,
                10,
                Duration.ofMillis(1),
                minute,
                minute,
                minute,
                minute,
                Duration.ofDays(30),
                Duration.ofDays(90),
                false),
            Optional.empty(),
            telemetry,
            new EventLoopLag(telemetry),
            watchThread,
            InProcessServerBuilder.forName(name));
    try {
      server.start();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    channel = InProcessChannelBuilder.forName(name).directExecutor().build();
    sites = SiteServiceGrpc.newBlockingStub(channel);
    collections = CollectionServiceGrpc.newBlockingStub(channel);
    items = ItemServiceGrpc.newBlockingStub(channel);
    backups = BackupServiceGrpc.newBlockingStub(channel);
    restorations = RestorationServiceGrpc.newBlockingStub(channel);
  }

  /** Where items are. */
  record Place(String site, String collection) {}

  /** What became of a restoration that is COMPLETED. */
  record Restored(
      RestorationId id, BackupId safety, Map<String, RestorationRecord.Outcome> outcomes) {}

  private static <A> A call(Supplier<A> rpc) {
    try {
      return rpc.get();
    } catch (StatusRuntimeException e) {
      Reason reason = reasonOf(e);
      assertThat(e.getStatus().getCode())
          .as("code of " + reason)
          .isEqualTo(CODES.getOrDefault(reason, Status.Code.UNKNOWN));
      throw new ServiceException(reason, Map.of(), String.valueOf(e.getMessage()), e);
    }
  }

  private static Reason reasonOf(StatusRuntimeException e) {
    com.google.rpc.Status status = StatusProto.fromThrowable(e);
    assertThat(status).as("details of %s", e.getStatus()).isNotNull();
    for (Any detail : status.getDetailsList()) {
      if (detail.is(ErrorInfo.class)) {
        try {
          return Reason.valueOf(detail.unpack(ErrorInfo.class).getReason());
        } catch (InvalidProtocolBufferException damaged) {
          throw new AssertionError(damaged);
        }
      }
    }
    throw new AssertionError("no ErrorInfo in " + e.getStatus(), e);
  }

  // Sites and collections.

  void createSite(String site) {
    call(() -> sites.createSite(CreateSiteRequest.newBuilder().setSiteId(site).build()));
  }

  void deleteSite(String site, boolean force) {
    call(
        () ->
            sites.deleteSite(
                DeleteSiteRequest.newBuilder().setSiteId(site).setForce(force).build()));
  }

  List<String> siteIds() {
    List<String> ids = new ArrayList<>();
    String token = "";
    do {
      ListSitesRequest request =
          ListSitesRequest.newBuilder().setPageSize(1).setPageToken(token).build();
      ListSitesResponse page = call(() -> sites.listSites(request));
      page.getSitesList().stream().map(Site::getId).forEach(ids::add);
      token = page.getNextPageToken();
    } while (!token.isEmpty());
    return ids;
  }

  void createCollection(Place place) {
    call(
        () ->
            collections.createCollection(
                CreateCollectionRequest.newBuilder()
                    .setSiteId(place.site())
                    .setCollection(Collection.newBuilder().setId(place.collection()))
                    .build()));
  }

  void deleteCollection(Place place) {
    call(
        () ->
            collections.deleteCollection(
                DeleteCollectionRequest.newBuilder()
                    .setSiteId(place.site())
                    .setCollectionId(place.collection())
                    .build()));
  }

  // Items.

  private static Item item(ItemWrite write) {
    return Item.newBuilder()
        .setId(write.id())
        .setData(write.data())
        .setOwner(write.owner())
        .build();
  }

  private static StoredItem stored(Item item) {
    return new StoredItem(
        item.getId(),
        item.getData(),
        item.getOwner(),
        instant(item.getCreateTime()),
        instant(item.getUpdateTime()),
        item.getRevision());
  }

  private static Instant instant(Timestamp time) {
    return Instant.ofEpochSecond(time.getSeconds(), time.getNanos());
  }

  StoredItem insert(Place place, ItemWrite write) {
    return stored(
        call(() ->
                items.insertItem(
                    InsertItemRequest.newBuilder()
                        .setSiteId(place.site())
                        .setCollectionId(place.collection())
                        .setItem(item(write))
                        .build()))
            .getItem());
  }

  StoredItem update(Place place, ItemWrite write) {
    return stored(
        call(() ->
                items.updateItem(
                    UpdateItemRequest.newBuilder()
                        .setSiteId(place.site())
                        .setCollectionId(place.collection())
                        .setItem(item(write))
                        .build()))
            .getItem());
  }

  StoredItem save(Place place, ItemWrite write) {
    SaveItemRequest.Builder request =
        SaveItemRequest.newBuilder()
            .setSiteId(place.site())
            .setCollectionId(place.collection())
            .setItem(item(write));
    write.expectedRevision().ifPresent(request::setExpectedRevision);
    return stored(call(() -> items.saveItem(request.build())).getItem());
  }

  /** Answers the revisions. */
  List<Long> saveAll(Place place, List<ItemWrite> writes) {
    BatchSaveItemsRequest.Builder request =
        BatchSaveItemsRequest.newBuilder()
            .setSiteId(place.site())
            .setCollectionId(place.collection());
    for (ItemWrite write : writes) {
      BatchSaveItemsRequest.Entry.Builder entry =
          BatchSaveItemsRequest.Entry.newBuilder().setItem(item(write));
      write.expectedRevision().ifPresent(entry::setExpectedRevision);
      request.addEntries(entry);
    }
    return call(() -> items.batchSaveItems(request.build())).getResultsList().stream()
        .map(BatchSaveItemsResponse.Result::getRevision)
        .toList();
  }

  /** Answers those that were not there. */
  List<String> delete(Place place, List<String> ids, boolean allowMissing) {
    BatchDeleteItemsRequest.Builder request =
        BatchDeleteItemsRequest.newBuilder()
            .setSiteId(place.site())
            .setCollectionId(place.collection())
            .setAllowMissing(allowMissing);
    ids.forEach(id -> request.addEntriesBuilder().setItemId(id));
    return List.copyOf(call(() -> items.batchDeleteItems(request.build())).getMissingItemIdsList());
  }

  long truncate(Place place) {
    return call(() ->
            items.truncateCollection(
                TruncateCollectionRequest.newBuilder()
                    .setSiteId(place.site())
                    .setCollectionId(place.collection())
                    .build()))
        .getDeletedCount();
  }

  /** All collections of a site with all their LIVE items; the counts are asserted to agree. */
  Map<String, List<StoredItem>> content(String site) {
    Map<String, List<StoredItem>> content = new TreeMap<>();
    for (Collection collection : collections(site)) {
      List<StoredItem> all = listItems(new Place(site, collection.getId()));
      assertThat(all).hasSize((int) collection.getLiveItemCount());
      content.put(collection.getId(), all);
    }
    return content;
  }

  private List<Collection> collections(String site) {
    List<Collection> all = new ArrayList<>();
    String token = "";
    do {
      ListCollectionsRequest request =
          ListCollectionsRequest.newBuilder()
              .setSiteId(site)
              .setPageSize(2)
              .setPageToken(token)
              .build();
      ListCollectionsResponse page = call(() -> collections.listCollections(request));
      all.addAll(page.getCollectionsList());
      token = page.getNextPageToken();
    } while (!token.isEmpty());
    return all;
  }

  private List<StoredItem> listItems(Place place) {
    List<StoredItem> all = new ArrayList<>();
    String token = "";
    do {
      ListItemsRequest request =
          ListItemsRequest.newBuilder()
              .setSiteId(place.site())
              .setCollectionId(place.collection())
              .setPageSize(PAGE)
              .setPageToken(token)
              .build();
      ListItemsResponse page = call(() -> items.listItems(request));
      page.getItemsList().forEach(item -> all.add(stored(item)));
      token = page.getNextPageToken();
    } while (!token.isEmpty());
    return all;
  }

  // Backups.

  BackupId backUp(String site, List<String> chosen) {
    return new BackupId(
        call(() ->
                backups.createBackup(
                    CreateBackupRequest.newBuilder()
                        .setSiteId(site)
                        .addAllCollectionIds(chosen)
                        .build()))
            .getBackup()
            .getId());
  }

  void pin(String site, BackupId id, boolean pinned) {
    call(
        () ->
            backups.updateBackup(
                UpdateBackupRequest.newBuilder()
                    .setSiteId(site)
                    .setBackupId(id.value())
                    .setBackup(Backup.newBuilder().setPinned(pinned))
                    .setUpdateMask(FieldMask.newBuilder().addPaths("pinned"))
                    .build()));
  }

  void verify(String site, BackupId id) {
    call(
        () ->
            backups.verifyBackup(
                VerifyBackupRequest.newBuilder().setSiteId(site).setBackupId(id.value()).build()));
  }

  void deleteBackup(String site, BackupId id) {
    call(
        () ->
            backups.deleteBackup(
                DeleteBackupRequest.newBuilder().setSiteId(site).setBackupId(id.value()).build()));
  }

  /** Newest first. */
  List<Backup> listBackups(String site) {
    List<Backup> all = new ArrayList<>();
    String token = "";
    do {
      ListBackupsRequest request =
          ListBackupsRequest.newBuilder()
              .setSiteId(site)
              .setPageSize(PAGE)
              .setPageToken(token)
              .build();
      ListBackupsResponse page = call(() -> backups.listBackups(request));
      all.addAll(page.getBackupsList());
      token = page.getNextPageToken();
      if (token.isEmpty()) {
        assertThat(page.getTotalSize()).isEqualTo(all.size());
      }
    } while (!token.isEmpty());
    return all;
  }

  /** What a backup holds, read inside it. */
  Map<String, List<StoredItem>> contentOf(Backup backup) {
    Map<String, List<StoredItem>> content = new TreeMap<>();
    for (BackupCollection collection : backup.getCollectionsList()) {
      List<StoredItem> all = new ArrayList<>();
      String token = "";
      do {
        ListBackupItemsRequest request =
            ListBackupItemsRequest.newBuilder()
                .setSiteId(backup.getSiteId())
                .setBackupId(backup.getId())
                .setCollectionId(collection.getCollectionId())
                .setPageSize(PAGE)
                .setPageToken(token)
                .build();
        ListBackupItemsResponse page = call(() -> backups.listBackupItems(request));
        page.getItemsList().forEach(item -> all.add(stored(item)));
        token = page.getNextPageToken();
      } while (!token.isEmpty());
      assertThat(all).hasSize((int) collection.getItemCount());
      content.put(collection.getCollectionId(), all);
    }
    return content;
  }

  // Restorations.

  Restored restore(String site, BackupId id) {
    return restored(
        call(() ->
                restorations.restoreBackup(
                    RestoreBackupRequest.newBuilder()
                        .setSiteId(site)
                        .setBackupId(id.value())
                        .build()))
            .getRestoration());
  }

  Restored restore(String site, BackupId id, String source, String destination) {
    return restored(
        call(() ->
                restorations.restorePartialBackup(
                    RestorePartialBackupRequest.newBuilder()
                        .setSiteId(site)
                        .setBackupId(id.value())
                        .addCollections(
                            RestorationSelection.newBuilder()
                                .setCollectionId(source)
                                .setDestination(
                                    RestorationDestination.newBuilder()
                                        .setCollectionId(destination)))
                        .build()))
            .getRestoration());
  }

  Restored undo(String site, RestorationId id) {
    return restored(
        call(() ->
                restorations.undoRestoration(
                    UndoRestorationRequest.newBuilder()
                        .setSiteId(site)
                        .setRestorationId(id.value())
                        .build()))
            .getRestoration());
  }

  private Restored restored(Restoration started) {
    Restoration done =
        call(() ->
                restorations.getRestoration(
                    GetRestorationRequest.newBuilder()
                        .setSiteId(started.getSiteId())
                        .setRestorationId(started.getId())
                        .build()))
            .getRestoration();
    assertThat(done.getState())
        .as("state, failure " + done.getFailure())
        .isEqualTo(RestorationState.RESTORATION_STATE_COMPLETED);
    return new Restored(
        new RestorationId(done.getId()),
        new BackupId(done.getSafetyBackupId()),
        done.getCollectionsList().stream()
            .collect(
                Collectors.toMap(
                    each -> each.getDestination().getCollectionId(),
                    each ->
                        RestorationRecord.Outcome.valueOf(
                            each.getOutcome().name().replace("RESTORATION_OUTCOME_", "")))));
  }

  @Override
  public void close() {
    channel.shutdownNow();
    assertThat(server.stop()).as("calls that still run").isTrue();
    watchThread.shutdownNow();
  }
}
