package dev.cairn.server.repository.local;

import dev.cairn.server.repository.BackupRepository.VerifyListener;
import dev.cairn.server.repository.FileEntries.ChunkListener;
import dev.cairn.server.repository.Manifest.FileEntry;
import dev.cairn.server.telemetry.NamedThreads;
import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * One reading of many files, by the caller and some helpers: each takes the next file until none is
 * left. When a file is bad, those before it are still read, so that it is the first bad one that is
 * told of, however many read.
 */
final class Reading {
  /** Less than that is read sooner than a thread starts. */
  private static final long BYTES_WORTH_A_READER = 16 << 20;

  /** How often the caller tells how helpers go on once it has nothing left to read. */
  private static final long TELL_MILLIS = 10;

  private static final ThreadFactory THREADS = new NamedThreads("reader");

  /** Stands for whoever said that it is enough. */
  private static final int BEFORE_ALL = -1;

  private final List<FileEntry> files;
  private final FileCheck check;
  private final AtomicInteger next = new AtomicInteger();
  private final AtomicLong bytes = new AtomicLong();
  private final AtomicInteger filesDone = new AtomicInteger();

  /** The first file that failed; what comes after it need not be read. */
  private volatile int failed = Integer.MAX_VALUE;

  private @Nullable Throwable failure;

  /** Reads a file and throws unless it is as it should be. Called by several threads at once. */
  @FunctionalInterface
  interface FileCheck {
    void check(FileEntry file, ChunkListener listener) throws IOException;
  }

  Reading(List<FileEntry> files, FileCheck check) {
    this.files = files;
    this.check = check;
  }

  /**
   * Reads all of them, once.
   *
   * @param readers at most; where there is little to read, fewer
   * @param listener called by the caller's thread alone
   * @throws ClosedByInterruptException if the caller is interrupted
   * @throws RuntimeException what the listener or the check of the first bad file threw
   */
  void run(int readers, VerifyListener listener) throws IOException {
    List<Thread> helpers = new ArrayList<>();
    try {
      long worth = files.stream().mapToLong(FileEntry::sizeBytes).sum() / BYTES_WORTH_A_READER;
      for (int i = 1; i < Math.min(readers, Math.min(files.size(), worth)); i++) {
        Thread helper = THREADS.newThread(() -> work(() -> {}));
        helper.start();
        helpers.add(helper);
      }
      work(() -> tell(listener));
      for (Thread helper : helpers) {
        helper.join(TELL_MILLIS);
        while (helper.isAlive()) {
          tell(listener);
          helper.join(TELL_MILLIS);
        }
      }
      if (failed == Integer.MAX_VALUE) {
        tell(listener);
      }
      if (Thread.interrupted()) {
        throw new InterruptedException(); // whether or not there was somebody to wait for
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      fail(BEFORE_ALL, new ClosedByInterruptException());
    } finally {
      if (helpers.stream().anyMatch(Thread::isAlive)) {
        fail(BEFORE_ALL, new IllegalStateException("broken off"));
        helpers.forEach(Reading::join);
      }
    }
    rethrow();
  }

  private void work(Runnable tell) {
    for (int i = next.getAndIncrement(); isWanted(i); i = next.getAndIncrement()) {
      int number = i;
      try {
        check.check(
            files.get(number),
            chunk -> {
              bytes.addAndGet(chunk);
              if (!isWanted(number)) {
                throw new IllegalStateException("another file has failed");
              }
              tell.run();
            });
        filesDone.incrementAndGet();
        tell.run();
      } catch (IOException | RuntimeException | Error e) {
        fail(number, e);
      }
    }
  }

  private boolean isWanted(int number) {
    return number < files.size() && number < failed;
  }

  private void tell(VerifyListener listener) {
    if (failed == BEFORE_ALL) {
      return; // it has said so
    }
    try {
      listener.verified(bytes.get(), filesDone.get());
    } catch (RuntimeException | Error e) {
      fail(BEFORE_ALL, e);
      throw e;
    }
  }

  private synchronized void fail(int number, Throwable why) {
    if (number < failed) {
      failed = number;
      failure = why;
    }
  }

  private synchronized void rethrow() throws IOException {
    if (failure instanceof IOException e) {
      throw e;
    }
    if (failure instanceof RuntimeException e) {
      throw e;
    }
    if (failure instanceof Error e) {
      throw e;
    }
  }

  /** Waits even when interrupted: nobody may read on when the caller has gone. */
  private static void join(Thread helper) {
    boolean interrupted = false;
    while (helper.isAlive()) {
      try {
        helper.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
