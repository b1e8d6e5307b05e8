package dev.cairn.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.rpc.PreconditionFailure;
import com.google.rpc.QuotaFailure;
import com.google.rpc.ResourceInfo;
import dev.cairn.v1.Backup;
import dev.cairn.v1.BackupState;
import dev.cairn.v1.BatchSaveItemsRequest;
import dev.cairn.v1.Collection;
import dev.cairn.v1.DeleteBackupRequest;
import dev.cairn.v1.DeleteSiteRequest;
import dev.cairn.v1.ErrorReason;
import dev.cairn.v1.GetSiteRequest;
import dev.cairn.v1.Item;
import dev.cairn.v1.ListBackupsRequest;
import dev.cairn.v1.ListItemsRequest;
import dev.cairn.v1.Restoration;
import dev.cairn.v1.RestorationDestination;
import dev.cairn.v1.RestorationSelection;
import dev.cairn.v1.RestorePartialBackupRequest;
import dev.cairn.v1.SaveItemRequest;
import io.grpc.Status;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Whatever is wrong with a request: the right code and reason, the field by its path, and nothing
 * has changed.
 */
class BadInputIT {
  private static final String SITE = "shop";

  @RegisterExtension static final Servers SERVERS = new Servers();
  private static Cairn cairn = Cairn.connect("127.0.0.1:1");
  private static Backup ready = Backup.getDefaultInstance();
  private static Backup deleted = Backup.getDefaultInstance();
  private static Backup failed = Backup.getDefaultInstance();
  private static Restoration completed = Restoration.getDefaultInstance();
  private static String itemsToken = "";
  private static String backupsToken = "";

  @BeforeAll
  static void aSiteWithABitOfEverything() throws IOException {
    cairn.close();
    cairn = SERVERS.start("--limits.collections-per-site=4").connect();
    cairn.createSite(SITE, List.of("products", "orders"));
    cairn.fill(SITE, "products", 20, "kept");
    cairn.save(SITE, "products", "known", "{\"kept\":true}");
    Backup first = cairn.verifiedBackup(SITE);
    ready = cairn.verifiedBackup(SITE);
    deleted =
        cairn
            .backups()
            .deleteBackup(
                DeleteBackupRequest.newBuilder().setSiteId(SITE).setBackupId(first.getId()).build())
            .getBackup();
    completed = cairn.restore(SITE, ready.getId());
    cairn.awaitVerified(SITE, completed.getSafetyBackupId());
    failed = aFailedBackup();
    itemsToken =
        cairn
            .items()
            .listItems(
                ListItemsRequest.newBuilder()
                    .setSiteId(SITE)
                    .setCollectionId("products")
                    .setPageSize(3)
                    .build())
            .getNextPageToken();
    backupsToken =
        cairn
            .backups()
            .listBackups(ListBackupsRequest.newBuilder().setSiteId(SITE).setPageSize(1).build())
            .getNextPageToken();
    assertThat(itemsToken).isNotEmpty();
    assertThat(backupsToken).isNotEmpty();
  }

  /** A file is where the directory of the site's backups must be. */
  private static Backup aFailedBackup() throws IOException {
    Path backups = SERVERS.any().dataDirectory().resolve("backups").resolve(SITE);
    Path aside = backups.resolveSibling("aside");
    Files.move(backups, aside);
    Files.writeString(backups, "in the way");
    Backup ended = cairn.awaitBackup(SITE, cairn.requestBackup(SITE).getId());
    Files.delete(backups);
    Files.move(aside, backups);
    assertThat(ended.getState()).isEqualTo(BackupState.BACKUP_STATE_FAILED);
    return ended;
  }

  @AfterAll
  static void disconnect() {
    cairn.close();
  }

  /** Everything that a refused request must leave alone. */
  private record Everything(
      List<String> sites,
      Content content,
      List<Collection> collections,
      List<Backup> backups,
      List<Restoration> restorations) {
    static Everything now() {
      return new Everything(
          cairn.siteIds(),
          Content.of(cairn, SITE),
          cairn.listCollections(SITE),
          cairn.listBackups(SITE),
          cairn.listRestorations(SITE));
    }
  }

