package dev.cairn.server.repository;

import dev.cairn.server.repository.Checksum.Algorithm;
import dev.cairn.server.repository.Manifest.FileEntry;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.util.OptionalInt;
import java.util.zip.CRC32C;

/**
 * Computes what a manifest says of a file, and says again what is on the disk now.
 *
 * <p>Files are read through the page cache: what was written a moment ago is checked in memory, not
 * on the medium.
 */
public final class FileEntries {
  private static final int CHUNK_BYTES = 128 << 10;
  private static final String TABLE_SUFFIX = ".sst";

  private FileEntries() {}

  /**
   * The entry of {@code file} under its own name. With a CRC32C from the engine the file is not
   * read, only measured. Without one, table files ({@code *.sst}) are read for their CRC32C, so
   * that their entry is the same either way, and all else for its SHA-256.
   *
   * @throws dev.cairn.server.error.ServiceException STORAGE_FAILED if the file cannot be read
   */
  public static FileEntry of(Path file, OptionalInt engineCrc32c) {
    String name = String.valueOf(file.getFileName());
    try {
      if (engineCrc32c.isPresent()) {
        return new FileEntry(name, Files.size(file), Checksum.ofCrc32c(engineCrc32c.getAsInt()));
      }
      Algorithm algorithm = name.endsWith(TABLE_SUFFIX) ? Algorithm.CRC32C : Algorithm.SHA256;
      return read(file, algorithm, bytes -> {});
    } catch (IOException e) {
      throw StorageFailures.of("read file " + name, e);
    }
  }

  /**
   * The entry of {@code file} as it is on the disk now, read in chunks of 128 KiB at most.
   *
   * @param listener told after each chunk how many bytes it had; may throw to stop
   */
  public static FileEntry read(Path file, Algorithm algorithm, ChunkListener listener)
      throws IOException {
    Sum sum = Sum.of(algorithm);
    long size = 0;
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS)) {
      // Most files of a small site have some hundred bytes.
      int room = (int) Math.max(1, Math.min(CHUNK_BYTES, channel.size()));
      ByteBuffer chunk = ByteBuffer.allocateDirect(room);
      for (int read = channel.read(chunk); read >= 0; read = channel.read(chunk)) {
        sum.update(chunk.flip());
        chunk.clear();
        size += read;
        listener.read(read);
      }
    }
    return new FileEntry(String.valueOf(file.getFileName()), size, sum.value());
  }

  /** Told how reading goes on. */
  @FunctionalInterface
  public interface ChunkListener {
    void read(int bytes);
  }

  private interface Sum {
    void update(ByteBuffer bytes);

    Checksum value();

    static Sum of(Algorithm algorithm) {
      return switch (algorithm) {
        case CRC32C -> new CrcSum(new CRC32C());
        case SHA256 -> new DigestSum(Checksum.sha256());
      };
    }
  }

  private record CrcSum(CRC32C crc) implements Sum {
    @Override
    public void update(ByteBuffer bytes) {
      crc.update(bytes);
    }

    @Override
    public Checksum value() {
      return Checksum.ofCrc32c((int) crc.getValue());
    }
  }

  private record DigestSum(MessageDigest digest) implements Sum {
    @Override
    public void update(ByteBuffer bytes) {
      digest.update(bytes);
    }

    @Override
    public Checksum value() {
      return Checksum.of(digest);
    }
  }
}
