package dev.cairn.client.fake;

import dev.cairn.v1.*;
import io.grpc.stub.StreamObserver;
import java.util.Objects;

/** Collections of a {@link FakeServer}. */
final class FakeCollections extends CollectionServiceGrpc.CollectionServiceImplBase {
  private final FakeContent content;

  FakeCollections(FakeContent content) {
    this.content = content;
  }

  @Override
  public void createCollection(
      CreateCollectionRequest q, StreamObserver<CreateCollectionResponse> o) {
    content.create(
        o,
        q.getRequestId(),
        () -> {
          FakeContent.FakeSite site = content.site(q.getSiteId());
          Collection made =
              q.getCollection().toBuilder().setSiteId(q.getSiteId()).setRevision(1).build();
          site.collections.put(made.getId(), made);
          return CreateCollectionResponse.newBuilder().setCollection(made).build();
        });
  }

  private Collection counted(FakeContent.FakeSite site, Collection collection) {
    return collection.toBuilder()
        .setLiveItemCount(
            FakeContent.itemsAt(
                    site, new FakeContent.Place(collection.getId(), Environment.ENVIRONMENT_LIVE))
                .size())
        .build();
  }

  @Override
  public void getCollection(GetCollectionRequest q, StreamObserver<GetCollectionResponse> o) {
    content.answer(
        o,
        () -> {
          FakeContent.FakeSite site = content.site(q.getSiteId());
          FakeContent.place(site, q.getCollectionId(), Environment.ENVIRONMENT_LIVE);
          Collection found = Objects.requireNonNull(site.collections.get(q.getCollectionId()));
          return GetCollectionResponse.newBuilder().setCollection(counted(site, found)).build();
        });
  }

  @Override
  public void listCollections(ListCollectionsRequest q, StreamObserver<ListCollectionsResponse> o) {
    content.answer(
        o,
        () -> {
          FakeContent.FakeSite site = content.site(q.getSiteId());
          FakeContent.Page<Collection> page =
              FakeContent.page(site.collections.values(), q.getPageToken(), q.getPageSize());
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
    content.answer(
        o,
        () -> {
          FakeContent.FakeSite site = content.site(q.getSiteId());
          Collection changed =
              q.getCollection().toBuilder().setSiteId(q.getSiteId()).setRevision(2).build();
          site.collections.put(changed.getId(), changed);
          return UpdateCollectionResponse.newBuilder().setCollection(changed).build();
        });
  }

  @Override
  public void deleteCollection(
      DeleteCollectionRequest q, StreamObserver<DeleteCollectionResponse> o) {
    content.answer(
        o,
        () -> {
          content.site(q.getSiteId()).collections.remove(q.getCollectionId());
          return DeleteCollectionResponse.getDefaultInstance();
        });
  }
}
