package dev.cairn.client.cli;

import java.io.PrintStream;
import java.time.Duration;
import java.util.Locale;
import java.util.function.LongSupplier;

/**
 * Shows how far something has come: on a screen one line that is drawn again, otherwise a plain
 * line for each change of phase and at most one a second, so that a log shows the same. Confined to
 * one thread; closing it leaves the last state on a line of its own.
 */
final class ProgressBar implements AutoCloseable {
  private static final int CELLS = 20;

  /** A line that wraps cannot be drawn again; narrower screens than this are rare. */
  private static final int COLUMNS = 79;

  private static final long REDRAW_NANOS = Duration.ofMillis(100).toNanos();
  private static final long LINE_NANOS = Duration.ofSeconds(1).toNanos();
  private static final long RATE_AFTER_NANOS = Duration.ofMillis(300).toNanos();

  /**
   * What there is to show.
   *
   * @param phase what is done now; may be empty
   * @param fraction 0 to 1; negative: unknown
   * @param done amount of the unit
   * @param total 0: unknown
   * @param eta remaining time in words; may be empty
   */
  record State(String phase, double fraction, long done, long total, String unit, String eta) {}

  private final PrintStream err;
  private final boolean draws;
  private final boolean silent;
  private final String label;
  private final LongSupplier nanoTime;
  private final long start;
  private long shownAt;
  private String shownPhase = "\0";
  private State state = new State("", -1, 0, 0, "", "");
  private State shown = state;
  private int drawnWidth;
  private boolean any;

  ProgressBar(PrintStream err, boolean draws, boolean silent, String label, LongSupplier nanoTime) {
    this.err = err;
    this.draws = draws;
    this.silent = silent;
    this.label = label;
    this.nanoTime = nanoTime;
    this.start = nanoTime.getAsLong();
  }

  void update(State newState) {
    state = newState;
    long now = nanoTime.getAsLong();
    boolean due = now - shownAt >= (draws ? REDRAW_NANOS : LINE_NANOS);
    if (!any || due || !state.phase().equals(shownPhase)) {
      show(now);
    }
  }

  /** Leaves the last state on its line; what is printed next comes below it. */
  void finish() {
    if (any) {
      show(nanoTime.getAsLong());
      if (draws && !silent) {
        err.println();
      }
      any = false;
    }
  }

  @Override
  public void close() {
    finish();
  }

  private void show(long now) {
    any = true;
    shownAt = now;
    shownPhase = state.phase();
    if (silent) {
      return;
    }
    String line = line(now - start);
    if (draws) {
      line = Table.shortened(line, COLUMNS);
      int width = Table.width(line);
      err.print("\r" + line + " ".repeat(Math.max(0, drawnWidth - width)));
      err.flush();
      drawnWidth = width;
    } else if (!state.equals(shown)) {
      err.println(line);
    }
    shown = state;
  }

  private String line(long elapsedNanos) {
    StringBuilder line = new StringBuilder(label);
    if (state.fraction() >= 0) {
      if (draws) {
        int full = (int) (state.fraction() * CELLS);
        line.append("  [").append("#".repeat(full)).append("-".repeat(CELLS - full)).append(']');
      }
      // Rounded down: 100% only at the end.
      line.append(String.format(Locale.ROOT, "  %3d%%", (int) (state.fraction() * 100)));
    }
    if (!state.phase().isEmpty()) {
      line.append("  ").append(state.phase());
    }
    if (state.total() > 0) {
      line.append("  ").append(Format.count(state.done())).append('/');
      line.append(Format.count(state.total())).append(' ').append(state.unit());
    } else if (!state.unit().isEmpty()) {
      line.append("  ").append(Format.count(state.done())).append(' ').append(state.unit());
    }
    boolean room = !draws || state.eta().isEmpty();
    if (room && state.done() > 0 && elapsedNanos > RATE_AFTER_NANOS) {
      line.append("  ").append(Format.count(Math.round(state.done() * 1e9 / elapsedNanos)));
      line.append("/s");
    }
    if (!state.eta().isEmpty()) {
      line.append("  ").append(state.eta());
    }
    return line.toString();
  }
}
