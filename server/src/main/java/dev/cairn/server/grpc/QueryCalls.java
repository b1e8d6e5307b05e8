package dev.cairn.server.grpc;

import dev.cairn.server.error.ServiceException;
import dev.cairn.server.site.CollectionRecord;
import dev.cairn.server.site.Items;
import dev.cairn.server.site.SandboxPublisher;
import dev.cairn.server.site.SiteId;
import dev.cairn.server.site.Sites;
import dev.cairn.server.site.query.Filter;
import dev.cairn.server.site.query.ItemQueries;
import dev.cairn.server.site.query.ItemQuery;
import dev.cairn.server.site.query.Position;
import dev.cairn.server.site.query.QueryPage;
import dev.cairn.server.site.query.SortKey;
import dev.cairn.server.store.CollectionId;
import dev.cairn.v1.CollectionView;
import dev.cairn.v1.CountItemsRequest;
import dev.cairn.v1.CountItemsResponse;
import dev.cairn.v1.PublishSandboxRequest;
import dev.cairn.v1.PublishSandboxResponse;
import dev.cairn.v1.QueryItemsRequest;
import dev.cairn.v1.QueryItemsResponse;
import io.grpc.Context;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/**
 * Those calls of {@code cairn.v1.ItemService} that go through many items, and stop when nobody
 * waits for their answer any more.
 */
final class QueryCalls {
  private final Sites sites;
  private final ItemQueries queries;
  private final SandboxPublisher publisher;
  private final Limits limits;

  QueryCalls(Sites sites, ItemQueries queries, SandboxPublisher publisher, Limits limits) {
    this.sites = sites;
    this.queries = queries;
    this.publisher = publisher;
    this.limits = limits;
  }

  QueryItemsResponse query(QueryItemsRequest request) {
    Check check =
        ItemCheck.place(
                limits, request.getSiteId(), request.getCollectionId(), request.getEnvironment())
            .pageSize(request.getPageSize());
    FilterCheck parts = new FilterCheck(check);
    Question asked =
        new Question(
            parts.filter("filter", request.getFilter()),
            parts.sort("sort", request.getSortList()),
            request);
    check.done();
    Items.Place place =
        ItemMessages.place(
            request.getSiteId(), request.getCollectionId(), request.getEnvironment());
    Question question =
        request.getView().isEmpty() ? asked : throughView(asked, view(place, request.getView()));
    QueryPage page =
        queries.query(
            place,
            new ItemQuery(
                question.filter(),
                question.sort(),
                position(question.sealed()),
                Replies.pageSize(request.getPageSize(), limits),
                limits.answerBytes(),
                request.getIncludeTotalSize()),
            untilCancelled());
    return answer(page, question.sealed());
  }

  /**
   * What is asked for.
   *
   * @param sealed what page tokens are made for
   */
  private record Question(Filter filter, List<SortKey> sort, QueryItemsRequest sealed) {}

  private CollectionRecord.Declaration view(Items.Place place, String name) {
    CollectionRecord collection = sites.collections(place.siteId()).require(place.collection());
    return collection.views().stream()
        .filter(view -> view.name().equals(name))
        .findFirst()
        .orElseThrow(
            () ->
                ServiceException.invalid(
                    "view",
                    "collection " + collection.id() + " has no view " + Check.quoted(name)));
  }

  /** Page tokens are made for what the view says, so that none outlives a change of it. */
  private Question throughView(Question asked, CollectionRecord.Declaration declaration) {
    CollectionView view = CollectionMessages.view(declaration);
    Check check = new Check(limits);
    FilterCheck parts = new FilterCheck(check);
    Filter filter = parts.filter("view.filter", view.getFilter());
    List<SortKey> sort = parts.sort("view.sort", view.getSortList());
    check.done();
    return new Question(
        filter.and(asked.filter()),
        asked.sort().isEmpty() ? sort : asked.sort(),
        asked.sealed().toBuilder().setView(declaration.message()).build());
  }

  private static Optional<Position> position(QueryItemsRequest sealed) {
    String position = PageTokens.position(sealed, sealed.getPageToken());
    return position.isEmpty() ? Optional.empty() : Optional.of(Position.decode(position));
  }

  private static QueryItemsResponse answer(QueryPage page, QueryItemsRequest sealed) {
    QueryItemsResponse.Builder answer =
        QueryItemsResponse.newBuilder()
            .addAllItems(page.items().stream().map(ItemMessages::toProto).toList())
            .setExaminedItemCount(page.examined());
    page.next().ifPresent(next -> answer.setNextPageToken(PageTokens.make(sealed, next.encode())));
    page.total().ifPresent(answer::setTotalSize);
    return answer.build();
  }

  CountItemsResponse count(CountItemsRequest request) {
    Check check =
        ItemCheck.place(
            limits, request.getSiteId(), request.getCollectionId(), request.getEnvironment());
    Filter filter = new FilterCheck(check).filter("filter", request.getFilter());
    check.done();
    long count =
        queries.count(
            ItemMessages.place(
                request.getSiteId(), request.getCollectionId(), request.getEnvironment()),
            filter,
            untilCancelled());
    return CountItemsResponse.newBuilder().setItemCount(count).build();
  }

  PublishSandboxResponse publish(PublishSandboxRequest request) {
    new Check(limits)
        .site(request.getSiteId())
        .collectionIds("collection_ids", request.getCollectionIdsList())
        .done();
    List<SandboxPublisher.Published> rows =
        publisher.publish(
            new SiteId(request.getSiteId()),
            request.getCollectionIdsList().stream().map(CollectionId::new).toList(),
            untilCancelled());
    return PublishSandboxResponse.newBuilder()
        .addAllCollections(rows.stream().map(QueryCalls::row).toList())
        .build();
  }

  private static PublishSandboxResponse.CollectionResult row(SandboxPublisher.Published row) {
    return PublishSandboxResponse.CollectionResult.newBuilder()
        .setCollectionId(row.collection().value())
        .setInsertedCount(row.inserted())
        .setUpdatedCount(row.updated())
        .build();
  }

  /** Whether the caller cancelled the call, went away, or its deadline is over. */
  private static BooleanSupplier untilCancelled() {
    return Context.current()::isCancelled;
  }
}
