package dev.cairn.server.store;

import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * {@link StoreEngine} for tests that need no native library. It passes the same contract as the
 * real one, but for what the contract says of loss of power. Thread-safe.
 */
public final class InMemoryStoreEngine implements StoreEngine {
  @Override
  public ItemStore create(Path directory) {
    makeDirectory(directory);
    InMemoryContent content = InMemoryContent.empty();
    content.write(directory);
    return new InMemoryItemStore(directory, content, false);
  }

  @Override
  public ItemStore open(Path directory) {
    return new InMemoryItemStore(directory, InMemoryContent.read(directory), false);
  }

  @Override
  public ItemStore openReadOnly(Path directory) {
    return new InMemoryItemStore(directory, InMemoryContent.read(directory), true);
  }

  @Override
  public void cloneDatabase(Path source, Path target) {
    InMemoryContent content = InMemoryContent.read(source);
    makeDirectory(target);
    content.write(target);
  }

  @Override
  public KeyValueStore openCatalog(Path directory) {
    if (!Files.exists(directory)) {
      makeDirectory(directory);
      InMemoryContent.empty().write(directory);
    }
    return new InMemoryCatalog(directory, InMemoryContent.read(directory).markers);
  }

  @Override
  public void close() {}

  private static void makeDirectory(Path directory) {
    if (Files.exists(directory)) {
      throw new ServiceException(Reason.STORAGE_FAILED, "The directory exists already.");
    }
    try {
      Files.createDirectory(directory);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
