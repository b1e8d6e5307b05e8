package dev.cairn.server.backup;

import dev.cairn.server.repository.BackupKey;
import dev.cairn.server.repository.BackupRepository;
import dev.cairn.server.repository.Manifest;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * A repository that says what it is about to do; whoever listens may throw, or do something first.
 */
final class SteppedRepository implements BackupRepository {
  private final BackupRepository repository;
  private volatile Listener listener = (step, key) -> {};

  SteppedRepository(BackupRepository repository) {
    this.repository = repository;
  }

  /** Steps of the repository that change or read a backup. */
  enum Step {
    STAGING,
    PUT,
    PUT_DONE,
    MEASURE,
    VERIFY,
    VERIFIED_SOME,
    DELETE
  }

  /** Called at each step. */
  @FunctionalInterface
  interface Listener {
    void at(Step step, BackupKey key);
  }

  void listen(Listener other) {
    listener = other;
  }

  /** Listens to one step only. */
  void at(Step step, Runnable work) {
    listen(
        (now, key) -> {
          if (now == step) {
            work.run();
          }
        });
  }

  void calm() {
    listen((step, key) -> {});
  }

  @Override
  public Path stagingDirectory(BackupKey key) {
    listener.at(Step.STAGING, key);
    return repository.stagingDirectory(key);
  }

  @Override
  public void put(BackupKey key, Path directory, Manifest manifest) {
    listener.at(Step.PUT, key);
    repository.put(key, directory, manifest);
    listener.at(Step.PUT_DONE, key);
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
  public void verify(BackupKey key, int readers, VerifyListener progress) {
    listener.at(Step.VERIFY, key);
    repository.verify(
        key,
        readers,
        (bytes, files) -> {
          listener.at(Step.VERIFIED_SOME, key);
          progress.verified(bytes, files);
        });
  }

  @Override
  public long exclusiveBytes(BackupKey key) {
    listener.at(Step.MEASURE, key);
    return repository.exclusiveBytes(key);
  }

  @Override
  public List<BackupKey> list() {
    return repository.list();
  }

  @Override
  public void delete(BackupKey key) {
    listener.at(Step.DELETE, key);
    repository.delete(key);
  }

  @Override
  public List<BackupKey> sweep() {
    return repository.sweep();
  }
}
