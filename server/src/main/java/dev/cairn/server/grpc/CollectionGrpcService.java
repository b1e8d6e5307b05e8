package dev.cairn.server.grpc;

import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import dev.cairn.server.site.CollectionRecord;
import dev.cairn.server.site.Collections;
import dev.cairn.server.site.SiteId;
import dev.cairn.server.store.CollectionId;
import dev.cairn.v1.Collection;
import dev.cairn.v1.CollectionServiceGrpc;
import dev.cairn.v1.CreateCollectionRequest;
import dev.cairn.v1.CreateCollectionResponse;
import dev.cairn.v1.DeleteCollectionRequest;
import dev.cairn.v1.DeleteCollectionResponse;
import dev.cairn.v1.GetCollectionRequest;
import dev.cairn.v1.GetCollectionResponse;
import dev.cairn.v1.ListCollectionsRequest;
import dev.cairn.v1.ListCollectionsResponse;
import dev.cairn.v1.UpdateCollectionRequest;
import dev.cairn.v1.UpdateCollectionResponse;
import io.grpc.stub.StreamObserver;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;

/** {@code cairn.v1.CollectionService}. */
final class CollectionGrpcService extends CollectionServiceGrpc.CollectionServiceImplBase {
  private static final List<String> UPDATABLE = List.of("display_name", "fields", "views");

  private final Collections collections;
  private final Limits limits;

  CollectionGrpcService(Collections collections, Limits limits) {
    this.collections = collections;
    this.limits = limits;
  }

  @Override
  public void createCollection(
      CreateCollectionRequest request, StreamObserver<CreateCollectionResponse> caller) {
    Collection wanted = request.getCollection();
    Check check =
        new Check(limits).site(request.getSiteId()).required("collection", request.hasCollection());
    if (request.hasCollection()) {
      check.collectionId("collection.id", wanted.getId());
      CollectionCheck parts = new CollectionCheck(check);
      parts.displayName(wanted);
      parts.fields(wanted.getFieldsList());
      parts.views(wanted.getViewsList());
      parts.size(wanted);
    }
    check.requestId(request.getRequestId()).done();
    SiteId siteId = new SiteId(request.getSiteId());
    CollectionRecord record =
        collections.create(
            siteId,
            new CollectionId(wanted.getId()),
            CollectionMessages.description(wanted),
            RequestDigest.requestId(request, request.getRequestId()));
    Replies.send(
        caller,
        CreateCollectionResponse.newBuilder().setCollection(get(siteId, record.id())).build());
  }

  @Override
  public void getCollection(
      GetCollectionRequest request, StreamObserver<GetCollectionResponse> caller) {
    new Check(limits).site(request.getSiteId()).collection(request.getCollectionId()).done();
    Replies.send(
        caller,
        GetCollectionResponse.newBuilder()
            .setCollection(
                get(new SiteId(request.getSiteId()), new CollectionId(request.getCollectionId())))
            .build());
  }

  @Override
  public void listCollections(
      ListCollectionsRequest request, StreamObserver<ListCollectionsResponse> caller) {
    new Check(limits).site(request.getSiteId()).pageSize(request.getPageSize()).done();
    String after = PageTokens.position(request, request.getPageToken());
    SiteId siteId = new SiteId(request.getSiteId());
    int size = Replies.pageSize(request.getPageSize(), limits);
    List<Collection> found =
        collections.list(siteId, after, size + 1).stream()
            .map(each -> CollectionMessages.toProto(siteId, each))
            .toList();
    Replies.Page<Collection> page =
        Replies.page(found, size, Collection::getSerializedSize, limits);
    Replies.send(
        caller,
        ListCollectionsResponse.newBuilder()
            .addAllCollections(page.entries())
            .setNextPageToken(page.next(last -> PageTokens.make(request, last.getId())))
            .setTotalSize(collections.count(siteId))
            .build());
  }

  @Override
  public void updateCollection(
      UpdateCollectionRequest request, StreamObserver<UpdateCollectionResponse> caller) {
    Collection wanted = request.getCollection();
    List<String> paths = request.getUpdateMask().getPathsList();
    boolean all = paths.contains("*");
    Collections.Parts parts =
        new Collections.Parts(
            all || paths.contains("display_name"),
            all || paths.contains("fields"),
            all || paths.contains("views"));
    Check check =
        new Check(limits)
            .site(request.getSiteId())
            .required("collection", request.hasCollection())
            .mask("update_mask", request.getUpdateMask(), UPDATABLE)
            .expectedRevision(
                "expected_revision",
                request.hasExpectedRevision(),
                request.getExpectedRevision(),
                1);
    if (request.hasCollection()) {
      check.collectionId("collection.id", wanted.getId());
      CollectionCheck content = new CollectionCheck(check);
      check.when(parts.displayName(), each -> content.displayName(wanted));
      check.when(parts.fields(), each -> content.fields(wanted.getFieldsList()));
      check.when(parts.views(), each -> content.views(wanted.getViewsList()));
      content.size(wanted);
    }
    check.done();
    SiteId siteId = new SiteId(request.getSiteId());
    CollectionRecord record =
        collections.update(
            siteId,
            new CollectionId(wanted.getId()),
            CollectionMessages.description(wanted),
            parts,
            ItemMessages.revision(request.hasExpectedRevision(), request.getExpectedRevision()));
    Replies.send(
        caller,
        UpdateCollectionResponse.newBuilder().setCollection(get(siteId, record.id())).build());
  }

  @Override
  public void deleteCollection(
      DeleteCollectionRequest request, StreamObserver<DeleteCollectionResponse> caller) {
    new Check(limits)
        .site(request.getSiteId())
        .collection(request.getCollectionId())
        .expectedRevision(
            "expected_revision", request.hasExpectedRevision(), request.getExpectedRevision(), 1)
        .done();
    OptionalLong revision =
        ItemMessages.revision(request.hasExpectedRevision(), request.getExpectedRevision());
    boolean deleted =
        collections.delete(
            new SiteId(request.getSiteId()), new CollectionId(request.getCollectionId()), revision);
    if (!deleted && !request.getAllowMissing()) {
      throw new ServiceException(
          Reason.COLLECTION_NOT_FOUND,
          Map.of("site_id", request.getSiteId(), "collection_id", request.getCollectionId()),
          "site " + request.getSiteId() + " has no collection " + request.getCollectionId());
    }
    Replies.send(caller, DeleteCollectionResponse.getDefaultInstance());
  }

  private Collection get(SiteId siteId, CollectionId id) {
    return CollectionMessages.toProto(siteId, collections.get(siteId, id));
  }
}
