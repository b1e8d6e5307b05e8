package dev.cairn.server.site;

import static dev.cairn.server.site.query.QuerySite.CITIES;
import static dev.cairn.server.site.query.QuerySite.RIVERS;
import static dev.cairn.server.site.query.QuerySite.SITE;
import static dev.cairn.server.store.StoreFixtures.assertFails;
import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import dev.cairn.server.site.SandboxPublisher.Published;
import dev.cairn.server.site.query.QuerySite;
import dev.cairn.server.store.CollectionId;
import dev.cairn.server.store.ItemStore;
import dev.cairn.server.store.StoredItem;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SandboxPublisherTest {
  private static final Items.Place LIVE = QuerySite.place(CITIES, Environment.LIVE);
  private static final Items.Place SANDBOX = QuerySite.place(CITIES, Environment.SANDBOX);

  @TempDir private Path directory;
  private QuerySite site;
  private SandboxPublisher publisher;

  @BeforeEach
  void open() throws IOException {
    site = new QuerySite(directory);
    publisher = new SandboxPublisher(site.sites, site.commands, site.clock);
  }

  @AfterEach
  void close() {
    site.close();
  }

  private List<Published> publish(CollectionId... collections) {
    return publisher.publish(SITE, List.of(collections), () -> false);
  }

  @Test
  void addsAndReplacesAndLeavesTheRest() {
    site.save(LIVE, Map.of("a", "{\"n\":1}", "b", "{\"n\":1}"), "anna");
    Instant before = site.now;
    Map<String, StoredItem> untouched = site.content(LIVE);
    site.save(SANDBOX, Map.of("b", "{\"n\":2}", "c", "{\"n\":2}"), "bob");
    site.save(SANDBOX, Map.of("b", "{\"n\":3}"), "bob");
    Map<String, StoredItem> sandbox = site.content(SANDBOX);
    site.now = before.plusSeconds(60);

    assertThat(publish(CITIES)).containsExactly(new Published(CITIES, 1, 1));

    Map<String, StoredItem> live = site.content(LIVE);
    assertThat(live).containsOnlyKeys("a", "b", "c").containsEntry("a", untouched.get("a"));
    assertThat(live.get("b"))
        .isEqualTo(
            new StoredItem(
                "b",
                site.items.get(SANDBOX, "b").data(),
                "bob",
                before,
                before.plusSeconds(60),
                2));
    assertThat(live.get("c"))
        .isEqualTo(
            new StoredItem("c", site.items.get(SANDBOX, "c").data(), "bob", site.now, site.now, 1));
    assertThat(site.content(SANDBOX)).isEqualTo(sandbox);
    assertThat(site.items.stats(LIVE).itemCount()).isEqualTo(3);
  }

  @Test
  void takesAwayAnOwnerThatSandboxDoesNotHave() {
    site.save(LIVE, Map.of("a", "{}"), "anna");
    site.save(SANDBOX, Map.of("a", "{}"), "");
    publish(CITIES);
    assertThat(site.items.get(LIVE, "a").owner()).isEmpty();
  }

  @Test
  void publishesAllCollectionsInOrder() {
    site.save(QuerySite.place(RIVERS, Environment.SANDBOX), Map.of("r", "{}"), "");
    assertThat(publish()).containsExactly(new Published(CITIES, 0, 0), new Published(RIVERS, 1, 0));
    assertThat(publish(RIVERS, CITIES))
        .containsExactly(new Published(CITIES, 0, 0), new Published(RIVERS, 0, 1));
  }

  @Test
  void makesNoSandboxWhereThereIsNone() {
    assertThat(publish()).containsExactly(new Published(CITIES, 0, 0), new Published(RIVERS, 0, 0));
    assertThat(site.sites.hasSandbox(SITE)).isFalse();
  }

  @Test
  void publishesNothingWhenACollectionIsNotThere() {
    site.save(SANDBOX, Map.of("a", "{}"), "");
    assertFails(Reason.COLLECTION_NOT_FOUND, () -> publish(CITIES, new CollectionId("other")));
    assertThat(site.content(LIVE)).isEmpty();
    assertFails(
        Reason.SITE_NOT_FOUND,
        () -> publisher.publish(new SiteId("other"), List.of(), () -> false));
  }

  @Test
  void goesThroughTheCommandLogInBatches() {
    site.save(SANDBOX, documents(0, 2_500, 1), "");
    List<PublishItems> commands = new ArrayList<>();
    publisher = new SandboxPublisher(site.sites, recording(commands), site.clock);
    assertThat(publish(CITIES)).containsExactly(new Published(CITIES, 2_500, 0));
    assertThat(commands.stream().map(each -> each.items().size()))
        .containsExactly(1_000, 1_000, 500);
    assertThat(commands.stream().flatMap(each -> each.items().stream()).map(StoredItem::id))
        .isSorted();

    String large = "{\"x\":\"" + "x".repeat(400_000) + "\"}";
    Map<String, String> documents = new TreeMap<>();
    IntStream.range(0, 25).forEach(i -> documents.put("z" + i, large));
    site.save(QuerySite.place(RIVERS, Environment.SANDBOX), documents, "");
    commands.clear();
    assertThat(publish(RIVERS)).containsExactly(new Published(RIVERS, 25, 0));
    assertThat(commands).hasSizeBetween(2, 3);
  }

  @Test
  void stopsBetweenBatchesAndCanBeRepeated() {
    site.save(SANDBOX, documents(0, 2_500, 1), "");
    AtomicInteger asked = new AtomicInteger();
    assertFails(
        Reason.CANCELLED,
        () -> publisher.publish(SITE, List.of(CITIES), () -> asked.incrementAndGet() > 2));
    assertThat(site.content(LIVE)).hasSize(2_000);
    assertThat(publish(CITIES)).containsExactly(new Published(CITIES, 500, 2_000));
    assertThat(site.content(LIVE)).hasSize(2_500);
  }

  @Test
  void losesNoWriteThatComesBetween() throws Exception {
    site.save(SANDBOX, documents(0, 1_200, 1), "bob");
    AtomicBoolean done = new AtomicBoolean();
    ExecutorService writers = Executors.newFixedThreadPool(2);
    List<Future<Integer>> written = new ArrayList<>();
    for (int writer = 0; writer < 2; writer++) {
      String prefix = "w" + writer + "-";
      written.add(
          writers.submit(
              () -> {
                int count = 0;
                while (!done.get() && count < 40) {
                  // One item of its own, and one that is published too.
                  site.save(
                      LIVE,
                      Map.of(prefix + count, "{}", "i0500", "{\"by\":\"" + prefix + "\"}"),
                      "");
                  count++;
                }
                return count;
              }));
    }
    List<Published> rows = publish(CITIES);
    done.set(true);
    int own = sum(written);
    writers.shutdown();

    Published row = rows.get(0);
    assertThat(row.inserted() + row.updated()).isEqualTo(1_200);
    assertThat(row.inserted()).isBetween(1_199L, 1_200L);
    Map<String, StoredItem> live = site.content(LIVE);
    assertThat(live).hasSize(1_200 + own);
    assertThat(site.items.stats(LIVE).itemCount()).isEqualTo(live.size());
    // Each write of either side was one change of the item.
    assertThat(site.items.get(LIVE, "i0500").revision()).isEqualTo(own + 1);
  }

  @Test
  void goesOnInTheContentThatARestorationBrings() {
    site.save(LIVE, documents(0, 10, 0), "anna");
    Path next = site.sites.generationDirectory(SITE, 2);
    site.engine.cloneDatabase(site.sites.generationDirectory(SITE, 1), next);
    site.save(LIVE, Map.of("late", "{}"), "anna");
    site.save(SANDBOX, documents(0, 2_500, 1), "bob");
    AtomicInteger batches = new AtomicInteger();

    List<Published> rows =
        publisher.publish(
            SITE,
            List.of(CITIES),
            () -> {
              if (batches.incrementAndGet() == 2) {
                restore(next);
              }
              return false;
            });

    // The first batch went with the old content, the others are in the new.
    assertThat(rows).containsExactly(new Published(CITIES, 2_490, 10));
    Map<String, StoredItem> live = site.content(LIVE);
    assertThat(live)
        .hasSize(1_510)
        .containsKeys("i0000", "i1000")
        .doesNotContainKeys("i0999", "late");
    assertThat(site.items.get(LIVE, "i0000").data().toStringUtf8()).isEqualTo("{\"n\":0}");
    assertThat(publish(CITIES)).containsExactly(new Published(CITIES, 990, 1_510));
  }

  private void restore(Path next) {
    site.sites.exclusively(
        SITE,
        section -> {
          ItemStore store = site.engine.open(next);
          section.switchTo(section.nextGeneration(), store);
          return true;
        });
  }

  private static Map<String, String> documents(int from, int to, int n) {
    Map<String, String> documents = new TreeMap<>();
    for (int i = from; i < to; i++) {
      documents.put(String.format("i%04d", i), "{\"n\":" + n + "}");
    }
    return documents;
  }

  private static int sum(List<Future<Integer>> counts)
      throws InterruptedException, ExecutionException {
    int sum = 0;
    for (Future<Integer> count : counts) {
      sum += count.get();
    }
    return sum;
  }

  private CommandLog recording(List<PublishItems> seen) {
    return new CommandLog() {
      @Override
      public <R> R append(ContentCommand<R> command) {
        if (command instanceof PublishItems batch) {
          seen.add(batch);
        }
        return site.commands.append(command);
      }

      @Override
      public <R> CompletableFuture<R> submit(ContentCommand<R> command) {
        throw new ServiceException(Reason.INTERNAL, "not expected");
      }

      @Override
      public <R> List<Submission<R>> append(
          SiteId siteId, List<? extends ContentCommand<R>> commands) {
        throw new ServiceException(Reason.INTERNAL, "not expected");
      }

      @Override
      public <R> R append(CatalogCommand<R> command) {
        throw new ServiceException(Reason.INTERNAL, "not expected");
      }
    };
  }
}
