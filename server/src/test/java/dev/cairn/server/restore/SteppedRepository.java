package dev.cairn.server.restore;

import dev.cairn.server.repository.BackupKey;
import dev.cairn.server.repository.BackupRepository;
import dev.cairn.server.repository.Manifest;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/** Announces everything that a repository does, reading included. */
record SteppedRepository(BackupRepository repository, Steps steps) implements BackupRepository {
  private <T> T step(String what, Supplier<T> call) {
    steps.pass("before " + what);
    T result = call.get();
    steps.pass("after " + what);
    return result;
  }

  private void step(String what, Runnable call) {
    steps.pass("before " + what);
    call.run();
    steps.pass("after " + what);
  }

  @Override
  public Path stagingDirectory(BackupKey key) {
    return step("prepare a backup's directory", () -> repository.stagingDirectory(key));
  }

  @Override
  public void put(BackupKey key, Path directory, Manifest manifest) {
    step("put a backup", () -> repository.put(key, directory, manifest));
  }

  @Override
  public Optional<Manifest> manifest(BackupKey key) {
    return step("read a manifest", () -> repository.manifest(key));
  }

  @Override
  public Path fetch(BackupKey key) {
    return step("fetch a backup", () -> repository.fetch(key));
  }

  @Override
  public void verify(BackupKey key, int readers, VerifyListener listener) {
    VerifyListener stepping =
        (bytes, files) -> {
          steps.pass("while verifying a backup");
          listener.verified(bytes, files);
        };
    step("verify a backup", () -> repository.verify(key, readers, stepping));
  }

  @Override
  public long exclusiveBytes(BackupKey key) {
    return step("measure a backup", () -> repository.exclusiveBytes(key));
  }

  @Override
  public List<BackupKey> list() {
    return repository.list();
  }

  @Override
  public void delete(BackupKey key) {
    step("delete a backup", () -> repository.delete(key));
  }

  @Override
  public List<BackupKey> sweep() {
    return repository.sweep();
  }
}
