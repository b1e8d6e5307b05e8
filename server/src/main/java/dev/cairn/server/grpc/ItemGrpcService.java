package dev.cairn.server.grpc;

import dev.cairn.server.site.ItemWrite;
import dev.cairn.server.site.Items;
import dev.cairn.server.site.Removal;
import dev.cairn.server.site.SavedItem;
import dev.cairn.server.store.ItemStore;
import dev.cairn.server.store.StoredItem;
import dev.cairn.v1.BatchDeleteItemsRequest;
import dev.cairn.v1.BatchDeleteItemsResponse;
import dev.cairn.v1.BatchGetItemsRequest;
import dev.cairn.v1.BatchGetItemsResponse;
import dev.cairn.v1.BatchSaveItemsRequest;
import dev.cairn.v1.BatchSaveItemsResponse;
import dev.cairn.v1.CountItemsRequest;
import dev.cairn.v1.CountItemsResponse;
import dev.cairn.v1.DeleteItemRequest;
import dev.cairn.v1.DeleteItemResponse;
import dev.cairn.v1.ExportItemsRequest;
import dev.cairn.v1.GetItemRequest;
import dev.cairn.v1.GetItemResponse;
import dev.cairn.v1.ImportItemsRequest;
import dev.cairn.v1.ImportItemsResponse;
import dev.cairn.v1.InsertItemRequest;
import dev.cairn.v1.InsertItemResponse;
import dev.cairn.v1.Item;
import dev.cairn.v1.ItemServiceGrpc;
import dev.cairn.v1.ListItemsRequest;
import dev.cairn.v1.ListItemsResponse;
import dev.cairn.v1.PublishSandboxRequest;
import dev.cairn.v1.PublishSandboxResponse;
import dev.cairn.v1.QueryItemsRequest;
import dev.cairn.v1.QueryItemsResponse;
import dev.cairn.v1.SaveItemRequest;
import dev.cairn.v1.SaveItemResponse;
import dev.cairn.v1.TruncateCollectionRequest;
import dev.cairn.v1.TruncateCollectionResponse;
import dev.cairn.v1.UpdateItemRequest;
import dev.cairn.v1.UpdateItemResponse;
import io.grpc.MethodDescriptor;
import io.grpc.ServerMethodDefinition;
import io.grpc.ServerServiceDefinition;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ScheduledExecutorService;
import org.jspecify.annotations.Nullable;

/** {@code cairn.v1.ItemService}. */
final class ItemGrpcService extends ItemServiceGrpc.ItemServiceImplBase {
  private static final String REVISION = "expected_revision";

  private final Items items;
  private final QueryCalls queries;
  private final Limits limits;
  private final Streams streams;
  private final ImportStream.Registry imports = new ImportStream.Registry();

  /**
   * What imports and exports run on.
   *
   * @param open those that are open
   * @param timers for what may not stand still for too long
   * @param maxStandstill of an export
   * @param maxSilence of an import
   */
  record Streams(
      Workers workers,
      OpenStreams open,
      ScheduledExecutorService timers,
      Duration maxStandstill,
      Duration maxSilence) {}

  ItemGrpcService(Items items, QueryCalls queries, Limits limits, Streams streams) {
    this.items = items;
    this.queries = queries;
    this.limits = limits;
    this.streams = streams;
  }

  @Override
  public void insertItem(InsertItemRequest request, StreamObserver<InsertItemResponse> caller) {
    Check check =
        ItemCheck.place(
                limits, request.getSiteId(), request.getCollectionId(), request.getEnvironment())
            .requestId(request.getRequestId())
            .known("durability", request.getDurability());
    ItemCheck.item(check, "item", request.hasItem(), request.getItem(), false);
    check.done();
    CompletableFuture<SavedItem> saved =
        items.insert(
            ItemMessages.place(
                request.getSiteId(), request.getCollectionId(), request.getEnvironment()),
            ItemMessages.write(request.getItem(), OptionalLong.empty(), items),
            new Items.WriteOptions(
                RequestDigest.requestId(request, request.getRequestId()),
                ItemMessages.durability(request.getDurability())));
    Replies.sendLater(
        caller,
        saved,
        each -> InsertItemResponse.newBuilder().setItem(ItemMessages.toProto(each.item())).build());
  }

