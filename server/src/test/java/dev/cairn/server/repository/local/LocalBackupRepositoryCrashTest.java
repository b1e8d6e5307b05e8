package dev.cairn.server.repository.local;

import static dev.cairn.server.repository.Backups.KEY;
import static dev.cairn.server.repository.Backups.OTHER;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import dev.cairn.server.repository.BackupKey;
import dev.cairn.server.repository.BackupRepository;
import dev.cairn.server.repository.Backups;
import dev.cairn.server.repository.DurableFiles;
import dev.cairn.server.repository.Manifest;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Breaks off every operation before each of its steps and looks at what is left. */
final class LocalBackupRepositoryCrashTest {
  private static final int MOST_STEPS = 100;

  private final Map<String, byte[]> content = Backups.content(4);
  @TempDir Path directory;

  @Test
  void putThatCrashesAnywhereLeavesTheWholeBackupOrNone() throws IOException {
    int steps =
        crashAtEachStep(
            repository -> {},
            repository -> Backups.put(repository, KEY, content),
            (repository, wasListed) -> {
              if (!wasListed) {
                Backups.put(repository, KEY, content);
              }
              assertThat(repository.list()).containsExactly(KEY, OTHER);
            });

    assertThat(steps).isEqualTo(6);
  }

  @Test
  void putOverLeftOversThatCrashesAnywhereLeavesTheWholeBackupOrNone() throws IOException {
    crashAtEachStep(
        repository -> {
          Path left = repository.stagingDirectory(KEY).resolveSibling(KEY.backupId());
          Backups.write(KEY, Backups.content(5), left);
        },
        repository -> Backups.put(repository, KEY, content),
        (repository, wasListed) -> {
          if (!wasListed) {
            Backups.put(repository, KEY, content);
          }
          assertThat(repository.list()).containsExactly(KEY, OTHER);
        });
  }

  @Test
  void deleteThatCrashesAnywhereLeavesTheWholeBackupOrNone() throws IOException {
    int steps =
        crashAtEachStep(
            repository -> Backups.put(repository, KEY, content),
            repository -> repository.delete(KEY),
            (repository, wasListed) -> {
              repository.delete(KEY);
              assertThat(repository.list()).containsExactly(OTHER);
            });

    assertThat(steps).isGreaterThan(content.size() + 3);
  }

  @Test
  void sweepThatCrashesAnywhereIsFinishedByTheNext() throws IOException {
    crashAtEachStep(
        repository -> {
          Backups.put(repository, KEY, content);
          Path staging = repository.stagingDirectory(new BackupKey("site-2", "backup-1"));
          Backups.write(KEY, content, staging);
        },
        BackupRepository::sweep,
        (repository, wasListed) -> assertThat(repository.list()).containsExactly(KEY, OTHER));
  }

  @Test
  void putThatFailsAnywhereSaysSoAndCanBeRepeated() {
    Backups.put(new LocalBackupRepository(directory), OTHER, content);
    for (int step = 0; step < MOST_STEPS; step++) {
      BackupRepository failing = repository(failBefore(step, "No space left on device"));
      @Nullable ServiceException failure =
          catchThrowableOfType(ServiceException.class, () -> Backups.put(failing, KEY, content));
      BackupRepository sound = new LocalBackupRepository(directory);
      if (failure == null) {
        assertThat(sound.list()).containsExactly(KEY, OTHER);
        return;
      }
      assertThat(failure.reason()).isEqualTo(Reason.DISK_FULL);
      assertThat(failure.getMessage()).doesNotContain("/");
      sound.delete(KEY);
      Backups.put(sound, KEY, content);
      sound.verify(KEY, (bytes, files) -> {});
      sound.delete(KEY);
      assertThat(sound.list()).containsExactly(OTHER);
    }
    throw new AssertionError("put never succeeded");
  }

  @Test
  void failureOtherThanSpaceIsAStorageFailure() {
    BackupRepository failing = repository(failBefore(3, "Input/output error"));

    ServiceException failure =
        catchThrowableOfType(ServiceException.class, () -> Backups.put(failing, KEY, content));

    assertThat(failure.reason()).isEqualTo(Reason.STORAGE_FAILED);
    assertThat(failure.getMessage()).doesNotContain("/");
  }

