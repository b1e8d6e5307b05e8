package dev.cairn.server.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.google.protobuf.FieldMask;
import com.google.protobuf.Value;
import com.google.rpc.BadRequest;
import dev.cairn.v1.BatchDeleteItemsRequest;
import dev.cairn.v1.BatchGetItemsRequest;
import dev.cairn.v1.BatchSaveItemsRequest;
import dev.cairn.v1.Collection;
import dev.cairn.v1.CollectionField;
import dev.cairn.v1.CollectionView;
import dev.cairn.v1.Comparison;
import dev.cairn.v1.CreateBackupRequest;
import dev.cairn.v1.CreateCollectionRequest;
import dev.cairn.v1.CreateSiteRequest;
import dev.cairn.v1.DeleteItemRequest;
import dev.cairn.v1.ExportItemsRequest;
import dev.cairn.v1.FieldType;
import dev.cairn.v1.Filter;
import dev.cairn.v1.FilterList;
import dev.cairn.v1.GetBackupRequest;
import dev.cairn.v1.GetItemRequest;
import dev.cairn.v1.GetRestorationRequest;
import dev.cairn.v1.GetSiteRequest;
import dev.cairn.v1.InsertItemRequest;
import dev.cairn.v1.Item;
import dev.cairn.v1.ListBackupsRequest;
import dev.cairn.v1.ListItemsRequest;
import dev.cairn.v1.ListRestorationsRequest;
import dev.cairn.v1.RestorationDestination;
import dev.cairn.v1.RestorationSelection;
import dev.cairn.v1.RestoreBackupRequest;
import dev.cairn.v1.RestorePartialBackupRequest;
import dev.cairn.v1.SaveItemRequest;
import dev.cairn.v1.SortKey;
import dev.cairn.v1.UpdateBackupRequest;
import dev.cairn.v1.UpdateCollectionRequest;
import dev.cairn.v1.UpdateItemRequest;
import dev.cairn.v1.WatchBackupRequest;
import io.grpc.Status;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every kind of bad input: the exact fields are named, and nothing is changed. */
class BadInputTest {
  private static final String LONG_ID = "x".repeat(257);

  @TempDir static Path data;
  private static TestServer server;