  @Override
  public void getItem(GetItemRequest request, StreamObserver<GetItemResponse> caller) {
    ItemCheck.place(
            limits, request.getSiteId(), request.getCollectionId(), request.getEnvironment())
        .itemId("item_id", request.getItemId())
        .done();
    StoredItem item =
        items.get(
            ItemMessages.place(
                request.getSiteId(), request.getCollectionId(), request.getEnvironment()),
            request.getItemId());
    Replies.send(caller, GetItemResponse.newBuilder().setItem(ItemMessages.toProto(item)).build());
  }

  @Override
  public void updateItem(UpdateItemRequest request, StreamObserver<UpdateItemResponse> caller) {
    Check check =
        ItemCheck.place(
                limits, request.getSiteId(), request.getCollectionId(), request.getEnvironment())
            .expectedRevision(
                REVISION, request.hasExpectedRevision(), request.getExpectedRevision(), 1)
            .known("durability", request.getDurability());
    ItemCheck.item(check, "item", request.hasItem(), request.getItem(), true);
    check.done();
    CompletableFuture<SavedItem> saved =
        items.update(
            ItemMessages.place(
                request.getSiteId(), request.getCollectionId(), request.getEnvironment()),
            ItemMessages.write(
                request.getItem(),
                ItemMessages.revision(request.hasExpectedRevision(), request.getExpectedRevision()),
                items),
            new Items.WriteOptions(
                Optional.empty(), ItemMessages.durability(request.getDurability())));
    Replies.sendLater(
        caller,
        saved,
        each -> UpdateItemResponse.newBuilder().setItem(ItemMessages.toProto(each.item())).build());
  }

  @Override
  public void saveItem(SaveItemRequest request, StreamObserver<SaveItemResponse> caller) {
    Check check =
        ItemCheck.place(
                limits, request.getSiteId(), request.getCollectionId(), request.getEnvironment())
            .expectedRevision(
                REVISION, request.hasExpectedRevision(), request.getExpectedRevision(), 0)
            .requestId(request.getRequestId())
            .known("durability", request.getDurability());
    ItemCheck.item(check, "item", request.hasItem(), request.getItem(), false);
    check.done();
    ItemWrite write =
        ItemMessages.write(
            request.getItem(),
            ItemMessages.revision(request.hasExpectedRevision(), request.getExpectedRevision()),
            items);
    CompletableFuture<List<SavedItem>> saved =
        items.save(
            ItemMessages.place(
                request.getSiteId(), request.getCollectionId(), request.getEnvironment()),
            List.of(write),
            new Items.WriteOptions(
                RequestDigest.requestId(request, request.getRequestId()),
                ItemMessages.durability(request.getDurability())));
    Replies.sendLater(
        caller,
        saved,
        all ->
            SaveItemResponse.newBuilder()
                .setItem(ItemMessages.toProto(all.get(0).item()))
                .setOutcome(ItemMessages.outcome(all.get(0)))
                .build());
  }

  @Override
  public void deleteItem(DeleteItemRequest request, StreamObserver<DeleteItemResponse> caller) {
    ItemCheck.place(
            limits, request.getSiteId(), request.getCollectionId(), request.getEnvironment())
        .itemId("item_id", request.getItemId())
        .expectedRevision(REVISION, request.hasExpectedRevision(), request.getExpectedRevision(), 1)
        .known("durability", request.getDurability())
        .done();
    Removal removal =
        new Removal(
            request.getItemId(),
            ItemMessages.revision(request.hasExpectedRevision(), request.getExpectedRevision()));
    CompletableFuture<List<String>> deleted =
        items.delete(
            ItemMessages.place(
                request.getSiteId(), request.getCollectionId(), request.getEnvironment()),
            List.of(removal),
            request.getAllowMissing(),
            ItemMessages.durability(request.getDurability()));
    Replies.sendLater(
        caller,
        deleted,
        missing -> DeleteItemResponse.newBuilder().setDeleted(missing.isEmpty()).build());
  }

