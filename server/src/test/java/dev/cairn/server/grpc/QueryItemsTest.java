package dev.cairn.server.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ListValue;
import com.google.protobuf.NullValue;
import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import com.google.rpc.QuotaFailure;
import dev.cairn.v1.Collection;
import dev.cairn.v1.CollectionView;
import dev.cairn.v1.Comparison;
import dev.cairn.v1.CountItemsRequest;
import dev.cairn.v1.CreateCollectionRequest;
import dev.cairn.v1.Environment;
import dev.cairn.v1.Filter;
import dev.cairn.v1.FilterList;
import dev.cairn.v1.Item;
import dev.cairn.v1.QueryItemsRequest;
import dev.cairn.v1.QueryItemsResponse;
import dev.cairn.v1.SaveItemRequest;
import dev.cairn.v1.SortKey;
import dev.cairn.v1.SortOrder;
import dev.cairn.v1.UpdateCollectionRequest;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.assertj.core.api.Assertions;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class QueryItemsTest {
  @TempDir Path data;
  private TestServer server;

  @BeforeEach
  void start() {
    server =
        TestServer.on(data, "limits.examined-items", "50")
            .hasSite("shop")
            .hasCollection("shop", "products");
  }

  @AfterEach
  void stop() {
    server.close();
  }

  private void has(String id, String json) {
    server.hasItem("shop", "products", id, json);
  }

  private static QueryItemsRequest.Builder request() {
    return QueryItemsRequest.newBuilder().setSiteId("shop").setCollectionId("products");
  }

  private QueryItemsResponse query(QueryItemsRequest.Builder request) {
    return server.items().queryItems(request.build());
  }

  private List<String> ids(QueryItemsRequest.Builder request) {
    List<String> ids = new ArrayList<>();
    String token = "";
    do {
      QueryItemsResponse page = query(request.setPageToken(token));
      page.getItemsList().forEach(item -> ids.add(item.getId()));
      token = page.getNextPageToken();
    } while (!token.isEmpty());
    return ids;
  }

  private static Filter where(String field, UnaryOperator<Comparison.Builder> condition) {
    return Filter.newBuilder()
        .setComparison(condition.apply(Comparison.newBuilder().setField(field)))
        .build();
  }

  private static Filter all(Filter... filters) {
    return Filter.newBuilder()
        .setAllOf(FilterList.newBuilder().addAllFilters(List.of(filters)))
        .build();
  }

  private static Value number(double number) {
    return Value.newBuilder().setNumberValue(number).build();
  }

  private static Value text(String text) {
    return Value.newBuilder().setStringValue(text).build();
  }

  private static ListValue list(Value... values) {
    return ListValue.newBuilder().addAllValues(List.of(values)).build();
  }

  private static SortKey key(String field, SortOrder order) {
    return SortKey.newBuilder().setField(field).setOrder(order).build();
  }

  @Test
  void understandsEachCondition() {
    has("a", "{\"n\":0.1,\"t\":\"abc\",\"l\":[1,\"x\",{\"k\":[]}],\"z\":null}");
    has("b", "{\"n\":2,\"t\":\"xyz\",\"l\":[],\"o\":{\"p\":true}}");
    Value nested =
        Value.newBuilder()
            .setStructValue(
                Struct.newBuilder().putFields("k", Value.newBuilder().setListValue(list()).build()))
            .build();
    Value nothing = Value.newBuilder().setNullValue(NullValue.NULL_VALUE).build();
    Value yes = Value.newBuilder().setBoolValue(true).build();

    assertThat(found(where("n", c -> c.setEq(number(0.1))))).isEqualTo("a");
    assertThat(found(where("n", c -> c.setNe(number(0.1))))).isEqualTo("b");
    assertThat(found(where("n", c -> c.setLt(number(2))))).isEqualTo("a");
    assertThat(found(where("n", c -> c.setLe(number(2))))).isEqualTo("ab");
    assertThat(found(where("n", c -> c.setGt(number(0.1))))).isEqualTo("b");
    assertThat(found(where("n", c -> c.setGe(number(0.1))))).isEqualTo("ab");
    assertThat(found(where("t", c -> c.setIsIn(list(text("abc"), nothing))))).isEqualTo("a");
    assertThat(found(where("l", c -> c.setHasSome(list(text("q"), nested))))).isEqualTo("a");
    assertThat(found(where("l", c -> c.setHasAll(list(number(1), text("x")))))).isEqualTo("a");
    assertThat(found(where("t", c -> c.setStartsWith("xy")))).isEqualTo("b");
    assertThat(found(where("t", c -> c.setContains("b")))).isEqualTo("a");
    assertThat(found(where("z", c -> c.setExists(true)))).isEqualTo("a");
    assertThat(found(where("z", c -> c.setExists(false)))).isEqualTo("b");
    assertThat(found(where("z", c -> c.setEq(nothing)))).isEqualTo("a");
    assertThat(found(where("o.p", c -> c.setEq(yes)))).isEqualTo("b");
    assertThat(found(where("l.2", c -> c.setEq(nested)))).isEqualTo("a");
    assertThat(found(where("@id", c -> c.setGt(text("a"))))).isEqualTo("b");
    assertThat(found(where("@create_time", c -> c.setGt(text("2020-01-01T00:00:00+01:00")))))
        .isEqualTo("ab");
    FilterList first = all(where("n", c -> c.setEq(number(2)))).getAllOf();
    assertThat(found(Filter.newBuilder().setAnyOf(first).build())).isEqualTo("b");
    assertThat(found(Filter.newBuilder().setNoneOf(first).build())).isEqualTo("a");
    assertThat(found(Filter.getDefaultInstance())).isEqualTo("ab");
  }

  private String found(Filter filter) {
    String ids = String.join("", ids(request().setFilter(filter)));
    long count =
        server
            .items()
            .countItems(
                CountItemsRequest.newBuilder()
                    .setSiteId("shop")
                    .setCollectionId("products")
                    .setFilter(filter)
                    .build())
            .getItemCount();
    assertThat(count).isEqualTo(ids.length());
    return ids;
  }

  @Test
  void pagesThroughASortWithTies() {
    for (int i = 0; i < 20; i++) {
      has("i%02d".formatted(i), i == 7 ? "{}" : "{\"n\":" + i % 3 + "}");
    }
    QueryItemsRequest.Builder sorted =
        request()
            .addSort(key("n", SortOrder.SORT_ORDER_DESCENDING))
            .setPageSize(6)
            .setIncludeTotalSize(true);
    List<String> ids = ids(sorted);
    assertThat(ids).hasSize(20).doesNotHaveDuplicates().startsWith("i02", "i05").endsWith("i07");
    QueryItemsResponse page = query(sorted.setPageToken(""));
    assertThat(page.getItemsCount()).isEqualTo(6);
    assertThat(page.getTotalSize()).isEqualTo(20);
    assertThat(page.getExaminedItemCount()).isEqualTo(20);
    assertThat(query(request().setPageSize(2)).hasTotalSize()).isFalse();
    assertThat(page.getItems(0).getRevision()).isEqualTo(1);
    assertThat(page.getItems(0).hasCreateTime()).isTrue();
  }

  @Test
  void refusesATokenOfAnotherQuery() {
    for (int i = 0; i < 5; i++) {
      has("i" + i, "{\"n\":" + i + "}");
    }
    QueryItemsRequest.Builder sorted =
        request().addSort(key("n", SortOrder.SORT_ORDER_ASCENDING)).setPageSize(2);
    String token = query(sorted).getNextPageToken();
    QueryItemsRequest.Builder other =
        request().addSort(key("m", SortOrder.SORT_ORDER_ASCENDING)).setPageToken(token);
    assertThat(refused(other).reason()).isEqualTo("INVALID_PAGE_TOKEN");
    assertThat(refused(request().setPageToken(token)).reason()).isEqualTo("INVALID_PAGE_TOKEN");
    assertThat(refused(request().setPageToken("x")).fields()).containsExactly("page_token");
    assertThat(query(sorted.setPageToken(token).setPageSize(3)).getItemsCount()).isEqualTo(3);
  }

  @Test
  void appliesAView() {
    for (int i = 0; i < 9; i++) {
      has("i" + i, "{\"n\":" + i + ",\"even\":" + (i % 2 == 0) + "}");
    }
    CollectionView view =
        CollectionView.newBuilder()
            .setName("even")
            .setFilter(where("even", c -> c.setEq(Value.newBuilder().setBoolValue(true))))
            .addSort(key("n", SortOrder.SORT_ORDER_DESCENDING))
            .build();
    update(view);

    assertThat(ids(request().setView("even").setPageSize(2)))
        .containsExactly("i8", "i6", "i4", "i2", "i0");
    assertThat(
            ids(
                request()
                    .setView("even")
                    .setFilter(where("n", c -> c.setLt(number(5))))
                    .addSort(key("n", SortOrder.SORT_ORDER_UNSPECIFIED))))
        .containsExactly("i0", "i2", "i4");
    assertThat(refused(request().setView("odd")).fields()).containsExactly("view");

    String token = query(request().setView("even").setPageSize(2)).getNextPageToken();
    update(view.toBuilder().setSort(0, key("m", SortOrder.SORT_ORDER_ASCENDING)).build());
    assertThat(refused(request().setView("even").setPageToken(token)).reason())
        .isEqualTo("INVALID_PAGE_TOKEN");
  }

  private void update(CollectionView view) {
    server
        .collections()
        .updateCollection(
            UpdateCollectionRequest.newBuilder()
                .setSiteId("shop")
                .setCollection(Collection.newBuilder().setId("products").addViews(view))
                .setUpdateMask(com.google.protobuf.FieldMask.newBuilder().addPaths("views"))
                .build());
  }

  @Test
  void looksAtALimitedNumberOfItems() {
    server.hasItems("shop", "products", 60);
    CallError error = refused(request().addSort(key("n", SortOrder.SORT_ORDER_ASCENDING)));
    assertThat(error.code()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
    assertThat(error.reason()).isEqualTo("QUERY_TOO_LARGE");
    assertThat(error.fact("limit")).isEqualTo("50");
    assertThat(error.detail(QuotaFailure.class).getViolationsCount()).isEqualTo(1);

    Filter last = where("n", c -> c.setEq(number(59)));
    QueryItemsResponse page = query(request().setFilter(last));
    assertThat(page.getItemsCount()).isZero();
    assertThat(page.getExaminedItemCount()).isEqualTo(50);
    assertThat(ids(request().setFilter(last))).containsExactly("i00059");
    assertThat(refused(request().setFilter(last).setIncludeTotalSize(true)).reason())
        .isEqualTo("QUERY_TOO_LARGE");
    assertThat(query(request().setIncludeTotalSize(true)).getTotalSize()).isEqualTo(60);
    assertThat(
            CallError.of(
                    () ->
                        server
                            .items()
                            .countItems(
                                CountItemsRequest.newBuilder()
                                    .setSiteId("shop")
                                    .setCollectionId("products")
                                    .setFilter(last)
                                    .build()))
                .reason())
        .isEqualTo("QUERY_TOO_LARGE");
  }

  @Test
  void keepsAnAnswerBelowFourMebibytes() {
    String text = "\u20ac".repeat(160_000);
    for (int i = 0; i < 12; i++) {
      has("i" + i, "{\"t\":\"" + text + i % 3 + "\"}");
    }
    assertThat(ids(request())).hasSize(12);
    QueryItemsRequest.Builder sorted = request().addSort(key("t", SortOrder.SORT_ORDER_ASCENDING));
    assertThat(ids(sorted)).hasSize(12).doesNotHaveDuplicates();
    QueryItemsResponse page = query(sorted.setPageToken(""));
    assertThat(page.getSerializedSize()).isLessThan(4 << 20);
    assertThat(page.getItemsCount()).isGreaterThan(4);
  }

  @Test
  void namesWhatItCannotUnderstand() {
    Value time = text("yesterday");
    Filter.Builder wrong =
        all(
            where("", c -> c.setExists(true)),
            where("a\\b", c -> c.setExists(true)),
            where("@nope", c -> c.setExists(true)),
            where("a", c -> c),
            where("a", c -> c.setEq(number(Double.NaN))),
            where("a", c -> c.setEq(Value.getDefaultInstance())),
            where("a", c -> c.setLt(Value.newBuilder().setListValue(list()))),
            where("a", c -> c.setIsIn(list())),
            where("@update_time", c -> c.setGe(time)),
            where("a", c -> c.setContains("x".repeat(1_001))),
            Filter.getDefaultInstance())
            .toBuilder();
    QueryItemsRequest.Builder request =
        request()
            .setFilter(wrong)
            .setPageSize(-1)
            .setEnvironmentValue(9)
            .addSort(key("", SortOrder.SORT_ORDER_ASCENDING))
            .addSort(SortKey.newBuilder().setField("a").setOrderValue(7));
    String at = "filter.all_of.filters";
    assertThat(refused(request).fields())
        .containsExactlyInAnyOrder(
            "environment",
            "page_size",
            "sort[0].field",
            "sort[1].order",
            at + "[0].comparison.field",
            at + "[1].comparison.field",
            at + "[2].comparison.field",
            at + "[3].comparison",
            at + "[4].comparison.eq",
            at + "[5].comparison.eq",
            at + "[6].comparison.lt",
            at + "[7].comparison.is_in",
            at + "[8].comparison.ge",
            at + "[9].comparison.contains",
            at + "[10]");
    assertThat(refused(request().setFilter(deep(11))).fields()).hasSize(1);
    assertThat(query(request().setFilter(deep(10))).getItemsCount()).isZero();
    Filter[] many = new Filter[100];
    java.util.Arrays.fill(many, where("a", c -> c.setExists(true)));
    assertThat(query(request().setFilter(all(many))).getItemsCount()).isZero();
    assertThat(refused(request().setFilter(all(all(many), many[0]))).fields())
        .containsExactly("filter.all_of.filters[1].comparison");
    QueryItemsRequest.Builder eleven = request();
    for (int i = 0; i < 11; i++) {
      eleven.addSort(key("k" + i, SortOrder.SORT_ORDER_ASCENDING));
    }
    assertThat(refused(eleven).fields()).containsExactly("sort");
  }

  private static Filter deep(int levels) {
    return levels == 1 ? where("a", c -> c.setExists(true)) : all(deep(levels - 1));
  }

  private CallError refused(QueryItemsRequest.Builder request) {
    return CallError.of(() -> query(request));
  }

  @Test
  void saysWhatIsNotThere() {
    assertThat(refused(request().setSiteId("other")).reason()).isEqualTo("SITE_NOT_FOUND");
    assertThat(refused(request().setCollectionId("other")).reason())
        .isEqualTo("COLLECTION_NOT_FOUND");
    assertThat(refused(request().setCollectionId("other").setView("v")).reason())
        .isEqualTo("COLLECTION_NOT_FOUND");
  }

  @Test
  void readsTheEnvironmentThatWasAskedFor() {
    has("live", "{\"n\":1}");
    server
        .items()
        .saveItem(
            SaveItemRequest.newBuilder()
                .setSiteId("shop")
                .setCollectionId("products")
                .setEnvironment(Environment.ENVIRONMENT_SANDBOX)
                .setItem(Item.newBuilder(TestServer.item("sandbox", "{\"n\":1}")).setOwner("bo"))
                .build());
    Filter ones = where("n", c -> c.setEq(number(1)));
    assertThat(ids(request().setFilter(ones))).containsExactly("live");
    assertThat(
            ids(
                request()
                    .setFilter(all(ones, where("@owner", c -> c.setEq(text("bo")))))
                    .setEnvironment(Environment.ENVIRONMENT_SANDBOX)))
        .containsExactly("sandbox");
  }

  @Test
  void endsWithTheDeadlineOfTheCaller() {
    server.close();
    server = TestServer.on(data);
    server
        .collections()
        .createCollection(
            CreateCollectionRequest.newBuilder()
                .setSiteId("shop")
                .setCollection(Collection.newBuilder().setId("many"))
                .build());
    server.hasItems("shop", "many", 10_000);
    QueryItemsRequest slow =
        request().setCollectionId("many").addSort(key("n", SortOrder.SORT_ORDER_ASCENDING)).build();
    StatusRuntimeException late =
        Assertions.catchThrowableOfType(
            StatusRuntimeException.class,
            () -> server.items().withDeadlineAfter(2, TimeUnit.MILLISECONDS).queryItems(slow));
    assertThat(late.getStatus().getCode()).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
    assertThat(server.items().queryItems(slow).getExaminedItemCount()).isEqualTo(10_000);
  }
}
