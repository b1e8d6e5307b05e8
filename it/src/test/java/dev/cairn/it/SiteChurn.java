package dev.cairn.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.v1.Collection;
import dev.cairn.v1.CreateCollectionRequest;
import dev.cairn.v1.CreateSiteRequest;
import dev.cairn.v1.DeleteSiteRequest;
import dev.cairn.v1.Item;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** A client that makes small sites, fills them, backs them up, and deletes them again. */
final class SiteChurn {
  static final String PREFIX = "churn-";

  /** How far the life of a site is known to have come. */
  enum Step {
    CREATING,
    CREATED,
    DELETING,
    DELETED
  }

  /** A site and what was acknowledged of it. */
  static final class KnownSite {
    final String id;
    Step step = Step.CREATING;
    boolean hasCollection;
    final Map<String, Item> items = new TreeMap<>();
    String backupId = "";

    KnownSite(String id) {
      this.id = id;
    }
  }

  private final Cairn cairn;
  private final Random random;
  private final Consumer<String> moments;
  private final String prefix;
  final List<KnownSite> sites = new ArrayList<>();

  SiteChurn(Cairn cairn, int cycle, long seed, Consumer<String> moments) {
    this.cairn = cairn;
    this.random = new Random(seed);
    this.moments = moments;
    this.prefix = PREFIX + cycle + "-";
  }

  void start(Load load) {
    load.start("churn", this::step);
  }

  private void step() throws InterruptedException {
    KnownSite site = new KnownSite(prefix + sites.size());
    sites.add(site);
    moments.accept("create site");
    answer(
        () -> cairn.sites().createSite(CreateSiteRequest.newBuilder().setSiteId(site.id).build()));
    site.step = Step.CREATED;
    answer(
        () ->
            cairn
                .collections()
                .createCollection(
                    CreateCollectionRequest.newBuilder()
                        .setSiteId(site.id)
                        .setCollection(Collection.newBuilder().setId("things"))
                        .build()));
    site.hasCollection = true;
    int items = random.nextInt(5);
    for (int i = 0; i < items; i++) {
      String id = Cairn.itemId(i);
      site.items.put(
          id, answer(() -> cairn.save(site.id, "things", id, "{\"of\":\"" + site.id + "\"}")));
    }
    if (random.nextInt(3) == 0) {
      site.backupId = answer(() -> cairn.requestBackup(site.id)).getId();
      if (random.nextBoolean()) {
        answer(() -> cairn.awaitBackup(site.id, site.backupId));
      }
    }
    if (random.nextInt(4) > 0) {
      moments.accept("delete site");
      site.step = Step.DELETING;
      answer(
          () ->
              cairn
                  .sites()
                  .deleteSite(
                      DeleteSiteRequest.newBuilder().setSiteId(site.id).setForce(true).build()));
      site.step = Step.DELETED;
    }
    Thread.sleep(random.nextInt(100));
  }

  private static <T> T answer(Supplier<T> call) {
    return SiteLoad.answer(Set.of(), call)
        .orElseThrow(() -> new AssertionError("no refusal is expected"));
  }

  /** Compares what is there after a crash with what was acknowledged. */
  void check(Cairn after, List<String> violations) {
    Set<String> listed = Set.copyOf(after.siteIds());
    for (KnownSite site : sites) {
      boolean there = listed.contains(site.id);
      if (there && site.step == Step.DELETED) {
        violations.add("site " + site.id + " was deleted and is there");
      }
      if (!there && site.step == Step.CREATED) {
        violations.add("site " + site.id + " was created and is gone");
      }
      if (there) {
        check(after, site, violations);
      }
    }
    List<String> known = sites.stream().map(site -> site.id).toList();
    listed.stream()
        .filter(id -> id.startsWith(PREFIX) && !known.contains(id))
        .forEach(id -> violations.add("site " + id + " is there and should not"));
  }

  private static void check(Cairn after, KnownSite site, List<String> violations) {
    Content content = Content.of(after, site.id);
    Map<String, Item> seen = content.places().get(Place.live("things"));
    if (seen == null) {
      if (site.hasCollection) {
        violations.add("site " + site.id + " lost its collection");
      }
      return;
    }
    site.items.forEach(
        (id, item) -> {
          @Nullable Item now = seen.get(id);
          if (!Objects.equals(item, now)) {
            String present = now == null ? "nothing" : Content.describe(now);
            violations.add("site " + site.id + " lost " + id + ": " + present);
          }
        });
    if (seen.size() > site.items.size() + 1) {
      violations.add("site " + site.id + " has items that nobody saved: " + seen.keySet());
    }
    if (!site.backupId.isEmpty()) {
      assertThat(after.getBackup(site.id, site.backupId).getSiteId()).isEqualTo(site.id);
    }
  }

  /** Deletes what is left, so that the next cycle begins without. */
  static void deleteAll(Cairn cairn) {
    cairn.siteIds().stream()
        .filter(id -> id.startsWith(PREFIX))
        .forEach(
            id ->
                cairn
                    .sites()
                    .deleteSite(
                        DeleteSiteRequest.newBuilder().setSiteId(id).setForce(true).build()));
  }
}
