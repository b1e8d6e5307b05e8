package dev.cairn.client.cli;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Locale;

/**
 * Tells the tour: numbered steps, what happens in each, and how long it took. Confined to one
 * thread.
 */
final class Narrator {
  private final Output out;
  private final StringBuilder timings = new StringBuilder();
  private int step;

  Narrator(Output out) {
    this.out = out;
  }

  void headline(String text) {
    step++;
    print("\n" + step + "  " + text + "\n");
  }

  /** Tells some lines about the step. */
  void say(String text) {
    text.lines().forEach(line -> print("   " + line + "\n"));
  }

  /** Keeps how long something took that began at {@code start}, in nanoTime. */
  void took(String what, long start) {
    Duration span = Duration.ofNanos(System.nanoTime() - start);
    timings.append(String.format(Locale.ROOT, "   %-28s%s%n", what, Format.span(span)));
  }

  String timings() {
    return timings.toString();
  }

  void print(String text) {
    out.write(text.getBytes(StandardCharsets.UTF_8));
  }
}
