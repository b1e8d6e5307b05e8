package dev.cairn.client;

import dev.cairn.client.Calls.Repeat;
import dev.cairn.v1.BatchDeleteItemsRequest;
import dev.cairn.v1.BatchDeleteItemsResponse;
import dev.cairn.v1.BatchGetItemsRequest;
import dev.cairn.v1.BatchGetItemsResponse;
import dev.cairn.v1.BatchSaveItemsRequest;
import dev.cairn.v1.BatchSaveItemsResponse;
import dev.cairn.v1.CountItemsRequest;
import dev.cairn.v1.DeleteItemRequest;
import dev.cairn.v1.ExportItemsRequest;
import dev.cairn.v1.GetItemRequest;
import dev.cairn.v1.ImportItemsRequest;
import dev.cairn.v1.ImportItemsResponse;
import dev.cairn.v1.InsertItemRequest;
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
import dev.cairn.v1.UpdateItemRequest;
import java.util.function.Consumer;

/**
 * Calls of {@code ItemService}. Every method throws {@link CairnException}; the reasons of each
 * stand at the rpc of its name in the contract. Where only ids are given, the LIVE environment is
 * meant.
 *
 * <p>Immutable and thread-safe.
 */
public final class ItemClient {
  private final Calls calls;

  ItemClient(Calls calls) {
    this.calls = calls;
  }

  /** Adds an item that is not there yet. Repeated safely: it gets a request id if it has none. */
  public Item insert(InsertItemRequest request) {
    InsertItemRequest named =
        request.toBuilder().setRequestId(Calls.requestId(request.getRequestId())).build();
    return calls.call(ItemServiceGrpc.getInsertItemMethod(), named, Repeat.SAFE).getItem();
  }

  public Item get(String siteId, String collectionId, String itemId) {
    return get(
        GetItemRequest.newBuilder()
            .setSiteId(siteId)
            .setCollectionId(collectionId)
            .setItemId(itemId)
            .build());
  }

  public Item get(GetItemRequest request) {
    return calls.call(ItemServiceGrpc.getGetItemMethod(), request, Repeat.SAFE).getItem();
  }

  /** Replaces an item that is there. Not repeated unless the server did nothing. */
  public Item update(UpdateItemRequest request) {
    return calls
        .call(ItemServiceGrpc.getUpdateItemMethod(), request, Repeat.IF_NOT_BEGUN)
        .getItem();
  }

  /** Adds or replaces an item. Repeated safely: it gets a request id if it has none. */
  public SaveItemResponse save(SaveItemRequest request) {
    SaveItemRequest named =
        request.toBuilder().setRequestId(Calls.requestId(request.getRequestId())).build();
    return calls.call(ItemServiceGrpc.getSaveItemMethod(), named, Repeat.SAFE);
  }

  /**
   * Removes an item. Repeated if it allows a missing one.
   *
   * @return whether an item was removed; false only if it allows a missing one, and then also if
   *     the answer to the first attempt was lost
   */
  public boolean delete(DeleteItemRequest request) {
    return calls
        .call(
            ItemServiceGrpc.getDeleteItemMethod(),
            request,
            request.getAllowMissing() ? Repeat.SAFE : Repeat.IF_NOT_BEGUN)
        .getDeleted();
  }

  /**
   * Adds or replaces up to 1,000 items at once or none. Repeated safely: it gets a request id if it
   * has none.
   */
  public BatchSaveItemsResponse batchSave(BatchSaveItemsRequest request) {
    BatchSaveItemsRequest named =
        request.toBuilder().setRequestId(Calls.requestId(request.getRequestId())).build();
    return calls.call(ItemServiceGrpc.getBatchSaveItemsMethod(), named, Repeat.SAFE);
  }

  /** Up to 1,000 items as they were at one moment; the answer may name ids to ask for again. */
  public BatchGetItemsResponse batchGet(BatchGetItemsRequest request) {
    return calls.call(ItemServiceGrpc.getBatchGetItemsMethod(), request, Repeat.SAFE);
  }

