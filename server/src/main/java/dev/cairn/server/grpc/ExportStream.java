package dev.cairn.server.grpc;

import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import dev.cairn.server.site.Items;
import dev.cairn.v1.ExportItemsResponse;
import io.grpc.stub.ServerCallStreamObserver;
import java.time.Duration;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One export: reads ahead by a message or two, and only while the caller has room, so that a slow
 * caller costs a cursor and no thread.
 *
 * <pre>
 * NEW --opened--&gt; SENDING &lt;--room / no room--&gt; WAITING --stands still too long--&gt; ENDED
 *                    '--after the last item, error, cancel--&gt; ENDED
 * </pre>
 *
 * <p>Whatever ends it closes the cursor and the lease. Confined to its {@link SerialQueue}.
 */
final class ExportStream {
  private static final int TARGET_BYTES = 256 * 1024;

  /** Of a message that has just become large enough. */
  private static final int CAPACITY = TARGET_BYTES + 4 * 1024;

  /** What may wait for the network: while one message is sent, the next one is made. */
  private static final int WAITING_BYTES = 2 * TARGET_BYTES;

  /** The most items that the contract allows in one message. */
  private static final int MAX_ITEMS = 1_000;

  /** Messages in one step; then other streams get the thread. */
  private static final int MESSAGES = 4;

  private final Items items;
  private final Limits limits;
  private final ServerCallStreamObserver<ExportMessage> caller;
  private final Duration maxStandstill;
  private final ScheduledExecutorService timers;
  private final Runnable leave;
  private final SerialQueue queue;

  private Items.@Nullable Export export;

  /** Whether the cursor stands on an item that had no place in the message before. */
  private boolean carried;

  private @Nullable ScheduledFuture<?> timer;
  private boolean firstSent;
  private boolean ended;

  /**
   * Made by the handler, on the event loop.
   *
   * @param maxStandstill how long the caller may have no room
   * @param timers only adds steps to the queue
   * @param leave called once, when the stream has ended
   */
  ExportStream(
      Items items,
      Limits limits,
      Workers workers,
      ServerCallStreamObserver<ExportMessage> caller,
      Duration maxStandstill,
      ScheduledExecutorService timers,
      Runnable leave) {
    this.items = items;
    this.limits = limits;
    this.caller = caller;
    this.maxStandstill = maxStandstill;
    this.timers = timers;
    this.leave = leave;
    this.queue = new SerialQueue(workers, this::fail);
    caller.setOnReadyThreshold(WAITING_BYTES);
    caller.setOnCancelHandler(() -> queue.execute(this::end));
    caller.setOnReadyHandler(() -> queue.execute(this::pump));
  }

  /** Begins with the items after {@code after} as they are now. */
  void open(Items.Place place, String after) {
    queue.execute(
        () -> {
          if (!ended) {
            export = items.export(place, after);
            pump();
          }
        });
  }

  /** Ends the stream with an error. From any thread. */
  void end(RuntimeException error) {
    queue.execute(() -> fail(error));
  }

  private void pump() {
    if (ended || export == null) {
      return;
    }
    stopTimer();
    for (int i = 0; i < MESSAGES && caller.isReady(); i++) {
      if (!sendNext(export)) {
        caller.onCompleted();
        end();
        return;
      }
    }
    if (caller.isReady()) {
      queue.execute(this::pump);
    } else {
      timer =
          timers.schedule(
              () -> queue.execute(this::standsStill),
              maxStandstill.toMillis(),
              TimeUnit.MILLISECONDS);
    }
  }

  /** Sends what comes next; false if nothing does. */
  private boolean sendNext(Items.Export open) {
    boolean first = !firstSent;
    firstSent = true;
    ExportMessage message = new ExportMessage(head(open, first), CAPACITY);
    boolean more = fill(open, message);
    if (message.items() == 0 && !first) {
      return false;
    }
    caller.onNext(message);
    return more;
  }

  private static ExportItemsResponse head(Items.Export open, boolean first) {
    if (!first) {
      return ExportItemsResponse.getDefaultInstance();
    }
    return ExportItemsResponse.newBuilder()
        .setItemCount(open.cursor().stats().itemCount())
        .setSnapshotTime(Times.toProto(open.snapshotTime()))
        .build();
  }

  private boolean fill(Items.Export open, ExportMessage message) {
    while (carried || open.cursor().next()) {
      carried = !message.add(open.cursor().bytes(), limits.answerBytes());
      if (carried || message.size() >= TARGET_BYTES || message.items() == MAX_ITEMS) {
        return true;
      }
    }
    return false;
  }

  private void standsStill() {
    if (!caller.isReady()) {
      fail(
          new ServiceException(
              Reason.DEADLINE_EXCEEDED,
              "nothing was read for "
                  + maxStandstill
                  + "; go on with after_item_id set to the last item"));
    }
  }

  private void stopTimer() {
    if (timer != null) {
      timer.cancel(false);
      timer = null;
    }
  }

  private void fail(RuntimeException error) {
    if (!ended) {
      caller.onError(error);
      end();
    }
  }

  private void end() {
    if (ended) {
      return;
    }
    ended = true;
    stopTimer();
    try {
      if (export != null) {
        export.close();
      }
    } finally {
      leave.run();
    }
  }
}
