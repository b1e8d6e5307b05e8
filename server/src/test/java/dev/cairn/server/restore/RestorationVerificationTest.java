package dev.cairn.server.restore;

import static dev.cairn.server.restore.ServerUnderTest.SITE;
import static dev.cairn.server.restore.ServerUnderTest.completed;
import static dev.cairn.server.restore.ServerUnderTest.only;
import static dev.cairn.server.store.StoreFixtures.assertFails;
import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.server.backup.BackupId;
import dev.cairn.server.backup.BackupType;
import dev.cairn.server.backup.Verification;
import dev.cairn.server.error.Reason;
import dev.cairn.server.store.StoredItem;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A backup's files are checked before anything is touched. */
@ExtendWith(QuietLogs.class)
final class RestorationVerificationTest {
  @TempDir Path directory;
  private final List<String> steps = new ArrayList<>();
  private ServerUnderTest server;
  private BackupId backup;
  private Map<String, List<StoredItem>> before;

  @BeforeEach
  void start() {
    server = ServerUnderTest.on(directory).steps(steps::add).start();
    server.createSite();
    server.fill("books", 100, "old");
    server.fill("films", 100, "old");
    backup = server.backup();
    server.saveAll("books", 110, "changed");
    before = server.content();
    steps.clear();
  }

  @AfterEach
  void stop() {
    server.closeWithNothingLeaked();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"\\d+\\.sst", "CURRENT", "MANIFEST-\\d+", "OPTIONS-\\d+", "MANIFEST\\.json"})
  void flippedByteInAnyFileIsFoundBeforeLiveContentIsTouched(String file) {
    flip(file);

    RestorationRecord failed = server.restore(backup);

    assertFailedAsCorrupt(failed);
    assertThat(steps)
        .noneMatch(step -> step.contains("clone") || step.contains("checkpoint"))
        .noneMatch(step -> step.contains("stage collections"));
    assertFails(Reason.BACKUP_CORRUPT, () -> server.restore(backup));
  }

  @ParameterizedTest
  @ValueSource(strings = {"\\d+\\.sst", "CURRENT", "MANIFEST\\.json"})
  void missingFileIsFoundToo(String file) throws IOException {
    Path missing = find(file);
    Files.delete(missing);

    assertFailedAsCorrupt(server.restore(backup, only("books")));
    assertThat(server.backupRecord(backup).verification().detail())
        .contains("file " + missing.getFileName() + ": it is missing");
  }

  @Test
  void damageFoundInOneIsShownInItsEmbeddedBackup() {
    flip("CURRENT");

    RestorationRecord failed = server.restore(backup);

    assertThat(failed.backup().verification().state()).isEqualTo(Verification.State.CORRUPT);
  }

  @Test
  void damagedManifestIsFoundEvenWhenTheCheckIsSkipped() {
    flip("MANIFEST\\.json");

    assertFailedAsCorrupt(server.start(request(VerificationMode.SKIP, false)));
  }

  @Test
  void skippedCheckRestoresABackupWhoseFilesWereNotRead() {
    flip("OPTIONS-\\d+");

    completed(server.start(request(VerificationMode.SKIP, false)));

    assertThat(server.content()).isNotEqualTo(before);
    assertThat(server.backupRecord(backup).verification().state())
        .isEqualTo(Verification.State.UNVERIFIED);
  }

  @Test
  void corruptBackupIsRestoredAsFarAsItCanBeReadWhenTheCallerAllowsIt() {
    flip("OPTIONS-\\d+");
    Map<String, List<StoredItem>> then = server.contentOf(backup);
    RestorationRecord failed = server.restore(backup);
    assertFailedAsCorrupt(failed);

    RestorationRecord done = completed(server.start(request(VerificationMode.CHECKSUMS, true)));

    assertThat(server.content()).isEqualTo(then);
    assertThat(done.log()).anyMatch(line -> line.message().startsWith("goes on although"));
  }

  @Test
  void whatCannotBeReadFailsEvenWhenTheCallerAllowsIt() throws IOException {
    Path table = find("\\d+\\.sst");
    byte[] bytes = Files.readAllBytes(table);
    java.util.Arrays.fill(bytes, (byte) 7);
    replace(table, bytes);

    RestorationRecord failed = server.start(request(VerificationMode.CHECKSUMS, true));

    assertThat(failed.state()).isEqualTo(RestorationState.FAILED);
    assertThat(failed.failure().orElseThrow().reason()).isEqualTo(Reason.DATA_CORRUPT);
    assertThat(server.content()).isEqualTo(before);
  }

  private void assertFailedAsCorrupt(RestorationRecord failed) {
    assertThat(failed.state()).isEqualTo(RestorationState.FAILED);
    assertThat(failed.failure().orElseThrow().reason()).isEqualTo(Reason.BACKUP_CORRUPT);
    assertThat(server.content()).isEqualTo(before);
    assertThat(server.backupRecord(backup).verification().state())
        .isEqualTo(Verification.State.CORRUPT);
    assertThat(server.ready(BackupType.SAFETY)).isEmpty();
  }

  private Restorations.Request request(VerificationMode mode, boolean allowCorrupt) {
    return new Restorations.Request(
        SITE, backup, List.of(), mode, allowCorrupt, "tester", Optional.empty());
  }

  private void flip(String name) {
    Path file = find(name);
    try {
      byte[] bytes = Files.readAllBytes(file);
      bytes[bytes.length / 2] ^= 1;
      replace(file, bytes);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Under the same name, but not in the live database that links to it. */
  private static void replace(Path file, byte[] bytes) throws IOException {
    Path damaged = file.resolveSibling("damaged");
    Files.write(damaged, bytes);
    Files.move(damaged, file, StandardCopyOption.REPLACE_EXISTING);
  }

  private Path find(String name) {
    Pattern pattern = Pattern.compile(name);
    try (Stream<Path> files = Files.list(server.filesOf(backup))) {
      return files
          .filter(file -> pattern.matcher(file.getFileName().toString()).matches())
          .sorted()
          .findFirst()
          .orElseThrow();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
