package dev.cairn.server.repository;

import static dev.cairn.server.repository.Backups.KEY;
import static dev.cairn.server.repository.Backups.OTHER;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import dev.cairn.server.repository.BackupRepository.VerifyListener;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * What every {@link BackupRepository} does. A subclass says how to make one and how to damage what
 * it keeps.
 */
public abstract class BackupRepositoryContract {
  private static final VerifyListener IGNORE = (bytes, files) -> {};
  private static final String MANIFEST = ManifestFormat.FILE_NAME;

  private final Map<String, byte[]> content = Backups.content(1);
  protected BackupRepository repository;

  /** An empty repository; only called once a test. */
  protected abstract BackupRepository create();

  /** The bytes of a stored file, {@value ManifestFormat#FILE_NAME} included. */
  protected abstract byte[] read(BackupKey key, String file) throws IOException;

  /** Replaces or adds a stored file behind the repository's back. */
  protected abstract void overwrite(BackupKey key, String file, byte[] bytes) throws IOException;

  /** Removes a stored file behind the repository's back. */
  protected abstract void remove(BackupKey key, String file) throws IOException;

  @BeforeEach
  void createRepository() {
    repository = create();
  }

  @Test
  void givesBackWhatWasPut() throws IOException {
    Path staging = repository.stagingDirectory(KEY);
    Manifest manifest = Backups.write(KEY, content, staging);

    repository.put(KEY, staging, manifest);

    assertThat(repository.manifest(KEY)).contains(manifest);
    Path fetched = repository.fetch(KEY);
    for (Map.Entry<String, byte[]> file : content.entrySet()) {
      assertThat(fetched.resolve(file.getKey())).hasBinaryContent(file.getValue());
    }
    assertThat(staging).doesNotExist();
  }

  @Test
  void ownsTheDirectoryFromPutOn() {
    Path staging = repository.stagingDirectory(KEY);
    Manifest manifest = Backups.write(KEY, content, staging);
    repository.put(KEY, staging, manifest);

    assertThat(staging).doesNotExist();
  }

  @Test
  void stagingDirectoryIsNewEachTime() throws IOException {
    Path first = repository.stagingDirectory(KEY);
    Backups.write(KEY, content, first);

    Path second = repository.stagingDirectory(KEY);

    assertThat(second).doesNotExist();
    assertThat(second.getParent()).isDirectory();
    assertThat(DurableFiles.list(second.resolveSibling("."))).isEmpty();
  }

  @Test
  void putsNoBackupTwice() throws IOException {
    Backups.put(repository, KEY, content);
    Path staging = repository.stagingDirectory(KEY);
    Manifest manifest = Backups.write(KEY, Backups.content(2), staging);

    assertThatIllegalStateException()
        .isThrownBy(() -> repository.put(KEY, staging, manifest))
        .withMessageContaining("exists");

    verify(KEY);
    assertThat(read(KEY, "CURRENT")).isEqualTo(content.get("CURRENT"));
  }

  @Test
  void putsNoFilesUnderTheManifestOfAnotherBackup() {
    Path staging = repository.stagingDirectory(KEY);
    Manifest manifest = Backups.write(OTHER, content, staging);

    assertThatIllegalArgumentException().isThrownBy(() -> repository.put(KEY, staging, manifest));

    assertThat(repository.list()).isEmpty();
  }

  @Test
  void putsNoFilesThatAreNotThoseOfTheManifest() throws IOException {
    Path staging = repository.stagingDirectory(KEY);
    Manifest manifest = Backups.write(KEY, content, staging);

    Files.write(staging.resolve("more"), new byte[1]);
    refused(() -> repository.put(KEY, staging, manifest), "more");
    Files.delete(staging.resolve("more"));
    Files.write(staging.resolve(MANIFEST), new byte[1]);
    refused(() -> repository.put(KEY, staging, manifest), MANIFEST);
    Files.delete(staging.resolve(MANIFEST));
    Files.write(staging.resolve("CURRENT"), new byte[1]);
    refused(() -> repository.put(KEY, staging, manifest), "CURRENT");
    Files.delete(staging.resolve("CURRENT"));
    refused(() -> repository.put(KEY, staging, manifest), "CURRENT");

    assertThat(repository.list()).isEmpty();
    assertThat(repository.manifest(KEY)).isEmpty();
  }