  @ParameterizedTest
  @MethodSource("dev.cairn.it.BadRequest#all")
  void isRefusedAndChangesNothing(BadRequest bad) {
    Map<String, String> values = values();
    Everything before = Everything.now();
    Fault fault = bad.send(cairn.channel(), values);
    assertThat(fault.code()).as("%s", fault).isEqualTo(bad.code());
    assertThat(fault.reason()).as("%s", fault).contains(bad.reason());
    assertThat(fault.fields()).as("%s", fault).containsAll(bad.fields());
    switch (bad.code()) {
      case NOT_FOUND, ALREADY_EXISTS ->
          assertThat(Fault.find(fault.details(), ResourceInfo.class)).isPresent();
      case FAILED_PRECONDITION ->
          assertThat(Fault.find(fault.details(), PreconditionFailure.class)).isPresent();
      case RESOURCE_EXHAUSTED ->
          assertThat(Fault.find(fault.details(), QuotaFailure.class)).isPresent();
      case INVALID_ARGUMENT -> assertThat(fault.violations()).isNotEmpty();
      default -> {}
    }
    assertThat(fault.message())
        .doesNotContain(SERVERS.any().dataDirectory().toString(), "Exception", "dev.cairn.server")
        .isNotBlank();
    assertThat(Everything.now()).isEqualTo(before);
  }

  /** What the requests may name. */
  private static Map<String, String> values() {
    return Map.of(
        "ready", ready.getId(),
        "deleted", deleted.getId(),
        "failed", failed.getId(),
        "completed", completed.getId(),
        "none", "01m00000000000000000000000",
        "uuid", UUID.randomUUID().toString(),
        "itemsToken", itemsToken,
        "backupsToken", backupsToken);
  }

  @Test
  void refusesARequestIdThatWasUsedForAnotherRequest() {
    SaveItemRequest first =
        SaveItemRequest.newBuilder()
            .setSiteId(SITE)
            .setCollectionId("orders")
            .setItem(Cairn.item("once", "{}"))
            .setRequestId(UUID.randomUUID().toString())
            .build();
    Item saved = cairn.items().saveItem(first).getItem();
    assertThat(cairn.items().saveItem(first).getItem()).isEqualTo(saved);
    Fault fault =
        Fault.from(
            () ->
                cairn
                    .items()
                    .saveItem(first.toBuilder().setItem(Cairn.item("once", "{\"n\":2}")).build()));
    assertThat(fault.code()).isEqualTo(Status.Code.FAILED_PRECONDITION);
    assertThat(fault.reason()).contains(ErrorReason.ERROR_REASON_REQUEST_ID_CONFLICT);
    assertThat(cairn.get(SITE, "orders", "once")).isEqualTo(saved);
  }

  @Test
  void takesWhatIsJustAllowed() {
    cairn.createSite("x".repeat(64), List.of("y".repeat(200)));
    String site = "x".repeat(64);
    String collection = "y".repeat(200);
    Item large = cairn.save(site, collection, "z".repeat(256), ofSize(500_000));
    assertThat(cairn.get(site, collection, "z".repeat(256))).isEqualTo(large);
    cairn.save(site, collection, "deep", nested(1_000));
    cairn.saveAll(site, collection, ids(1_000).stream().map(id -> Cairn.item(id, "{}")).toList());
    assertThat(cairn.count(site, collection)).isEqualTo(1_002);
    cairn.sites().deleteSite(DeleteSiteRequest.newBuilder().setSiteId(site).setForce(true).build());
  }

  @Test
  void refusesASecondRestorationAndNamesTheFirst() {
    cairn.createSite("busy", List.of("big"));
    String text = "t".repeat(1_000);
    cairn.saveAll(
        "busy",
        "big",
        IntStream.range(0, 30_000)
            .mapToObj(i -> Cairn.item(Cairn.itemId(i), "{\"t\":\"" + text + "\"}"))
            .toList());
    Backup backup = cairn.backup("busy");
    Restoration first =
        cairn
            .restorations()
            .restorePartialBackup(
                RestorePartialBackupRequest.newBuilder()
                    .setSiteId("busy")
                    .setBackupId(backup.getId())
                    .addCollections(select("big", "copy"))
                    .build())
            .getRestoration();
    Fault fault = Fault.from(() -> cairn.requestRestore("busy", backup.getId()));
    assertThat(fault.code()).isEqualTo(Status.Code.ABORTED);
    assertThat(fault.reason()).contains(ErrorReason.ERROR_REASON_RESTORATION_IN_PROGRESS);
    assertThat(fault.metadata()).containsEntry("running_restoration_id", first.getId());
    Fault inUse =
        Fault.from(
            () ->
                cairn
                    .backups()
                    .deleteBackup(
                        DeleteBackupRequest.newBuilder()
                            .setSiteId("busy")
                            .setBackupId(backup.getId())
                            .build()));
    assertThat(inUse.code()).isEqualTo(Status.Code.FAILED_PRECONDITION);
    assertThat(inUse.reason()).contains(ErrorReason.ERROR_REASON_BACKUP_IN_USE);
    assertThat(inUse.metadata()).containsEntry("restoration_ids", first.getId());
    cairn.completed(first);
    assertThat(cairn.listRestorations("busy")).hasSize(1);
    assertThat(cairn.export("busy", "copy")).isEqualTo(cairn.export("busy", "big"));
  }

