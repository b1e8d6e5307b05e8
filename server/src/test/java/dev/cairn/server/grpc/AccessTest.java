package dev.cairn.server.grpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.cairn.server.auth.TestAuthority;
import dev.cairn.server.auth.TestIssuer;
import dev.cairn.v1.Backup;
import dev.cairn.v1.BackupServiceGrpc;
import dev.cairn.v1.Collection;
import dev.cairn.v1.CollectionServiceGrpc;
import dev.cairn.v1.CreateBackupRequest;
import dev.cairn.v1.CreateCollectionRequest;
import dev.cairn.v1.CreateSiteRequest;
import dev.cairn.v1.EventServiceGrpc;
import dev.cairn.v1.EventStart;
import dev.cairn.v1.ExportItemsRequest;
import dev.cairn.v1.GetItemRequest;
import dev.cairn.v1.GetSiteRequest;
import dev.cairn.v1.ImportItemsRequest;
import dev.cairn.v1.ImportItemsResponse;
import dev.cairn.v1.ItemServiceGrpc;
import dev.cairn.v1.ListSitesRequest;
import dev.cairn.v1.ListSitesResponse;
import dev.cairn.v1.Restoration;
import dev.cairn.v1.RestorationServiceGrpc;
import dev.cairn.v1.RestoreBackupRequest;
import dev.cairn.v1.SaveItemRequest;
import dev.cairn.v1.Site;
import dev.cairn.v1.SiteServiceGrpc;
import dev.cairn.v1.UndoRestorationRequest;
import dev.cairn.v1.WatchEventsRequest;
import dev.cairn.v1.WatchEventsResponse;
import io.grpc.Channel;
import io.grpc.ClientInterceptors;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.reflection.v1.ServerReflectionGrpc;
import io.grpc.reflection.v1.ServerReflectionRequest;
import io.grpc.reflection.v1.ServerReflectionResponse;
import io.grpc.stub.MetadataUtils;
import io.grpc.stub.StreamObserver;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What callers with one token or another, or none, can do to a whole server. */
class AccessTest {
  private static final TestIssuer ISSUER = new TestIssuer();
  private static final String ALL =
      "items.read,items.write,backups.list,backups.create,backups.delete,backups.restore,"
          + "schedules.manage,administer";

  @TempDir Path directory;
  private TestServer server;
  private Channel root;

  @BeforeEach
  void start() {
    server = TestServer.knowing(ISSUER, directory, "reload.interval", "100ms");
    root = server.as(ISSUER.token("root", "*=" + ALL));
  }

  @AfterEach
  void stop() {
    server.close();
  }

  private SiteServiceGrpc.SiteServiceBlockingStub sites(Channel channel) {
    return SiteServiceGrpc.newBlockingStub(channel).withDeadlineAfter(20, TimeUnit.SECONDS);
  }

  private void createSite(String id) {
    var unused = sites(root).createSite(CreateSiteRequest.newBuilder().setSiteId(id).build());
  }

  private static GetSiteRequest site(String id) {
    return GetSiteRequest.newBuilder().setSiteId(id).build();
  }

  @Test
  void healthIsOpenAndAllElseIsClosed() throws Exception {
    assertThat(
            HealthGrpc.newBlockingStub(server.channel())
                .check(HealthCheckRequest.getDefaultInstance())
                .getStatus())
        .isEqualTo(ServingStatus.SERVING);
    CallError error = CallError.of(() -> sites(server.channel()).getSite(site("shop")));
    assertThat(error.code()).isEqualTo(Status.Code.UNAUTHENTICATED);
    assertThat(error.reason()).isEqualTo("UNAUTHENTICATED");
    assertThat(error.fact("problem")).isEqualTo("missing");

    assertThat(reflection(server.channel())).isEqualTo(Status.Code.UNAUTHENTICATED);
    assertThat(reflection(server.as(ISSUER.token("ada")))).isEqualTo(Status.Code.OK);
    assertThat(channelz(server.channel())).isEqualTo(Status.Code.UNAUTHENTICATED);
    assertThat(channelz(server.as(ISSUER.token("ada", "shop=" + ALL))))
        .isEqualTo(Status.Code.PERMISSION_DENIED);
    assertThat(channelz(root)).isEqualTo(Status.Code.OK);
  }

