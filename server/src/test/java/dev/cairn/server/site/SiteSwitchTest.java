package dev.cairn.server.site;

import static dev.cairn.server.site.Installation.CITIES;
import static dev.cairn.server.site.Installation.SITE;
import static dev.cairn.server.site.Installation.live;
import static dev.cairn.server.site.Installation.sandbox;
import static dev.cairn.server.store.StoreFixtures.assertFails;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import com.google.protobuf.ByteString;
import dev.cairn.server.error.Reason;
import dev.cairn.server.store.Durability;
import dev.cairn.server.store.ItemStore;
import dev.cairn.server.store.ItemTransaction;
import dev.cairn.server.store.StoredItem;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Switching a site to its next generation. */
@Timeout(60)
final class SiteSwitchTest {
  /** The step that makes CURRENT durable under its name. */
  private static final int FORCES_CURRENT = 3;

  @TempDir Path directory;
  private final Steps steps = new Steps();

  @Test
  void newReadersGetTheNewContentAndOldOnesKeepTheirs() {
    try (Installation server = open("data")) {
      Items.Export old = server.items.export(live(CITIES), "");

      switchTo(server, "new");

      assertThat(server.content(live(CITIES))).containsOnlyKeys("new");
      assertThat(old.cursor().next()).isTrue();
      assertThat(old.cursor().item().id()).isEqualTo("old");
      assertThat(server.siteFiles()).containsExactly("CURRENT", "gen-000001", "gen-000002");
      old.close();
      assertThat(server.siteFiles()).containsExactly("CURRENT", "gen-000002");
    }
  }

  @Test
  void switchOutlivesTheServer() {
    Installation server = open("data");
    switchTo(server, "new");
    server.save(live(CITIES), "later", "{}");

    try (Installation restarted = server.reopen()) {
      assertThat(restarted.content(live(CITIES))).containsOnlyKeys("later", "new");
      assertThat(nextGeneration(restarted)).isEqualTo(3);
    }
  }

  @Test
  void writesWaitForTheSwitchAndLandInTheNewContent() {
    try (Installation server = open("data")) {
      Site site = server.sites.require(SITE);
      CompletableFuture<Boolean> inside = new CompletableFuture<>();
      CompletableFuture<Void> section =
          Threads.start(
              () ->
                  server.sites.exclusively(
                      SITE,
                      each -> {
                        inside.complete(true);
                        Threads.await("a writer waits", () -> site.waiting() == 1);
                        ItemStore next = generation(server, each.nextGeneration(), "new");
                        each.switchTo(each.nextGeneration(), next);
                        return 1;
                      }));
      Threads.join(inside);

      server.save(live(CITIES), "waited", "{}");

      Threads.join(section);
      assertThat(server.content(live(CITIES))).containsOnlyKeys("new", "waited");
    }
  }

  @Test
  void writeThatCannotWaitIsRefusedAndNotApplied() {
    try (Installation server =
        Installation.open(
            directory.resolve("data"),
            Installation.Options.defaults().withMaxWait(Duration.ofMillis(20)))) {
      server.withSite(CITIES);
      server.sites.exclusively(
          SITE,
          section -> {
            CompletableFuture<Void> writer =
                Threads.start(() -> server.save(live(CITIES), "rome", "{}"));
            assertFails(Reason.SITE_SWITCHING, () -> Threads.join(writer));
            return 1;
          });

      assertThat(server.content(live(CITIES))).isEmpty();
    }
  }

  @Test
  void readersAreServedWhileTheSiteSwitchesAgainAndAgain() {
    try (Installation server = open("data")) {
      AtomicInteger reads = new AtomicInteger();
      AtomicInteger done = new AtomicInteger();
      List<CompletableFuture<Void>> readers =
          Threads.start(
              4,
              number -> {
                while (done.get() == 0) {
                  assertThat(server.content(live(CITIES))).hasSize(1);
                  reads.incrementAndGet();
                }
              });

      for (int i = 0; i < 10; i++) {
        switchTo(server, "number" + i);
        int seen = reads.get();
        Threads.await("readers went on", () -> reads.get() > seen);
      }
      done.set(1);

      Threads.joinAll(readers);
      assertThat(server.content(live(CITIES))).containsOnlyKeys("number9");
      assertThat(server.siteFiles()).containsExactly("CURRENT", "gen-000011");
    }
  }

  @Test
  void switchThatFailsAtAnyStepLeavesTheOldContentHereAndOnDisk() {
    for (int step = 0; step < 20; step++) {
      try (Installation server = open("step" + step)) {
        int failing = step;

        @Nullable Throwable failure =
            catchThrowable(() -> switchTo(server, "new", () -> steps.failAt(failing)));

        steps.heal();
        if (failure == null) {
          assertThat(step).as("steps until CURRENT is durable").isEqualTo(4);
          return;
        }
        server.save(live(CITIES), "acknowledged", "{}");
        assertThat(server.content(live(CITIES))).containsOnlyKeys("acknowledged", "old");
        try (Installation restarted = server.afterCrash(directory.resolve("copy" + step))) {
          assertThat(restarted.content(live(CITIES)))
              .as("after step " + step)
              .containsOnlyKeys("acknowledged", "old");
          assertThat(restarted.siteFiles()).containsExactly("CURRENT", "gen-000001");
        }
        assertThat(server.siteFiles())
            .as("files after step " + step)
            .containsExactly("CURRENT", "gen-000001");
        switchTo(server, "again");
        assertThat(server.content(live(CITIES))).containsOnlyKeys("again");
      }
    }
    throw new AssertionError("it never succeeded");
  }

