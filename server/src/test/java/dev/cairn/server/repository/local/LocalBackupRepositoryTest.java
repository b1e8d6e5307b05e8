package dev.cairn.server.repository.local;

import static dev.cairn.server.repository.Backups.KEY;
import static dev.cairn.server.repository.Backups.OTHER;
import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.server.error.Reason;
import dev.cairn.server.repository.BackupKey;
import dev.cairn.server.repository.BackupRepository;
import dev.cairn.server.repository.BackupRepositoryContract;
import dev.cairn.server.repository.Backups;
import dev.cairn.server.repository.DurableFiles;
import dev.cairn.server.repository.Manifest;
import dev.cairn.server.repository.ManifestFormat;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class LocalBackupRepositoryTest extends BackupRepositoryContract {
  private final Map<String, byte[]> content = Backups.content(3);
  @TempDir Path directory;

  @Override
  protected BackupRepository create() {
    return new LocalBackupRepository(root());
  }

  @Override
  protected byte[] read(BackupKey key, String file) throws IOException {
    return Files.readAllBytes(directoryOf(key).resolve(file));
  }

  @Override
  protected void overwrite(BackupKey key, String file, byte[] bytes) throws IOException {
    Files.write(directoryOf(key).resolve(file), bytes);
  }

  @Override
  protected void remove(BackupKey key, String file) throws IOException {
    Files.delete(directoryOf(key).resolve(file));
  }

  @Test
  void keepsBackupsWhereTheDesignSaysTheyAre() {
    Path staging = repository.stagingDirectory(KEY);
    Manifest manifest = Backups.write(KEY, content, staging);
    repository.put(KEY, staging, manifest);

    assertThat(staging).isEqualTo(root().resolve("site-1/backup-1.tmp"));
    assertThat(repository.fetch(KEY)).isEqualTo(root().resolve("site-1/backup-1"));
    assertThat(root().resolve("site-1/backup-1/MANIFEST.json")).isRegularFile();
  }

  @Test
  void putTakesADirectoryFromElsewhereOnTheFileSystem() {
    Path generation = directory.resolve("gen-000007");
    Manifest manifest = Backups.write(KEY, content, generation);

    repository.put(KEY, generation, manifest);

    verify(KEY);
    assertThat(generation).doesNotExist();
  }

  @Test
  void putReplacesADirectoryThatHasNoManifest() throws IOException {
    Files.createDirectories(directoryOf(KEY));
    Files.write(directoryOf(KEY).resolve("left-over"), new byte[1]);

    Backups.put(repository, KEY, content);

    verify(KEY);
  }

  @Test
  void forgetsADeletedSiteOnceItsLastBackupIsGone() {
    Backups.put(repository, KEY, content);

    repository.forgetSite(KEY.siteId());
    assertThat(repository.list()).containsExactly(KEY);

    repository.delete(KEY);
    repository.forgetSite(KEY.siteId());
    repository.forgetSite("never-there");
    assertThat(root().resolve(KEY.siteId())).doesNotExist();
  }

  @Test
  void twoRepositoriesOverTheSameRootAgree() {
    Backups.put(repository, KEY, content);

    BackupRepository again = create();

    assertThat(again.list()).containsExactly(KEY);
    assertThat(again.manifest(KEY)).isEqualTo(repository.manifest(KEY));
  }

  @Test
  void listAndSweepClearUpEveryLeftOver() throws IOException {
    Backups.put(repository, KEY, content);
    write("site-1/backup-2/CURRENT");
    write("site-1/backup-3.tmp/CURRENT");
    write("site-1/backup-4.tmp.tmp/deep/CURRENT");
    write("site-1/backup-5/MANIFEST.json.tmp");
    write("site-1/backup-6.tmp");
    write("site-2/backup-1.tmp/CURRENT");
    Files.createDirectories(root().resolve("site-3"));

    assertThat(repository.list()).containsExactly(KEY);
    repository.sweep();

    assertThat(repository.list()).containsExactly(KEY);
    verify(KEY);
    assertThat(DurableFiles.list(root())).containsExactly(root().resolve("site-1"));
    assertThat(DurableFiles.list(root().resolve("site-1"))).containsExactly(directoryOf(KEY));
  }

  @Test
  void listAndSweepLeaveAloneWhatIsNoBackup() throws IOException {
    write("lost+found/something");
    write("README");
    write("site-1/README");
    write("site-1/.hidden/MANIFEST.json");
    Files.createDirectories(directory.resolve("elsewhere"));
    Files.createSymbolicLink(root().resolve("link"), directory.resolve("elsewhere"));

    assertThat(repository.list()).isEmpty();
    repository.sweep();

    assertThat(root().resolve("lost+found/something")).exists();
    assertThat(root().resolve("README")).exists();
    assertThat(root().resolve("site-1/README")).exists();
    assertThat(root().resolve("site-1/.hidden/MANIFEST.json")).exists();
    assertThat(directory.resolve("elsewhere")).exists();
  }

  @Test
  void verifyRefusesLinksAndDirectoriesAmongTheFiles() throws IOException {
    Backups.put(repository, KEY, content);
    Files.createDirectory(directoryOf(KEY).resolve("deep"));
    refused(() -> verify(KEY), "deep");
    Files.delete(directoryOf(KEY).resolve("deep"));

    Files.move(directoryOf(KEY).resolve("CURRENT"), directory.resolve("CURRENT"));
    Files.createSymbolicLink(directoryOf(KEY).resolve("CURRENT"), directory.resolve("CURRENT"));
    refused(() -> verify(KEY), "CURRENT");
  }

  @Test
  void exclusiveBytesLeaveOutFilesThatSomethingElseLinksTo() throws IOException {
    Backups.put(repository, KEY, Map.of("1.sst", new byte[100_000], "2.sst", new byte[50_000]));
    long alone = repository.exclusiveBytes(KEY);

    Files.createLink(directory.resolve("live.sst"), directoryOf(KEY).resolve("1.sst"));
    long shared = repository.exclusiveBytes(KEY);
    Files.delete(directory.resolve("live.sst"));

    assertThat(alone - shared).isBetween(100_000L, 104_096L);
    assertThat(repository.exclusiveBytes(KEY)).isEqualTo(alone);
  }

  @Test
  void deletingABackupLeavesWhatSharesItsFiles() throws IOException {
    Backups.put(repository, KEY, content);
    Path staging = repository.stagingDirectory(OTHER);
    Files.createDirectories(staging);
    for (String name : content.keySet()) {
      Files.createLink(staging.resolve(name), directoryOf(KEY).resolve(name));
    }
    Manifest manifest = Backups.manifest(OTHER, repository.manifest(KEY).orElseThrow().files());
    repository.put(OTHER, staging, manifest);

    repository.delete(KEY);

    verify(OTHER);
  }

  @Test
  void failuresOfTheFileSystemShowNoPath() throws IOException {
    Files.delete(root());
    Files.write(root(), new byte[0]);

    assertFails(Reason.STORAGE_FAILED, () -> repository.stagingDirectory(KEY));
    assertFails(Reason.STORAGE_FAILED, () -> repository.list());
    assertFails(Reason.STORAGE_FAILED, () -> repository.sweep());
    assertFails(Reason.STORAGE_FAILED, () -> repository.manifest(KEY));
    assertFails(Reason.STORAGE_FAILED, () -> repository.delete(KEY));
  }

  @Test
  void manifestCanBeCheckedByHand() throws Exception {
    Backups.put(repository, KEY, content);
    Path manifest = directoryOf(KEY).resolve(ManifestFormat.FILE_NAME);

    Process process =
        new ProcessBuilder(
                "sh",
                "-c",
                "grep -q $(tail -c +97 MANIFEST.json | head -c -3 | sha256sum | cut -c1-64)"
                    + " MANIFEST.json")
            .directory(manifest.toFile().getParentFile())
            .redirectErrorStream(true)
            .start();

    assertThat(process.waitFor()).isZero();
  }

  private void write(String file) throws IOException {
    Path path = root().resolve(file);
    Files.createDirectories(path.getParent());
    Files.write(path, new byte[] {1});
  }

  private Path root() {
    return directory.resolve("data/backups");
  }

  private Path directoryOf(BackupKey key) {
    return root().resolve(key.siteId()).resolve(key.backupId());
  }
}
