package dev.cairn.server.backup;

import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import dev.cairn.server.repository.BackupKey;
import dev.cairn.server.repository.BackupRepository;
import dev.cairn.server.repository.Manifest;
import dev.cairn.server.site.Lease;
import dev.cairn.server.site.StorePool;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A repository whose backups can be read inside, without restoring them. They are opened on first
 * use, shared, and closed when idle; deleting one waits, in the background, for its last reader.
 *
 * <p>Thread-safe, as the repository below is.
 */
public final class OpenBackups implements BackupRepository, AutoCloseable {
  private final BackupRepository repository;
  private final StorePool pool;

  /**
   * @param pool of databases that are only read; this class owns what is in it
   */
  public OpenBackups(BackupRepository repository, StorePool pool) {
    this.repository = repository;
    this.pool = pool;
  }

  /**
   * A lease on the content of a backup.
   *
   * @throws ServiceException BACKUP_NOT_FOUND; DATA_CORRUPT when it cannot be opened
   */
  public Lease open(BackupKey key) {
    try {
      return pool.acquire(repository.fetch(key))
          .orElseThrow(
              () ->
                  new ServiceException(
                      Reason.BACKUP_NOT_FOUND,
                      Map.of("site_id", key.siteId(), "backup_id", key.backupId()),
                      "backup " + key.backupId() + " is being deleted"));
    } catch (ServiceException e) {
      if (e.reason() == Reason.DATA_CORRUPT) {
        repository.fetch(key); // not damaged, if it was deleted in between
      }
      throw e;
    }
  }

  /** Closes what nobody has read for {@code idle}. */
  public void closeIdle(Duration idle) {
    pool.closeIdle(idle);
  }

  /** Closes every backup that is open. Nobody may read any more. */
  @Override
  public void close() {
    pool.close();
  }

  @Override
  public void delete(BackupKey key) {
    Optional<Path> directory = directory(key);
    if (directory.isEmpty()) {
      repository.delete(key);
      return;
    }
    pool.retire(
        directory.get(),
        () -> {
          try {
            repository.delete(key);
          } finally {
            pool.forget(directory.get());
          }
        });
  }

  private Optional<Path> directory(BackupKey key) {
    try {
      return Optional.of(repository.fetch(key));
    } catch (ServiceException e) {
      if (e.reason() == Reason.BACKUP_NOT_FOUND) {
        return Optional.empty();
      }
      throw e;
    }
  }

  @Override
  public Path stagingDirectory(BackupKey key) {
    return repository.stagingDirectory(key);
  }

  @Override
  public void put(BackupKey key, Path directory, Manifest manifest) {
    repository.put(key, directory, manifest);
  }

  @Override
  public Optional<Manifest> manifest(BackupKey key) {
    return repository.manifest(key);
  }

  @Override
  public Path fetch(BackupKey key) {
    return repository.fetch(key);
  }

  @Override
  public void verify(BackupKey key, int readers, VerifyListener listener) {
    repository.verify(key, readers, listener);
  }

  @Override
  public long exclusiveBytes(BackupKey key) {
    return repository.exclusiveBytes(key);
  }

  @Override
  public List<BackupKey> list() {
    return repository.list();
  }

  @Override
  public void forgetSite(String siteId) {
    repository.forgetSite(siteId);
  }

  @Override
  public List<BackupKey> sweep() {
    return repository.sweep();
  }
}
