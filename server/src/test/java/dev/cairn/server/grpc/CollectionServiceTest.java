package dev.cairn.server.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.FieldMask;
import com.google.protobuf.Value;
import com.google.rpc.QuotaFailure;
import dev.cairn.v1.Collection;
import dev.cairn.v1.CollectionField;
import dev.cairn.v1.CollectionView;
import dev.cairn.v1.Comparison;
import dev.cairn.v1.CreateCollectionRequest;
import dev.cairn.v1.DeleteCollectionRequest;
import dev.cairn.v1.FieldType;
import dev.cairn.v1.Filter;
import dev.cairn.v1.GetCollectionRequest;
import dev.cairn.v1.ListCollectionsRequest;
import dev.cairn.v1.ListCollectionsResponse;
import dev.cairn.v1.SortKey;
import dev.cairn.v1.UpdateCollectionRequest;
import io.grpc.Status;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CollectionServiceTest {
  private static final Collection WHOLE =
      Collection.newBuilder()
          .setId("products")
          .setDisplayName("Products")
          .addFields(
              CollectionField.newBuilder()
                  .setKey("name")
                  .setType(FieldType.FIELD_TYPE_TEXT)
                  .setRequired(true))
          .addFields(
              CollectionField.newBuilder()
                  .setKey("maker")
                  .setType(FieldType.FIELD_TYPE_REFERENCE)
                  .setReferencedCollectionId("makers"))
          .addViews(
              CollectionView.newBuilder()
                  .setName("cheap")
                  .setFilter(
                      Filter.newBuilder()
                          .setComparison(
                              Comparison.newBuilder()
                                  .setField("price")
                                  .setLt(Value.newBuilder().setNumberValue(10))))
                  .addSort(SortKey.newBuilder().setField("@update_time"))
                  .addFields("name"))
          .build();

  @TempDir Path data;
  private TestServer server;

  @BeforeEach
  void start() {
    server = TestServer.on(data, "limits.collections-per-site", "5").hasSite("shop");
  }

  @AfterEach
  void stop() {
    server.close();
  }

  @Test
  void keepsSchemaAndViews() {
    Collection created = create(WHOLE);

    assertThat(created.getSiteId()).isEqualTo("shop");
    assertThat(created.getRevision()).isEqualTo(1);
    assertThat(created.getFieldsList()).isEqualTo(WHOLE.getFieldsList());
    assertThat(created.getViewsList()).isEqualTo(WHOLE.getViewsList());
    assertThat(get("products")).isEqualTo(created);
  }

  @Test
  void replacesOnlyWhatTheMaskNames() {
    create(WHOLE);

    Collection updated =
        update(Collection.newBuilder().setId("products").setDisplayName("New"), 1, "display_name");

    assertThat(updated.getDisplayName()).isEqualTo("New");
    assertThat(updated.getFieldsList()).isEqualTo(WHOLE.getFieldsList());
    assertThat(updated.getRevision()).isEqualTo(2);
    Collection emptied = update(Collection.newBuilder().setId("products"), 2, "*");
    assertThat(emptied.getDisplayName()).isEmpty();
    assertThat(emptied.getFieldsList()).isEmpty();
    assertThat(emptied.getViewsList()).isEmpty();
  }

  @Test
  void refusesAnUpdateOfAnotherRevision() {
    create(WHOLE);

    CallError error =
        CallError.of(() -> update(Collection.newBuilder().setId("products"), 7, "fields"));

    assertThat(error.code()).isEqualTo(Status.Code.ABORTED);
    assertThat(error.reason()).isEqualTo("REVISION_MISMATCH");
    assertThat(error.fact("expected_revision")).isEqualTo("7");
    assertThat(error.fact("actual_revision")).isEqualTo("1");
    assertThat(get("products").getRevision()).isEqualTo(1);
  }

  @Test
  void refusesMoreCollectionsThanASiteMayHave() {
    for (int i = 0; i < 5; i++) {
      server.hasCollection("shop", "c" + i);
    }

    CallError error = CallError.of(() -> server.hasCollection("shop", "one-more"));

    assertThat(error.code()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
    assertThat(error.reason()).isEqualTo("COLLECTION_LIMIT_REACHED");
    assertThat(error.fact("limit")).isEqualTo("5");
    assertThat(error.detail(QuotaFailure.class).getViolations(0).getSubject())
        .isEqualTo("site:shop");
  }

  @Test
  void createsOnceForOneRequestId() {
    CreateCollectionRequest request =
        CreateCollectionRequest.newBuilder()
            .setSiteId("shop")
            .setCollection(WHOLE)
            .setRequestId(UUID.randomUUID().toString())
            .build();
    Collection first = server.collections().createCollection(request).getCollection();

    assertThat(server.collections().createCollection(request).getCollection()).isEqualTo(first);
    assertThat(CallError.of(() -> create(WHOLE)).reason()).isEqualTo("COLLECTION_ALREADY_EXISTS");
  }

  @Test
  void pagesThroughCollections() {
    List.of("b", "a", "c").forEach(id -> server.hasCollection("shop", id));
    server.hasItems("shop", "b", 2);

    List<String> ids = new ArrayList<>();
    String token = "";
    do {
      ListCollectionsResponse page =
          server
              .collections()
              .listCollections(
                  ListCollectionsRequest.newBuilder()
                      .setSiteId("shop")
                      .setPageSize(1)
                      .setPageToken(token)
                      .build());
      assertThat(page.getTotalSize()).isEqualTo(3);
      page.getCollectionsList()
          .forEach(each -> ids.add(each.getId() + "=" + each.getLiveItemCount()));
      token = page.getNextPageToken();
    } while (!token.isEmpty());

    assertThat(ids).containsExactly("a=0", "b=2", "c=0");
  }

  @Test
  void deletesACollectionWithItsItems() {
    create(WHOLE);
    server.hasItems("shop", "products", 3);

    assertThat(CallError.of(() -> delete(9, false)).reason()).isEqualTo("REVISION_MISMATCH");
    delete(1, false);

    assertThat(CallError.of(() -> delete(1, false)).reason()).isEqualTo("COLLECTION_NOT_FOUND");
    delete(1, true);
    create(WHOLE);
    assertThat(server.count("shop", "products")).isZero();
  }

  private Collection create(Collection collection) {
    return server
        .collections()
        .createCollection(
            CreateCollectionRequest.newBuilder()
                .setSiteId("shop")
                .setCollection(collection)
                .build())
        .getCollection();
  }

  private Collection get(String id) {
    return server
        .collections()
        .getCollection(
            GetCollectionRequest.newBuilder().setSiteId("shop").setCollectionId(id).build())
        .getCollection();
  }

  private Collection update(Collection.Builder collection, long revision, String path) {
    return server
        .collections()
        .updateCollection(
            UpdateCollectionRequest.newBuilder()
                .setSiteId("shop")
                .setCollection(collection)
                .setUpdateMask(FieldMask.newBuilder().addPaths(path))
                .setExpectedRevision(revision)
                .build())
        .getCollection();
  }

  private void delete(long revision, boolean allowMissing) {
    server
        .collections()
        .deleteCollection(
            DeleteCollectionRequest.newBuilder()
                .setSiteId("shop")
                .setCollectionId("products")
                .setExpectedRevision(revision)
                .setAllowMissing(allowMissing)
                .build());
  }
}