  /** Removes up to 1,000 items at once or none. Repeated if it allows missing ones. */
  public BatchDeleteItemsResponse batchDelete(BatchDeleteItemsRequest request) {
    return calls.call(
        ItemServiceGrpc.getBatchDeleteItemsMethod(),
        request,
        request.getAllowMissing() ? Repeat.SAFE : Repeat.IF_NOT_BEGUN);
  }

  /**
   * The items of a collection, ordered by id, from the request's page token on. Each page shows its
   * own moment; {@link #exportItems} shows one.
   */
  public Listing<Item> list(ListItemsRequest request) {
    return new Listing<>(
        request.getPageToken(),
        token -> {
          ListItemsResponse page = page(request.toBuilder().setPageToken(token).build());
          return new Listing.Page<>(page.getItemsList(), page.getNextPageToken());
        });
  }

  /** One page of the items. */
  public ListItemsResponse page(ListItemsRequest request) {
    return calls.call(ItemServiceGrpc.getListItemsMethod(), request, Repeat.SAFE);
  }

  /** The items that match a filter, in the order asked for, from the request's page token on. */
  public Listing<Item> query(QueryItemsRequest request) {
    return new Listing<>(
        request.getPageToken(),
        token -> {
          QueryItemsResponse page = page(request.toBuilder().setPageToken(token).build());
          return new Listing.Page<>(page.getItemsList(), page.getNextPageToken());
        });
  }

  /** One page of the items that match. */
  public QueryItemsResponse page(QueryItemsRequest request) {
    return calls.call(ItemServiceGrpc.getQueryItemsMethod(), request, Repeat.SAFE);
  }

  /** The exact number of items of a collection. */
  public long count(String siteId, String collectionId) {
    return count(
        CountItemsRequest.newBuilder().setSiteId(siteId).setCollectionId(collectionId).build());
  }

  /** The exact number of items that match. */
  public long count(CountItemsRequest request) {
    return calls.call(ItemServiceGrpc.getCountItemsMethod(), request, Repeat.SAFE).getItemCount();
  }

  /**
   * Removes all items of a collection in one environment. Not repeated unless the server did
   * nothing.
   *
   * @return how many they were
   */
  public long truncate(TruncateCollectionRequest request) {
    return calls
        .longCall(ItemServiceGrpc.getTruncateCollectionMethod(), request, Repeat.IF_NOT_BEGUN)
        .getDeletedCount();
  }

  /**
   * Prepares an import; {@link ItemImport#run} carries it out.
   *
   * @param opening names site, collection, environment, mode and, to go on with an earlier one, the
   *     import id; without one it gets a new one
   */
  public ItemImport importItems(ImportItemsRequest opening) {
    return importItems(opening, totals -> {});
  }

  /**
   * As {@link #importItems(ImportItemsRequest)}.
   *
   * @param listener is told each acknowledgement, on the thread that runs the import
   */
  public ItemImport importItems(
      ImportItemsRequest opening, Consumer<? super ImportItemsResponse> listener) {
    ImportItemsRequest named =
        opening.toBuilder()
            .setImportId(Calls.requestId(opening.getImportId()))
            .setBatchSequence(0)
            .clearItems()
            .build();
    return new ItemImport(calls, named, listener);
  }

  /** All items of a collection, ordered by id, as they are at one moment. To be closed. */
  public ItemExport exportItems(String siteId, String collectionId) {
    return exportItems(
        ExportItemsRequest.newBuilder().setSiteId(siteId).setCollectionId(collectionId).build());
  }

  /**
   * The items that the request asks for, ordered by id, as they are at one moment. To be closed.
   */
  public ItemExport exportItems(ExportItemsRequest request) {
    return new ItemExport(calls, request);
  }

  /** Copies SANDBOX items over LIVE. Not repeated unless the server did nothing. */
  public PublishSandboxResponse publishSandbox(PublishSandboxRequest request) {
    return calls.longCall(ItemServiceGrpc.getPublishSandboxMethod(), request, Repeat.IF_NOT_BEGUN);
  }
}