  @Test
  void siteWhoseCurrentWasNotReplacedServesOnAlthoughItCannotBeWrittenBack() {
    for (int step = 0; step < FORCES_CURRENT; step++) {
      try (Installation server = open("kept" + step)) {
        int failing = step;
        assertFails(
            Reason.STORAGE_FAILED, () -> switchTo(server, "new", () -> steps.failFrom(failing)));

        server.save(live(CITIES), "acknowledged", "{}");

        assertThat(server.content(live(CITIES))).containsOnlyKeys("acknowledged", "old");
        steps.heal();
        try (Installation restarted = server.afterCrash(directory.resolve("kept-on" + step))) {
          assertThat(restarted.content(live(CITIES))).containsOnlyKeys("acknowledged", "old");
        }
      }
    }
  }

  @Test
  void siteWhoseCurrentCannotBeWrittenBackIsReadButNotChangedUntilItCan() {
    try (Installation server = open("stop")) {
      assertFails(
          Reason.STORAGE_FAILED,
          () -> switchTo(server, "new", () -> steps.failFrom(FORCES_CURRENT)));

      assertFails(Reason.STORAGE_FAILED, () -> server.save(live(CITIES), "lost", "{}"));
      assertFails(Reason.STORAGE_FAILED, () -> server.save(sandbox(CITIES), "lost", "{}"));
      assertFails(Reason.STORAGE_FAILED, () -> server.sites.exclusively(SITE, section -> 1));
      assertFails(Reason.STORAGE_FAILED, () -> server.sites.delete(SITE, true));
      assertThat(server.content(live(CITIES))).as("reads go on").containsOnlyKeys("old");
      assertThat(server.sites.collections(SITE).size()).isOne();
      assertThat(server.siteFiles()).contains("gen-000001", "gen-000002");
      assertThat(server.sites.list("", "", 5)).hasSize(1);
      try (Installation restarted = server.afterCrash(directory.resolve("stopped"))) {
        Map<String, String> content = restarted.content(live(CITIES));
        assertThat(content.keySet()).containsAnyOf("old", "new").hasSize(1);
        restarted.save(live(CITIES), "goes on", "{}");
      }

      steps.heal();
      server.save(live(CITIES), "acknowledged", "{}");
      assertThat(server.content(live(CITIES))).containsOnlyKeys("acknowledged", "old");
      try (Installation restarted = server.afterCrash(directory.resolve("healed"))) {
        assertThat(restarted.content(live(CITIES))).containsOnlyKeys("acknowledged", "old");
      }
      switchTo(server, "again");
      assertThat(server.content(live(CITIES))).containsOnlyKeys("again");
    }
  }

  @Test
  void writersThatWaitedForASwitchThatStoppedTheSiteAreToldSo() {
    try (Installation server = open("data")) {
      Site site = server.sites.require(SITE);
      CompletableFuture<CompletableFuture<Void>> writer = new CompletableFuture<>();

      assertFails(
          Reason.STORAGE_FAILED,
          () ->
              switchTo(
                  server,
                  "new",
                  () -> {
                    writer.complete(Threads.start(() -> server.save(live(CITIES), "lost", "{}")));
                    Threads.await("the writer waits", () -> site.waiting() == 1);
                    steps.failFrom(FORCES_CURRENT);
                  }));

      assertFails(Reason.STORAGE_FAILED, () -> Threads.join(Threads.join(writer)));
      steps.heal();
    }
  }

  @Test
  void generationsOnlyGrowAndWhatCannotBeSwitchedToIsClosed() {
    try (Installation server = open("data")) {
      server.sites.exclusively(
          SITE,
          section -> {
            ItemStore store = generation(server, 7, "new");
            assertThatThrownBy(() -> section.switchTo(1, store))
                .isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(store::collections).isInstanceOf(IllegalStateException.class);
            return 1;
          });

      assertThat(server.content(live(CITIES))).containsOnlyKeys("old");
    }
  }

  @Test
  void switchSucceedsAlthoughTheOldFilesCannotGo() {
    try (Installation server = open("data")) {
      switchTo(server, "new", () -> steps.failFrom(4));
      steps.heal();

      server.save(live(CITIES), "later", "{}");

      assertThat(server.content(live(CITIES))).containsOnlyKeys("later", "new");
      try (Installation restarted = server.afterCrash(directory.resolve("copy"))) {
        assertThat(restarted.content(live(CITIES))).containsOnlyKeys("later", "new");
        assertThat(restarted.siteFiles()).containsExactly("CURRENT", "gen-000002");
      }
    }
  }

  private Installation open(String name) {
    Installation server =
        Installation.open(directory.resolve(name), Installation.Options.defaults().with(steps));
    server.withSite(CITIES).save(live(CITIES), "old", "{}");
    return server;
  }

  private static long nextGeneration(Installation server) {
    return server.sites.exclusively(SITE, SiteSection::nextGeneration);
  }

  private static void switchTo(Installation server, String item) {
    switchTo(server, item, () -> {});
  }

  /** Switches to a generation that holds one item; {@code before} runs right before the switch. */
  private static void switchTo(Installation server, String item, Runnable before) {
    server.sites.exclusively(
        SITE,
        section -> {
          ItemStore store = generation(server, section.nextGeneration(), item);
          before.run();
          section.switchTo(section.nextGeneration(), store);
          return 1;
        });
  }

  private static ItemStore generation(Installation server, long number, String item) {
    ItemStore store = server.engine.create(server.sites.generationDirectory(SITE, number));
    try (ItemTransaction transaction = store.begin()) {
      transaction.put(
          CITIES,
          new StoredItem(item, ByteString.copyFromUtf8("{}"), "", Instant.EPOCH, Instant.EPOCH, 1));
      transaction.commit(Durability.SYNCED);
    }
    return store;
  }
}