  private static Status.Code reflection(Channel channel) throws Exception {
    CompletableFuture<Status.Code> end = new CompletableFuture<>();
    StreamObserver<ServerReflectionRequest> requests =
        ServerReflectionGrpc.newStub(channel)
            .serverReflectionInfo(
                new StreamObserver<ServerReflectionResponse>() {
                  @Override
                  public void onNext(ServerReflectionResponse response) {
                    end.complete(Status.Code.OK);
                  }

                  @Override
                  public void onError(Throwable error) {
                    end.complete(Status.fromThrowable(error).getCode());
                  }

                  @Override
                  public void onCompleted() {}
                });
    requests.onNext(ServerReflectionRequest.newBuilder().setListServices("").build());
    Status.Code code = end.get(20, TimeUnit.SECONDS);
    if (code == Status.Code.OK) {
      requests.onCompleted();
    }
    return code;
  }

  private static Status.Code channelz(Channel channel) {
    try {
      var unused =
          io.grpc.channelz.v1.ChannelzGrpc.newBlockingStub(channel)
              .getServers(io.grpc.channelz.v1.GetServersRequest.getDefaultInstance());
      return Status.Code.OK;
    } catch (StatusRuntimeException e) {
      return e.getStatus().getCode();
    }
  }

  @Test
  void refusesHeadersThatAreNoSingleToken() {
    String good = ISSUER.token("ada", "*=" + ALL);
    for (List<String> headers :
        List.of(
            List.of(good),
            List.of("Basic YWRhOmFkYQ=="),
            List.of("Bearer"),
            List.of("Bearer "),
            List.of("Bearer " + good + " " + good),
            List.of("Bearer " + good, "Bearer " + good))) {
      Metadata metadata = new Metadata();
      headers.forEach(
          each ->
              metadata.put(
                  Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER), each));
      Channel channel =
          ClientInterceptors.intercept(
              server.channel(), MetadataUtils.newAttachHeadersInterceptor(metadata));

      CallError error = CallError.of(() -> sites(channel).getSite(site("shop")));

      assertThat(error.reason()).as("%s", headers).isEqualTo("UNAUTHENTICATED");
      assertThat(error.fact("problem")).isEqualTo("malformed");
      assertThat(error.message()).doesNotContain(good.substring(0, 20));
    }
  }

  @Test
  void theCallerIsTheCreator() {
    createSite("shop");
    Channel ada = server.as(ISSUER.token("Ada L\u00f6velace", "shop=" + ALL));
    Backup backup =
        BackupServiceGrpc.newBlockingStub(ada)
            .createBackup(CreateBackupRequest.newBuilder().setSiteId("shop").build())
            .getBackup();
    assertThat(backup.getCreator()).isEqualTo("Ada L\u00f6velace");

    TestServer.eventually(
        () ->
            BackupServiceGrpc.newBlockingStub(ada)
                .getBackup(
                    dev.cairn.v1.GetBackupRequest.newBuilder()
                        .setSiteId("shop")
                        .setBackupId(backup.getId())
                        .build())
                .getBackup()
                .getState()
                .equals(dev.cairn.v1.BackupState.BACKUP_STATE_READY));
    Restoration restoration =
        RestorationServiceGrpc.newBlockingStub(ada)
            .restoreBackup(
                RestoreBackupRequest.newBuilder()
                    .setSiteId("shop")
                    .setBackupId(backup.getId())
                    .build())
            .getRestoration();
    assertThat(restoration.getCreator()).isEqualTo("Ada L\u00f6velace");
  }

  @Test
  void whetherASiteExistsIsNotTold() {
    createSite("shop");
    Channel stranger = server.as(ISSUER.token("eve", "own=" + ALL));

    CallError there = CallError.of(() -> sites(stranger).getSite(site("shop")));
    CallError notThere = CallError.of(() -> sites(stranger).getSite(site("shoq")));

    assertThat(there.code()).isEqualTo(Status.Code.PERMISSION_DENIED);
    assertThat(there.message().replace("shop", "shoq")).isEqualTo(notThere.message());
    assertThat(there.metadata())
        .containsEntry("site_id", "shop")
        .containsKey("permission")
        .hasSize(2);
    assertThat(notThere.metadata()).containsEntry("site_id", "shoq").hasSize(2);
    assertThat(CallError.of(() -> sites(stranger).getSite(site("own"))).reason())
        .isEqualTo("SITE_NOT_FOUND");
    // Creating one that is there, or cloning into it, must not tell either.
    assertThat(
            CallError.of(
                    () ->
                        sites(stranger)
                            .createSite(CreateSiteRequest.newBuilder().setSiteId("shop").build()))
                .reason())
        .isEqualTo("PERMISSION_DENIED");
  }

  @Test
  void listsOnlyTheSitesOfTheCaller() {
    List.of("a1", "a2", "a3", "b1", "b2").forEach(this::createSite);
    Channel some =
        server.as(
            ISSUER.token(
                "ada",
                "a1=items.read",
                "a3=backups.list",
                "b2=administer",
                "gone=items.read",
                "../b1=items.read",
                "a2="));

    ListSitesResponse first = list(some, "", 2, "");
    assertThat(ids(first)).containsExactly("a1", "a3");
    assertThat(first.getTotalSize()).isEqualTo(3);
    ListSitesResponse second = list(some, "", 2, first.getNextPageToken());
    assertThat(ids(second)).containsExactly("b2");
    assertThat(second.getNextPageToken()).isEmpty();
    assertThat(ids(list(some, "a", 0, ""))).containsExactly("a1", "a3");
    assertThat(ids(list(root, "", 0, ""))).containsExactly("a1", "a2", "a3", "b1", "b2");
    assertThat(ids(list(server.as(ISSUER.token("eve")), "", 0, ""))).isEmpty();

    // A page token of somebody else says only where to go on.
    String token = list(root, "", 1, "").getNextPageToken();
    assertThat(ids(list(some, "", 1, token))).containsExactly("a3");
  }

  private ListSitesResponse list(Channel channel, String prefix, int size, String token) {
    return sites(channel)
        .listSites(
            ListSitesRequest.newBuilder()
                .setSiteId(prefix)
                .setPageSize(size)
                .setPageToken(token)
                .build());
  }

  private static List<String> ids(ListSitesResponse response) {
    return response.getSitesList().stream().map(Site::getId).toList();
  }

  @Test
  void watchesOnlyTheSitesOfTheCaller() {
    List.of("mine", "theirs", "readable").forEach(this::createSite);
    for (String site : List.of("theirs", "mine", "readable", "theirs")) {
      var unused =
          BackupServiceGrpc.newBlockingStub(root)
              .createBackup(CreateBackupRequest.newBuilder().setSiteId(site).build());
    }
    Channel some = server.as(ISSUER.token("ada", "mine=backups.list", "readable=items.read"));

    Iterator<WatchEventsResponse> events =
        EventServiceGrpc.newBlockingStub(some)
            .withDeadlineAfter(20, TimeUnit.SECONDS)
            .watchEvents(
                WatchEventsRequest.newBuilder()
                    .setStartFrom(EventStart.EVENT_START_BEGINNING)
                    .build());
    // The last backup that anybody asked for is mine: what was passed over came before it.
    var unused =
        BackupServiceGrpc.newBlockingStub(root)
            .createBackup(
                CreateBackupRequest.newBuilder().setSiteId("mine").setDescription("last").build());
    List<String> seen = new ArrayList<>();
    boolean last = false;
    while (!last) {
      WatchEventsResponse next = events.next();
      if (!next.getHeartbeat()) {
        seen.add(next.getEvent().getSiteId());
        last = next.getEvent().getBackupStateChanged().getBackup().getDescription().equals("last");
      }
    }
    assertThat(seen).containsOnly("mine");
  }

  @Test
  void aCursorOfAnotherSiteOpensNothing() {
    List.of("mine", "theirs").forEach(this::createSite);
    var unused =
        BackupServiceGrpc.newBlockingStub(root)
            .createBackup(CreateBackupRequest.newBuilder().setSiteId("theirs").build());
    String cursor =
        EventServiceGrpc.newBlockingStub(root)
            .withDeadlineAfter(20, TimeUnit.SECONDS)
            .watchEvents(
                WatchEventsRequest.newBuilder()
                    .setSiteId("theirs")
                    .setStartFrom(EventStart.EVENT_START_BEGINNING)
                    .build())
            .next()
            .getCursor();
    Channel mine = server.as(ISSUER.token("ada", "mine=" + ALL));

    CallError error =
        CallError.of(
            () ->
                EventServiceGrpc.newBlockingStub(mine)
                    .watchEvents(
                        WatchEventsRequest.newBuilder()
                            .setSiteId("theirs")
                            .setAfterCursor(cursor)
                            .build())
                    .next());

    assertThat(error.reason()).isEqualTo("PERMISSION_DENIED");
  }

  @Test
  void idsOfAnotherSiteAreNotFoundOnOnesOwn() {
    List.of("mine", "theirs").forEach(this::createSite);
    String requestId = UUID.randomUUID().toString();
    Backup theirs =
        BackupServiceGrpc.newBlockingStub(root)
            .createBackup(
                CreateBackupRequest.newBuilder()
                    .setSiteId("theirs")
                    .setRequestId(requestId)
                    .build())
            .getBackup();
    Channel mine = server.as(ISSUER.token("ada", "mine=" + ALL));

    assertThat(
            CallError.of(
                    () ->
                        RestorationServiceGrpc.newBlockingStub(mine)
                            .restoreBackup(
                                RestoreBackupRequest.newBuilder()
                                    .setSiteId("mine")
                                    .setBackupId(theirs.getId())
                                    .build()))
                .reason())
        .isEqualTo("BACKUP_NOT_FOUND");
    assertThat(
            CallError.of(
                    () ->
                        RestorationServiceGrpc.newBlockingStub(mine)
                            .undoRestoration(
                                UndoRestorationRequest.newBuilder()
                                    .setSiteId("mine")
                                    .setRestorationId(theirs.getId())
                                    .build()))
                .reason())
        .isEqualTo("RESTORATION_NOT_FOUND");
    // A request id is that of a site: it must not answer with what somebody else got for it.
    Backup own =
        BackupServiceGrpc.newBlockingStub(mine)
            .createBackup(
                CreateBackupRequest.newBuilder().setSiteId("mine").setRequestId(requestId).build())
            .getBackup();
    assertThat(own.getSiteId()).isEqualTo("mine");
    assertThat(own.getId()).isNotEqualTo(theirs.getId());
    for (String path :
        List.of("../theirs", "mine/../theirs", "theirs\u0000", "./theirs", "THEIRS")) {
      assertThat(CallError.of(() -> sites(mine).getSite(site(path))).reason())
          .as(path)
          .isEqualTo("PERMISSION_DENIED");
      assertThat(CallError.of(() -> sites(root).getSite(site(path))).reason())
          .as(path)
          .isIn("INVALID_ARGUMENT", "SITE_NOT_FOUND");
    }
  }

  @Test
  void anImportCannotGoOnInAnotherSite() throws Exception {
    List.of("mine", "theirs").forEach(this::createSite);
    String importId = UUID.randomUUID().toString();
    Channel mine = server.as(ISSUER.token("ada", "mine=" + ALL));
    CompletableFuture<ImportItemsResponse> opened = new CompletableFuture<>();
    CompletableFuture<Throwable> end = new CompletableFuture<>();
    StreamObserver<ImportItemsRequest> requests =
        ItemServiceGrpc.newStub(mine)
            .importItems(
                new StreamObserver<>() {
                  @Override
                  public void onNext(ImportItemsResponse response) {
                    opened.complete(response);
                  }

                  @Override
                  public void onError(Throwable error) {
                    end.complete(error);
                  }

                  @Override
                  public void onCompleted() {}
                });
    requests.onNext(
        ImportItemsRequest.newBuilder()
            .setSiteId("mine")
            .setCollectionId("c")
            .setImportId(importId)
            .setCreateCollection(true)
            .build());
    opened.get(20, TimeUnit.SECONDS);

    requests.onNext(
        ImportItemsRequest.newBuilder()
            .setSiteId("theirs")
            .setCollectionId("c")
            .setBatchSequence(1)
            .addItems(TestServer.item("i", "{}"))
            .build());

    assertThat(CallError.of(end.get(20, TimeUnit.SECONDS)).reason()).isEqualTo("PERMISSION_DENIED");
  }

  @Test
  void tokensOfNewKeysCountAndThoseOfOldOnesDoNot() {
    createSite("shop");
    TestIssuer next = new TestIssuer();
    Channel old = server.as(ISSUER.token("ada", "shop=" + ALL));
    Channel renewed = server.as(next.token("ada", "shop=" + ALL));
    assertThat(sites(old).getSite(site("shop")).getSite().getId()).isEqualTo("shop");
    assertThat(CallError.of(() -> sites(renewed).getSite(site("shop"))).fact("problem"))
        .isEqualTo("signature");

    TestAuthority.write(directory.resolve("keys.json"), "half writt");
    TestServer.pause();
    assertThat(sites(old).getSite(site("shop")).getSite().getId()).isEqualTo("shop");
    TestAuthority.write(directory.resolve("keys.json"), next.keySet());

    TestServer.eventually(
        () -> {
          try {
            return sites(renewed).getSite(site("shop")).hasSite();
          } catch (StatusRuntimeException e) {
            return false;
          }
        });
    assertThat(CallError.of(() -> sites(old).getSite(site("shop"))).fact("problem"))
        .isEqualTo("signature");
  }

  @Test
  void streamsEndWithTheTokenTheyWereOpenedWith() {
    createSite("shop");
    fill("shop");
    // Accepted for some seconds more: 30 are tolerated.
    Channel brief = server.as(ISSUER.token("ada", Instant.now().minusSeconds(26), "shop=" + ALL));
    Channel lasting = server.as(ISSUER.token("ada", "shop=" + ALL));
    List<OpenCall> ending = openStreams(brief);
    List<OpenCall> staying = openStreams(lasting);

    TestServer.eventually(() -> ending.stream().allMatch(OpenCall::hasEnded));

    for (OpenCall each : ending) {
      assertThat(each.error().reason()).isEqualTo("UNAUTHENTICATED");
      assertThat(each.error().fact("problem")).isEqualTo("expired");
    }
    assertThat(staying).noneMatch(OpenCall::hasEnded);
    staying.forEach(OpenCall::cancel);
  }

  @Test
  void streamsEndWhenTheKeyOfTheirTokenIsNotTrustedAnyMore() {
    createSite("shop");
    fill("shop");
    List<OpenCall> open = openStreams(server.as(ISSUER.token("ada", "shop=" + ALL)));
    assertThat(open).noneMatch(OpenCall::hasEnded);

    TestAuthority.write(directory.resolve("keys.json"), new TestIssuer().keySet());
    TestServer.eventually(() -> open.stream().allMatch(OpenCall::hasEnded));

    assertThat(open).allMatch(each -> each.error().fact("problem").equals("signature"));
  }

  /** A watch, an import, and an export that has read nothing. */
  private static List<OpenCall> openStreams(Channel channel) {
    return List.of(
        OpenCall.of(
            channel,
            EventServiceGrpc.getWatchEventsMethod(),
            WatchEventsRequest.newBuilder().setSiteId("shop").build(),
            1),
        OpenCall.of(
            channel,
            ItemServiceGrpc.getImportItemsMethod(),
            ImportItemsRequest.newBuilder()
                .setSiteId("shop")
                .setCollectionId("c")
                .setImportId(UUID.randomUUID().toString())
                .build(),
            1),
        OpenCall.of(
            channel,
            ItemServiceGrpc.getExportItemsMethod(),
            ExportItemsRequest.newBuilder().setSiteId("shop").setCollectionId("c").build(),
            0));
  }

  private void fill(String site) {
    var collection =
        CollectionServiceGrpc.newBlockingStub(root)
            .createCollection(
                CreateCollectionRequest.newBuilder()
                    .setSiteId(site)
                    .setCollection(Collection.newBuilder().setId("c"))
                    .build());
    var item =
        ItemServiceGrpc.newBlockingStub(root)
            .saveItem(
                SaveItemRequest.newBuilder()
                    .setSiteId(site)
                    .setCollectionId(collection.getCollection().getId())
                    .setItem(TestServer.item("i", "{}"))
                    .build());
    assertThat(item.hasItem()).isTrue();
  }

  @Test
  void aMissingRightIsNamedAndTheServiceIsNotReached() {
    createSite("shop");
    Channel writer = server.as(ISSUER.token("ada", "shop=items.write"));

    CallError error =
        CallError.of(
            () ->
                ItemServiceGrpc.newBlockingStub(writer)
                    .getItem(
                        GetItemRequest.newBuilder()
                            .setSiteId("shop")
                            .setCollectionId("c")
                            .setItemId("i")
                            .build()));

    assertThat(error.code()).isEqualTo(Status.Code.PERMISSION_DENIED);
    assertThat(error.fact("permission")).isEqualTo("items.read");
    assertThat(error.message()).isEqualTo("this needs the permission items.read on the site shop");
  }

  @Test
  void methodsThatDoNotExistAreClosedToo() {
    StatusRuntimeException error =
        catchThrowableOfType(
            StatusRuntimeException.class,
            () ->
                io.grpc.stub.ClientCalls.blockingUnaryCall(
                    server.channel(),
                    SiteServiceGrpc.getGetSiteMethod().toBuilder()
                        .setFullMethodName("cairn.v1.SiteService/RenameSite")
                        .build(),
                    io.grpc.CallOptions.DEFAULT,
                    site("shop")));

    assertThat(error.getStatus().getCode()).isEqualTo(Status.Code.UNAUTHENTICATED);
  }
}
