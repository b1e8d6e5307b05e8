package dev.cairn.server.repository.local;

import dev.cairn.server.repository.DurableFiles;
import java.nio.file.Path;

/** Repositories for tests of other packages that break off in the middle. */
public final class LocalRepositories {
  private LocalRepositories() {}

  public static LocalBackupRepository at(Path root, DurableFiles files) {
    return new LocalBackupRepository(root, files);
  }
}
