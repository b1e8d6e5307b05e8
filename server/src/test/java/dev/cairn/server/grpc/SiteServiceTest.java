package dev.cairn.server.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.rpc.ResourceInfo;
import dev.cairn.v1.CreateSiteRequest;
import dev.cairn.v1.DeleteSiteRequest;
import dev.cairn.v1.GetSiteRequest;
import dev.cairn.v1.ListSitesRequest;
import dev.cairn.v1.ListSitesResponse;
import dev.cairn.v1.Site;
import dev.cairn.v1.SiteView;
import io.grpc.Status;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SiteServiceTest {
  @TempDir Path data;
  private TestServer server;

  @BeforeEach
  void start() {
    server = TestServer.on(data);
  }

  @AfterEach
  void stop() {
    server.close();
  }

  @Test
  void showsASiteAsItWasMade() {
    CreateSiteRequest request =
        CreateSiteRequest.newBuilder()
            .setSiteId("Shop_1.a")
            .setDisplayName("The shop \uD83D\uDED2")
            .putLabels("plan", "pro")
            .build();

    Site created = server.sites().createSite(request).getSite();

    assertThat(created.getDisplayName()).isEqualTo("The shop \uD83D\uDED2");
    assertThat(created.getLabelsMap()).containsEntry("plan", "pro");
    assertThat(created.getOnDemandBackupLimit()).isEqualTo(3);
    assertThat(created.hasCreateTime()).isTrue();
    assertThat(get("Shop_1.a")).isEqualTo(created);
  }

  @Test
  void repeatsTheFirstAnswerForTheSameRequestId() {
    String id = UUID.randomUUID().toString();
    CreateSiteRequest request =
        CreateSiteRequest.newBuilder().setSiteId("shop").setRequestId(id).build();
    Site first = server.sites().createSite(request).getSite();

    Site again =
        server
            .sites()
            .createSite(
                request.toBuilder().setRequestId(id.toUpperCase(java.util.Locale.ROOT)).build())
            .getSite();

    assertThat(again).isEqualTo(first);
    CallError conflict =
        CallError.of(
            () -> server.sites().createSite(request.toBuilder().setDisplayName("other").build()));
    assertThat(conflict.code()).isEqualTo(Status.Code.FAILED_PRECONDITION);
    assertThat(conflict.reason()).isEqualTo("REQUEST_ID_CONFLICT");
    assertThat(conflict.fact("request_id")).isEqualTo(id);
  }

  @Test
  void refusesASecondSiteOfTheSameId() {
    server.hasSite("shop");

    CallError error = CallError.of(() -> server.hasSite("shop"));

    assertThat(error.code()).isEqualTo(Status.Code.ALREADY_EXISTS);
    assertThat(error.reason()).isEqualTo("SITE_ALREADY_EXISTS");
    assertThat(error.detail(ResourceInfo.class).getResourceName()).isEqualTo("shop");
    assertThat(error.detail(ResourceInfo.class).getResourceType()).isEqualTo("cairn.v1.Site");
  }

  @Test
  void pagesThroughSitesInOrderOfTheirIds() {
    for (String id : List.of("b", "a", "ab", "c", "B")) {
      server.hasSite(id);
    }

    List<String> ids = new ArrayList<>();
    String token = "";
    do {
      ListSitesResponse page =
          server
              .sites()
              .listSites(ListSitesRequest.newBuilder().setPageSize(2).setPageToken(token).build());
      assertThat(page.getSitesCount()).isLessThanOrEqualTo(2);
      assertThat(page.getTotalSize()).isEqualTo(5);
      page.getSitesList().forEach(site -> ids.add(site.getId()));
      token = page.getNextPageToken();
    } while (!token.isEmpty());

    assertThat(ids).containsExactly("B", "a", "ab", "b", "c");
    ListSitesResponse prefixed =
        server.sites().listSites(ListSitesRequest.newBuilder().setSiteId("a").build());
    assertThat(prefixed.getSitesList()).extracting(Site::getId).containsExactly("a", "ab");
    assertThat(prefixed.getTotalSize()).isEqualTo(2);
  }

  @Test
  void deletesOnlyEmptySitesUnlessForced() {
    server.hasSite("shop").hasCollection("shop", "products");

    CallError error = CallError.of(() -> delete(DeleteSiteRequest.newBuilder()));
    assertThat(error.reason()).isEqualTo("SITE_NOT_EMPTY");
    assertThat(error.fact("collection_count")).isEqualTo("1");
    assertThat(error.fact("backup_count")).isEqualTo("0");

    delete(DeleteSiteRequest.newBuilder().setForce(true));
    assertThat(CallError.of(() -> get("shop")).reason()).isEqualTo("SITE_NOT_FOUND");
    assertThat(CallError.of(() -> delete(DeleteSiteRequest.newBuilder())).reason())
        .isEqualTo("SITE_NOT_FOUND");
    delete(DeleteSiteRequest.newBuilder().setAllowMissing(true));
    server.hasSite("shop");
    assertThat(server.sites().listSites(ListSitesRequest.getDefaultInstance()).getTotalSize())
        .isEqualTo(1);
  }

  @Test
  void countsWhatASiteHolds() {
    server.hasSite("shop").hasCollection("shop", "products").hasItems("shop", "products", 7);
    String backup = server.makeBackup("shop").getId();

    Site site =
        server
            .sites()
            .getSite(
                GetSiteRequest.newBuilder()
                    .setSiteId("shop")
                    .setView(SiteView.SITE_VIEW_USAGE)
                    .build())
            .getSite();

    assertThat(site.getUsage().getLiveItemCount()).isEqualTo(7);
    assertThat(site.getUsage().getSandboxItemCount()).isZero();
    assertThat(site.getUsage().getBackups(0).getBackupId()).isEqualTo(backup);
    assertThat(get("shop").hasUsage()).isFalse();
  }

  private Site get(String id) {
    return server.sites().getSite(GetSiteRequest.newBuilder().setSiteId(id).build()).getSite();
  }

  private void delete(DeleteSiteRequest.Builder request) {
    server.sites().deleteSite(request.setSiteId("shop").build());
  }
}
