package dev.cairn.client.cli;

import java.io.EOFException;
import java.io.FilterInputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;

/** Files that commands read and write: {@code -} is stdin or stdout, {@code .gz} is packed. */
final class Files {
  private static final int GZIP_BUFFER = 64 << 10;

  private Files() {}

  static boolean isStandardStream(String name) {
    return name.equals("-");
  }

  /** What is read, and how far reading has come in the bytes of the file. */
  static final class Source implements AutoCloseable {
    private final InputStream content;
    private final Counting counting;
    private final long size;

    private Source(InputStream content, Counting counting, long size) {
      this.content = content;
      this.counting = counting;
      this.size = size;
    }

    InputStream content() {
      return content;
    }

    /** 0 to 1; negative where the size is unknown. */
    double fraction() {
      return size <= 0 ? -1 : Math.min(1, counting.count / (double) size);
    }

    @Override
    public void close() throws IOException {
      content.close();
    }
  }

  static Source open(String name, Terminal terminal) throws IOException {
    if (isStandardStream(name)) {
      Counting in = new Counting(terminal.in());
      return new Source(in, in, -1);
    }
    Path path = ProcessArguments.path(name);
    Counting file = new Counting(java.nio.file.Files.newInputStream(path));
    try {
      InputStream content = name.endsWith(".gz") ? new GZIPInputStream(file, GZIP_BUFFER) : file;
      return new Source(content, file, java.nio.file.Files.size(path));
    } catch (IOException e) {
      file.close();
      throw e;
    }
  }

  /** Where a command writes. A file appears under its name only when it is complete. */
  static final class Target implements AutoCloseable {
    private final OutputStream content;
    private final Path temporary;
    private final Path path;
    private boolean complete;

    private Target(OutputStream content, Path temporary, Path path) {
      this.content = content;
      this.temporary = temporary;
      this.path = path;
    }

    OutputStream content() {
      return content;
    }

    /** Everything was written and the content closed: gives the file its name. */
    void complete() throws IOException {
      complete = true;
      java.nio.file.Files.move(temporary, path, StandardCopyOption.REPLACE_EXISTING);
    }

    /** Removes what was written, unless it is complete. */
    @Override
    public void close() throws IOException {
      if (!complete) {
        try {
          content.close();
        } finally {
          java.nio.file.Files.deleteIfExists(temporary);
        }
      }
    }
  }

  static Target create(String name) throws IOException {
    Path path = ProcessArguments.path(name);
    Path file = path.getFileName();
    if (file == null || java.nio.file.Files.isDirectory(path)) {
      throw new UsageException("'" + name + "' is no file.", "Name the file to write.");
    }
    Path temporary = ProcessArguments.path(name + ".part");
    OutputStream out = java.nio.file.Files.newOutputStream(temporary);
    try {
      return new Target(
          name.endsWith(".gz") ? new GZIPOutputStream(out, GZIP_BUFFER) : out, temporary, path);
    } catch (IOException e) {
      out.close();
      throw e;
    }
  }

  /** Stdout, which stays open after its writer is closed. */
  static OutputStream standardOutput(Terminal terminal) {
    return new FilterOutputStream(terminal.out()) {
      @Override
      public void write(byte[] bytes, int offset, int length) throws IOException {
        out.write(bytes, offset, length);
      }

      @Override
      public void close() throws IOException {
        out.flush();
      }
    };
  }

  /** What happened, in words: the message of some exceptions is only the name of the file. */
  static String describe(IOException e) {
    if (e instanceof NoSuchFileException) {
      return "There is no file " + e.getMessage() + ".";
    }
    if (e instanceof AccessDeniedException) {
      return "No right to use the file " + e.getMessage() + ".";
    }
    if (e instanceof EOFException) {
      return "The file ends too early: it is empty or was cut.";
    }
    return e.getClass().getSimpleName().replace("Exception", "") + ": " + e.getMessage();
  }

  private static final class Counting extends FilterInputStream {
    private long count;

    Counting(InputStream in) {
      super(in);
    }

    @Override
    public int read() throws IOException {
      int b = super.read();
      count += b < 0 ? 0 : 1;
      return b;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
      int read = super.read(bytes, offset, length);
      count += Math.max(0, read);
      return read;
    }
  }
}