  @Override
  public void batchSaveItems(
      BatchSaveItemsRequest request, StreamObserver<BatchSaveItemsResponse> caller) {
    Check check =
        ItemCheck.place(
                limits, request.getSiteId(), request.getCollectionId(), request.getEnvironment())
            .requestId(request.getRequestId())
            .known("durability", request.getDurability());
    ItemCheck.items(
        check,
        "entries",
        request.getEntriesList().stream().map(BatchSaveItemsRequest.Entry::getItem).toList(),
        i -> Check.at("entries", i) + ".item");
    for (int i = 0; i < request.getEntriesCount() && !check.full(); i++) {
      BatchSaveItemsRequest.Entry entry = request.getEntries(i);
      check.expectedRevision(
          Check.at("entries", i) + "." + REVISION,
          entry.hasExpectedRevision(),
          entry.getExpectedRevision(),
          0);
    }
    check.done();
    CompletableFuture<List<SavedItem>> saved =
        items.save(
            ItemMessages.place(
                request.getSiteId(), request.getCollectionId(), request.getEnvironment()),
            request.getEntriesList().stream().map(this::write).toList(),
            new Items.WriteOptions(
                RequestDigest.requestId(request, request.getRequestId()),
                ItemMessages.durability(request.getDurability())));
    Replies.sendLater(
        caller,
        saved,
        all ->
            BatchSaveItemsResponse.newBuilder()
                .addAllResults(all.stream().map(ItemMessages::result).toList())
                .build());
  }

  private ItemWrite write(BatchSaveItemsRequest.Entry entry) {
    return ItemMessages.write(
        entry.getItem(),
        ItemMessages.revision(entry.hasExpectedRevision(), entry.getExpectedRevision()),
        items);
  }

  @Override
  public void batchGetItems(
      BatchGetItemsRequest request, StreamObserver<BatchGetItemsResponse> caller) {
    Check check =
        ItemCheck.place(
                limits, request.getSiteId(), request.getCollectionId(), request.getEnvironment())
            .batch("item_ids", request.getItemIdsCount());
    for (int i = 0; i < request.getItemIdsCount() && !check.full(); i++) {
      check.itemId(Check.at("item_ids", i), request.getItemIds(i));
    }
    check.done();
    List<String> ids = List.copyOf(new LinkedHashSet<>(request.getItemIdsList()));
    ItemStore.Found found =
        items.get(
            ItemMessages.place(
                request.getSiteId(), request.getCollectionId(), request.getEnvironment()),
            ids,
            limits.answerBytes());
    Replies.send(caller, batch(ids, found));
  }

  /** As many of the items as one message has room for, beside all the ids. */
  private BatchGetItemsResponse batch(List<String> ids, ItemStore.Found found) {
    BatchGetItemsResponse.Builder answer = BatchGetItemsResponse.newBuilder();
    long room = limits.answerBytes() - ids.stream().mapToLong(id -> 3L * id.length() + 3).sum();
    for (int i = 0; i < found.looked(); i++) {
      @Nullable StoredItem stored = found.items().get(ids.get(i));
      if (stored == null) {
        answer.addMissingItemIds(ids.get(i));
        continue;
      }
      Item item = ItemMessages.toProto(stored);
      room -= item.getSerializedSize() + 8L;
      if (room < 0 && answer.getItemsCount() > 0) {
        return answer.addAllRemainingItemIds(ids.subList(i, ids.size())).build();
      }
      answer.addItems(item);
    }
    return answer.addAllRemainingItemIds(ids.subList(found.looked(), ids.size())).build();
  }

  @Override
  public void batchDeleteItems(
      BatchDeleteItemsRequest request, StreamObserver<BatchDeleteItemsResponse> caller) {
    Check check =
        ItemCheck.place(
                limits, request.getSiteId(), request.getCollectionId(), request.getEnvironment())
            .known("durability", request.getDurability())
            .batch("entries", request.getEntriesCount());
    for (int i = 0; i < request.getEntriesCount() && !check.full(); i++) {
      BatchDeleteItemsRequest.Entry entry = request.getEntries(i);
      String path = Check.at("entries", i);
      check
          .itemId(path + ".item_id", entry.getItemId())
          .expectedRevision(
              path + "." + REVISION, entry.hasExpectedRevision(), entry.getExpectedRevision(), 1);
    }
    check
        .distinct(
            request.getEntriesList().stream()
                .map(BatchDeleteItemsRequest.Entry::getItemId)
                .toList(),
            i -> Check.at("entries", i) + ".item_id")
        .done();
    CompletableFuture<List<String>> deleted =
        items.delete(
            ItemMessages.place(
                request.getSiteId(), request.getCollectionId(), request.getEnvironment()),
            request.getEntriesList().stream().map(ItemGrpcService::removal).toList(),
            request.getAllowMissing(),
            ItemMessages.durability(request.getDurability()));
    Replies.sendLater(
        caller,
        deleted,
        missing ->
            BatchDeleteItemsResponse.newBuilder()
                .setDeletedCount(request.getEntriesCount() - missing.size())
                .addAllMissingItemIds(missing)
                .build());
  }

