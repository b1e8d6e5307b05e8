package dev.cairn.client.cli;

import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The streams of the process, always in UTF-8, whatever the machine's locale: pipes and files do
 * not change with it.
 *
 * @param out data, as bytes and without a buffer of its own: whoever writes much brings one
 * @param err messages and progress
 * @param asks whether somebody can answer a question on {@code in}
 * @param draws whether {@code err} is a screen, on which a line can be drawn again
 */
record Terminal(InputStream in, OutputStream out, PrintStream err, boolean asks, boolean draws) {

  static Terminal system() {
    PrintStream err =
        new PrintStream(new FileOutputStream(FileDescriptor.err), true, StandardCharsets.UTF_8);
    return new Terminal(
        new FileInputStream(FileDescriptor.in),
        new FileOutputStream(FileDescriptor.out),
        err,
        isScreen(0) && isScreen(2),
        isScreen(2));
  }

  /**
   * Whether a file descriptor is a terminal. System.console() cannot tell: it speaks of all streams
   * at once up to Java 21, and of none from 22 on.
   */
  @SuppressWarnings("SystemConsoleNull")
  private static boolean isScreen(int descriptor) {
    Path link = Path.of("/proc/self/fd/" + descriptor);
    if (!Files.isSymbolicLink(link)) {
      return System.console() != null && Runtime.version().feature() < 22;
    }
    try {
      String target = Files.readSymbolicLink(link).toString();
      return target.startsWith("/dev/pts/")
          || target.startsWith("/dev/tty")
          || target.equals("/dev/console");
    } catch (IOException e) {
      return false;
    }
  }

  /** Asks before something that cannot be taken back; refuses where nobody can answer. */
  void confirm(boolean yes, String question) {
    if (yes) {
      return;
    }
    if (!asks) {
      throw new UsageException(
          question.replace('?', '.') + " Nobody is here to confirm it.", "Repeat it with --yes.");
    }
    err.print(question + " [y/N] ");
    err.flush();
    String answer = readLine();
    if (!answer.equalsIgnoreCase("y") && !answer.equalsIgnoreCase("yes")) {
      throw new UsageException(
          "Not confirmed; nothing was done.", "Answer y, or repeat it with --yes.");
    }
  }

  private String readLine() {
    StringBuilder line = new StringBuilder();
    try {
      for (int b = in.read(); b >= 0 && b != '\n'; b = in.read()) {
        line.append((char) b);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return line.toString().strip();
  }
}