  @Test
  void everyStepOfPutIsForcedBeforeTheNextDependsOnIt() {
    List<String> steps = new ArrayList<>();
    BackupRepository recording =
        repository((step, path) -> steps.add(step + " " + directory.relativize(path)));
    Path staging = recording.stagingDirectory(KEY);
    Manifest manifest = Backups.write(KEY, Map.of("1.sst", new byte[1]), staging);
    steps.clear();

    recording.put(KEY, staging, manifest);

    assertThat(steps)
        .containsExactly(
            "WRITE site-1/backup-1.tmp/MANIFEST.json",
            "FORCE site-1/backup-1.tmp/MANIFEST.json",
            "FORCE site-1/backup-1.tmp",
            "RENAME site-1/backup-1",
            "FORCE site-1",
            "FORCE ");
  }

  @Test
  void deleteTakesTheManifestAwayForGoodBeforeAnyFile() {
    Backups.put(new LocalBackupRepository(directory), KEY, Map.of("1.sst", new byte[1]));
    List<String> steps = new ArrayList<>();
    BackupRepository recording =
        repository((step, path) -> steps.add(step + " " + directory.relativize(path)));
    steps.clear();

    recording.delete(KEY);

    assertThat(steps)
        .containsExactly(
            "DELETE site-1/backup-1/MANIFEST.json",
            "FORCE site-1/backup-1",
            "DELETE site-1/backup-1/1.sst",
            "DELETE site-1/backup-1",
            "FORCE site-1");
  }

  /**
   * Runs {@code operation} on a fresh repository that holds {@link Backups#OTHER}, crashing before
   * step 0, 1, 2 and so on until it gets through; returns how many steps that took.
   */
  private int crashAtEachStep(
      Consumer<BackupRepository> before, Consumer<BackupRepository> operation, Afterwards after)
      throws IOException {
    for (int step = 0; step < MOST_STEPS; step++) {
      clear();
      BackupRepository sound = new LocalBackupRepository(directory);
      Backups.put(sound, OTHER, content);
      before.accept(sound);
      BackupRepository crashing = repository(crashBefore(step));

      @Nullable Throwable crash = catchThrowable(() -> operation.accept(crashing));

      if (crash == null) {
        assertWhole(new LocalBackupRepository(directory));
        return step;
      }
      assertThat(crash).as("at step " + step).isInstanceOf(SimulatedCrash.class);
      BackupRepository restarted = new LocalBackupRepository(directory);
      assertWhole(restarted);
      boolean listed = restarted.list().contains(KEY);
      restarted.sweep();
      assertWhole(restarted);
      assertNothingElseIsLeft(restarted);
      assertThat(restarted.list().contains(KEY)).isEqualTo(listed);
      after.check(restarted, listed);
      assertWhole(restarted);
    }
    throw new AssertionError("the operation has too many steps");
  }

  private void assertWhole(BackupRepository repository) {
    assertThat(repository.list()).contains(OTHER);
    for (BackupKey key : repository.list()) {
      assertThat(repository.manifest(key)).isPresent();
      repository.verify(key, (bytes, files) -> {});
    }
  }

  private void assertNothingElseIsLeft(BackupRepository repository) throws IOException {
    List<Path> whole = repository.list().stream().map(repository::fetch).toList();
    try (Stream<Path> sites = Files.list(directory)) {
      for (Path site : sites.toList()) {
        try (Stream<Path> backups = Files.list(site)) {
          assertThat(backups).isNotEmpty().isSubsetOf(whole);
        }
      }
    }
  }

  private BackupRepository repository(DurableFiles.StepListener listener) {
    return new LocalBackupRepository(directory, new DurableFiles(listener));
  }

  private void clear() throws IOException {
    for (Path entry : DurableFiles.list(directory)) {
      new DurableFiles().deleteTree(entry);
    }
  }

  private static DurableFiles.StepListener crashBefore(int step) {
    int[] count = {0};
    return (kind, path) -> {
      if (count[0]++ >= step) {
        throw new SimulatedCrash();
      }
    };
  }

  private static DurableFiles.StepListener failBefore(int step, String reason) {
    int[] count = {0};
    return (kind, path) -> {
      if (count[0]++ == step) {
        throw new FileSystemException(path.toString(), null, reason);
      }
    };
  }

  private interface Afterwards {
    void check(BackupRepository repository, boolean wasListed);
  }

  private static final class SimulatedCrash extends Error {}
}
