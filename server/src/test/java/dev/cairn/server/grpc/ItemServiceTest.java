package dev.cairn.server.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.google.rpc.ResourceInfo;
import dev.cairn.v1.BatchDeleteItemsRequest;
import dev.cairn.v1.BatchDeleteItemsResponse;
import dev.cairn.v1.BatchGetItemsRequest;
import dev.cairn.v1.BatchGetItemsResponse;
import dev.cairn.v1.BatchSaveItemsRequest;
import dev.cairn.v1.BatchSaveItemsResponse;
import dev.cairn.v1.DeleteItemRequest;
import dev.cairn.v1.Durability;
import dev.cairn.v1.Environment;
import dev.cairn.v1.GetItemRequest;
import dev.cairn.v1.InsertItemRequest;
import dev.cairn.v1.Item;
import dev.cairn.v1.ListItemsRequest;
import dev.cairn.v1.ListItemsResponse;
import dev.cairn.v1.SaveItemRequest;
import dev.cairn.v1.SaveItemResponse;
import dev.cairn.v1.TruncateCollectionRequest;
import dev.cairn.v1.UpdateItemRequest;
import dev.cairn.v1.WriteOutcome;
import io.grpc.Status;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ItemServiceTest {
  @TempDir Path data;
  private TestServer server;

  @BeforeEach
  void start() {
    server = TestServer.on(data).hasSite("shop").hasCollection("shop", "products");
  }

  @AfterEach
  void stop() {
    server.close();
  }

  @Test
  void keepsDataByteForByte() {
    String odd = " {\"b\" : 1.0e+5, \"a\":[null,12345678901234567890.5], \"\\u0061b\":\"😀\\n\"} ";
    server.hasItem("shop", "products", "ключ 😀", odd);

    assertThat(get("ключ 😀").getData().toStringUtf8()).isEqualTo(odd);
  }

  @Test
  void insertsOnlyWhatIsNotThere() {
    Item inserted = insert("p1", "").getItem();
    assertThat(inserted.getRevision()).isEqualTo(1);
    assertThat(inserted.getCreateTime()).isEqualTo(inserted.getUpdateTime());

    CallError error = CallError.of(() -> insert("p1", ""));

    assertThat(error.code()).isEqualTo(Status.Code.ALREADY_EXISTS);
    assertThat(error.reason()).isEqualTo("ITEM_ALREADY_EXISTS");
    assertThat(error.detail(ResourceInfo.class).getResourceName()).isEqualTo("p1");
    assertThat(error.metadata())
        .containsEntry("site_id", "shop")
        .containsEntry("collection_id", "products")
        .containsEntry("item_id", "p1");
  }

  @Test
  void makesIdsAndInsertsOnceForOneRequestId() {
    String requestId = UUID.randomUUID().toString();

    Item first = insert("", requestId).getItem();
    Item again = insert("", requestId).getItem();

    assertThat(first.getId()).isNotEmpty();
    assertThat(again).isEqualTo(first);
    assertThat(server.count("shop", "products")).isEqualTo(1);
    assertThat(CallError.of(() -> insert("other", requestId)).reason())
        .isEqualTo("REQUEST_ID_CONFLICT");
  }

  @Test
  void updatesWhatIsThereAtTheExpectedRevision() {
    assertThat(CallError.of(() -> update("p1", 0)).reason()).isEqualTo("ITEM_NOT_FOUND");
    insert("p1", "");

    assertThat(update("p1", 1).getRevision()).isEqualTo(2);
    CallError error = CallError.of(() -> update("p1", 1));

    assertThat(error.code()).isEqualTo(Status.Code.ABORTED);
    assertThat(error.reason()).isEqualTo("REVISION_MISMATCH");
    assertThat(error.fact("actual_revision")).isEqualTo("2");
  }

  @Test
  void savesNewAndOldOnes() {
    SaveItemRequest request =
        SaveItemRequest.newBuilder()
            .setSiteId("shop")
            .setCollectionId("products")
            .setItem(TestServer.item("p1", "{}").toBuilder().setOwner("ann"))
            .setDurability(Durability.DURABILITY_BUFFERED)
            .build();

    SaveItemResponse first = server.items().saveItem(request);
    SaveItemResponse second =
        server.items().saveItem(request.toBuilder().setItem(TestServer.item("p1", "{}")).build());

    assertThat(first.getOutcome()).isEqualTo(WriteOutcome.WRITE_OUTCOME_INSERTED);
    assertThat(second.getOutcome()).isEqualTo(WriteOutcome.WRITE_OUTCOME_UPDATED);
    assertThat(second.getItem().getOwner()).isEqualTo("ann");
    assertThat(
            CallError.of(
                    () ->
                        server.items().saveItem(request.toBuilder().setExpectedRevision(0).build()))
                .reason())
        .isEqualTo("REVISION_MISMATCH");
  }

  @Test
  void deletes() {
    insert("p1", "");

    assertThat(delete("p1", false)).isTrue();
    assertThat(CallError.of(() -> delete("p1", false)).reason()).isEqualTo("ITEM_NOT_FOUND");
    assertThat(delete("p1", true)).isFalse();
  }

  @Test
  void savesABatchWholeOrNotAtAll() {
    BatchSaveItemsRequest.Builder request =
        BatchSaveItemsRequest.newBuilder().setSiteId("shop").setCollectionId("products");
    request.addEntries(entry("p1", -1)).addEntries(entry("", -1)).addEntries(entry("p3", 0));

    BatchSaveItemsResponse answer = server.items().batchSaveItems(request.build());

    assertThat(answer.getResultsList())
        .allSatisfy(
            each -> assertThat(each.getOutcome()).isEqualTo(WriteOutcome.WRITE_OUTCOME_INSERTED));
    assertThat(answer.getResults(0).getItemId()).isEqualTo("p1");
    assertThat(answer.getResults(1).getItemId()).isNotEmpty();
    BatchSaveItemsRequest.Builder refused =
        BatchSaveItemsRequest.newBuilder().setSiteId("shop").setCollectionId("products");
    refused.addEntries(entry("p9", -1)).addEntries(entry("p3", 0));
    CallError error = CallError.of(() -> server.items().batchSaveItems(refused.build()));
    assertThat(error.reason()).isEqualTo("REVISION_MISMATCH");
    assertThat(error.fact("item_id")).isEqualTo("p3");
    assertThat(server.count("shop", "products")).isEqualTo(3);
  }

  @Test
  void getsABatchInTheOrderOfTheRequest() {
    server.hasItems("shop", "products", 3);

    BatchGetItemsResponse answer =
        server
            .items()
            .batchGetItems(
                BatchGetItemsRequest.newBuilder()
                    .setSiteId("shop")
                    .setCollectionId("products")
                    .addAllItemIds(List.of("i00002", "nope", "i00000", "i00002"))
                    .build());

    assertThat(answer.getItemsList()).extracting(Item::getId).containsExactly("i00002", "i00000");
    assertThat(answer.getMissingItemIdsList()).containsExactly("nope");
    assertThat(answer.getRemainingItemIdsList()).isEmpty();
  }

  @Test
  void answersStayBelowTheSizeOfAMessage() {
    String large = "{\"t\":\"" + "x".repeat(499_000) + "\"}";
    List<String> ids = IntStream.range(0, 12).mapToObj("p%02d"::formatted).toList();
    ids.forEach(id -> server.hasItem("shop", "products", id, large));

    BatchGetItemsResponse batch =
        server
            .items()
            .batchGetItems(
                BatchGetItemsRequest.newBuilder()
                    .setSiteId("shop")
                    .setCollectionId("products")
                    .addAllItemIds(ids)
                    .build());
    List<String> listed = new ArrayList<>();
    String token = "";
    do {
      ListItemsResponse page =
          server
              .items()
              .listItems(
                  ListItemsRequest.newBuilder()
                      .setSiteId("shop")
                      .setCollectionId("products")
                      .setPageSize(1_000)
                      .setPageToken(token)
                      .build());
      assertThat(page.getSerializedSize()).isLessThan(4 << 20);
      assertThat(page.getTotalSize()).isEqualTo(12);
      page.getItemsList().forEach(item -> listed.add(item.getId()));
      token = page.getNextPageToken();
    } while (!token.isEmpty());

    assertThat(batch.getSerializedSize()).isLessThan(4 << 20);
    assertThat(batch.getItemsCount()).isEqualTo(8);
    assertThat(batch.getRemainingItemIdsList()).containsExactly("p08", "p09", "p10", "p11");
    assertThat(listed).isEqualTo(ids);
  }

  @Test
  void deletesABatchWholeOrNotAtAll() {
    server.hasItems("shop", "products", 3);
    BatchDeleteItemsRequest.Builder request =
        BatchDeleteItemsRequest.newBuilder()
            .setSiteId("shop")
            .setCollectionId("products")
            .addEntries(BatchDeleteItemsRequest.Entry.newBuilder().setItemId("i00000"))
            .addEntries(BatchDeleteItemsRequest.Entry.newBuilder().setItemId("nope"));

    assertThat(CallError.of(() -> server.items().batchDeleteItems(request.build())).reason())
        .isEqualTo("ITEM_NOT_FOUND");
    assertThat(server.count("shop", "products")).isEqualTo(3);
    BatchDeleteItemsResponse answer =
        server.items().batchDeleteItems(request.setAllowMissing(true).build());
    assertThat(answer.getDeletedCount()).isEqualTo(1);
    assertThat(answer.getMissingItemIdsList()).containsExactly("nope");
  }

  @Test
  void pagesThroughItemsInOrder() {
    server.hasItems("shop", "products", 25);

    List<String> ids = new ArrayList<>();
    String token = "";
    int pages = 0;
    do {
      ListItemsResponse page =
          server
              .items()
              .listItems(
                  ListItemsRequest.newBuilder()
                      .setSiteId("shop")
                      .setCollectionId("products")
                      .setPageSize(10)
                      .setPageToken(token)
                      .build());
      page.getItemsList().forEach(item -> ids.add(item.getId()));
      token = page.getNextPageToken();
      pages++;
    } while (!token.isEmpty());

    assertThat(pages).isEqualTo(3);
    assertThat(ids).hasSize(25).isSorted();
  }

  @Test
  void liveAndSandboxAreSeparate() {
    server.hasItem("shop", "products", "p1", "{\"live\":true}");
    server
        .items()
        .saveItem(
            SaveItemRequest.newBuilder()
                .setSiteId("shop")
                .setCollectionId("products")
                .setEnvironment(Environment.ENVIRONMENT_SANDBOX)
                .setItem(TestServer.item("p1", "{\"live\":false}"))
                .build());

    assertThat(get("p1").getData().toStringUtf8()).isEqualTo("{\"live\":true}");
    assertThat(truncate(Environment.ENVIRONMENT_SANDBOX)).isEqualTo(1);
    assertThat(truncate(Environment.ENVIRONMENT_SANDBOX)).isZero();
    assertThat(server.count("shop", "products")).isEqualTo(1);
    assertThat(truncate(Environment.ENVIRONMENT_LIVE)).isEqualTo(1);
  }

  private dev.cairn.v1.InsertItemResponse insert(String id, String requestId) {
    return server
        .items()
        .insertItem(
            InsertItemRequest.newBuilder()
                .setSiteId("shop")
                .setCollectionId("products")
                .setItem(Item.newBuilder().setId(id).setData(ByteString.copyFromUtf8("{}")))
                .setRequestId(requestId)
                .build());
  }

  private Item get(String id) {
    return server
        .items()
        .getItem(
            GetItemRequest.newBuilder()
                .setSiteId("shop")
                .setCollectionId("products")
                .setItemId(id)
                .build())
        .getItem();
  }

  private Item update(String id, long revision) {
    UpdateItemRequest.Builder request =
        UpdateItemRequest.newBuilder()
            .setSiteId("shop")
            .setCollectionId("products")
            .setItem(TestServer.item(id, "{\"new\":1}"));
    if (revision > 0) {
      request.setExpectedRevision(revision);
    }
    return server.items().updateItem(request.build()).getItem();
  }

  private boolean delete(String id, boolean allowMissing) {
    return server
        .items()
        .deleteItem(
            DeleteItemRequest.newBuilder()
                .setSiteId("shop")
                .setCollectionId("products")
                .setItemId(id)
                .setAllowMissing(allowMissing)
                .build())
        .getDeleted();
  }

  private long truncate(Environment environment) {
    return server
        .items()
        .truncateCollection(
            TruncateCollectionRequest.newBuilder()
                .setSiteId("shop")
                .setCollectionId("products")
                .setEnvironment(environment)
                .build())
        .getDeletedCount();
  }

  private static BatchSaveItemsRequest.Entry entry(String id, long revision) {
    BatchSaveItemsRequest.Entry.Builder entry =
        BatchSaveItemsRequest.Entry.newBuilder().setItem(TestServer.item(id, "{}"));
    if (revision >= 0) {
      entry.setExpectedRevision(revision);
    }
    return entry.build();
  }
}
