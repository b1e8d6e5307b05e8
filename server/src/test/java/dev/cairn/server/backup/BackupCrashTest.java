package dev.cairn.server.backup;

import static dev.cairn.server.site.Installation.CITIES;
import static dev.cairn.server.site.Installation.live;
import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.server.backup.BackedUpSite.Options;
import dev.cairn.server.error.Reason;
import dev.cairn.server.repository.DurableFiles;
import dev.cairn.server.site.FaultyKeyValueStore.Fault;
import dev.cairn.server.site.Installation;
import dev.cairn.server.site.Steps;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Breaks the making of a backup off at each of its steps and starts again. */
@Timeout(120)
final class BackupCrashTest {
  @TempDir Path directory;
  private Runnable atEachStep = () -> {};

  @Test
  void crashAtAnyStepLeavesAWholeBackupOrNone() {
    DurableFiles files = new DurableFiles((step, path) -> atEachStep.run());
    Options options = Options.defaults().withLimit(1).with(files);
    List<Path> copies = new ArrayList<>();
    BackupId old;
    BackupId fresh;
    try (BackedUpSite site = BackedUpSite.open(directory.resolve("data"), options)) {
      site.withSite(CITIES);
      site.server.save(live(CITIES), "rome", "old");
      old = site.make();
      site.server.save(live(CITIES), "rome", "new");
      atEachStep =
          () -> {
            Path copy = directory.resolve("copy" + copies.size());
            Installation.copyTree(site.server.root, copy);
            copies.add(copy);
          };
      site.server.store.beforeWrite(() -> atEachStep.run());
      site.repository.listen((step, key) -> atEachStep.run());

      fresh = site.make();

      atEachStep.run();
      atEachStep = () -> {};
      assertThat(site.ready()).containsExactly(fresh);
    }

    Set<String> outcomes = new TreeSet<>();
    for (int k = 0; k < copies.size(); k++) {
      try (BackedUpSite restarted = BackedUpSite.open(copies.get(k), Options.defaults())) {
        outcomes.add(check(restarted, old, fresh, "crash at step " + k));
      }
    }
    assertThat(copies).hasSizeGreaterThan(20);
    assertThat(outcomes).containsExactly("failed", "nothing", "ready");
  }

  /** Checks what a restart found, and tells what became of the new backup. */
  private static String check(BackedUpSite site, BackupId old, BackupId fresh, String label) {
    assertThat(site.ids(BackupState.PENDING)).as(label).isEmpty();
    assertThat(site.backups.topicCount()).as(label).isZero();
    assertThat(site.server.content(live(CITIES))).as(label).isEqualTo(Map.of("rome", "new"));
    List<BackupId> ready = site.ready();
    assertThat(site.directories())
        .as(label)
        .containsExactlyElementsOf(ready.stream().map(BackupId::value).toList());
    for (BackupId id : ready) {
      site.repository.verify(site.get(id).repositoryKey(), (bytes, files) -> {});
      assertThat(site.content(id))
          .as(label)
          .isEqualTo(Map.of(CITIES, Map.of("rome", id.equals(old) ? "old" : "new")));
    }
    if (ready.contains(fresh)) {
      assertThat(ready).as(label).containsExactly(fresh);
      assertThat(site.get(fresh).evicted()).as(label).containsExactly(old);
      assertThat(site.get(old).deleteReason()).as(label).contains(DeleteReason.EVICTED);
      return "ready";
    }
    assertThat(ready).as(label).containsExactly(old);
    if (!site.ids(BackupState.FAILED).contains(fresh)) {
      return "nothing";
    }
    BackupRecord failed = site.get(fresh);
    assertThat(failed.failure().orElseThrow().reason()).as(label).isEqualTo(Reason.INTERRUPTED);
    assertThat(failed.times().finish()).as(label).isPresent();
    assertThat(site.state(site.make())).as(label).isEqualTo(BackupState.READY);
    return "failed";
  }

  @Test
  void failureAtAnyStepLeavesAWholeBackupOrNoneAndTheNextOneSucceeds() {
    Steps steps = new Steps();
    Options options = Options.defaults().with(new DurableFiles(steps));
    try (BackedUpSite site = BackedUpSite.open(directory.resolve("data"), options)) {
      site.withSite(CITIES);
      site.server.save(live(CITIES), "rome", "{}");
      for (int step = 0; step < 40; step++) {
        BackupId id = site.create();
        steps.failAt(step);

        site.making.runAll();

        steps.heal();
        BackupRecord record = site.get(id);
        if (record.state() == BackupState.READY) {
          assertThat(step).isGreaterThanOrEqualTo(6);
          assertThat(site.directories()).contains(id.value());
          return;
        }
        assertThat(record.state()).isEqualTo(BackupState.FAILED);
        assertThat(record.failure().orElseThrow().reason()).isEqualTo(Reason.STORAGE_FAILED);
        assertThat(site.directories()).as("after step " + step).isEmpty();
      }
    }
    throw new AssertionError("it never succeeded");
  }

  @Test
  void backupWhoseLastWriteWasMadeButNotAcknowledgedIsReadyAndWhole() {
    BackupId id;
    Path root = directory.resolve("data");
    try (BackedUpSite site = BackedUpSite.open(root, Options.defaults())) {
      site.withSite(CITIES);
      site.server.save(live(CITIES), "rome", "{}");
      id = site.create();
      site.server.store.failAfter(1, Fault.WRITTEN);
      site.making.runAll();
    }

    try (BackedUpSite restarted = BackedUpSite.open(root, Options.defaults())) {
      assertThat(restarted.state(id)).isEqualTo(BackupState.READY);
      assertThat(restarted.content(id)).isEqualTo(Map.of(CITIES, Map.of("rome", "{}")));
    }
  }

  @Test
  void backupWhoseLastWriteWasNotMadeFailsAtTheNextStart() {
    BackupId id;
    Path root = directory.resolve("data");
    try (BackedUpSite site = BackedUpSite.open(root, Options.defaults())) {
      site.withSite(CITIES);
      id = site.create();
      site.server.store.failAfter(1, Fault.NOT_WRITTEN);
      site.making.runAll();
    }

    try (BackedUpSite restarted = BackedUpSite.open(root, Options.defaults())) {
      assertThat(restarted.state(id)).isEqualTo(BackupState.FAILED);
      assertThat(restarted.directories()).isEmpty();
    }
  }
}
