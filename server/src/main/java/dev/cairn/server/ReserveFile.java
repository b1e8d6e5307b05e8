package dev.cairn.server;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A file that is given up when the disk is full, so that the server can start: opening a database
 * writes a little. Real bytes, not a hole. Confined to one thread at a time.
 */
final class ReserveFile {
  private static final Logger log = LoggerFactory.getLogger(ReserveFile.class);
  private static final int CHUNK = 1 << 20;

  private final Path file;
  private final long bytes;
  private boolean missed;

  ReserveFile(Path file, long bytes) {
    this.file = file;
    this.bytes = bytes;
  }

  /** Before the databases are opened: gives the file up if the disk has less room than it has. */
  void release() throws IOException {
    if (Files.exists(file) && Files.getFileStore(file).getUsableSpace() < bytes) {
      log.warn("disk is full, giving up the reserve to start bytes={}", Files.size(file));
      Files.delete(file);
    }
  }

  /**
   * After the start, and again from time to time: makes the file if it is not there and there is
   * room for it.
   */
  void fill() {
    try {
      if (bytes == 0) {
        Files.deleteIfExists(file);
        return;
      }
      boolean there = Files.exists(file) && Files.size(file) == bytes;
      if (there || write()) {
        tell(false, null);
        return;
      }
      tell(true, null);
    } catch (IOException e) {
      deleteUnfinished();
      tell(true, e);
    }
  }

  /** One line when it goes and one when it is back, however often it is tried. */
  private void tell(boolean isMissing, @Nullable IOException why) {
    if (isMissing && !missed) {
      log.warn("no room for the reserve; a start on a full disk may fail bytes={}", bytes, why);
    } else if (!isMissing && missed) {
      log.info("the reserve is there again bytes={}", bytes);
    }
    missed = isMissing;
  }

  private boolean write() throws IOException {
    Files.deleteIfExists(file);
    if (Files.getFileStore(file.toAbsolutePath().getParent()).getUsableSpace() < 2 * bytes) {
      return false;
    }
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      long left = bytes;
      while (left > 0) {
        ByteBuffer zeros = ByteBuffer.allocate((int) Math.min(CHUNK, left));
        left -= channel.write(zeros);
      }
      channel.force(true);
    }
    return true;
  }

  /** What is there of it only takes room from others. */
  private void deleteUnfinished() {
    try {
      Files.deleteIfExists(file);
    } catch (IOException ignored) {
      // It is looked at again the next time.
    }
  }
}
