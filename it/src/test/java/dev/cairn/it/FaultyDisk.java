package dev.cairn.it;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteOrder;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * A disk that fails when it is told to, under a server that runs. It is a small library between the
 * server and the system ({@code src/test/disk/faulty.c}, in LD_PRELOAD), and fails only what
 * touches the server's data, so that its connections and its log live on. libfiu was tried: it
 * cannot tell files from sockets and knows no links. Skips the test where there is no C compiler.
 */
final class FaultyDisk {
  /** What fails. The numbers are those of the library. */
  enum Operation {
    WRITE(1),
    FSYNC(2),
    FDATASYNC(4),
    LINK(8),
    RENAME(16),
    OPEN(32),
    TRUNCATE(64),
    MKDIR(128);

    private final int bit;

    Operation(int bit) {
      this.bit = bit;
    }
  }

  /** How it fails: numbers of Linux. */
  enum Failing {
    EIO(5),
    ENOSPC(28);

    private final int number;

    Failing(int number) {
      this.number = number;
    }
  }

  private static final int SIZE = 64;
  private static final int ALWAYS = 10_000;

  // Where each number lies in the file.
  private static final int OPERATIONS = 0;
  private static final int ERROR = 4;
  private static final int SPARED = 8;
  private static final int CHANCE = 12;
  private static final int MILLIS = 16;
  private static final int FAILED = 20;
  private static final int SEEN = 24;

  private final Path library;
  private final Path rulesFile;
  private final Path under;
  private final MappedByteBuffer rules;

  private FaultyDisk(Path library, Path rulesFile, Path under) throws IOException {
    this.library = library;
    this.rulesFile = rulesFile;
    this.under = under;
    Files.write(rulesFile, new byte[SIZE]);
    try (FileChannel file =
        FileChannel.open(rulesFile, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      rules = file.map(FileChannel.MapMode.READ_WRITE, 0, SIZE);
      rules.order(ByteOrder.nativeOrder());
    }
  }

  /** One for the server whose directory that is; all is well with it. */
  static FaultyDisk in(Path directory) {
    Path library = directory.resolve("faulty.so");
    Path source = Settings.root().resolve("it/src/test/disk/faulty.c");
    boolean compiled =
        run("cc", "-std=gnu11", "-O1", "-shared", "-fPIC", "-o", library, source, "-ldl");
    assumeTrue(compiled, "skipped: a C compiler (cc) is needed for the disk that fails");
    try {
      return new FaultyDisk(library, directory.resolve("rules"), directory.resolve("data"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The command that starts a server on it. */
  List<String> prefix() {
    return List.of(
        "env", "LD_PRELOAD=" + library, "IT_DISK_UNDER=" + under, "IT_DISK_RULES=" + rulesFile);
  }

  /** Fails all of these operations from now on, after so many that succeed. */
  void fail(Failing error, int spared, Set<Operation> operations) {
    set(error.number, spared, ALWAYS, 0, operations);
  }

  /** Fails so many of 10,000 of these operations. */
  void failSome(Failing error, int chance, Set<Operation> operations) {
    set(error.number, 0, chance, 0, operations);
  }

  /** Each of these operations takes so much longer. */
  void slow(Duration pause, Set<Operation> operations) {
    set(0, 0, 0, (int) pause.toMillis(), operations);
  }

  /** All is well again. */
  void heal() {
    rules.putInt(OPERATIONS, 0);
  }

  /** How many operations it has failed since it was told to. */
  int failures() {
    return rules.getInt(FAILED);
  }

  /** How many of the operations have come since. */
  int seen() {
    return rules.getInt(SEEN);
  }

  private void set(int error, int spared, int chance, int millis, Set<Operation> operations) {
    heal();
    rules.putInt(ERROR, error);
    rules.putInt(SPARED, spared);
    rules.putInt(CHANCE, chance);
    rules.putInt(MILLIS, millis);
    rules.putInt(FAILED, 0);
    rules.putInt(SEEN, 0);
    rules.putInt(OPERATIONS, operations.stream().mapToInt(each -> each.bit).sum());
  }

  private static boolean run(Object... command) {
    try {
      Process process =
          new ProcessBuilder(List.of(command).stream().map(String::valueOf).toList())
              .redirectErrorStream(true)
              .start();
      String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      boolean well = process.waitFor(60, TimeUnit.SECONDS) && process.exitValue() == 0;
      if (!well) {
        System.out.println(said);
      }
      return well;
    } catch (IOException e) {
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }
}