  @Test
  void knowsNothingOfWhatWasNeverPut() {
    Backups.put(repository, OTHER, content);

    assertThat(repository.manifest(KEY)).isEmpty();
    assertFails(Reason.BACKUP_NOT_FOUND, () -> repository.fetch(KEY));
    assertFails(Reason.BACKUP_NOT_FOUND, () -> repository.verify(KEY, IGNORE));
    assertFails(Reason.BACKUP_NOT_FOUND, () -> repository.exclusiveBytes(KEY));
    assertThatCode(() -> repository.delete(KEY)).doesNotThrowAnyException();
    assertThat(repository.list()).containsExactly(OTHER);
  }

  @Test
  void listsAllBackupsByKey() {
    List<BackupKey> keys =
        List.of(
            new BackupKey("a", "2"),
            new BackupKey("a", "3"),
            new BackupKey("b", "1"),
            new BackupKey("b.tmp", "1"),
            new BackupKey("c", "a.b_c-d"));
    for (BackupKey key : List.of(keys.get(4), keys.get(2), keys.get(1), keys.get(0), keys.get(3))) {
      Backups.put(repository, key, content);
    }
    repository.stagingDirectory(new BackupKey("a", "1"));

    assertThat(repository.list()).containsExactlyElementsOf(keys);
  }

  @Test
  void deletesOneBackupAndNoOther() {
    Backups.put(repository, KEY, content);
    Backups.put(repository, OTHER, content);

    repository.delete(KEY);

    assertThat(repository.list()).containsExactly(OTHER);
    assertThat(repository.manifest(KEY)).isEmpty();
    verify(OTHER);
  }

  @Test
  void deletedBackupMayBePutAgain() {
    Backups.put(repository, KEY, content);
    repository.delete(KEY);

    Backups.put(repository, KEY, Backups.content(2));

    verify(KEY);
  }

  @Test
  void deletesWhatIsStagedUnderTheKey() {
    Path staging = repository.stagingDirectory(KEY);
    Backups.write(KEY, content, staging);

    repository.delete(KEY);

    assertThat(staging).doesNotExist();
  }

  @Test
  void sweepRemovesWhatIsStagedAndKeepsWholeBackups() {
    Backups.put(repository, KEY, content);
    Path staging = repository.stagingDirectory(OTHER);
    Backups.write(OTHER, content, staging);

    repository.sweep();

    assertThat(staging).doesNotExist();
    assertThat(repository.list()).containsExactly(KEY);
    verify(KEY);
  }

  @Test
  void verifyReportsEveryByteAndFile() {
    Map<String, byte[]> large = Map.of("1.sst", new byte[(2 << 20) + 5], "CURRENT", new byte[16]);
    Backups.put(repository, KEY, large);
    List<Long> bytes = new ArrayList<>();
    List<Integer> files = new ArrayList<>();

    repository.verify(
        KEY,
        (bytesDone, filesDone) -> {
          bytes.add(bytesDone);
          files.add(filesDone);
        });

    long total = (2 << 20) + 5 + 16;
    assertThat(bytes).isSorted().hasSizeGreaterThan(4).endsWith(total);
    assertThat(files).isSorted().endsWith(2);
  }

  @Test
  void verifyStopsWhenTheListenerThrows() {
    Backups.put(repository, KEY, content);

    assertThatThrownBy(
            () ->
                repository.verify(
                    KEY,
                    (bytes, files) -> {
                      throw new ServiceException(Reason.CANCELLED, "enough");
                    }))
        .hasMessage("enough");
  }

  /** Enough for several to read. */
  private Map<String, byte[]> putLarge() {
    Map<String, byte[]> large = new TreeMap<>();
    for (int i = 1; i <= 6; i++) {
      large.put(i + ".sst", new byte[(12 << 20) + i]);
    }
    Backups.put(repository, KEY, large);
    return large;
  }

