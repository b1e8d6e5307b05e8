package dev.cairn.client;

import dev.cairn.client.Calls.Repeat;
import dev.cairn.v1.CreateSiteRequest;
import dev.cairn.v1.DeleteSiteRequest;
import dev.cairn.v1.GetSiteRequest;
import dev.cairn.v1.ListSitesRequest;
import dev.cairn.v1.ListSitesResponse;
import dev.cairn.v1.Site;
import dev.cairn.v1.SiteServiceGrpc;

/**
 * Calls of {@code SiteService}. Every method throws {@link CairnException}; the reasons of each
 * stand at the rpc of its name in the contract.
 *
 * <p>Immutable and thread-safe.
 */
public final class SiteClient {
  private final Calls calls;

  SiteClient(Calls calls) {
    this.calls = calls;
  }

  /** Creates an empty site. Repeated safely: it gets a request id if it has none. */
  public Site create(CreateSiteRequest request) {
    CreateSiteRequest named =
        request.toBuilder().setRequestId(Calls.requestId(request.getRequestId())).build();
    return calls.call(SiteServiceGrpc.getCreateSiteMethod(), named, Repeat.SAFE).getSite();
  }

  /** The site without its usage. */
  public Site get(String siteId) {
    return get(GetSiteRequest.newBuilder().setSiteId(siteId).build());
  }

  public Site get(GetSiteRequest request) {
    return calls.call(SiteServiceGrpc.getGetSiteMethod(), request, Repeat.SAFE).getSite();
  }

  /** All sites that the caller may see, ordered by id. */
  public Listing<Site> list() {
    return list(ListSitesRequest.getDefaultInstance());
  }

  /** The sites that the request asks for, from its page token on. */
  public Listing<Site> list(ListSitesRequest request) {
    return new Listing<>(
        request.getPageToken(),
        token -> {
          ListSitesResponse page = page(request.toBuilder().setPageToken(token).build());
          return new Listing.Page<>(page.getSitesList(), page.getNextPageToken());
        });
  }

  /** One page of the sites. */
  public ListSitesResponse page(ListSitesRequest request) {
    return calls.call(SiteServiceGrpc.getListSitesMethod(), request, Repeat.SAFE);
  }

  /** Deletes a site with everything in it, for good. Repeated if it allows a missing one. */
  public void delete(DeleteSiteRequest request) {
    var unused =
        calls.call(
            SiteServiceGrpc.getDeleteSiteMethod(),
            request,
            request.getAllowMissing() ? Repeat.SAFE : Repeat.IF_NOT_BEGUN);
  }
}
