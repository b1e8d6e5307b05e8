package dev.cairn.server.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.server.auth.TestIssuer;
import dev.cairn.v1.CreateSiteRequest;
import dev.cairn.v1.GetSiteRequest;
import dev.cairn.v1.ImportItemsRequest;
import dev.cairn.v1.ImportItemsResponse;
import dev.cairn.v1.ItemServiceGrpc;
import dev.cairn.v1.ListSitesRequest;
import dev.cairn.v1.RestorationServiceGrpc;
import dev.cairn.v1.RestoreBackupRequest;
import dev.cairn.v1.SiteServiceGrpc;
import io.grpc.Channel;
import io.grpc.Context;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Who did what to which site, as the audit log tells it. */
class AuditTest {
  private static final TestIssuer ISSUER = new TestIssuer();

  @TempDir Path directory;
  private TestServer server;

  @BeforeEach
  void start() {
    server =
        TestServer.knowing(
            ISSUER, directory, "audit.file", directory.resolve("audit.log").toString());
  }

  @AfterEach
  void stop() {
    server.close();
  }

  /** The lines without their time and request id, which differ. */
  private List<String> lines() {
    try (var lines = Files.lines(directory.resolve("audit.log"))) {
      return lines
          .map(line -> line.replaceAll("^\\S+ ", "").replaceAll(" request=\\S+$", ""))
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static SiteServiceGrpc.SiteServiceBlockingStub sites(Channel channel) {
    return SiteServiceGrpc.newBlockingStub(channel).withDeadlineAfter(20, TimeUnit.SECONDS);
  }

  private static CreateSiteRequest create(String site) {
    return CreateSiteRequest.newBuilder().setSiteId(site).build();
  }

  @Test
  void everyChangeAndEveryRefusalIsOneLine() {
    Channel ada = server.as(ISSUER.token("ada", "shop=administer,backups.restore,items.read"));
    var created = sites(ada).createSite(create("shop"));
    var got = sites(ada).getSite(GetSiteRequest.newBuilder().setSiteId("shop").build());
    var listed = sites(ada).listSites(ListSitesRequest.getDefaultInstance());
    assertThat(created.getSite()).isEqualTo(got.getSite());
    assertThat(listed.getTotalSize()).isEqualTo(1);

    assertThat(CallError.of(() -> sites(ada).createSite(create("shop"))).reason())
        .isEqualTo("SITE_ALREADY_EXISTS");
    assertThat(CallError.of(() -> sites(ada).createSite(create("x who=root"))).reason())
        .isEqualTo("PERMISSION_DENIED");
    assertThat(
            CallError.of(
                    () ->
                        RestorationServiceGrpc.newBlockingStub(ada)
                            .restoreBackup(
                                RestoreBackupRequest.newBuilder()
                                    .setSiteId("shop")
                                    .setBackupId("b")
                                    .setDestinationSiteId("copy")
                                    .build()))
                .reason())
        .isEqualTo("PERMISSION_DENIED");
    assertThat(
            CallError.of(
                    () ->
                        sites(server.channel())
                            .getSite(GetSiteRequest.newBuilder().setSiteId("shop").build()))
                .reason())
        .isEqualTo("UNAUTHENTICATED");

    assertThat(lines())
        .containsExactly(
            "who=ada what=cairn.v1.SiteService/CreateSite outcome=OK site_id=shop",
            "who=ada what=cairn.v1.SiteService/CreateSite outcome=ALREADY_EXISTS"
                + " reason=SITE_ALREADY_EXISTS site_id=shop",
            "who=ada what=cairn.v1.SiteService/CreateSite outcome=PERMISSION_DENIED"
                + " reason=PERMISSION_DENIED permission=administer site_id=\"x who=root\"",
            "who=ada what=cairn.v1.RestorationService/RestoreBackup outcome=PERMISSION_DENIED"
                + " reason=PERMISSION_DENIED permission=backups.restore,administer site_id=shop"
                + " backup_id=b destination_site_id=copy",
            "who=- what=cairn.v1.SiteService/GetSite outcome=UNAUTHENTICATED"
                + " reason=UNAUTHENTICATED problem=missing");
  }

  @Test
  void anImportThatItsCallerLeavesIsALineToo() throws Exception {
    Channel ada = server.as(ISSUER.token("ada", "shop=administer,items.write"));
    var created = sites(ada).createSite(create("shop"));
    assertThat(created.hasSite()).isTrue();
    CompletableFuture<ImportItemsResponse> opened = new CompletableFuture<>();
    Context.CancellableContext call = Context.current().withCancellation();
    call.run(
        () -> {
          StreamObserver<ImportItemsRequest> requests =
              ItemServiceGrpc.newStub(ada)
                  .importItems(
                      new StreamObserver<>() {
                        @Override
                        public void onNext(ImportItemsResponse response) {
                          opened.complete(response);
                        }

                        @Override
                        public void onError(Throwable error) {}

                        @Override
                        public void onCompleted() {}
                      });
          requests.onNext(
              ImportItemsRequest.newBuilder()
                  .setSiteId("shop")
                  .setCollectionId("c")
                  .setImportId(UUID.randomUUID().toString())
                  .setCreateCollection(true)
                  .build());
        });
    opened.get(20, TimeUnit.SECONDS);

    call.cancel(null);

    TestServer.eventually(() -> lines().size() == 2);
    assertThat(lines().get(1))
        .isEqualTo(
            "who=ada what=cairn.v1.ItemService/ImportItems outcome=CANCELLED site_id=shop"
                + " collection_id=c");
  }

  @Test
  void tokensAreInNoLine() throws IOException {
    String token = ISSUER.token("ada");
    assertThat(CallError.of(() -> sites(server.as(token)).createSite(create("shop"))).reason())
        .isEqualTo("PERMISSION_DENIED");
    assertThat(CallError.of(() -> sites(server.as(token + "x")).createSite(create("s"))).reason())
        .isEqualTo("UNAUTHENTICATED");

    assertThat(Files.readString(directory.resolve("audit.log")))
        .hasLineCount(2)
        .doesNotContain(token.substring(0, 20))
        .doesNotContain(token.substring(token.length() - 20));
  }

  @Test
  void whatChangesIsDecidedForEveryRpc() {
    assertThat(
            RightsTest.rpcs()
                .filter(
                    rpc ->
                        Rights.isChange(
                            SiteServiceGrpc.getGetSiteMethod().toBuilder()
                                .setFullMethodName(
                                    rpc.getService().getFullName() + "/" + rpc.getName())
                                .build()))
                .map(rpc -> rpc.getName()))
        .containsExactlyInAnyOrder(
            "CreateSite",
            "DeleteSite",
            "CreateCollection",
            "UpdateCollection",
            "DeleteCollection",
            "InsertItem",
            "UpdateItem",
            "SaveItem",
            "DeleteItem",
            "BatchSaveItems",
            "BatchDeleteItems",
            "TruncateCollection",
            "ImportItems",
            "PublishSandbox",
            "CreateBackup",
            "UpdateBackup",
            "DeleteBackup",
            "CancelBackup",
            "VerifyBackup",
            "RestoreBackup",
            "RestorePartialBackup",
            "CancelRestoration",
            "UndoRestoration",
            "UpdateBackupSchedule");
  }
}
