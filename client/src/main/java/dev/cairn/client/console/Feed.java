package dev.cairn.client.console;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * A stream of server-sent events to one page. A page that has gone is noticed at the next write,
 * {@link #beat} at the latest; then {@link #whenGone} is run, once, and nothing is written any
 * more.
 *
 * <p>Thread-safe: its own lock guards the stream.
 */
final class Feed {
  private final OutputStream out;
  private boolean gone;
  private @Nullable Runnable whenGone;

  Feed(OutputStream out) {
    this.out = out;
  }

  /** What ends the source of the events; run at once if the page has gone already. */
  void whenGone(Runnable action) {
    boolean now;
    synchronized (this) {
      whenGone = action;
      now = gone;
    }
    if (now) {
      action.run();
    }
  }

  /**
   * Sends one event.
   *
   * @param json on one line
   */
  void send(String event, byte[] json) {
    write(
        "event: " + event + "\ndata: " + new String(json, StandardCharsets.UTF_8).strip() + "\n\n");
  }

  /** Shows that the stream is alive, and finds out whether the page is. */
  void beat() {
    write(":\n\n");
  }

  /** Ends the source; the page notices by the end of the stream. */
  void end() {
    Runnable action;
    synchronized (this) {
      action = gone ? null : whenGone;
      gone = true;
    }
    if (action != null) {
      action.run();
    }
  }

  private void write(String text) {
    boolean failed = false;
    synchronized (this) {
      if (!gone) {
        try {
          out.write(text.getBytes(StandardCharsets.UTF_8));
          out.flush();
        } catch (IOException e) {
          failed = true;
        }
      }
    }
    if (failed) {
      end();
    }
  }
}
