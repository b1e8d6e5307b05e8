package dev.cairn.server.site.query;

import static dev.cairn.server.site.query.Documents.eq;
import static dev.cairn.server.site.query.Documents.ordered;
import static dev.cairn.server.site.query.Documents.where;
import static dev.cairn.server.store.StoreFixtures.assertFails;
import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.server.error.Reason;
import dev.cairn.server.site.Environment;
import dev.cairn.server.site.Items.Place;
import dev.cairn.server.site.SiteId;
import dev.cairn.server.site.query.Condition.Exists;
import dev.cairn.server.site.query.Condition.Side;
import dev.cairn.server.store.CollectionId;
import dev.cairn.server.store.StoredItem;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ItemQueriesTest {
  private static final long ROOMY = 3 << 20;
  private static final int LIMIT = 1_000;

  @TempDir private Path directory;
  private QuerySite site;
  private ItemQueries queries;

  @BeforeEach
  void open() throws IOException {
    site = new QuerySite(directory);
    queries = new ItemQueries(site.sites, LIMIT);
  }

  @AfterEach
  void close() {
    site.close();
  }

  /** Items i000, i001 and so on, made by {@code json}. */
  private void save(int count, java.util.function.IntFunction<String> json) {
    Map<String, String> documents = new TreeMap<>();
    IntStream.range(0, count).forEach(i -> documents.put(id(i), json.apply(i)));
    site.save(documents);
  }

  private static String id(int number) {
    return String.format("i%03d", number);
  }

  private static SortKey ascending(String path) {
    return new SortKey(Field.parse(path), false);
  }

  private static SortKey descending(String path) {
    return new SortKey(Field.parse(path), true);
  }

  private static ItemQuery query(Filter filter, int pageSize, SortKey... sort) {
    return new ItemQuery(filter, List.of(sort), Optional.empty(), pageSize, ROOMY, false);
  }

  private static ItemQuery after(ItemQuery query, Optional<Position> next) {
    // As a caller would: as text.
    return new ItemQuery(
        query.filter(),
        query.sort(),
        next.map(Position::encode).map(Position::decode),
        query.pageSize(),
        query.maxBytes(),
        query.total());
  }

  private static ItemQuery withTotal(ItemQuery query) {
    return new ItemQuery(
        query.filter(), query.sort(), query.after(), query.pageSize(), query.maxBytes(), true);
  }

  private QueryPage ask(ItemQuery query) {
    return queries.query(site.place, query, () -> false);
  }

  /** All pages, one after the other; checks that each keeps to its size. */
  private List<StoredItem> all(ItemQuery query) {
    List<StoredItem> found = new ArrayList<>();
    ItemQuery next = query;
    for (int pages = 0; pages < 10_000; pages++) {
      QueryPage page = ask(next);
      assertThat(page.items()).hasSizeLessThanOrEqualTo(query.pageSize());
      found.addAll(page.items());
      if (page.next().isEmpty()) {
        return found;
      }
      next = after(query, page.next());
    }
    throw new AssertionError("the pages do not end");
  }

  private List<String> ids(ItemQuery query) {
    return all(query).stream().map(StoredItem::id).toList();
  }

  @Test
  void findsWhatMatchesInOrderOfIds() {
    save(100, i -> "{\"n\":" + i % 10 + "}");
    for (int pageSize : new int[] {1, 3, 10, 1_000}) {
      assertThat(ids(query(eq("n", "3"), pageSize)))
          .containsExactly(
              "i003", "i013", "i023", "i033", "i043", "i053", "i063", "i073", "i083", "i093");
    }
    assertThat(ids(query(Filter.ALL, 7))).hasSize(100).isSorted();
    assertThat(ids(query(eq("n", "10"), 7))).isEmpty();
  }

  @Test
  void stopsWhereThePageIsFull() {
    save(100, i -> "{\"n\":" + i + "}");
    QueryPage page = ask(query(Filter.ALL, 10));
    assertThat(page.examined()).isEqualTo(10);
    assertThat(page.next()).contains(Position.of("i009"));
    assertThat(page.total()).isEmpty();
    assertThat(ask(query(Filter.ALL, 100)).next()).isEmpty();
  }

  @Test
  void answersAShortPageWhereItHasLookedAtEnough() {
    queries = new ItemQueries(site.sites, 30);
    save(100, i -> "{\"n\":" + i + "}");
    ItemQuery query = query(eq("n", "65"), 10);
    QueryPage page = ask(query);
    assertThat(page.items()).isEmpty();
    assertThat(page.examined()).isEqualTo(30);
    assertThat(page.next()).contains(Position.of("i029"));
    assertThat(ids(query)).containsExactly("i065");
  }

  @Test
  void refusesASortATotalOrACountOfTooManyItems() {
    queries = new ItemQueries(site.sites, 99);
    save(100, i -> "{\"n\":" + i + "}");
    assertFails(Reason.QUERY_TOO_LARGE, () -> ask(query(Filter.ALL, 1, ascending("n"))));
    assertFails(Reason.QUERY_TOO_LARGE, () -> ask(withTotal(query(eq("n", "1"), 1))));
    assertFails(Reason.QUERY_TOO_LARGE, () -> queries.count(site.place, eq("n", "1"), () -> false));
    assertThat(queries.count(site.place, Filter.ALL, () -> false)).isEqualTo(100);
    assertThat(ask(withTotal(query(Filter.ALL, 1))).total()).hasValue(100);
    site.delete("i000");
    assertThat(ids(query(Filter.ALL, 50, descending("n")))).hasSize(99);
    assertThat(queries.count(site.place, eq("n", "1"), () -> false)).isEqualTo(1);
  }

  @Test
  void looksOnlyAtIdsThatTheFilterLeaves() {
    queries = new ItemQueries(site.sites, 10);
    save(100, i -> "{\"n\":" + i + "}");
    Filter tens = where("@id", new Condition.StartsWith("i04"));
    ItemQuery sorted = withTotal(query(tens, 3, descending("n")));
    assertThat(ids(sorted)).startsWith("i049", "i048").hasSize(10);
    assertThat(ask(sorted).total()).hasValue(10);
    assertThat(ask(sorted).examined()).isEqualTo(10);
    Filter one = new Filter.AllOf(List.of(eq("@id", "\"i042\""), eq("n", "42")));
    assertThat(ask(query(one, 5, ascending("n"))).examined()).isEqualTo(1);
    Filter range =
        new Filter.AllOf(
            List.of(
                where("@id", ordered(Side.GREATER_OR_EQUAL, "\"i050\"")),
                where("@id", ordered(Side.LESS, "\"i053\""))));
    assertThat(ids(query(range, 2))).containsExactly("i050", "i051", "i052");
    assertThat(queries.count(site.place, range, () -> false)).isEqualTo(3);
    Filter wide = where("@id", ordered(Side.GREATER, "\"i000\""));
    assertFails(Reason.QUERY_TOO_LARGE, () -> ask(query(wide, 5, ascending("n"))));
  }

  @Test
  void ordersValuesOfAllTypes() {
    List<String> values =
        List.of(
            "",
            "\"v\":null",
            "\"v\":false",
            "\"v\":true",
            "\"v\":-1e400",
            "\"v\":2",
            "\"v\":10",
            "\"v\":\"\"",
            "\"v\":\"10\"",
            "\"v\":\"2\"",
            "\"v\":\"\uFFFF\"",
            "\"v\":\"\uD83D\uDE00\"",
            "\"v\":[]",
            "\"v\":{}");
    List<Integer> places = new ArrayList<>(IntStream.range(0, values.size()).boxed().toList());
    Collections.shuffle(places, new Random(3));
    Map<String, String> documents = new TreeMap<>();
    for (int i = 0; i < values.size(); i++) {
      documents.put(id(places.get(i)), "{" + values.get(i) + "}");
    }
    site.save(documents);
    List<String> expected = places.stream().map(ItemQueriesTest::id).toList();
    for (int pageSize : new int[] {1, 4, 100}) {
      assertThat(ids(query(Filter.ALL, pageSize, ascending("v")))).isEqualTo(expected);
      List<String> reversed = new ArrayList<>(expected);
      Collections.reverse(reversed);
      assertThat(ids(query(Filter.ALL, pageSize, descending("v")))).isEqualTo(reversed);
    }
  }

  @Test
  void listsEachItemOnceWhateverTheOrder() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    String[] values = {"1", "1.0", "2", "\"a\"", "null", "[1]", "[2]", "{}", "true", "-"};
    save(
        300,
        i -> {
          String a = values[random.nextInt(values.length)];
          String b = values[random.nextInt(values.length)];
          return "{"
              + (a.equals("-") ? "" : "\"a\":" + a + (b.equals("-") ? "" : ","))
              + (b.equals("-") ? "" : "\"b\":" + b)
              + "}";
        });
    Filter filter = where("a", new Exists(random.nextBoolean()));
    for (SortKey[] sort :
        new SortKey[][] {
          {},
          {ascending("a")},
          {descending("a"), ascending("b")},
          {ascending("b"), descending("@id"), ascending("a")},
          {descending("@id")},
          {ascending("@create_time"), descending("@revision"), ascending("a.0")},
          {ascending("@id"), ascending("a")}
        }) {
      for (Filter each : List.of(Filter.ALL, filter)) {
        List<String> whole = ids(query(each, 1_000, sort));
        long expected = queries.count(site.place, each, () -> false);
        assertThat(whole).as("seed %s", seed).doesNotHaveDuplicates().hasSize((int) expected);
        for (int pageSize : new int[] {1 + random.nextInt(5), 7 + random.nextInt(100)}) {
          ItemQuery query = query(each, pageSize, sort);
          assertThat(ids(query)).as("seed %s", seed).isEqualTo(whole);
          assertThat(ids(withTotal(query))).as("seed %s", seed).isEqualTo(whole);
          assertThat(ask(withTotal(query)).total()).hasValue(expected);
        }
      }
    }
  }

  @Test
  void goesOnWhereThePageEndedAlsoWhenThatItemIsGoneOrChanged() {
    save(30, i -> "{\"n\":" + (i / 3) + "}");
    for (SortKey[] sort : new SortKey[][] {{}, {ascending("n")}}) {
      ItemQuery query = query(Filter.ALL, 10, sort);
      QueryPage first = ask(query);
      site.delete("i009");
      assertThat(ids(after(query, first.next()))).startsWith("i010").hasSize(20);
      site.save(Map.of("i009", "{\"n\":99}"));
      assertThat(ids(after(query, first.next())))
          .startsWith("i010")
          .hasSize(sort.length == 0 ? 20 : 21);
      site.save(Map.of("i009", "{\"n\":3}"));
    }
  }

  @Test
  void staysBelowTheSizeOfAnAnswer() {
    save(40, i -> "{\"n\":" + i % 4 + ",\"x\":\"" + "x".repeat(900) + "\"}");
    for (SortKey[] sort : new SortKey[][] {{}, {ascending("n")}, {ascending("x")}}) {
      ItemQuery query =
          new ItemQuery(Filter.ALL, List.of(sort), Optional.empty(), 100, 5_000, false);
      QueryPage page = ask(query);
      assertThat(page.items()).hasSizeBetween(2, 5);
      assertThat(ids(query)).doesNotHaveDuplicates().hasSize(40);
      ItemQuery tiny = new ItemQuery(Filter.ALL, List.of(sort), Optional.empty(), 100, 1, true);
      assertThat(ask(tiny).items()).hasSize(1);
      assertThat(ids(tiny)).hasSize(40);
    }
  }

  @Test
  void countsExactly() {
    save(100, i -> "{\"n\":" + i % 7 + "}");
    assertThat(queries.count(site.place, Filter.ALL, () -> false)).isEqualTo(100);
    assertThat(queries.count(site.place, eq("n", "0"), () -> false)).isEqualTo(15);
    assertThat(queries.count(site.place, new Filter.AnyOf(List.of()), () -> false)).isZero();
    assertThat(ask(withTotal(query(eq("n", "0"), 1))).total()).isEqualTo(OptionalLong.of(15));
  }

  @Test
  void stopsSoonAfterTheCallerIsGone() {
    save(100, i -> "{\"n\":" + i + "}");
    for (ItemQuery query : List.of(query(eq("n", "-1"), 5), query(Filter.ALL, 5, ascending("n")))) {
      AtomicInteger asked = new AtomicInteger();
      assertFails(
          Reason.CANCELLED,
          () -> queries.query(site.place, query, () -> asked.incrementAndGet() > 50));
      assertThat(asked).hasValue(51);
    }
    assertFails(Reason.CANCELLED, () -> queries.count(site.place, eq("n", "1"), () -> true));
  }

  @Test
  void findsNothingInAnEmptySandbox() {
    save(3, i -> "{}");
    Place sandbox = new Place(site.place.siteId(), site.place.collection(), Environment.SANDBOX);
    QueryPage page = queries.query(sandbox, withTotal(query(Filter.ALL, 5)), () -> false);
    assertThat(page.items()).isEmpty();
    assertThat(page.total()).hasValue(0);
  }

  @Test
  void saysWhatIsNotThere() {
    Place noSite = new Place(new SiteId("other"), site.place.collection(), Environment.LIVE);
    Place noCollection =
        new Place(site.place.siteId(), new CollectionId("other"), Environment.LIVE);
    assertFails(
        Reason.SITE_NOT_FOUND, () -> queries.query(noSite, query(Filter.ALL, 5), () -> false));
    assertFails(
        Reason.COLLECTION_NOT_FOUND, () -> queries.count(noCollection, eq("n", "1"), () -> false));
  }

  @Test
  void refusesAPositionOfAnotherOrder() {
    save(20, i -> "{\"n\":" + i + "}");
    Optional<Position> byId = ask(query(Filter.ALL, 10)).next();
    assertFails(
        Reason.INVALID_PAGE_TOKEN, () -> ask(after(query(Filter.ALL, 10, ascending("n")), byId)));
  }
}
