package dev.cairn.server;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * The promise that no other server uses a data directory, kept by the operating system until this
 * is closed or the process ends.
 */
final class DirectoryLock implements AutoCloseable {
  private final FileChannel channel;

  private DirectoryLock(FileChannel channel) {
    this.channel = channel;
  }

  /**
   * Takes the lock.
   *
   * @throws StartException IN_USE when another server has it
   */
  static DirectoryLock take(Path file) throws IOException {
    FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    boolean taken = false;
    try {
      taken = tryLock(channel);
    } finally {
      if (!taken) {
        channel.close();
      }
    }
    if (!taken) {
      throw new StartException(
          StartException.Kind.IN_USE,
          "another server uses the data directory "
              + file.toAbsolutePath().getParent()
              + "; stop it or choose another data.directory");
    }
    return new DirectoryLock(channel);
  }

  private static boolean tryLock(FileChannel channel) throws IOException {
    try {
      return channel.tryLock() != null;
    } catch (OverlappingFileLockException e) {
      return false; // by a server in this process
    }
  }

  @Override
  public void close() throws IOException {
    channel.close(); // gives the lock back
  }
}
