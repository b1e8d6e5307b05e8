package dev.cairn.client.fake;

import com.google.protobuf.ByteString;
import com.google.protobuf.Timestamp;
import dev.cairn.v1.*;
import io.grpc.BindableService;
import io.grpc.ManagedChannelBuilder;
import io.grpc.Server;
import io.grpc.ServerInterceptors;
import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.Supplier;

/**
 * A server in memory that does what the client needs of it: content, request ids, paging, imports
 * that can be resumed, backups and restorations whose watches show a few states. {@link #faults}
 * makes it fail. It checks little; that is the real server's affair.
 *
 * <p>Thread-safe: one lock for all.
 */
public final class FakeServer implements AutoCloseable {
  /** The order of the bytes of UTF-8, which is that of the code points. */
  private static final Comparator<String> BY_UTF8 =
      (a, b) -> {
        int length = Math.min(a.length(), b.length());
        for (int i = 0; i < length; i++) {
          if (a.charAt(i) != b.charAt(i)) {
            return Integer.compare(rank(a.charAt(i)), rank(b.charAt(i)));
          }
        }
        return Integer.compare(a.length(), b.length());
      };

  /** Surrogates, which stand for the greatest code points, come last. */
  private static int rank(char c) {
    return c >= 0xE000 ? c - 0x800 : c >= 0xD800 ? c + 0x2000 : c;
  }

  /** Items on one message of an export. */
  public static final int EXPORT_PAGE = 3;

  private static final int PROGRESS_STEPS = 3;

  private record Place(String collectionId, Environment environment) {}

  private static final class FakeSite {
    Site site = Site.getDefaultInstance();
    final NavigableMap<String, Collection> collections = new TreeMap<>();
    final Map<Place, NavigableMap<String, Item>> items = new HashMap<>();
    final NavigableMap<String, Backup> backups = new TreeMap<>();
    final Map<String, Map<String, NavigableMap<String, Item>>> snapshots = new HashMap<>();
    final NavigableMap<String, Restoration> restorations = new TreeMap<>();
    BackupSchedule schedule = BackupSchedule.getDefaultInstance();
  }

  private static final class FakeImport {
    ImportItemsResponse totals = ImportItemsResponse.getDefaultInstance();
  }

  private final Object lock = new Object();
  private final NavigableMap<String, FakeSite> sites = new TreeMap<>();
  private final Map<String, Object> answers = new HashMap<>();
  private final Map<String, FakeImport> imports = new HashMap<>();
  private final List<Event> events = new ArrayList<>();
  private final Faults faults = new Faults();
  private final String name = UUID.randomUUID().toString();
  private final Server server;
  private int ids;
  private boolean failJobs;
  private int exportPage = EXPORT_PAGE;