  @Test
  void severalReadersReportEveryByteAndFileInOneThread() {
    long total = putLarge().values().stream().mapToLong(each -> each.length).sum();
    List<Long> bytes = new ArrayList<>();
    List<Integer> files = new ArrayList<>();
    Set<Thread> tellers = new HashSet<>();

    repository.verify(
        KEY,
        4,
        (bytesDone, filesDone) -> {
          bytes.add(bytesDone);
          files.add(filesDone);
          tellers.add(Thread.currentThread());
        });

    assertThat(bytes).isSorted().endsWith(total);
    assertThat(files).isSorted().endsWith(6);
    assertThat(tellers).containsExactly(Thread.currentThread());
  }

  @Test
  void severalReadersNameTheFirstBadFile() throws IOException {
    Map<String, byte[]> large = putLarge();
    for (String name : List.of("6.sst", "4.sst", "2.sst")) {
      byte[] damaged = Objects.requireNonNull(large.get(name)).clone();
      damaged[damaged.length - 1] ^= 1;
      overwrite(KEY, name, damaged);
      refused(() -> repository.verify(KEY, 4, IGNORE), name);
    }
  }

  @Test
  void severalReadersStopWhenTheListenerThrowsAndTellItNoMore() {
    putLarge();
    AtomicInteger told = new AtomicInteger();

    assertThatThrownBy(
            () ->
                repository.verify(
                    KEY,
                    4,
                    (bytes, files) -> {
                      told.incrementAndGet();
                      throw new ServiceException(Reason.CANCELLED, "enough");
                    }))
        .hasMessage("enough");

    assertThat(told).hasValue(1);
  }

  @Test
  void noReaderReadsOnWhenAnInterruptedCallerHasGone() {
    putLarge();

    VerifyListener interrupting = (bytes, files) -> Thread.currentThread().interrupt();
    try {
      assertFails(Reason.INTERRUPTED, () -> repository.verify(KEY, 4, interrupting));
    } finally {
      assertThat(Thread.interrupted()).isTrue();
    }

    assertThat(Thread.getAllStackTraces().keySet())
        .noneMatch(thread -> thread.getName().startsWith("reader-"));
    repository.verify(KEY, 4, IGNORE);
  }

  @Test
  void verifyNamesTheFileWhicheverByteIsDamaged() throws IOException {
    Backups.put(repository, KEY, content);
    for (Map.Entry<String, byte[]> file : content.entrySet()) {
      for (int i = 0; i < file.getValue().length; i++) {
        byte[] damaged = file.getValue().clone();
        damaged[i] ^= (byte) (1 << (i % 8));
        overwrite(KEY, file.getKey(), damaged);
        refused(() -> verify(KEY), file.getKey());
      }
      overwrite(KEY, file.getKey(), file.getValue());
    }
    verify(KEY);
  }

  @Test
  void verifyNamesAFileThatIsTooShortOrTooLong() throws IOException {
    Backups.put(repository, KEY, content);
    for (Map.Entry<String, byte[]> file : content.entrySet()) {
      byte[] whole = file.getValue();
      if (whole.length > 0) {
        overwrite(KEY, file.getKey(), Arrays.copyOf(whole, whole.length - 1));
        refused(() -> verify(KEY), file.getKey());
        overwrite(KEY, file.getKey(), new byte[0]);
        refused(() -> verify(KEY), file.getKey());
      }
      overwrite(KEY, file.getKey(), Arrays.copyOf(whole, whole.length + 1));
      refused(() -> verify(KEY), file.getKey());
      overwrite(KEY, file.getKey(), whole);
    }
    verify(KEY);
  }

  @Test
  void verifyNamesAFileThatIsMissing() throws IOException {
    Backups.put(repository, KEY, content);
    for (Map.Entry<String, byte[]> file : content.entrySet()) {
      remove(KEY, file.getKey());
      refused(() -> verify(KEY), file.getKey());
      overwrite(KEY, file.getKey(), file.getValue());
    }
    verify(KEY);
  }

