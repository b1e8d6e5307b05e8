package dev.cairn.it;

import io.grpc.StatusRuntimeException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Threads that use a server until it is gone. What they meet that they should not is kept as an
 * error.
 */
final class Load {
  private final AtomicBoolean stopping = new AtomicBoolean();
  private final ConcurrentLinkedQueue<String> errors = new ConcurrentLinkedQueue<>();
  private final AtomicLong operations = new AtomicLong();
  private final List<Thread> threads = new ArrayList<>();

  /** One thing that a thread does again and again. */
  interface Step {
    void run() throws InterruptedException;
  }

  /** Runs {@code step} until {@link #stop}, or until the connection is lost. */
  void start(String name, Step step) {
    Thread thread = new Thread(() -> loop(name, step), name);
    thread.setDaemon(true);
    threads.add(thread);
    thread.start();
  }

  private void loop(String name, Step step) {
    try {
      while (!stopping.get()) {
        step.run();
        operations.incrementAndGet();
      }
    } catch (LostConnection | InterruptedException e) {
      if (!stopping.get()) {
        errors.add(name + " lost the connection to a server that was not killed: " + e.getCause());
      }
    } catch (StatusRuntimeException e) {
      errors.add(name + " met " + Fault.of(e));
    } catch (RuntimeException | AssertionError e) {
      java.io.StringWriter text = new java.io.StringWriter();
      e.printStackTrace(new java.io.PrintWriter(text));
      errors.add(name + " met " + text);
    }
  }

  /** From now on, a lost connection is what is expected. */
  void stop() {
    stopping.set(true);
  }

  boolean isStopping() {
    return stopping.get();
  }

  /** Waits until all threads have ended; {@link #stop} and the end of the server make them. */
  void join() {
    for (Thread thread : threads) {
      try {
        thread.join(60_000);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
      if (thread.isAlive()) {
        StringBuilder where = new StringBuilder();
        for (StackTraceElement element : thread.getStackTrace()) {
          where.append("\n  at ").append(element);
        }
        errors.add(thread.getName() + " hangs" + where);
      }
    }
  }

  List<String> errors() {
    return List.copyOf(errors);
  }

  void error(String message) {
    errors.add(message);
  }

  long operations() {
    return operations.get();
  }

  /** The server went away during a call; nobody knows whether the call took effect. */
  static final class LostConnection extends RuntimeException {
    LostConnection(StatusRuntimeException cause) {
      super(cause);
    }
  }
}
