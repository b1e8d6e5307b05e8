package dev.cairn.server.site;

import static dev.cairn.server.site.Installation.SITE;
import static dev.cairn.server.site.Installation.live;
import static dev.cairn.server.site.Installation.sandbox;
import static dev.cairn.server.store.StoreFixtures.CITIES;
import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.server.repository.DiskReserve;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Map;
import java.util.Queue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Collections that become large while they are written to. */
class ResettlingTest {
  private static final long LARGE = 2_000;

  @TempDir Path directory;
  private final Queue<Runnable> work = new ArrayDeque<>();
  private Installation installation;
  private Runnable meanwhile = () -> {};
  private long freeBytes = Long.MAX_VALUE;
  private Resettling resettling;

  @BeforeEach
  void open() {
    installation =
        Installation.open(
            directory.resolve("data"),
            Installation.Options.defaults().withLargeCollectionsFrom(LARGE));
    resettling =
        new Resettling(
            installation.sites,
            installation.layout,
            new DiskReserve(1, this::free),
            installation.clock,
            work::add);
    installation.sites.onOutgrown(resettling::ask);
    installation.withSite(CITIES);
  }

  @AfterEach
  void close() {
    installation.close();
  }

  @Test
  void movesACollectionOnceItIsLarge() {
    installation.save(live(CITIES), "small", "{}");
    assertThat(work).isEmpty();

    fill(10);
    fill(5);
    Map<String, String> before = installation.content(live(CITIES));
    assertThat(work).as("asked for once, however many writes there are").hasSize(1);
    work.remove().run();

    assertThat(isOutgrown()).isFalse();
    assertThat(installation.content(live(CITIES))).isEqualTo(before);
    assertThat(installation.siteFiles()).doesNotContain(SiteLayout.RESETTLING);
    fill(20);
    assertThat(work).isEmpty();
    Map<String, String> after = installation.content(live(CITIES));
    installation = installation.reopen();
    assertThat(installation.content(live(CITIES))).isEqualTo(after).hasSize(21);
  }

  @Test
  void leavesSandboxContentWhereItIs() {
    for (int i = 0; i < 10; i++) {
      installation.save(sandbox(CITIES), "city-" + i, text());
    }
    assertThat(work).isEmpty();
  }

  @Test
  void triesAgainLaterWhenThereWasNoRoom() {
    freeBytes = 0;
    fill(10);
    work.remove().run();
    assertThat(isOutgrown()).isTrue();

    fill(10);
    assertThat(work).as("not at each write").isEmpty();

    freeBytes = Long.MAX_VALUE;
    installation.clock.advance(Duration.ofMinutes(1));
    fill(10);
    work.remove().run();
    assertThat(isOutgrown()).isFalse();
  }

  @Test
  void triesAgainLaterWhenNothingCameOfIt() {
    fill(10);
    meanwhile = () -> installation.items.truncate(live(CITIES));
    work.remove().run();

    meanwhile = () -> {};
    fill(10);
    assertThat(work).as("not at each write").isEmpty();

    installation.clock.advance(Duration.ofMinutes(1));
    fill(10);
    work.remove().run();
    assertThat(isOutgrown()).isFalse();
  }

  @Test
  void doesNothingForASiteThatIsGone() {
    fill(10);
    installation.sites.delete(SITE, true);
    work.remove().run();

    assertThat(installation.sites.exists(SITE)).isFalse();
  }

  @Test
  void stopsWithTheServer() {
    fill(10);
    resettling.stop();
    work.remove().run();
    fill(10);

    assertThat(work).isEmpty();
    assertThat(isOutgrown()).isTrue();
  }

  /** Asked right before a collection is copied. */
  private long free() {
    meanwhile.run();
    return freeBytes;
  }

  private void fill(int items) {
    for (int i = 0; i < items; i++) {
      installation.save(live(CITIES), "city-" + i, text());
    }
  }

  private static String text() {
    return "\"" + "x".repeat(500) + "\"";
  }

  private boolean isOutgrown() {
    try (Lease lease = installation.sites.lease(SITE, Environment.LIVE)) {
      return lease.store().isOutgrown();
    }
  }
}
