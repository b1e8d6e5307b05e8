package dev.cairn.server.grpc;

import dev.cairn.server.backup.UsageMeter;
import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import dev.cairn.server.site.SiteId;
import dev.cairn.server.site.SiteRecord;
import dev.cairn.server.site.Sites;
import dev.cairn.v1.BackupUsage;
import dev.cairn.v1.CreateSiteRequest;
import dev.cairn.v1.CreateSiteResponse;
import dev.cairn.v1.DeleteSiteRequest;
import dev.cairn.v1.DeleteSiteResponse;
import dev.cairn.v1.GetSiteRequest;
import dev.cairn.v1.GetSiteResponse;
import dev.cairn.v1.ListSitesRequest;
import dev.cairn.v1.ListSitesResponse;
import dev.cairn.v1.Site;
import dev.cairn.v1.SiteServiceGrpc;
import dev.cairn.v1.SiteUsage;
import dev.cairn.v1.SiteView;
import io.grpc.stub.StreamObserver;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** {@code cairn.v1.SiteService}. */
final class SiteGrpcService extends SiteServiceGrpc.SiteServiceImplBase {
  private static final int MAX_PREFIX = 64;
  private static final int MAX_BACKUPS = 1_000;

  private final Sites sites;
  private final UsageMeter usage;
  private final int onDemandLimit;
  private final Limits limits;

  /**
   * @param onDemandLimit how many on-demand backups a site keeps
   */
  SiteGrpcService(Sites sites, UsageMeter usage, int onDemandLimit, Limits limits) {
    this.sites = sites;
    this.usage = usage;
    this.onDemandLimit = onDemandLimit;
    this.limits = limits;
  }

  @Override
  public void createSite(CreateSiteRequest request, StreamObserver<CreateSiteResponse> caller) {
    new Check(limits)
        .site(request.getSiteId())
        .text("display_name", request.getDisplayName())
        .labels("labels", request.getLabelsMap())
        .requestId(request.getRequestId())
        .done();
    SiteRecord site =
        sites.create(
            new SiteId(request.getSiteId()),
            request.getDisplayName(),
            request.getLabelsMap(),
            RequestDigest.requestId(request, request.getRequestId()));
    Replies.send(caller, CreateSiteResponse.newBuilder().setSite(message(site)).build());
  }

  @Override
  public void getSite(GetSiteRequest request, StreamObserver<GetSiteResponse> caller) {
    new Check(limits).site(request.getSiteId()).known("view", request.getView()).done();
    SiteRecord site = sites.get(new SiteId(request.getSiteId()));
    Site.Builder message = message(site);
    if (request.getView() == SiteView.SITE_VIEW_USAGE) {
      message.setUsage(message(usage.measure(site.id())));
    }
    Replies.send(caller, GetSiteResponse.newBuilder().setSite(message).build());
  }

  @Override
  public void listSites(ListSitesRequest request, StreamObserver<ListSitesResponse> caller) {
    String prefix = request.getSiteId();
    new Check(limits)
        .that(prefix.length() <= MAX_PREFIX, "site_id", "has more than 64 characters")
        .pageSize(request.getPageSize())
        .done();
    String after = PageTokens.position(request, request.getPageToken());
    int size = Replies.pageSize(request.getPageSize(), limits);
    // Any right on a site is enough to know that it is there.
    Optional<Set<String>> visible =
        AccessControl.caller().grants().sites(granted -> !granted.isEmpty());
    List<SiteRecord> rest =
        visible
            .map(ids -> named(ids, prefix).stream().filter(each -> isAfter(each, after)).toList())
            .orElseGet(() -> sites.list(prefix, after, size + 1));
    List<Site> found = rest.stream().map(each -> message(each).build()).toList();
    Replies.Page<Site> page = Replies.page(found, size, Site::getSerializedSize, limits);
    Replies.send(
        caller,
        ListSitesResponse.newBuilder()
            .addAllSites(page.entries())
            .setNextPageToken(page.next(last -> PageTokens.make(request, last.getId())))
            .setTotalSize(
                visible.map(ids -> named(ids, prefix).size()).orElseGet(() -> sites.count(prefix)))
            .build());
  }

  /** Those of the ids, as many as a token can hold, that are of a site; in the order of ids. */
  private List<SiteRecord> named(Set<String> ids, String prefix) {
    return ids.stream()
        .filter(id -> id.startsWith(prefix))
        .sorted()
        .flatMap(id -> sites.find(id).stream())
        .toList();
  }

  private static boolean isAfter(SiteRecord site, String after) {
    return site.id().value().compareTo(after) > 0;
  }

  @Override
  public void deleteSite(DeleteSiteRequest request, StreamObserver<DeleteSiteResponse> caller) {
    new Check(limits).site(request.getSiteId()).done();
    delete(new SiteId(request.getSiteId()), request.getForce(), request.getAllowMissing());
    Replies.send(caller, DeleteSiteResponse.getDefaultInstance());
  }

  private void delete(SiteId id, boolean force, boolean allowMissing) {
    try {
      sites.delete(id, force);
    } catch (ServiceException e) {
      if (!allowMissing || e.reason() != Reason.SITE_NOT_FOUND) {
        throw e;
      }
    }
  }

  private Site.Builder message(SiteRecord site) {
    return Site.newBuilder()
        .setId(site.id().value())
        .setDisplayName(site.displayName())
        .putAllLabels(site.labels())
        .setCreateTime(Times.toProto(site.createTime()))
        .setOnDemandBackupLimit(onDemandLimit);
  }

  private static SiteUsage message(dev.cairn.server.backup.SiteUsage usage) {
    SiteUsage.Builder message =
        SiteUsage.newBuilder()
            .setLiveItemCount(usage.live().itemCount())
            .setLiveSizeBytes(usage.live().bytes())
            .setSandboxItemCount(usage.sandbox().itemCount())
            .setSandboxSizeBytes(usage.sandbox().bytes())
            .setBackupSizeBytes(usage.backupBytes())
            .setTotalSizeBytes(usage.totalBytes())
            .setMeasureTime(Times.toProto(usage.time()));
    usage.backups().stream()
        .limit(MAX_BACKUPS)
        .forEach(
            each ->
                message.addBackups(
                    BackupUsage.newBuilder()
                        .setBackupId(each.id().value())
                        .setSizeBytes(each.bytes())
                        .setExclusiveSizeBytes(each.exclusiveBytes())));
    return message.build();
  }
}