  public FakeServer() {
    InProcessServerBuilder builder = InProcessServerBuilder.forName(name);
    for (BindableService service :
        List.of(
            new Sites(),
            new Collections(),
            new Items(),
            new Backups(),
            new Restorations(),
            new Schedules(),
            new Events())) {
      builder.addService(ServerInterceptors.intercept(service, faults));
    }
    this.server = builder.build();
    try {
      server.start();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public ManagedChannelBuilder<?> channel() {
    return InProcessChannelBuilder.forName(name);
  }

  public Faults faults() {
    return faults;
  }

  /** Jobs requested from now on end as FAILED. */
  public void failJobs() {
    synchronized (lock) {
      failJobs = true;
    }
  }

  /** For tests with many items. */
  public FakeServer withLargeExportPages() {
    synchronized (lock) {
      exportPage = 1_000;
    }
    return this;
  }

  /** Creates a site with an empty collection. */
  public FakeServer with(String siteId, String collectionId) {
    synchronized (lock) {
      FakeSite site = sites.computeIfAbsent(siteId, FakeServer::newSite);
      site.collections.put(
          collectionId,
          Collection.newBuilder().setSiteId(siteId).setId(collectionId).setRevision(1).build());
    }
    return this;
  }

  /** Puts an item there. */
  public FakeServer with(String siteId, String collectionId, String itemId, String data) {
    synchronized (lock) {
      with(siteId, collectionId);
      save(
          site(siteId),
          new Place(collectionId, Environment.ENVIRONMENT_LIVE),
          Item.newBuilder().setId(itemId).setData(ByteString.copyFromUtf8(data)).build());
    }
    return this;
  }

  public void addEvent(Event event) {
    synchronized (lock) {
      events.add(event);
    }
  }

  /** The LIVE items of a collection by id. */
  public Map<String, Item> items(String siteId, String collectionId) {
    synchronized (lock) {
      return new TreeMap<>(
          itemsAt(site(siteId), new Place(collectionId, Environment.ENVIRONMENT_LIVE)));
    }
  }

  @Override
  public void close() {
    server.shutdownNow();
  }

  private static FakeSite newSite(String id) {
    FakeSite site = new FakeSite();
    site.site = Site.newBuilder().setId(id).setOnDemandBackupLimit(3).build();
    site.schedule =
        BackupSchedule.newBuilder()
            .setSiteId(id)
            .setInterval(com.google.protobuf.Duration.newBuilder().setSeconds(604800))
            .setRetention(BackupRetention.newBuilder().setCount(4))
            .build();
    return site;
  }

  private FakeSite site(String id) {
    FakeSite site = sites.get(id);
    if (site == null) {
      throw Errors.notFound(ErrorReason.ERROR_REASON_SITE_NOT_FOUND, "site " + id);
    }
    return site;
  }

  private static Place place(FakeSite site, String collectionId, Environment environment) {
    if (!site.collections.containsKey(collectionId)) {
      throw Errors.notFound(
          ErrorReason.ERROR_REASON_COLLECTION_NOT_FOUND, "collection " + collectionId);
    }
    return new Place(
        collectionId,
        environment == Environment.ENVIRONMENT_SANDBOX
            ? environment
            : Environment.ENVIRONMENT_LIVE);
  }

  private static NavigableMap<String, Item> itemsAt(FakeSite site, Place place) {
    return site.items.computeIfAbsent(place, p -> new TreeMap<>(BY_UTF8));
  }

  private Item save(FakeSite site, Place place, Item item) {
    NavigableMap<String, Item> items = itemsAt(site, place);
    String id = item.getId().isEmpty() ? "made-" + ++ids : item.getId();
    Item old = items.get(id);
    Item saved =
        item.toBuilder()
            .setId(id)
            .setRevision(old == null ? 1 : old.getRevision() + 1)
            .setCreateTime(now())
            .setUpdateTime(now())
            .build();
    items.put(id, saved);
    return saved;
  }

  private static Timestamp now() {
    return Timestamp.newBuilder().setSeconds(1_700_000_000).build();
  }

  /** Answers a unary call under the lock. */
  private <R> void answer(StreamObserver<R> observer, Supplier<R> work) {
    R answer;
    try {
      synchronized (lock) {
        answer = work.get();
      }
    } catch (StatusRuntimeException e) {
      observer.onError(e);
      return;
    }
    observer.onNext(answer);
    observer.onCompleted();
  }

  /** Answers a creating call: the same request id gets the first answer. */
  @SuppressWarnings("unchecked")
  private <R> void create(StreamObserver<R> observer, String requestId, Supplier<R> work) {
    answer(
        observer,
        () -> {
          if (requestId.isEmpty()) {
            return work.get();
          }
          R first = (R) answers.get(requestId);
          if (first == null) {
            first = work.get();
            answers.put(requestId, first);
          }
          return first;
        });
  }

  private record Page<T>(List<T> elements, String next) {}

  private static <T> Page<T> page(java.util.Collection<T> all, String token, int size) {
    int from = token.isEmpty() ? 0 : Integer.parseInt(token);
    int to = Math.min(all.size(), from + (size == 0 ? 100 : size));
    return new Page<>(
        List.copyOf(new ArrayList<>(all).subList(from, to)),
        to < all.size() ? Integer.toString(to) : "");
  }

  private final class Sites extends SiteServiceGrpc.SiteServiceImplBase {
    @Override
    public void createSite(CreateSiteRequest q, StreamObserver<CreateSiteResponse> o) {
      create(
          o,
          q.getRequestId(),
          () -> {
            if (sites.containsKey(q.getSiteId())) {
              throw Errors.of(
                  Code.ALREADY_EXISTS,
                  ErrorReason.ERROR_REASON_SITE_ALREADY_EXISTS,
                  "Site " + q.getSiteId() + " is there already.",
                  Map.of("site_id", q.getSiteId()));
            }
            FakeSite site = newSite(q.getSiteId());
            site.site =
                site.site.toBuilder()
                    .setDisplayName(q.getDisplayName())
                    .putAllLabels(q.getLabelsMap())
                    .build();
            sites.put(q.getSiteId(), site);
            return CreateSiteResponse.newBuilder().setSite(site.site).build();
          });
    }

    @Override
    public void getSite(GetSiteRequest q, StreamObserver<GetSiteResponse> o) {
      answer(o, () -> GetSiteResponse.newBuilder().setSite(site(q.getSiteId()).site).build());
    }

    @Override
    public void listSites(ListSitesRequest q, StreamObserver<ListSitesResponse> o) {
      answer(
          o,
          () -> {
            List<Site> all =
                sites.values().stream()
                    .map(s -> s.site)
                    .filter(s -> s.getId().startsWith(q.getSiteId()))
                    .toList();
            Page<Site> page = page(all, q.getPageToken(), q.getPageSize());
            return ListSitesResponse.newBuilder()
                .addAllSites(page.elements())
                .setNextPageToken(page.next())
                .setTotalSize(all.size())
                .build();
          });
    }

    @Override
    public void deleteSite(DeleteSiteRequest q, StreamObserver<DeleteSiteResponse> o) {
      answer(
          o,
          () -> {
            if (!q.getAllowMissing()) {
              site(q.getSiteId());
            }
            sites.remove(q.getSiteId());
            return DeleteSiteResponse.getDefaultInstance();
          });
    }
  }

  private final class Collections extends CollectionServiceGrpc.CollectionServiceImplBase {
    @Override
    public void createCollection(
        CreateCollectionRequest q, StreamObserver<CreateCollectionResponse> o) {
      create(
          o,
          q.getRequestId(),
          () -> {
            FakeSite site = site(q.getSiteId());
            Collection made =
                q.getCollection().toBuilder().setSiteId(q.getSiteId()).setRevision(1).build();
            site.collections.put(made.getId(), made);
            return CreateCollectionResponse.newBuilder().setCollection(made).build();
          });
    }

    private Collection counted(FakeSite site, Collection collection) {
      return collection.toBuilder()
          .setLiveItemCount(
              itemsAt(site, new Place(collection.getId(), Environment.ENVIRONMENT_LIVE)).size())
          .build();
    }

    @Override
    public void getCollection(GetCollectionRequest q, StreamObserver<GetCollectionResponse> o) {
      answer(
          o,
          () -> {
            FakeSite site = site(q.getSiteId());
            place(site, q.getCollectionId(), Environment.ENVIRONMENT_LIVE);
            Collection found = Objects.requireNonNull(site.collections.get(q.getCollectionId()));
            return GetCollectionResponse.newBuilder().setCollection(counted(site, found)).build();
          });
    }

    @Override
    public void listCollections(
        ListCollectionsRequest q, StreamObserver<ListCollectionsResponse> o) {
      answer(
          o,
          () -> {
            FakeSite site = site(q.getSiteId());
            Page<Collection> page =
                page(site.collections.values(), q.getPageToken(), q.getPageSize());
            return ListCollectionsResponse.newBuilder()
                .addAllCollections(page.elements().stream().map(c -> counted(site, c)).toList())
                .setNextPageToken(page.next())
                .setTotalSize(site.collections.size())
                .build();
          });
    }

    @Override
    public void updateCollection(
        UpdateCollectionRequest q, StreamObserver<UpdateCollectionResponse> o) {
      answer(
          o,
          () -> {
            FakeSite site = site(q.getSiteId());
            Collection changed =
                q.getCollection().toBuilder().setSiteId(q.getSiteId()).setRevision(2).build();
            site.collections.put(changed.getId(), changed);
            return UpdateCollectionResponse.newBuilder().setCollection(changed).build();
          });
    }

    @Override
    public void deleteCollection(
        DeleteCollectionRequest q, StreamObserver<DeleteCollectionResponse> o) {
      answer(
          o,
          () -> {
            site(q.getSiteId()).collections.remove(q.getCollectionId());
            return DeleteCollectionResponse.getDefaultInstance();
          });
    }
  }

  private final class Items extends ItemServiceGrpc.ItemServiceImplBase {
    @Override
    public void insertItem(InsertItemRequest q, StreamObserver<InsertItemResponse> o) {
      create(
          o,
          q.getRequestId(),
          () -> {
            FakeSite site = site(q.getSiteId());
            Place place = place(site, q.getCollectionId(), q.getEnvironment());
            if (itemsAt(site, place).containsKey(q.getItem().getId())) {
              throw Errors.of(
                  Code.ALREADY_EXISTS,
                  ErrorReason.ERROR_REASON_ITEM_ALREADY_EXISTS,
                  "Item " + q.getItem().getId() + " is there already.",
                  Map.of("item_id", q.getItem().getId()));
            }
            return InsertItemResponse.newBuilder().setItem(save(site, place, q.getItem())).build();
          });
    }

    @Override
    public void getItem(GetItemRequest q, StreamObserver<GetItemResponse> o) {
      answer(
          o,
          () -> {
            FakeSite site = site(q.getSiteId());
            Item item =
                itemsAt(site, place(site, q.getCollectionId(), q.getEnvironment()))
                    .get(q.getItemId());
            if (item == null) {
              throw Errors.notFound(
                  ErrorReason.ERROR_REASON_ITEM_NOT_FOUND, "item " + q.getItemId());
            }
            return GetItemResponse.newBuilder().setItem(item).build();
          });
    }

    @Override
    public void updateItem(UpdateItemRequest q, StreamObserver<UpdateItemResponse> o) {
      answer(
          o,
          () -> {
            FakeSite site = site(q.getSiteId());
            Place place = place(site, q.getCollectionId(), q.getEnvironment());
            return UpdateItemResponse.newBuilder().setItem(save(site, place, q.getItem())).build();
          });
    }

    @Override
    public void saveItem(SaveItemRequest q, StreamObserver<SaveItemResponse> o) {
      create(
          o,
          q.getRequestId(),
          () -> {
            FakeSite site = site(q.getSiteId());
            Place place = place(site, q.getCollectionId(), q.getEnvironment());
            Item saved = save(site, place, q.getItem());
            return SaveItemResponse.newBuilder()
                .setItem(saved)
                .setOutcome(
                    saved.getRevision() == 1
                        ? WriteOutcome.WRITE_OUTCOME_INSERTED
                        : WriteOutcome.WRITE_OUTCOME_UPDATED)
                .build();
          });
    }

    @Override
    public void batchSaveItems(BatchSaveItemsRequest q, StreamObserver<BatchSaveItemsResponse> o) {
      create(
          o,
          q.getRequestId(),
          () -> {
            FakeSite site = site(q.getSiteId());
            Place place = place(site, q.getCollectionId(), q.getEnvironment());
            BatchSaveItemsResponse.Builder answer = BatchSaveItemsResponse.newBuilder();
            for (BatchSaveItemsRequest.Entry entry : q.getEntriesList()) {
              Item saved = save(site, place, entry.getItem());
              answer.addResults(
                  BatchSaveItemsResponse.Result.newBuilder()
                      .setItemId(saved.getId())
                      .setRevision(saved.getRevision()));
            }
            return answer.build();
          });
    }

    @Override
    public void deleteItem(DeleteItemRequest q, StreamObserver<DeleteItemResponse> o) {
      answer(
          o,
          () -> {
            FakeSite site = site(q.getSiteId());
            Place place = place(site, q.getCollectionId(), q.getEnvironment());
            boolean there = itemsAt(site, place).remove(q.getItemId()) != null;
            if (!there && !q.getAllowMissing()) {
              throw Errors.notFound(
                  ErrorReason.ERROR_REASON_ITEM_NOT_FOUND, "item " + q.getItemId());
            }
            return DeleteItemResponse.newBuilder().setDeleted(there).build();
          });
    }

    @Override
    public void batchDeleteItems(
        BatchDeleteItemsRequest q, StreamObserver<BatchDeleteItemsResponse> o) {
      answer(
          o,
          () -> {
            FakeSite site = site(q.getSiteId());
            Place place = place(site, q.getCollectionId(), q.getEnvironment());
            BatchDeleteItemsResponse.Builder answer = BatchDeleteItemsResponse.newBuilder();
            for (BatchDeleteItemsRequest.Entry entry : q.getEntriesList()) {
              if (itemsAt(site, place).remove(entry.getItemId()) == null) {
                answer.addMissingItemIds(entry.getItemId());
              } else {
                answer.setDeletedCount(answer.getDeletedCount() + 1);
              }
            }
            return answer.build();
          });
    }

    @Override
    public void listItems(ListItemsRequest q, StreamObserver<ListItemsResponse> o) {
      answer(
          o,
          () -> {
            FakeSite site = site(q.getSiteId());
            NavigableMap<String, Item> all =
                itemsAt(site, place(site, q.getCollectionId(), q.getEnvironment()));
            Page<Item> page = page(all.values(), q.getPageToken(), q.getPageSize());
            return ListItemsResponse.newBuilder()
                .addAllItems(page.elements())
                .setNextPageToken(page.next())
                .setTotalSize(all.size())
                .build();
          });
    }

    @Override
    public void countItems(CountItemsRequest q, StreamObserver<CountItemsResponse> o) {
      answer(
          o,
          () -> {
            FakeSite site = site(q.getSiteId());
            Place place = place(site, q.getCollectionId(), q.getEnvironment());
            return CountItemsResponse.newBuilder()
                .setItemCount(itemsAt(site, place).size())
                .build();
          });
    }

    @Override
    public void truncateCollection(
        TruncateCollectionRequest q, StreamObserver<TruncateCollectionResponse> o) {
      answer(
          o,
          () -> {
            FakeSite site = site(q.getSiteId());
            NavigableMap<String, Item> items =
                itemsAt(site, place(site, q.getCollectionId(), q.getEnvironment()));
            int count = items.size();
            items.clear();
            return TruncateCollectionResponse.newBuilder().setDeletedCount(count).build();
          });
    }

    @Override
    public void publishSandbox(PublishSandboxRequest q, StreamObserver<PublishSandboxResponse> o) {
      answer(o, PublishSandboxResponse::getDefaultInstance);
    }

    @Override
    public void exportItems(ExportItemsRequest q, StreamObserver<ExportItemsResponse> o) {
      List<Item> all;
      int count;
      try {
        synchronized (lock) {
          FakeSite site = site(q.getSiteId());
          NavigableMap<String, Item> items =
              itemsAt(site, place(site, q.getCollectionId(), q.getEnvironment()));
          count = items.size();
          all =
              new ArrayList<>(
                  q.getAfterItemId().isEmpty()
                      ? items.values()
                      : items.tailMap(q.getAfterItemId(), false).values());
        }
      } catch (StatusRuntimeException e) {
        o.onError(e);
        return;
      }
      o.onNext(ExportItemsResponse.newBuilder().setItemCount(count).setSnapshotTime(now()).build());
      for (int i = 0; i < all.size(); i += exportPage) {
        o.onNext(
            ExportItemsResponse.newBuilder()
                .addAllItems(all.subList(i, Math.min(all.size(), i + exportPage)))
                .build());
      }
      o.onCompleted();
    }

    @Override
    public StreamObserver<ImportItemsRequest> importItems(StreamObserver<ImportItemsResponse> o) {
      return new StreamObserver<>() {
        private ImportItemsRequest opening = ImportItemsRequest.getDefaultInstance();
        private boolean failed;

        @Override
        public void onNext(ImportItemsRequest message) {
          if (failed) {
            return;
          }
          try {
            synchronized (lock) {
              o.onNext(take(message));
            }
          } catch (StatusRuntimeException e) {
            failed = true;
            o.onError(e);
          }
        }

        private ImportItemsResponse take(ImportItemsRequest message) {
          if (message.getBatchSequence() == 0) {
            opening = message;
            if (message.getCreateCollection()) {
              with(message.getSiteId(), message.getCollectionId());
            }
            place(site(message.getSiteId()), message.getCollectionId(), message.getEnvironment());
            return imports.computeIfAbsent(message.getImportId(), id -> new FakeImport()).totals;
          }
          FakeImport run = Objects.requireNonNull(imports.get(opening.getImportId()));
          long expected = run.totals.getAcknowledgedSequence() + 1;
          if (message.getBatchSequence() > expected) {
            throw Errors.of(
                Code.FAILED_PRECONDITION,
                ErrorReason.ERROR_REASON_IMPORT_SEQUENCE_GAP,
                "Batch " + expected + " is missing.",
                Map.of("expected_sequence", Long.toString(expected)));
          }
          if (message.getBatchSequence() == expected) {
            run.totals = apply(run.totals, message);
          }
          return run.totals;
        }

        private ImportItemsResponse apply(ImportItemsResponse totals, ImportItemsRequest message) {
          FakeSite site = site(opening.getSiteId());
          Place place = place(site, opening.getCollectionId(), opening.getEnvironment());
          ImportItemsResponse.Builder next =
              totals.toBuilder().setAcknowledgedSequence(message.getBatchSequence());
          for (Item item : message.getItemsList()) {
            boolean there = itemsAt(site, place).containsKey(item.getId());
            next.setReceivedCount(next.getReceivedCount() + 1);
            next.setReceivedBytes(next.getReceivedBytes() + item.getData().size());
            if (there && opening.getMode() == ImportMode.IMPORT_MODE_INSERT_ONLY) {
              throw Errors.of(
                  Code.ALREADY_EXISTS,
                  ErrorReason.ERROR_REASON_ITEM_ALREADY_EXISTS,
                  "Item " + item.getId() + " is there already.",
                  Map.of("item_id", item.getId()));
            } else if (there && opening.getMode() == ImportMode.IMPORT_MODE_SKIP_EXISTING) {
              next.setSkippedCount(next.getSkippedCount() + 1);
            } else {
              save(site, place, item);
              if (there) {
                next.setUpdatedCount(next.getUpdatedCount() + 1);
              } else {
                next.setInsertedCount(next.getInsertedCount() + 1);
              }
            }
          }
          return next.build();
        }

        @Override
        public void onError(Throwable t) {}

        @Override
        public void onCompleted() {
          if (!failed) {
            o.onCompleted();
          }
        }
      };
    }
  }

  private final class Backups extends BackupServiceGrpc.BackupServiceImplBase {
    @Override
    public void createBackup(CreateBackupRequest q, StreamObserver<CreateBackupResponse> o) {
      create(
          o,
          q.getRequestId(),
          () -> {
            FakeSite site = site(q.getSiteId());
            Backup made =
                newBackup(site, BackupType.BACKUP_TYPE_ON_DEMAND).toBuilder()
                    .setDescription(q.getDescription())
                    .putAllLabels(q.getLabelsMap())
                    .setPinned(q.getPinned())
                    .build();
            site.backups.put(made.getId(), made);
            return CreateBackupResponse.newBuilder().setBackup(made).build();
          });
    }

    private Backup found(String siteId, String backupId) {
      Backup backup = site(siteId).backups.get(backupId);
      if (backup == null) {
        throw Errors.notFound(ErrorReason.ERROR_REASON_BACKUP_NOT_FOUND, "backup " + backupId);
      }
      return backup;
    }

    @Override
    public void getBackup(GetBackupRequest q, StreamObserver<GetBackupResponse> o) {
      answer(
          o,
          () ->
              GetBackupResponse.newBuilder()
                  .setBackup(finished(found(q.getSiteId(), q.getBackupId())))
                  .build());
    }

    @Override
    public void listBackups(ListBackupsRequest q, StreamObserver<ListBackupsResponse> o) {
      answer(
          o,
          () -> {
            List<Backup> all =
                site(q.getSiteId()).backups.descendingMap().values().stream()
                    .filter(
                        b -> q.getStatesCount() == 0 || q.getStatesList().contains(b.getState()))
                    .filter(b -> q.getTypesCount() == 0 || q.getTypesList().contains(b.getType()))
                    .toList();
            Page<Backup> page = page(all, q.getPageToken(), q.getPageSize());
            List<Backup> ready =
                all.stream()
                    .filter(b -> b.getState() == BackupState.BACKUP_STATE_READY)
                    .filter(b -> b.getType() == BackupType.BACKUP_TYPE_ON_DEMAND)
                    .toList();
            return ListBackupsResponse.newBuilder()
                .addAllBackups(page.elements())
                .setNextPageToken(page.next())
                .setTotalSize(all.size())
                .setOnDemandLimit(3)
                .setNextEvictedBackupId(ready.size() < 3 ? "" : ready.get(ready.size() - 1).getId())
                .build();
          });
    }

    @Override
    public void updateBackup(UpdateBackupRequest q, StreamObserver<UpdateBackupResponse> o) {
      answer(
          o,
          () -> {
            Backup.Builder changed = found(q.getSiteId(), q.getBackupId()).toBuilder();
            for (String path : q.getUpdateMask().getPathsList()) {
              switch (path) {
                case "pinned" -> changed.setPinned(q.getBackup().getPinned());
                case "description" -> changed.setDescription(q.getBackup().getDescription());
                default -> changed.clearLabels().putAllLabels(q.getBackup().getLabelsMap());
              }
            }
            return UpdateBackupResponse.newBuilder().setBackup(put(changed.build())).build();
          });
    }

    @Override
    public void deleteBackup(DeleteBackupRequest q, StreamObserver<DeleteBackupResponse> o) {
      answer(
          o,
          () ->
              DeleteBackupResponse.newBuilder()
                  .setBackup(
                      put(
                          found(q.getSiteId(), q.getBackupId()).toBuilder()
                              .setState(BackupState.BACKUP_STATE_DELETED)
                              .setDeleteReason(BackupDeleteReason.BACKUP_DELETE_REASON_REQUESTED)
                              .build()))
                  .build());
    }

    @Override
    public void cancelBackup(CancelBackupRequest q, StreamObserver<CancelBackupResponse> o) {
      answer(
          o,
          () ->
              CancelBackupResponse.newBuilder()
                  .setBackup(
                      put(
                          found(q.getSiteId(), q.getBackupId()).toBuilder()
                              .setState(BackupState.BACKUP_STATE_CANCELED)
                              .build()))
                  .build());
    }

    @Override
    public void verifyBackup(VerifyBackupRequest q, StreamObserver<VerifyBackupResponse> o) {
      answer(
          o,
          () ->
              VerifyBackupResponse.newBuilder()
                  .setBackup(
                      put(
                          found(q.getSiteId(), q.getBackupId()).toBuilder()
                              .setVerification(
                                  BackupVerification.newBuilder()
                                      .setState(VerificationState.VERIFICATION_STATE_RUNNING))
                              .build()))
                  .build());
    }

    @Override
    public void watchBackup(WatchBackupRequest q, StreamObserver<WatchBackupResponse> o) {
      try {
        for (long step = q.getAfterSequence() + 1; step <= PROGRESS_STEPS + 1; step++) {
          Backup state;
          synchronized (lock) {
            Backup backup = found(q.getSiteId(), q.getBackupId());
            state =
                step > PROGRESS_STEPS
                    ? finished(backup)
                    : backup.toBuilder().setProgress(progress(step)).build();
          }
          o.onNext(WatchBackupResponse.newBuilder().setHeartbeat(true).setSequence(step).build());
          o.onNext(WatchBackupResponse.newBuilder().setBackup(state).setSequence(step).build());
          if (state.getState() != BackupState.BACKUP_STATE_PENDING
              && state.getVerification().getState()
                  != VerificationState.VERIFICATION_STATE_RUNNING) {
            break;
          }
        }
        o.onCompleted();
      } catch (StatusRuntimeException e) {
        o.onError(e);
      }
    }

    @Override
    public void listBackupItems(
        ListBackupItemsRequest q, StreamObserver<ListBackupItemsResponse> o) {
      answer(
          o,
          () -> {
            NavigableMap<String, Item> items =
                inBackup(q.getSiteId(), q.getBackupId(), q.getCollectionId());
            Page<Item> page = page(items.values(), q.getPageToken(), q.getPageSize());
            return ListBackupItemsResponse.newBuilder()
                .addAllItems(page.elements())
                .setNextPageToken(page.next())
                .setTotalSize(items.size())
                .build();
          });
    }

    @Override
    public void getBackupItem(GetBackupItemRequest q, StreamObserver<GetBackupItemResponse> o) {
      answer(
          o,
          () -> {
            Item item =
                inBackup(q.getSiteId(), q.getBackupId(), q.getCollectionId()).get(q.getItemId());
            if (item == null) {
              throw Errors.notFound(
                  ErrorReason.ERROR_REASON_ITEM_NOT_FOUND, "item " + q.getItemId());
            }
            return GetBackupItemResponse.newBuilder().setItem(item).build();
          });
    }

    private NavigableMap<String, Item> inBackup(
        String siteId, String backupId, String collectionId) {
      found(siteId, backupId);
      NavigableMap<String, Item> items =
          site(siteId).snapshots.getOrDefault(backupId, Map.of()).get(collectionId);
      if (items == null) {
        throw Errors.notFound(
            ErrorReason.ERROR_REASON_COLLECTION_NOT_FOUND, "collection " + collectionId);
      }
      return items;
    }
  }

  private Backup put(Backup backup) {
    site(backup.getSiteId()).backups.put(backup.getId(), backup);
    return backup;
  }

  private Backup newBackup(FakeSite site, BackupType type) {
    String id = String.format("b-%04d", ++ids);
    Map<String, NavigableMap<String, Item>> snapshot = new TreeMap<>();
    Backup.Builder backup =
        Backup.newBuilder()
            .setId(id)
            .setSiteId(site.site.getId())
            .setType(type)
            .setState(BackupState.BACKUP_STATE_PENDING)
            .setCreateTime(now())
            .setVerification(
                BackupVerification.newBuilder()
                    .setState(VerificationState.VERIFICATION_STATE_UNVERIFIED));
    long count = 0;
    for (String collectionId : site.collections.keySet()) {
      NavigableMap<String, Item> items =
          new TreeMap<>(itemsAt(site, new Place(collectionId, Environment.ENVIRONMENT_LIVE)));
      snapshot.put(collectionId, items);
      count += items.size();
      backup.addCollections(
          BackupCollection.newBuilder().setCollectionId(collectionId).setItemCount(items.size()));
    }
    site.snapshots.put(id, snapshot);
    return backup.setItemCount(count).setSizeBytes(count * 100).build();
  }

  private Backup finished(Backup backup) {
    Backup.Builder done = backup.toBuilder();
    if (backup.getState() == BackupState.BACKUP_STATE_PENDING) {
      if (failJobs) {
        done.setState(BackupState.BACKUP_STATE_FAILED).setFailure(failure());
      } else {
        done.setState(BackupState.BACKUP_STATE_READY).setProgress(progress(PROGRESS_STEPS + 1));
      }
      done.setFinishTime(now());
    }
    if (backup.getVerification().getState() == VerificationState.VERIFICATION_STATE_RUNNING) {
      done.setVerification(
          BackupVerification.newBuilder()
              .setState(VerificationState.VERIFICATION_STATE_VERIFIED)
              .setLastVerifyTime(now()));
    }
    return put(done.build());
  }

  private static Failure failure() {
    return Failure.newBuilder()
        .setReason(ErrorReason.ERROR_REASON_DISK_FULL)
        .setMessage("No room.")
        .build();
  }

  private static Progress progress(long step) {
    return Progress.newBuilder()
        .setPhase(step > PROGRESS_STEPS ? Phase.PHASE_FINALIZING : Phase.PHASE_STAGING)
        .setFraction(step / (PROGRESS_STEPS + 1.0))
        .setItems(WorkAmount.newBuilder().setDone(step * 10).setTotal(40))
        .setSequence(step)
        .build();
  }

  private final class Restorations extends RestorationServiceGrpc.RestorationServiceImplBase {
    @Override
    public void previewRestoration(
        PreviewRestorationRequest q, StreamObserver<PreviewRestorationResponse> o) {
      answer(
          o,
          () ->
              PreviewRestorationResponse.newBuilder()
                  .addCollections(
                      CollectionPreview.newBuilder()
                          .setCollectionId("c")
                          .setDestination(RestorationDestination.newBuilder().setCollectionId("c"))
                          .setOutcome(RestorationOutcome.RESTORATION_OUTCOME_REPLACED)
                          .setAddedCount(2))
                  .setPreviewToken("token")
                  .build());
    }

    private Restoration begin(String siteId, String backupId, RestorationKind kind) {
      FakeSite site = site(siteId);
      Backup backup = site.backups.get(backupId);
      if (backup == null) {
        throw Errors.notFound(ErrorReason.ERROR_REASON_BACKUP_NOT_FOUND, "backup " + backupId);
      }
      Restoration made =
          Restoration.newBuilder()
              .setId(String.format("r-%04d", ++ids))
              .setSiteId(siteId)
              .setDestinationSiteId(siteId)
              .setBackup(backup)
              .setKind(kind)
              .setState(RestorationState.RESTORATION_STATE_PENDING)
              .setCreateTime(now())
              .build();
      site.restorations.put(made.getId(), made);
      return made;
    }

    @Override
    public void restoreBackup(RestoreBackupRequest q, StreamObserver<RestoreBackupResponse> o) {
      create(
          o,
          q.getRequestId(),
          () ->
              RestoreBackupResponse.newBuilder()
                  .setRestoration(
                      begin(q.getSiteId(), q.getBackupId(), RestorationKind.RESTORATION_KIND_FULL))
                  .build());
    }

    @Override
    public void restorePartialBackup(
        RestorePartialBackupRequest q, StreamObserver<RestorePartialBackupResponse> o) {
      create(
          o,
          q.getRequestId(),
          () ->
              RestorePartialBackupResponse.newBuilder()
                  .setRestoration(
                      begin(
                          q.getSiteId(), q.getBackupId(), RestorationKind.RESTORATION_KIND_PARTIAL))
                  .build());
    }

    private Restoration found(String siteId, String id) {
      Restoration restoration = site(siteId).restorations.get(id);
      if (restoration == null) {
        throw Errors.notFound(ErrorReason.ERROR_REASON_RESTORATION_NOT_FOUND, "restoration " + id);
      }
      return restoration;
    }

    @Override
    public void undoRestoration(
        UndoRestorationRequest q, StreamObserver<UndoRestorationResponse> o) {
      create(
          o,
          q.getRequestId(),
          () -> {
            Restoration undone = found(q.getSiteId(), q.getRestorationId());
            if (undone.getState() != RestorationState.RESTORATION_STATE_COMPLETED) {
              throw Errors.of(
                  Code.FAILED_PRECONDITION,
                  ErrorReason.ERROR_REASON_NOT_UNDOABLE,
                  "Restoration " + undone.getId() + " is not COMPLETED.",
                  Map.of("state", undone.getState().name()));
            }
            return UndoRestorationResponse.newBuilder()
                .setRestoration(
                    begin(
                        q.getSiteId(),
                        undone.getSafetyBackupId(),
                        RestorationKind.RESTORATION_KIND_UNDO))
                .build();
          });
    }

    private Restoration finished(Restoration restoration) {
      if (restoration.getState() != RestorationState.RESTORATION_STATE_PENDING) {
        return restoration;
      }
      FakeSite site = site(restoration.getSiteId());
      Restoration.Builder done =
          restoration.toBuilder().setFinishTime(now()).setProgress(progress(PROGRESS_STEPS + 1));
      if (failJobs) {
        done.setState(RestorationState.RESTORATION_STATE_FAILED).setFailure(failure());
      } else {
        Backup safety = newBackup(site, BackupType.BACKUP_TYPE_SAFETY);
        FakeServer.this.finished(safety);
        site.snapshots
            .getOrDefault(restoration.getBackup().getId(), Map.of())
            .forEach(
                (collectionId, items) ->
                    site.items.put(
                        new Place(collectionId, Environment.ENVIRONMENT_LIVE),
                        new TreeMap<>(items)));
        done.setState(RestorationState.RESTORATION_STATE_COMPLETED)
            .setSafetyBackupId(safety.getId());
      }
      site.restorations.put(done.getId(), done.build());
      return done.build();
    }

    @Override
    public void getRestoration(GetRestorationRequest q, StreamObserver<GetRestorationResponse> o) {
      answer(
          o,
          () ->
              GetRestorationResponse.newBuilder()
                  .setRestoration(finished(found(q.getSiteId(), q.getRestorationId())))
                  .build());
    }

    @Override
    public void listRestorations(
        ListRestorationsRequest q, StreamObserver<ListRestorationsResponse> o) {
      answer(
          o,
          () -> {
            List<Restoration> all =
                List.copyOf(site(q.getSiteId()).restorations.descendingMap().values());
            Page<Restoration> page = page(all, q.getPageToken(), q.getPageSize());
            return ListRestorationsResponse.newBuilder()
                .addAllRestorations(page.elements())
                .setNextPageToken(page.next())
                .setTotalSize(all.size())
                .build();
          });
    }

    @Override
    public void cancelRestoration(
        CancelRestorationRequest q, StreamObserver<CancelRestorationResponse> o) {
      answer(
          o,
          () ->
              CancelRestorationResponse.newBuilder()
                  .setRestoration(
                      found(q.getSiteId(), q.getRestorationId()).toBuilder()
                          .setState(RestorationState.RESTORATION_STATE_CANCELED))
                  .build());
    }

    @Override
    public void watchRestoration(
        WatchRestorationRequest q, StreamObserver<WatchRestorationResponse> o) {
      try {
        for (long step = q.getAfterSequence() + 1; step <= PROGRESS_STEPS + 1; step++) {
          Restoration state;
          synchronized (lock) {
            Restoration found = found(q.getSiteId(), q.getRestorationId());
            state =
                step > PROGRESS_STEPS
                    ? finished(found)
                    : found.toBuilder().setProgress(progress(step)).build();
          }
          o.onNext(
              WatchRestorationResponse.newBuilder()
                  .setRestoration(state)
                  .setSequence(step)
                  .build());
        }
        o.onCompleted();
      } catch (StatusRuntimeException e) {
        o.onError(e);
      }
    }
  }

  private final class Schedules extends BackupScheduleServiceGrpc.BackupScheduleServiceImplBase {
    @Override
    public void getBackupSchedule(
        GetBackupScheduleRequest q, StreamObserver<GetBackupScheduleResponse> o) {
      answer(
          o,
          () ->
              GetBackupScheduleResponse.newBuilder()
                  .setBackupSchedule(site(q.getSiteId()).schedule)
                  .build());
    }

    @Override
    public void updateBackupSchedule(
        UpdateBackupScheduleRequest q, StreamObserver<UpdateBackupScheduleResponse> o) {
      answer(
          o,
          () -> {
            FakeSite site = site(q.getSiteId());
            site.schedule = q.getBackupSchedule().toBuilder().setSiteId(q.getSiteId()).build();
            return UpdateBackupScheduleResponse.newBuilder()
                .setBackupSchedule(site.schedule)
                .build();
          });
    }
  }

  /** Gives the events after a cursor that is a number, and stays open. */
  private final class Events extends EventServiceGrpc.EventServiceImplBase {
    @Override
    public void watchEvents(WatchEventsRequest q, StreamObserver<WatchEventsResponse> o) {
      synchronized (lock) {
        int from = q.getAfterCursor().isEmpty() ? 0 : Integer.parseInt(q.getAfterCursor());
        for (int i = from; i < events.size(); i++) {
          String cursor = Integer.toString(i + 1);
          o.onNext(
              WatchEventsResponse.newBuilder()
                  .setEvent(events.get(i).toBuilder().setCursor(cursor))
                  .setCursor(cursor)
                  .build());
        }
        o.onNext(
            WatchEventsResponse.newBuilder()
                .setHeartbeat(true)
                .setCursor(Integer.toString(events.size()))
                .build());
      }
    }
  }
}