  @Test
  void verifyNamesAFileThatDoesNotBelongThere() throws IOException {
    Backups.put(repository, KEY, content);
    overwrite(KEY, "000010.sst", new byte[0]);

    refused(() -> verify(KEY), "000010.sst");
  }

  @Test
  void verifyFindsFilesOfTheSameSizeSwapped() throws IOException {
    Backups.put(repository, KEY, content);
    overwrite(KEY, "000008.sst", read(KEY, "000009.sst"));
    overwrite(KEY, "000009.sst", content.getOrDefault("000008.sst", new byte[0]));

    refused(() -> verify(KEY), "000008.sst");
  }

  @Test
  void refusesAManifestWithAnyBitFlipped() throws IOException {
    Backups.put(repository, KEY, Map.of("CURRENT", new byte[16]));
    byte[] whole = read(KEY, MANIFEST);
    for (int bit = 0; bit < whole.length * 8; bit++) {
      byte[] damaged = whole.clone();
      damaged[bit / 8] ^= (byte) (1 << (bit % 8));
      overwrite(KEY, MANIFEST, damaged);
      refused(() -> repository.manifest(KEY), MANIFEST);
    }
    refused(() -> verify(KEY), MANIFEST);
  }

  @Test
  void refusesAManifestCutOffAnywhere() throws IOException {
    Backups.put(repository, KEY, content);
    byte[] whole = read(KEY, MANIFEST);
    for (int length = 0; length < whole.length; length++) {
      overwrite(KEY, MANIFEST, Arrays.copyOf(whole, length));
      refused(() -> repository.manifest(KEY), MANIFEST);
    }
  }

  @Test
  void refusesAManifestWithAnyByteAppended() throws IOException {
    Backups.put(repository, KEY, content);
    byte[] longer = read(KEY, MANIFEST);
    longer = Arrays.copyOf(longer, longer.length + 1);
    for (int last = 0; last < 256; last++) {
      longer[longer.length - 1] = (byte) last;
      overwrite(KEY, MANIFEST, longer);
      refused(() -> repository.manifest(KEY), MANIFEST);
    }
  }

  @Test
  void refusesTheManifestOfAnotherBackup() throws IOException {
    Backups.put(repository, KEY, content);
    Backups.put(repository, OTHER, content);
    overwrite(KEY, MANIFEST, read(OTHER, MANIFEST));

    refused(() -> repository.manifest(KEY), MANIFEST);
    refused(() -> verify(KEY), MANIFEST);
  }

  @Test
  void damagedBackupIsListedAndCanBeDeleted() throws IOException {
    Backups.put(repository, KEY, content);
    overwrite(KEY, MANIFEST, new byte[0]);

    repository.sweep();

    assertThat(repository.list()).containsExactly(KEY);
    repository.delete(KEY);
    assertThat(repository.list()).isEmpty();
  }

  @Test
  void countsWhatDeletingABackupFrees() {
    Backups.put(repository, KEY, Map.of("1.sst", new byte[100_000], "CURRENT", new byte[16]));

    assertThat(repository.exclusiveBytes(KEY)).isBetween(100_016L, 120_000L);
  }

  protected final void verify(BackupKey key) {
    repository.verify(key, IGNORE);
  }

  /** The call fails because {@code file} of {@link Backups#KEY} is damaged. */
  protected final void refused(ThrowingCallable call, String file) {
    ServiceException failure = assertFails(Reason.BACKUP_CORRUPT, call);
    assertThat(failure.metadata())
        .containsEntry("file", file)
        .containsEntry("site_id", KEY.siteId())
        .containsEntry("backup_id", KEY.backupId());
    assertThat(failure).hasMessageContaining(KEY.backupId()).hasMessageContaining(file);
  }

  /** The call fails for {@code reason} with a message that shows no path. */
  protected static ServiceException assertFails(Reason reason, ThrowingCallable call) {
    ServiceException failure = catchThrowableOfType(ServiceException.class, call);
    assertThat(failure).isNotNull();
    assertThat(failure.reason()).isEqualTo(reason);
    assertThat(failure.getMessage()).doesNotContain("/");
    return failure;
  }
}
