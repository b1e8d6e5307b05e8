package dev.cairn.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.cairn.v1.Backup;
import dev.cairn.v1.BackupScheduleServiceGrpc;
import dev.cairn.v1.BackupServiceGrpc;
import dev.cairn.v1.BackupState;
import dev.cairn.v1.BatchSaveItemsRequest;
import dev.cairn.v1.Collection;
import dev.cairn.v1.CollectionServiceGrpc;
import dev.cairn.v1.CountItemsRequest;
import dev.cairn.v1.CreateBackupRequest;
import dev.cairn.v1.CreateCollectionRequest;
import dev.cairn.v1.CreateSiteRequest;
import dev.cairn.v1.DeleteItemRequest;
import dev.cairn.v1.Environment;
import dev.cairn.v1.EventServiceGrpc;
import dev.cairn.v1.ExportItemsRequest;
import dev.cairn.v1.ExportItemsResponse;
import dev.cairn.v1.GetBackupRequest;
import dev.cairn.v1.GetItemRequest;
import dev.cairn.v1.GetRestorationRequest;
import dev.cairn.v1.ImportItemsRequest;
import dev.cairn.v1.ImportItemsResponse;
import dev.cairn.v1.Item;
import dev.cairn.v1.ItemServiceGrpc;
import dev.cairn.v1.ListBackupsRequest;
import dev.cairn.v1.ListBackupsResponse;
import dev.cairn.v1.ListCollectionsRequest;
import dev.cairn.v1.ListCollectionsResponse;
import dev.cairn.v1.ListRestorationsRequest;
import dev.cairn.v1.ListRestorationsResponse;
import dev.cairn.v1.ListSitesRequest;
import dev.cairn.v1.ListSitesResponse;
import dev.cairn.v1.Restoration;
import dev.cairn.v1.RestorationServiceGrpc;
import dev.cairn.v1.RestorationState;
import dev.cairn.v1.RestoreBackupRequest;
import dev.cairn.v1.SaveItemRequest;
import dev.cairn.v1.SiteServiceGrpc;
import dev.cairn.v1.UpdateBackupRequest;
import dev.cairn.v1.VerificationState;
import dev.cairn.v1.VerifyBackupRequest;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.stub.AbstractStub;
import io.grpc.stub.StreamObserver;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The calls that tests are made of, over one connection, made with nothing but the contract's
 * stubs: no retries, so that a test sees each answer as it comes. Thread-safe.
 */
final class Cairn implements AutoCloseable {
  /** No call of a test takes this long unless something hangs. */
  private static final Duration DEADLINE = Duration.ofSeconds(60);

  private final ManagedChannel channel;

  private Cairn(ManagedChannel channel) {
    this.channel = channel;
  }

  static Cairn connect(String address) {
    return new Cairn(
        Grpc.newChannelBuilder(address, InsecureChannelCredentials.create())
            .disableRetry()
            .maxInboundMetadataSize(64 << 10)
            .build());
  }

  ManagedChannel channel() {
    return channel;
  }

