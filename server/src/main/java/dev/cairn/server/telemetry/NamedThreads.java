package dev.cairn.server.telemetry;

import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Makes threads that a line of the log, a profile and a stack trace name: {@code worker-1} and so
 * on. None of them keeps the process from ending. Thread-safe.
 */
public final class NamedThreads implements ThreadFactory {
  private final String name;
  private final AtomicInteger number = new AtomicInteger();

  public NamedThreads(String name) {
    this.name = name;
  }

  @Override
  public Thread newThread(Runnable task) {
    Thread thread = new Thread(task, name + "-" + number.incrementAndGet());
    thread.setDaemon(true);
    return thread;
  }
}