  private static Removal removal(BatchDeleteItemsRequest.Entry entry) {
    return new Removal(
        entry.getItemId(),
        ItemMessages.revision(entry.hasExpectedRevision(), entry.getExpectedRevision()));
  }

  @Override
  public void listItems(ListItemsRequest request, StreamObserver<ListItemsResponse> caller) {
    ItemCheck.place(
            limits, request.getSiteId(), request.getCollectionId(), request.getEnvironment())
        .pageSize(request.getPageSize())
        .done();
    String after = PageTokens.position(request, request.getPageToken());
    int size = Replies.pageSize(request.getPageSize(), limits);
    Items.Page read =
        items.list(
            ItemMessages.place(
                request.getSiteId(), request.getCollectionId(), request.getEnvironment()),
            after,
            size,
            limits.answerBytes());
    Replies.Page<Item> page = ItemMessages.page(read, size, limits);
    Replies.send(
        caller,
        ListItemsResponse.newBuilder()
            .addAllItems(page.entries())
            .setNextPageToken(page.next(last -> PageTokens.make(request, last.getId())))
            .setTotalSize(read.total())
            .build());
  }

  @Override
  public void countItems(CountItemsRequest request, StreamObserver<CountItemsResponse> caller) {
    Replies.send(caller, queries.count(request));
  }

  @Override
  public void queryItems(QueryItemsRequest request, StreamObserver<QueryItemsResponse> caller) {
    Replies.send(caller, queries.query(request));
  }

  @Override
  public void publishSandbox(
      PublishSandboxRequest request, StreamObserver<PublishSandboxResponse> caller) {
    Replies.send(caller, queries.publish(request));
  }

  @Override
  public void truncateCollection(
      TruncateCollectionRequest request, StreamObserver<TruncateCollectionResponse> caller) {
    ItemCheck.place(
            limits, request.getSiteId(), request.getCollectionId(), request.getEnvironment())
        .done();
    long deleted =
        items.truncate(
            ItemMessages.place(
                request.getSiteId(), request.getCollectionId(), request.getEnvironment()));
    Replies.send(caller, TruncateCollectionResponse.newBuilder().setDeletedCount(deleted).build());
  }

  @Override
  public StreamObserver<ImportItemsRequest> importItems(
      StreamObserver<ImportItemsResponse> caller) {
    OpenStreams.Place place = streams.open().enter(AccessControl.caller());
    ImportStream stream =
        new ImportStream(
            items,
            limits,
            imports,
            streams.workers(),
            (ServerCallStreamObserver<ImportItemsResponse>) caller,
            streams.maxSilence(),
            streams.timers(),
            place::leave);
    place.taken(stream::end);
    return stream;
  }

  /** What was generated, but for exports: they are written as bytes, not as messages. */
  ServerServiceDefinition definition() {
    MethodDescriptor<ExportItemsRequest, ?> generated = ItemServiceGrpc.getExportItemsMethod();
    ServerMethodDefinition<ExportItemsRequest, ExportMessage> export =
        ServerMethodDefinition.create(
            generated.toBuilder(generated.getRequestMarshaller(), ExportMessage.MARSHALLER).build(),
            ServerCalls.asyncServerStreamingCall(this::export));
    String name = generated.getFullMethodName();
    return ServiceMethods.change(
        bindService(),
        method -> method.getMethodDescriptor().getFullMethodName().equals(name) ? export : method);
  }

  private void export(ExportItemsRequest request, StreamObserver<ExportMessage> caller) {
    ItemCheck.place(
            limits, request.getSiteId(), request.getCollectionId(), request.getEnvironment())
        .plain("after_item_id", request.getAfterItemId(), 256)
        .done();
    OpenStreams.Place place = streams.open().enter(AccessControl.caller());
    ExportStream stream =
        new ExportStream(
            items,
            limits,
            streams.workers(),
            (ServerCallStreamObserver<ExportMessage>) caller,
            streams.maxStandstill(),
            streams.timers(),
            place::leave);
    place.taken(stream::end);
    stream.open(
        ItemMessages.place(
            request.getSiteId(), request.getCollectionId(), request.getEnvironment()),
        request.getAfterItemId());
  }
}