  @BeforeAll
  static void start() {
    server =
        TestServer.on(data)
            .hasSite("shop")
            .hasCollection("shop", "products")
            .hasItem("shop", "products", "p1", "{}");
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  @AfterEach
  void nothingHasChanged() {
    assertThat(server.content("shop", "products")).isEqualTo(Map.of("p1", "{}"));
    assertThat(
            server
                .backups()
                .listBackups(ListBackupsRequest.newBuilder().setSiteId("shop").build())
                .getTotalSize())
        .isZero();
  }

  private static CallError refused(ThrowingCallable call, String... fields) {
    CallError error = CallError.of(call);
    assertThat(error.code()).isEqualTo(Status.Code.INVALID_ARGUMENT);
    assertThat(error.reason()).isEqualTo("INVALID_ARGUMENT");
    assertThat(error.fields()).containsExactlyInAnyOrder(fields);
    assertThat(error.detail(BadRequest.class).getFieldViolationsList())
        .allSatisfy(each -> assertThat(each.getDescription()).isNotBlank());
    return error;
  }

  @Test
  void siteIds() {
    for (String id :
        List.of("", "-a", "a.", "a/b", "../a", "a b", "ä", "x".repeat(65), "a\u0000")) {
      refused(
          () -> server.sites().getSite(GetSiteRequest.newBuilder().setSiteId(id).build()),
          "site_id");
      refused(
          () -> server.sites().createSite(CreateSiteRequest.newBuilder().setSiteId(id).build()),
          "site_id");
    }
  }

  @Test
  void everythingThatIsWrongIsNamedAtOnce() {
    refused(
        () ->
            server
                .sites()
                .createSite(
                    CreateSiteRequest.newBuilder()
                        .setSiteId("")
                        .setDisplayName("n".repeat(1_001))
                        .putLabels("", "x")
                        .setRequestId("42")
                        .build()),
        "site_id",
        "display_name",
        "labels",
        "request_id");
    refused(
        () -> server.items().getItem(GetItemRequest.newBuilder().setEnvironmentValue(9).build()),
        "site_id",
        "collection_id",
        "environment",
        "item_id");
  }

  @Test
  void charactersAreCountedNotBytes() {
    assertThat(
            CallError.of(
                    () ->
                        server
                            .sites()
                            .createSite(
                                CreateSiteRequest.newBuilder()
                                    .setSiteId("shop")
                                    .setDisplayName("😀".repeat(1_000))
                                    .build()))
                .reason())
        .isEqualTo("SITE_ALREADY_EXISTS");
  }

  @Test
  void labels() {
    CreateBackupRequest.Builder tooMany = CreateBackupRequest.newBuilder().setSiteId("shop");
    IntStream.range(0, 65).forEach(i -> tooMany.putLabels("k" + i, ""));
    refused(() -> server.backups().createBackup(tooMany.build()), "labels");
    refused(
        () ->
            server
                .backups()
                .createBackup(
                    CreateBackupRequest.newBuilder()
                        .setSiteId("shop")
                        .putLabels("key", "v".repeat(257))
                        .build()),
        "labels[\"key\"]");
    refused(
        () ->
            server
                .backups()
                .createBackup(
                    CreateBackupRequest.newBuilder()
                        .setSiteId("shop")
                        .putLabels("key", "a\nb")
                        .build()),
        "labels[\"key\"]");
  }

  @Test
  void itemData() {
    for (String bad : List.of("", "[]", "{", "{\"a\":1,\"a\":2}", "text")) {
      refused(() -> server.hasItem("shop", "products", "p2", bad), "item.data");
    }
    CallError large =
        refused(
            () ->
                server.hasItem("shop", "products", "p1", "{\"t\":\"" + "x".repeat(600_000) + "\"}"),
            "item.data");
    assertThat(large.message()).contains("600008").contains("500000");
  }

  @Test
  void anItemOfExactlyTheLimitIsTaken() {
    String most = "{\"t\":\"" + "x".repeat(500_000 - 8) + "\"}";
    server.hasCollection("shop", "limit").hasItem("shop", "limit", "most", most);
    refused(() -> server.hasItem("shop", "limit", "more", most + " "), "item.data");
    assertThat(server.count("shop", "limit")).isEqualTo(1);
  }

  @Test
  void itemIdsAndOwners() {
    refused(
        () ->
            server
                .items()
                .saveItem(
                    SaveItemRequest.newBuilder()
                        .setSiteId("shop")
                        .setCollectionId("products")
                        .setItem(
                            TestServer.item("a\u0000b", "{}").toBuilder().setOwner("o".repeat(257)))
                        .build()),
        "item.id",
        "item.owner");
    refused(() -> server.hasItem("shop", "products", "ä".repeat(129), "{}"), "item.id");
    refused(
        () ->
            server
                .items()
                .updateItem(
                    UpdateItemRequest.newBuilder()
                        .setSiteId("shop")
                        .setCollectionId("products")
                        .setItem(TestServer.item("", "{}"))
                        .setExpectedRevision(0)
                        .build()),
        "item.id",
        "expected_revision");
    refused(
        () ->
            server
                .items()
                .insertItem(
                    InsertItemRequest.newBuilder()
                        .setSiteId("shop")
                        .setCollectionId("products")
                        .setDurabilityValue(77)
                        .build()),
        "item",
        "durability");
    refused(
        () ->
            server
                .items()
                .deleteItem(
                    DeleteItemRequest.newBuilder()
                        .setSiteId("shop")
                        .setCollectionId("products")
                        .setItemId(LONG_ID)
                        .setExpectedRevision(-1)
                        .build()),
        "item_id",
        "expected_revision");
  }

  @Test
  void batches() {
    BatchSaveItemsRequest.Builder request =
        BatchSaveItemsRequest.newBuilder().setSiteId("shop").setCollectionId("products");
    refused(() -> server.items().batchSaveItems(request.build()), "entries");

    BatchSaveItemsRequest.Builder tooMany = request.clone();
    IntStream.range(0, 1_001).forEach(i -> tooMany.addEntries(entry("i" + i, "{}")));
    refused(() -> server.items().batchSaveItems(tooMany.build()), "entries");

    BatchSaveItemsRequest.Builder bad =
        request
            .clone()
            .addEntries(entry("a", "{}"))
            .addEntries(entry("b", "[]"))
            .addEntries(entry("a", "{}"))
            .addEntries(entry("\u0007", "{}").toBuilder().setExpectedRevision(-1));
    refused(
        () -> server.items().batchSaveItems(bad.build()),
        "entries[1].item.data",
        "entries[2].item.id",
        "entries[3].item.id",
        "entries[3].expected_revision");

    refused(
        () ->
            server
                .items()
                .batchGetItems(
                    BatchGetItemsRequest.newBuilder()
                        .setSiteId("shop")
                        .setCollectionId("products")
                        .addItemIds("p1")
                        .addItemIds("")
                        .build()),
        "item_ids[1]");
    refused(
        () ->
            server
                .items()
                .batchDeleteItems(
                    BatchDeleteItemsRequest.newBuilder()
                        .setSiteId("shop")
                        .setCollectionId("products")
                        .addEntries(BatchDeleteItemsRequest.Entry.newBuilder().setItemId("p1"))
                        .addEntries(BatchDeleteItemsRequest.Entry.newBuilder().setItemId("p1"))
                        .build()),
        "entries[1].item_id");
  }

  @Test
  void collectionsWithSchemaAndViews() {
    Collection.Builder collection =
        Collection.newBuilder()
            .setId("-bad")
            .addFields(CollectionField.newBuilder().setKey("a").setTypeValue(99))
            .addFields(CollectionField.newBuilder().setKey("a"))
            .addFields(
                CollectionField.newBuilder()
                    .setKey("r")
                    .setType(FieldType.FIELD_TYPE_TEXT)
                    .setReferencedCollectionId("x"))
            .addViews(
                CollectionView.newBuilder()
                    .setFilter(comparison(Comparison.newBuilder().setField("@nope")))
                    .addSort(SortKey.newBuilder().setField("a\\b")))
            .addViews(CollectionView.newBuilder().setName("deep").setFilter(deep(11)));

    refused(
        () ->
            server
                .collections()
                .createCollection(
                    CreateCollectionRequest.newBuilder()
                        .setSiteId("shop")
                        .setCollection(collection)
                        .build()),
        "collection.id",
        "collection.fields[0].type",
        "collection.fields[1].key",
        "collection.fields[2].referenced_collection_id",
        "collection.views[0].name",
        "collection.views[0].filter.comparison",
        "collection.views[0].filter.comparison.field",
        "collection.views[0].sort[0].field",
        "collection.views[1].filter" + ".all_of.filters[0]".repeat(10));
    refused(
        () ->
            server
                .collections()
                .createCollection(CreateCollectionRequest.newBuilder().setSiteId("shop").build()),
        "collection");
  }

  @Test
  void comparisons() {
    Collection.Builder collection =
        Collection.newBuilder()
            .setId("views")
            .addViews(
                CollectionView.newBuilder()
                    .setName("v")
                    .setFilter(
                        Filter.newBuilder()
                            .setAnyOf(
                                FilterList.newBuilder()
                                    .addFilters(
                                        comparison(
                                            Comparison.newBuilder()
                                                .setField("a")
                                                .setLt(Value.newBuilder().setNullValueValue(0))))
                                    .addFilters(Filter.getDefaultInstance())
                                    .addFilters(
                                        comparison(
                                            Comparison.newBuilder()
                                                .setField("a")
                                                .setStartsWith("x".repeat(1_001)))))));

    String path = "collection.views[0].filter.any_of.filters";
    refused(
        () ->
            server
                .collections()
                .createCollection(
                    CreateCollectionRequest.newBuilder()
                        .setSiteId("shop")
                        .setCollection(collection)
                        .build()),
        path + "[0].comparison.lt",
        path + "[1]",
        path + "[2].comparison.starts_with");
  }

  @Test
  void updateMasks() {
    refused(
        () ->
            server
                .collections()
                .updateCollection(
                    UpdateCollectionRequest.newBuilder()
                        .setSiteId("shop")
                        .setCollection(Collection.newBuilder().setId("products"))
                        .build()),
        "update_mask");
    refused(
        () ->
            server
                .backups()
                .updateBackup(
                    UpdateBackupRequest.newBuilder()
                        .setSiteId("shop")
                        .setBackupId("b")
                        .setUpdateMask(FieldMask.newBuilder().addPaths("pinned").addPaths("state"))
                        .build()),
        "backup",
        "update_mask");
  }

  @Test
  void pages() {
    for (int size : List.of(-1, 1_001)) {
      refused(
          () ->
              server
                  .items()
                  .listItems(
                      ListItemsRequest.newBuilder()
                          .setSiteId("shop")
                          .setCollectionId("products")
                          .setPageSize(size)
                          .build()),
          "page_size");
    }
    CallError token =
        CallError.of(
            () ->
                server
                    .backups()
                    .listBackups(
                        ListBackupsRequest.newBuilder()
                            .setSiteId("shop")
                            .setPageToken("AAAA")
                            .build()));
    assertThat(token.code()).isEqualTo(Status.Code.INVALID_ARGUMENT);
    assertThat(token.reason()).isEqualTo("INVALID_PAGE_TOKEN");
    assertThat(token.fields()).containsExactly("page_token");
  }

  @Test
  void filters() {
    ListBackupsRequest.Builder request =
        ListBackupsRequest.newBuilder().setSiteId("shop").addStatesValue(77).addStatesValue(0);
    IntStream.range(0, 11).forEach(i -> request.addTypesValue(1));
    refused(() -> server.backups().listBackups(request.build()), "states[0]", "states[1]", "types");
    refused(
        () ->
            server
                .restorations()
                .listRestorations(
                    ListRestorationsRequest.newBuilder()
                        .setSiteId("shop")
                        .setBackupId("NO")
                        .addStatesValue(9)
                        .build()),
        "states[0]",
        "backup_id");
  }

  @Test
  void backupsAndRestorations() {
    refused(
        () ->
            server
                .backups()
                .createBackup(
                    CreateBackupRequest.newBuilder()
                        .setSiteId("shop")
                        .addCollectionIds("products")
                        .addCollectionIds("products")
                        .addCollectionIds("/")
                        .setDescription("d".repeat(1_001))
                        .setRequestId("x")
                        .build()),
        "collection_ids[1]",
        "collection_ids[2]",
        "description",
        "request_id");
    refused(
        () ->
            server
                .backups()
                .getBackup(
                    GetBackupRequest.newBuilder().setSiteId("shop").setBackupId("A/..").build()),
        "backup_id");
    refused(
        () ->
            TestServer.all(
                server
                    .backups()
                    .watchBackup(
                        WatchBackupRequest.newBuilder()
                            .setSiteId("shop")
                            .setAfterSequence(-1)
                            .build())),
        "backup_id",
        "after_sequence");
    refused(
        () ->
            server
                .restorations()
                .restoreBackup(
                    RestoreBackupRequest.newBuilder()
                        .setSiteId("shop")
                        .setBackupId("b")
                        .setDestinationSiteId("-")
                        .setVerificationValue(9)
                        .build()),
        "destination_site_id",
        "verification");
    refused(
        () ->
            server
                .restorations()
                .getRestoration(GetRestorationRequest.newBuilder().setSiteId("shop").build()),
        "restoration_id");
  }

  @Test
  void selections() {
    RestorePartialBackupRequest.Builder request =
        RestorePartialBackupRequest.newBuilder().setSiteId("shop").setBackupId("b");
    refused(() -> server.restorations().restorePartialBackup(request.build()), "collections");
    request
        .addCollections(RestorationSelection.newBuilder().setCollectionId("a"))
        .addCollections(
            RestorationSelection.newBuilder()
                .setCollectionId("b")
                .setDestination(RestorationDestination.newBuilder().setCollectionId("a")))
        .addCollections(
            RestorationSelection.newBuilder()
                .setCollectionId("b")
                .setDestination(RestorationDestination.getDefaultInstance()));
    refused(
        () -> server.restorations().restorePartialBackup(request.build()),
        "collections[1].destination.collection_id",
        "collections[2].collection_id",
        "collections[2].destination.collection_id");
  }

  @Test
  void exports() {
    refused(
        () ->
            TestServer.all(
                server
                    .items()
                    .exportItems(
                        ExportItemsRequest.newBuilder()
                            .setSiteId("shop")
                            .setCollectionId("products")
                            .setAfterItemId(LONG_ID)
                            .build())),
        "after_item_id");
  }

  @Test
  void whatDoesNotExist() {
    assertThat(
            CallError.of(
                    () ->
                        server
                            .sites()
                            .getSite(GetSiteRequest.newBuilder().setSiteId("nope").build()))
                .reason())
        .isEqualTo("SITE_NOT_FOUND");
    assertThat(CallError.of(() -> server.count("shop", "nope")).reason())
        .isEqualTo("COLLECTION_NOT_FOUND");
    assertThat(CallError.of(() -> server.count("nope", "products")).reason())
        .isEqualTo("SITE_NOT_FOUND");
    assertThat(CallError.of(() -> server.backup("shop", "nope")).reason())
        .isEqualTo("BACKUP_NOT_FOUND");
    assertThat(CallError.of(() -> server.restoration("shop", "nope")).reason())
        .isEqualTo("RESTORATION_NOT_FOUND");
    assertThat(
            CallError.of(
                    () ->
                        server
                            .backups()
                            .createBackup(
                                CreateBackupRequest.newBuilder()
                                    .setSiteId("shop")
                                    .addCollectionIds("nope")
                                    .build()))
                .reason())
        .isEqualTo("COLLECTION_NOT_FOUND");
  }

  private static BatchSaveItemsRequest.Entry entry(String id, String data) {
    return BatchSaveItemsRequest.Entry.newBuilder()
        .setItem(Item.newBuilder().setId(id).setData(ByteString.copyFromUtf8(data)))
        .build();
  }

  private static Filter comparison(Comparison.Builder comparison) {
    return Filter.newBuilder().setComparison(comparison).build();
  }

  private static Filter deep(int levels) {
    return levels == 1
        ? Filter.newBuilder()
            .setComparison(Comparison.newBuilder().setField("a").setExists(true))
            .build()
        : Filter.newBuilder()
            .setAllOf(FilterList.newBuilder().addFilters(deep(levels - 1)))
            .build();
  }
}
