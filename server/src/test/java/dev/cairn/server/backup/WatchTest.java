package dev.cairn.server.backup;

import static dev.cairn.server.site.Installation.CITIES;
import static dev.cairn.server.site.Installation.SITE;
import static dev.cairn.server.site.Installation.live;
import static dev.cairn.server.store.StoreFixtures.assertFails;
import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.server.backup.BackedUpSite.Options;
import dev.cairn.server.backup.Progress.Phase;
import dev.cairn.server.error.Reason;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Watching backups being made. */
@Timeout(60)
final class WatchTest {
  @TempDir Path directory;
  private BackedUpSite site;

  @BeforeEach
  void open() {
    site = BackedUpSite.open(directory.resolve("data"), Options.defaults()).withSite(CITIES);
    site.server.save(live(CITIES), "rome", "{}");
  }

  @AfterEach
  void close() {
    site.close();
  }

  @Test
  void watcherSeesThePresentStateThenChangesThenTheLast() {
    BackupId id = site.create();
    List<BackupView> seen = new ArrayList<>();
    List<Topics.Subscription<BackupView>> self = new ArrayList<>();
    try (Topics.Subscription<BackupView> watch =
        site.backups.watch(SITE, id, last -> seen.add(self.get(0).latest()))) {
      self.add(watch);
      assertThat(watch.latest().record().state()).isEqualTo(BackupState.PENDING);
      assertThat(watch.latest().progress().phase()).isEqualTo(Phase.QUEUED);
      assertThat(watch.latest().settled()).isFalse();

      site.making.runAll();

      BackupView last = watch.latest();
      assertThat(last.settled()).isTrue();
      assertThat(last.record().state()).isEqualTo(BackupState.READY);
      assertThat(last).isEqualTo(seen.get(seen.size() - 1));
      assertThat(seen).extracting(BackupView::sequence).isSorted().doesNotHaveDuplicates();
      assertThat(seen).extracting(each -> each.progress().fraction()).isSorted();
      assertThat(seen)
          .extracting(each -> each.progress().phase())
          .contains(Phase.STAGING, Phase.FINALIZING);
      assertThat(seen.subList(0, seen.size() - 1))
          .allMatch(each -> !each.settled() && each.progress().fraction() < 1);
    }
    assertThat(site.backups.topicCount()).isZero();
  }

  @Test
  void watcherOfABackupThatHasEndedSeesItsLastState() {
    BackupId id = site.make();

    try (Topics.Subscription<BackupView> watch = site.backups.watch(SITE, id, last -> {})) {
      assertThat(watch.latest()).isEqualTo(site.backups.get(SITE, id));
      assertThat(watch.latest().settled()).isTrue();
      assertThat(site.backups.topicCount()).isEqualTo(1);
    }
    assertThat(site.backups.topicCount()).isZero();
  }

  @Test
  void nothingIsKeptOfLivesThatNobodyWatches() {
    BackupId cancelled = site.create();
    site.backups.cancel(SITE, cancelled);
    BackupId ready = site.create();
    assertThat(site.backups.topicCount()).isEqualTo(1);
    site.making.runAll();
    assertThat(site.backups.topicCount()).isZero();
    site.verify(ready);
    site.notes(ready, old -> old);
    site.backups.delete(SITE, ready, "");

    assertThat(site.backups.topicCount()).isZero();
  }

  @Test
  void closedWatchIsNotSignalledAndStopsNothing() {
    BackupId id = site.create();
    AtomicInteger signals = new AtomicInteger();
    Topics.Subscription<BackupView> watch =
        site.backups.watch(SITE, id, last -> signals.incrementAndGet());
    watch.close();
    watch.close();

    site.making.runAll();

    assertThat(signals).hasValue(0);
    assertThat(site.state(id)).isEqualTo(BackupState.READY);
  }

  @Test
  void watcherThatThrowsDoesNotHarmTheBackupNorOtherWatchers() {
    BackupId id = site.create();
    AtomicInteger signals = new AtomicInteger();
    try (Topics.Subscription<BackupView> bad =
            site.backups.watch(
                SITE,
                id,
                last -> {
                  throw new IllegalStateException("broken watcher");
                });
        Topics.Subscription<BackupView> good =
            site.backups.watch(SITE, id, last -> signals.incrementAndGet())) {
      site.making.runAll();

      assertThat(good.latest().record().state()).isEqualTo(BackupState.READY);
      assertThat(bad.latest()).isEqualTo(good.latest());
      assertThat(signals.get()).isGreaterThan(2);
    }
  }

  @Test
  void deletionOfTheSiteEndsItsWatches() {
    BackupId id = site.create();
    AtomicInteger signals = new AtomicInteger();
    try (Topics.Subscription<BackupView> watch =
        site.backups.watch(SITE, id, last -> signals.incrementAndGet())) {
      site.server.sites.delete(SITE, true);

      assertThat(signals.get()).isPositive();
      assertFails(Reason.SITE_NOT_FOUND, watch::latest);
    }
    site.making.runAll();
    assertThat(site.backups.topicCount()).isZero();
  }
}