  @Test
  void refusesMoreCollectionsThanASiteMayHave() {
    cairn.createSite("full", List.of("a", "b", "c", "d"));
    Fault fault = Fault.from(() -> cairn.createCollection("full", "e"));
    assertThat(fault.code()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
    assertThat(fault.reason()).contains(ErrorReason.ERROR_REASON_COLLECTION_LIMIT_REACHED);
    assertThat(fault.metadata()).containsEntry("limit", "4");
    Backup backup = cairn.backup("full");
    Fault restore =
        Fault.from(
            () ->
                cairn
                    .restorations()
                    .restorePartialBackup(
                        RestorePartialBackupRequest.newBuilder()
                            .setSiteId("full")
                            .setBackupId(backup.getId())
                            .addCollections(select("a", "e"))
                            .build()));
    assertThat(restore.reason()).contains(ErrorReason.ERROR_REASON_COLLECTION_LIMIT_REACHED);
  }

  @Test
  void explainsAMessageThatIsTooLarge() {
    BatchSaveItemsRequest.Builder request =
        BatchSaveItemsRequest.newBuilder().setSiteId(SITE).setCollectionId("products");
    for (int i = 0; i < 10; i++) {
      request.addEntries(
          BatchSaveItemsRequest.Entry.newBuilder()
              .setItem(Cairn.item("large-" + i, ofSize(490_000))));
    }
    Fault fault = Fault.from(() -> cairn.items().batchSaveItems(request.build()));
    assertThat(fault.code()).as("%s", fault).isEqualTo(Status.Code.INVALID_ARGUMENT);
    assertThat(fault.reason()).contains(ErrorReason.ERROR_REASON_INVALID_ARGUMENT);
    assertThat(cairn.count(SITE, "products")).isEqualTo(21);
  }

  @Test
  void explainsAnRpcThatItDoesNotHave() {
    var unknown =
        io.grpc.MethodDescriptor.<GetSiteRequest, GetSiteRequest>newBuilder()
            .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
            .setFullMethodName("cairn.v1.SiteService/PaintSite")
            .setRequestMarshaller(
                io.grpc.protobuf.ProtoUtils.marshaller(GetSiteRequest.getDefaultInstance()))
            .setResponseMarshaller(
                io.grpc.protobuf.ProtoUtils.marshaller(GetSiteRequest.getDefaultInstance()))
            .build();
    Fault fault =
        Fault.from(
            () ->
                io.grpc.stub.ClientCalls.blockingUnaryCall(
                    cairn.channel(),
                    unknown,
                    io.grpc.CallOptions.DEFAULT,
                    GetSiteRequest.getDefaultInstance()));
    assertThat(fault.code()).isEqualTo(Status.Code.UNIMPLEMENTED);
    assertThat(fault.reason()).contains(ErrorReason.ERROR_REASON_NOT_IMPLEMENTED);
  }

  private static RestorationSelection select(String from, String to) {
    return RestorationSelection.newBuilder()
        .setCollectionId(from)
        .setDestination(RestorationDestination.newBuilder().setCollectionId(to))
        .build();
  }

  private static List<String> ids(int count) {
    return IntStream.range(0, count).mapToObj(i -> "new-" + i).toList();
  }

  private static String nested(int levels) {
    return "{\"a\":" + "[".repeat(levels - 1) + "]".repeat(levels - 1) + "}";
  }

  private static String ofSize(int bytes) {
    return "{\"a\":\"" + "x".repeat(bytes - 8) + "\"}";
  }
}
