package dev.cairn.it.bench;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * A core for whoever is measured and another for whoever calls, so that neither takes time from the
 * other; where there is {@code taskset} and more than one core. Confined to one thread; closing it
 * lets this program run everywhere again.
 */
final class Cores implements AutoCloseable {
  private static final String MEASURED = "0";
  private static final String CALLERS = "1";

  private final boolean apart;
  private final int all = Runtime.getRuntime().availableProcessors();

  private Cores(boolean apart) {
    this.apart = apart;
  }

  /** Moves this program to the callers' core. */
  static Cores take() {
    return new Cores(Runtime.getRuntime().availableProcessors() > 1 && move(CALLERS));
  }

  private static boolean move(String cores) {
    try {
      String self = Long.toString(ProcessHandle.current().pid());
      Process taskset =
          new ProcessBuilder("taskset", "-a", "-p", "-c", cores, self)
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start();
      return Processes.await(taskset) == 0;
    } catch (IOException notThere) {
      return false;
    }
  }

  /** The command that runs {@code command} on the core of whoever is measured. */
  List<String> measured(List<String> command) {
    List<String> all = new ArrayList<>();
    if (apart) {
      all.addAll(List.of("taskset", "-c", MEASURED));
    }
    all.addAll(command);
    return all;
  }

  /** For whoever reads the figures. */
  String describe() {
    return apart
        ? String.format(Locale.ROOT, "server on core %s, callers on core %s", MEASURED, CALLERS)
        : "server and callers on the same cores";
  }

  @Override
  public void close() {
    if (apart) {
      move("0-" + (all - 1));
    }
  }
}
