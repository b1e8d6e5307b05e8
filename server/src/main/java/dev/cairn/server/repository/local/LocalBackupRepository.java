package dev.cairn.server.repository.local;

import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import dev.cairn.server.repository.BackupKey;
import dev.cairn.server.repository.BackupRepository;
import dev.cairn.server.repository.DurableFiles;
import dev.cairn.server.repository.Manifest;
import dev.cairn.server.repository.ManifestFormat;
import dev.cairn.server.repository.ManifestFormat.BadManifestException;
import dev.cairn.server.repository.StorageFailures;
import java.io.IOException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Keeps each backup as a directory below a root, on the file system of the sites' databases.
 *
 * <p>The directories are the truth, and the order of the steps is what makes them so. All that is
 * remembered between calls is which of them need not be forced once more.
 *
 * <table>
 * <caption>What a crash leaves, and who clears it up</caption>
 * <tr><th>after</th><th>on disk</th><th>list</th></tr>
 * <tr><td>staging</td><td>{@code b.tmp/}</td><td>no; sweep or the next staging</td></tr>
 * <tr><td>put: manifest</td><td>{@code b.tmp/}, whole</td><td>no; the same</td></tr>
 * <tr><td>put: rename</td><td>{@code b/}</td><td>yes</td></tr>
 * <tr><td>delete: manifest</td><td>{@code b/} without manifest</td><td>no; sweep</td></tr>
 * </table>
 *
 * <p>Thread-safe for different keys. {@link #sweep} is for the start, before any staging directory
 * is asked for: it cannot tell one in use from one left behind.
 */
public final class LocalBackupRepository implements BackupRepository {
  private static final String STAGING_SUFFIX = ".tmp";
  private static final Path ANY_BACKUP = Path.of("any");

  private final Path root;
  private final DurableFiles files;
  private final long blockSize;

  /** Sites whose folders are known to be on disk; that of any other may be lost with the power. */
  private final Set<String> forced = ConcurrentHashMap.newKeySet();

  /**
   * A repository below {@code root}, which is made when absent.
   *
   * @throws ServiceException STORAGE_FAILED or DISK_FULL if it cannot be made
   */
  public LocalBackupRepository(Path root) {
    this(root, new DurableFiles());
  }

  /** For tests that break off in the middle. */
  LocalBackupRepository(Path root, DurableFiles files) {
    this.root = root.toAbsolutePath().normalize();
    this.files = files;
    try {
      files.createDirectories(this.root);
      this.blockSize = Math.max(1, Files.getFileStore(this.root).getBlockSize());
    } catch (IOException e) {
      throw StorageFailures.of("make the directory of the backups", e);
    }
  }

  @Override
  public Path stagingDirectory(BackupKey key) {
    Path staging = staging(key);
    try {
      files.createDirectories(site(key));
      files.deleteTree(staging);
      return staging;
    } catch (IOException e) {
      throw failure("prepare", key, e);
    }
  }

  /**
   * {@inheritDoc}
   *
   * <p>On this file system: writes the manifest into the directory, and then renames that into
   * place. The directory must be on the file system of the root. Names and sizes are compared with
   * the manifest before anything moves; contents are not read.
   *
   * @throws ServiceException BACKUP_CORRUPT if the files are not those that the manifest lists
   * @throws IllegalArgumentException if the manifest is that of another key
   */
  @Override
  public void put(BackupKey key, Path directory, Manifest manifest) {
    if (!key.equals(ManifestFormat.keyOf(manifest))) {
      throw new IllegalArgumentException("the manifest is not that of backup " + key);
    }
    byte[] content = ManifestFormat.write(manifest);
    Path target = directory(key);
    try {
      if (DurableFiles.exists(manifestFile(key))) {
        throw new IllegalStateException("backup " + key + " exists");
      }
      new BackupContent(key, directory).requireExactly(manifest.files(), Set.of());
      files.createDirectories(site(key));
      files.deleteTree(target);
      files.write(directory.resolve(ManifestFormat.FILE_NAME), content);
      files.forceDirectory(directory);
      files.rename(directory, target);
      forceFolder(key.siteId());
    } catch (IOException e) {
      throw failure("keep", key, e);
    }
  }

  /** The site's folder may be the work of another thread that did not force it yet. */
  private void forceFolder(String siteId) throws IOException {
    if (!forced.contains(siteId)) {
      files.forceDirectory(root);
      forced.add(siteId);
    }
  }

  @Override
  public Optional<Manifest> manifest(BackupKey key) {
    byte[] content;
    try {
      content = Files.readAllBytes(manifestFile(key));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (IOException e) {
      throw failure("read the manifest of", key, e);
    }
    try {
      return Optional.of(ManifestFormat.read(key, content));
    } catch (BadManifestException e) {
      throw BackupContent.corrupt(key, ManifestFormat.FILE_NAME, String.valueOf(e.getMessage()), e);
    }
  }

  @Override
  public Path fetch(BackupKey key) {
    requireExists(key);
    return directory(key);
  }

  @Override
  public void verify(BackupKey key, int readers, VerifyListener listener) {
    Manifest manifest = manifest(key).orElseThrow(() -> notFound(key));
    try {
      new BackupContent(key, directory(key)).verify(manifest.files(), readers, listener);
    } catch (IOException e) {
      throw failure("verify", key, e);
    }
  }

  /**
   * {@inheritDoc}
   *
   * <p>A file counts if it has one name, that is, if no database and no other backup links to it,
   * and it counts as the file system's blocks that its size fills. Where the number of names cannot
   * be asked for (not a Unix file system), all files count.
   */
  @Override
  public long exclusiveBytes(BackupKey key) {
    requireExists(key);
    try {
      long total = 0;
      for (Path file : DurableFiles.list(directory(key))) {
        if (linkCount(file) == 1) {
          long blocks = (Files.size(file) + blockSize - 1) / blockSize;
          total += blocks * blockSize;
        }
      }
      return total;
    } catch (IOException e) {
      throw failure("measure", key, e);
    }
  }

  @Override
  public List<BackupKey> list() {
    try {
      List<BackupKey> keys = new ArrayList<>();
      for (Path site : sites()) {
        for (Path entry : DurableFiles.list(site)) {
          Optional<BackupKey> key = candidate(site, entry);
          if (key.isPresent() && DurableFiles.exists(manifestFile(key.get()))) {
            keys.add(key.get());
          }
        }
      }
      Collections.sort(keys);
      return List.copyOf(keys);
    } catch (IOException e) {
      throw StorageFailures.of("list the backups", e);
    }
  }

  /**
   * {@inheritDoc}
   *
   * <p>The site's folder stays, since another backup of the site may just be starting in it; {@link
   * #sweep} removes empty ones.
   */
  @Override
  public void delete(BackupKey key) {
    try {
      if (DurableFiles.exists(manifestFile(key))) {
        files.delete(manifestFile(key));
        files.forceDirectory(directory(key));
      }
      files.deleteTree(directory(key));
      files.deleteTree(staging(key));
      if (DurableFiles.exists(site(key))) {
        files.forceDirectory(site(key));
      }
    } catch (IOException e) {
      throw failure("delete", key, e);
    }
  }

  @Override
  public void forgetSite(String siteId) {
    forced.remove(siteId);
    try {
      files.delete(root.resolve(siteId));
    } catch (DirectoryNotEmptyException e) {
      // A backup is being read for the last time: the next sweep removes the folder.
    } catch (IOException e) {
      throw StorageFailures.of("remove the folder of a deleted site", e);
    }
  }

  /**
   * {@inheritDoc}
   *
   * <p>Removes empty site folders too. What bears a name that no backup could have, for example
   * {@code lost+found}, is somebody else's and stays. Must not run beside {@link #stagingDirectory}
   * or {@link #put}.
   */
  @Override
  public List<BackupKey> sweep() {
    forced.clear();
    try {
      List<BackupKey> keys = new ArrayList<>();
      for (Path site : sites()) {
        boolean empty = true;
        for (Path entry : DurableFiles.list(site)) {
          Optional<BackupKey> key = candidate(site, entry);
          if (isUnfinished(entry, key)) {
            files.deleteTree(entry);
          } else {
            key.ifPresent(keys::add);
            empty = false;
          }
        }
        if (empty) {
          files.delete(site);
        }
      }
      Collections.sort(keys);
      return List.copyOf(keys);
    } catch (IOException e) {
      throw StorageFailures.of("clear up unfinished backups", e);
    }
  }

  private boolean isUnfinished(Path entry, Optional<BackupKey> key) throws IOException {
    return entry.toString().endsWith(STAGING_SUFFIX)
        || (key.isPresent() && !DurableFiles.exists(manifestFile(key.get())));
  }

  private List<Path> sites() throws IOException {
    List<Path> sites = new ArrayList<>();
    for (Path entry : DurableFiles.list(root)) {
      if (isDirectory(entry) && key(entry, ANY_BACKUP).isPresent()) {
        sites.add(entry);
      }
    }
    return sites;
  }

  /** The key of a directory that is a backup if it has a manifest. */
  private static Optional<BackupKey> candidate(Path site, Path entry) {
    return isDirectory(entry) ? key(site, entry) : Optional.empty();
  }

  /** The key that two names make, if they could be those of a site and of a backup. */
  private static Optional<BackupKey> key(Path site, Path entry) {
    try {
      return Optional.of(
          new BackupKey(String.valueOf(site.getFileName()), String.valueOf(entry.getFileName())));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  private static boolean isDirectory(Path path) {
    return Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS);
  }

  private static int linkCount(Path file) throws IOException {
    if (!file.getFileSystem().supportedFileAttributeViews().contains("unix")) {
      return 1;
    }
    return (int) Files.getAttribute(file, "unix:nlink", LinkOption.NOFOLLOW_LINKS);
  }

  private void requireExists(BackupKey key) {
    try {
      if (!DurableFiles.exists(manifestFile(key))) {
        throw notFound(key);
      }
    } catch (IOException e) {
      throw failure("find", key, e);
    }
  }

  private Path site(BackupKey key) {
    return root.resolve(key.siteId());
  }

  private Path directory(BackupKey key) {
    return site(key).resolve(key.backupId());
  }

  private Path staging(BackupKey key) {
    return site(key).resolve(key.backupId() + STAGING_SUFFIX);
  }

  private Path manifestFile(BackupKey key) {
    return directory(key).resolve(ManifestFormat.FILE_NAME);
  }

  private static ServiceException notFound(BackupKey key) {
    return new ServiceException(
        Reason.BACKUP_NOT_FOUND,
        BackupContent.metadata(key),
        "site " + key.siteId() + " has no backup " + key.backupId());
  }

  private static ServiceException failure(String action, BackupKey key, IOException cause) {
    return StorageFailures.of(
        action + " backup " + key.backupId() + " of site " + key.siteId(),
        BackupContent.metadata(key),
        cause);
  }
}
