package dev.cairn.client.fake;

import dev.cairn.v1.*;
import io.grpc.Status.Code;
import io.grpc.stub.StreamObserver;
import java.util.List;
import java.util.Map;

/** Sites of a {@link FakeServer}. */
final class FakeSites extends SiteServiceGrpc.SiteServiceImplBase {
  private final FakeContent content;

  FakeSites(FakeContent content) {
    this.content = content;
  }

  @Override
  public void createSite(CreateSiteRequest q, StreamObserver<CreateSiteResponse> o) {
    content.create(
        o,
        q.getRequestId(),
        () -> {
          if (content.sites.containsKey(q.getSiteId())) {
            throw Errors.of(
                Code.ALREADY_EXISTS,
                ErrorReason.ERROR_REASON_SITE_ALREADY_EXISTS,
                "Site " + q.getSiteId() + " is there already.",
                Map.of("site_id", q.getSiteId()));
          }
          FakeContent.FakeSite site = FakeContent.newSite(q.getSiteId());
          site.site =
              site.site.toBuilder()
                  .setDisplayName(q.getDisplayName())
                  .putAllLabels(q.getLabelsMap())
                  .build();
          content.sites.put(q.getSiteId(), site);
          return CreateSiteResponse.newBuilder().setSite(site.site).build();
        });
  }

  @Override
  public void getSite(GetSiteRequest q, StreamObserver<GetSiteResponse> o) {
    content.answer(
        o, () -> GetSiteResponse.newBuilder().setSite(content.site(q.getSiteId()).site).build());
  }

  @Override
  public void listSites(ListSitesRequest q, StreamObserver<ListSitesResponse> o) {
    content.answer(
        o,
        () -> {
          List<Site> all =
              content.sites.values().stream()
                  .map(s -> s.site)
                  .filter(s -> s.getId().startsWith(q.getSiteId()))
                  .toList();
          FakeContent.Page<Site> page = FakeContent.page(all, q.getPageToken(), q.getPageSize());
          return ListSitesResponse.newBuilder()
              .addAllSites(page.elements())
              .setNextPageToken(page.next())
              .setTotalSize(all.size())
              .build();
        });
  }

  @Override
  public void deleteSite(DeleteSiteRequest q, StreamObserver<DeleteSiteResponse> o) {
    content.answer(
        o,
        () -> {
          if (!q.getAllowMissing()) {
            content.site(q.getSiteId());
          }
          content.sites.remove(q.getSiteId());
          return DeleteSiteResponse.getDefaultInstance();
        });
  }
}
