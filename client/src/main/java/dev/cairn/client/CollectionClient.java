package dev.cairn.client;

import dev.cairn.client.Calls.Repeat;
import dev.cairn.v1.Collection;
import dev.cairn.v1.CollectionServiceGrpc;
import dev.cairn.v1.CreateCollectionRequest;
import dev.cairn.v1.DeleteCollectionRequest;
import dev.cairn.v1.GetCollectionRequest;
import dev.cairn.v1.ListCollectionsRequest;
import dev.cairn.v1.ListCollectionsResponse;
import dev.cairn.v1.UpdateCollectionRequest;

/**
 * Calls of {@code CollectionService}. Every method throws {@link CairnException}; the reasons of
 * each stand at the rpc of its name in the contract.
 *
 * <p>Immutable and thread-safe.
 */
public final class CollectionClient {
  private final Calls calls;

  CollectionClient(Calls calls) {
    this.calls = calls;
  }

  /** Creates an empty collection without schema. */
  public Collection create(String siteId, String collectionId) {
    return create(
        CreateCollectionRequest.newBuilder()
            .setSiteId(siteId)
            .setCollection(Collection.newBuilder().setId(collectionId))
            .build());
  }

  /** Creates an empty collection. Repeated safely: it gets a request id if it has none. */
  public Collection create(CreateCollectionRequest request) {
    CreateCollectionRequest named =
        request.toBuilder().setRequestId(Calls.requestId(request.getRequestId())).build();
    return calls
        .call(CollectionServiceGrpc.getCreateCollectionMethod(), named, Repeat.SAFE)
        .getCollection();
  }

  public Collection get(String siteId, String collectionId) {
    GetCollectionRequest request =
        GetCollectionRequest.newBuilder().setSiteId(siteId).setCollectionId(collectionId).build();
    return calls
        .call(CollectionServiceGrpc.getGetCollectionMethod(), request, Repeat.SAFE)
        .getCollection();
  }

  /** All collections of a site, ordered by id. */
  public Listing<Collection> list(String siteId) {
    return list(ListCollectionsRequest.newBuilder().setSiteId(siteId).build());
  }

  /** The collections that the request asks for, from its page token on. */
  public Listing<Collection> list(ListCollectionsRequest request) {
    return new Listing<>(
        request.getPageToken(),
        token -> {
          ListCollectionsResponse page = page(request.toBuilder().setPageToken(token).build());
          return new Listing.Page<>(page.getCollectionsList(), page.getNextPageToken());
        });
  }

  /** One page of the collections. */
  public ListCollectionsResponse page(ListCollectionsRequest request) {
    return calls.call(CollectionServiceGrpc.getListCollectionsMethod(), request, Repeat.SAFE);
  }

  /** Replaces what the mask names. Not repeated unless the server did nothing. */
  public Collection update(UpdateCollectionRequest request) {
    return calls
        .call(CollectionServiceGrpc.getUpdateCollectionMethod(), request, Repeat.IF_NOT_BEGUN)
        .getCollection();
  }

  /** Deletes a collection with its items. Repeated if it allows a missing one. */
  public void delete(DeleteCollectionRequest request) {
    var unused =
        calls.call(
            CollectionServiceGrpc.getDeleteCollectionMethod(),
            request,
            request.getAllowMissing() ? Repeat.SAFE : Repeat.IF_NOT_BEGUN);
  }
}