  @Override
  public void close() {
    channel.shutdownNow();
    try {
      if (!channel.awaitTermination(10, TimeUnit.SECONDS)) {
        throw new AssertionError("the connection does not close");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  // The stubs, each with a fresh deadline.

  SiteServiceGrpc.SiteServiceBlockingStub sites() {
    return within(SiteServiceGrpc.newBlockingStub(channel));
  }

  CollectionServiceGrpc.CollectionServiceBlockingStub collections() {
    return within(CollectionServiceGrpc.newBlockingStub(channel));
  }

  ItemServiceGrpc.ItemServiceBlockingStub items() {
    return within(ItemServiceGrpc.newBlockingStub(channel));
  }

  ItemServiceGrpc.ItemServiceStub itemStreams() {
    return within(ItemServiceGrpc.newStub(channel));
  }

  BackupServiceGrpc.BackupServiceBlockingStub backups() {
    return within(BackupServiceGrpc.newBlockingStub(channel));
  }

  RestorationServiceGrpc.RestorationServiceBlockingStub restorations() {
    return within(RestorationServiceGrpc.newBlockingStub(channel));
  }

  BackupScheduleServiceGrpc.BackupScheduleServiceBlockingStub schedules() {
    return within(BackupScheduleServiceGrpc.newBlockingStub(channel));
  }

  EventServiceGrpc.EventServiceBlockingStub events() {
    return within(EventServiceGrpc.newBlockingStub(channel));
  }

  private static <S extends AbstractStub<S>> S within(S stub) {
    return stub.withDeadlineAfter(DEADLINE.toMillis(), TimeUnit.MILLISECONDS);
  }

  // Sites and collections.

  void createSite(String siteId) {
    var answer = sites().createSite(CreateSiteRequest.newBuilder().setSiteId(siteId).build());
    assertThat(answer.getSite().getId()).isEqualTo(siteId);
  }

  void createCollection(String siteId, String collectionId) {
    createCollection(siteId, Collection.newBuilder().setId(collectionId).build());
  }

  Collection createCollection(String siteId, Collection collection) {
    return collections()
        .createCollection(
            CreateCollectionRequest.newBuilder()
                .setSiteId(siteId)
                .setCollection(collection)
                .build())
        .getCollection();
  }

  /** A site with empty collections. */
  void createSite(String siteId, List<String> collectionIds) {
    createSite(siteId);
    collectionIds.forEach(id -> createCollection(siteId, id));
  }

  List<String> siteIds() {
    List<String> ids = new ArrayList<>();
    String token = "";
    do {
      ListSitesResponse page =
          sites().listSites(ListSitesRequest.newBuilder().setPageToken(token).build());
      page.getSitesList().forEach(site -> ids.add(site.getId()));
      token = page.getNextPageToken();
    } while (!token.isEmpty());
    return ids;
  }

  List<Collection> listCollections(String siteId) {
    List<Collection> all = new ArrayList<>();
    String token = "";
    do {
      ListCollectionsResponse page =
          collections()
              .listCollections(
                  ListCollectionsRequest.newBuilder()
                      .setSiteId(siteId)
                      .setPageToken(token)
                      .build());
      all.addAll(page.getCollectionsList());
      token = page.getNextPageToken();
    } while (!token.isEmpty());
    return all;
  }

  // Items.

  static Item item(String id, String json) {
    return Item.newBuilder().setId(id).setData(ByteString.copyFromUtf8(json)).build();
  }

  Item save(String siteId, String collectionId, String itemId, String json) {
    return items()
        .saveItem(
            SaveItemRequest.newBuilder()
                .setSiteId(siteId)
                .setCollectionId(collectionId)
                .setItem(item(itemId, json))
                .build())
        .getItem();
  }

  void saveAll(String siteId, String collectionId, List<Item> items) {
    for (int from = 0; from < items.size(); from += 1_000) {
      BatchSaveItemsRequest.Builder request =
          BatchSaveItemsRequest.newBuilder().setSiteId(siteId).setCollectionId(collectionId);
      for (Item item : items.subList(from, Math.min(items.size(), from + 1_000))) {
        request.addEntries(BatchSaveItemsRequest.Entry.newBuilder().setItem(item));
      }
      items().batchSaveItems(request.build());
    }
  }

  /** Saves items {@code item-00000} and so on, whose data says {@code mark}. */
  void fill(String siteId, String collectionId, int count, String mark) {
    List<Item> items = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      items.add(item(itemId(i), "{\"n\":" + i + ",\"mark\":\"" + mark + "\"}"));
    }
    saveAll(siteId, collectionId, items);
  }

  static String itemId(int number) {
    return String.format("item-%05d", number);
  }

  Item get(String siteId, String collectionId, String itemId) {
    return items()
        .getItem(
            GetItemRequest.newBuilder()
                .setSiteId(siteId)
                .setCollectionId(collectionId)
                .setItemId(itemId)
                .build())
        .getItem();
  }

  void delete(String siteId, String collectionId, String itemId) {
    assertThat(
            items()
                .deleteItem(
                    DeleteItemRequest.newBuilder()
                        .setSiteId(siteId)
                        .setCollectionId(collectionId)
                        .setItemId(itemId)
                        .build())
                .getDeleted())
        .isTrue();
  }

  long count(String siteId, String collectionId) {
    return count(siteId, collectionId, Environment.ENVIRONMENT_LIVE);
  }

  long count(String siteId, String collectionId, Environment environment) {
    return items()
        .countItems(
            CountItemsRequest.newBuilder()
                .setSiteId(siteId)
                .setCollectionId(collectionId)
                .setEnvironment(environment)
                .build())
        .getItemCount();
  }

  /** All items of one moment, whose number is what the server says it is. */
  SortedMap<String, Item> export(String siteId, String collectionId) {
    return export(siteId, collectionId, Environment.ENVIRONMENT_LIVE);
  }

  SortedMap<String, Item> export(String siteId, String collectionId, Environment environment) {
    Iterator<ExportItemsResponse> stream =
        items()
            .exportItems(
                ExportItemsRequest.newBuilder()
                    .setSiteId(siteId)
                    .setCollectionId(collectionId)
                    .setEnvironment(environment)
                    .build());
    SortedMap<String, Item> items = new TreeMap<>();
    long announced = -1;
    String last = "";
    while (stream.hasNext()) {
      ExportItemsResponse message = stream.next();
      if (message.hasItemCount()) {
        assertThat(announced)
            .as("the number of items comes once, in the first message")
            .isEqualTo(-1);
        announced = message.getItemCount();
      }
      for (Item item : message.getItemsList()) {
        assertThat(items.put(item.getId(), item)).as("exported twice: %s", item.getId()).isNull();
        assertThat(compareUtf8(last, item.getId()))
            .as("%s before %s", last, item.getId())
            .isNegative();
        last = item.getId();
      }
    }
    assertThat(announced)
        .as("announced count of %s/%s", siteId, collectionId)
        .isEqualTo(items.size());
    return items;
  }

  private static int compareUtf8(String a, String b) {
    return java.util.Arrays.compareUnsigned(
        a.getBytes(StandardCharsets.UTF_8), b.getBytes(StandardCharsets.UTF_8));
  }

  /** The LIVE content of a site: every collection with all its items. */
  SortedMap<String, SortedMap<String, Item>> content(String siteId) {
    SortedMap<String, SortedMap<String, Item>> content = new TreeMap<>();
    for (Collection collection : listCollections(siteId)) {
      content.put(collection.getId(), export(siteId, collection.getId()));
    }
    return content;
  }

  /** Imports one batch after the other over one stream and answers the totals. */
  ImportItemsResponse importItems(ImportItemsRequest opening, List<List<Item>> batches) {
    LinkedBlockingQueue<Object> answers = new LinkedBlockingQueue<>();
    StreamObserver<ImportItemsRequest> requests = itemStreams().importItems(new Queued<>(answers));
    requests.onNext(opening);
    ImportItemsResponse last = next(answers);
    long sequence = last.getAcknowledgedSequence();
    for (List<Item> batch : batches) {
      requests.onNext(
          ImportItemsRequest.newBuilder().setBatchSequence(++sequence).addAllItems(batch).build());
    }
    requests.onCompleted();
    while (last.getAcknowledgedSequence() < sequence) {
      last = next(answers);
    }
    return last;
  }

  private static ImportItemsResponse next(LinkedBlockingQueue<Object> answers) {
    try {
      Object answer = answers.poll(DEADLINE.toSeconds(), TimeUnit.SECONDS);
      if (answer instanceof ImportItemsResponse response) {
        return response;
      }
      if (answer instanceof RuntimeException e) {
        throw e;
      }
      throw new AssertionError("no acknowledgement but " + answer);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError(e);
    }
  }

  /** Puts what comes over a stream into a queue: messages, what broke it, or {@link #END}. */
  record Queued<T>(LinkedBlockingQueue<Object> queue) implements StreamObserver<T> {
    static final String END = "end of stream";

    @Override
    public void onNext(T message) {
      queue.add(message);
    }

    @Override
    public void onError(Throwable thrown) {
      queue.add(thrown);
    }

    @Override
    public void onCompleted() {
      queue.add(END);
    }
  }

  // Backups.

  Backup requestBackup(String siteId, String... collectionIds) {
    return backups()
        .createBackup(
            CreateBackupRequest.newBuilder()
                .setSiteId(siteId)
                .addAllCollectionIds(List.of(collectionIds))
                .setRequestId(UUID.randomUUID().toString())
                .build())
        .getBackup();
  }

  /** Makes a backup and waits until it is READY. */
  Backup backup(String siteId, String... collectionIds) {
    Backup ended = awaitBackup(siteId, requestBackup(siteId, collectionIds).getId());
    assertThat(ended.getState()).as("%s", ended).isEqualTo(BackupState.BACKUP_STATE_READY);
    return ended;
  }

  /** Waits until it is no longer PENDING. */
  Backup awaitBackup(String siteId, String backupId) {
    return awaitBackup(
        siteId, backupId, each -> each.getState() != BackupState.BACKUP_STATE_PENDING);
  }

  /** Begins to verify it. */
  Backup verify(String siteId, String backupId) {
    return backups()
        .verifyBackup(
            VerifyBackupRequest.newBuilder().setSiteId(siteId).setBackupId(backupId).build())
        .getBackup();
  }

  /** Waits until it was verified, with whatever result. */
  Backup awaitVerified(String siteId, String backupId) {
    return awaitBackup(
        siteId,
        backupId,
        each ->
            switch (each.getVerification().getState()) {
              case VERIFICATION_STATE_VERIFIED, VERIFICATION_STATE_CORRUPT -> true;
              default -> false;
            });
  }

  Backup verifiedBackup(String siteId, String... collectionIds) {
    Backup verified = awaitVerified(siteId, backup(siteId, collectionIds).getId());
    assertThat(verified.getVerification().getState())
        .isEqualTo(VerificationState.VERIFICATION_STATE_VERIFIED);
    return verified;
  }

  private Backup awaitBackup(
      String siteId, String backupId, java.util.function.Predicate<Backup> done) {
    Backup[] last = {Backup.getDefaultInstance()};
    Wait.until(
        "backup " + backupId + " of site " + siteId,
        DEADLINE,
        () -> {
          last[0] = getBackup(siteId, backupId);
          return done.test(last[0]);
        });
    return last[0];
  }

  Backup getBackup(String siteId, String backupId) {
    return backups()
        .getBackup(GetBackupRequest.newBuilder().setSiteId(siteId).setBackupId(backupId).build())
        .getBackup();
  }

  List<Backup> listBackups(String siteId, BackupState... states) {
    List<Backup> all = new ArrayList<>();
    String token = "";
    do {
      ListBackupsResponse page =
          backups()
              .listBackups(
                  ListBackupsRequest.newBuilder()
                      .setSiteId(siteId)
                      .addAllStates(List.of(states))
                      .setPageSize(1_000)
                      .setPageToken(token)
                      .build());
      all.addAll(page.getBackupsList());
      token = page.getNextPageToken();
    } while (!token.isEmpty());
    return all;
  }

  void pin(String siteId, String backupId, boolean pinned) {
    Backup updated =
        backups()
            .updateBackup(
                UpdateBackupRequest.newBuilder()
                    .setSiteId(siteId)
                    .setBackupId(backupId)
                    .setBackup(Backup.newBuilder().setPinned(pinned))
                    .setUpdateMask(com.google.protobuf.FieldMask.newBuilder().addPaths("pinned"))
                    .build())
            .getBackup();
    assertThat(updated.getPinned()).isEqualTo(pinned);
  }

  // Restorations.

  Restoration requestRestore(String siteId, String backupId) {
    return restorations()
        .restoreBackup(
            RestoreBackupRequest.newBuilder()
                .setSiteId(siteId)
                .setBackupId(backupId)
                .setRequestId(UUID.randomUUID().toString())
                .build())
        .getRestoration();
  }

  /** Restores everything and waits until it is COMPLETED. */
  Restoration restore(String siteId, String backupId) {
    return completed(requestRestore(siteId, backupId));
  }

  Restoration completed(Restoration requested) {
    Restoration ended = awaitRestoration(requested.getSiteId(), requested.getId());
    assertThat(ended.getState())
        .as("%s", ended)
        .isEqualTo(RestorationState.RESTORATION_STATE_COMPLETED);
    return ended;
  }

  /** Waits until it is no longer PENDING. */
  Restoration awaitRestoration(String siteId, String restorationId) {
    @Nullable Restoration[] last = {null};
    Wait.until(
        "restoration " + restorationId + " of site " + siteId,
        DEADLINE,
        () -> {
          Restoration now = getRestoration(siteId, restorationId);
          last[0] = now;
          return now.getState() != RestorationState.RESTORATION_STATE_PENDING;
        });
    return java.util.Objects.requireNonNull(last[0]);
  }

  Restoration getRestoration(String siteId, String restorationId) {
    return restorations()
        .getRestoration(
            GetRestorationRequest.newBuilder()
                .setSiteId(siteId)
                .setRestorationId(restorationId)
                .build())
        .getRestoration();
  }

  List<Restoration> listRestorations(String siteId) {
    List<Restoration> all = new ArrayList<>();
    String token = "";
    do {
      ListRestorationsResponse page =
          restorations()
              .listRestorations(
                  ListRestorationsRequest.newBuilder()
                      .setSiteId(siteId)
                      .setPageSize(1_000)
                      .setPageToken(token)
                      .build());
      all.addAll(page.getRestorationsList());
      token = page.getNextPageToken();
    } while (!token.isEmpty());
    return all;
  }
}
