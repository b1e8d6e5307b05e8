package dev.cairn.client;

import com.google.protobuf.Timestamp;
import dev.cairn.v1.ExportItemsRequest;
import dev.cairn.v1.ExportItemsResponse;
import dev.cairn.v1.Item;
import dev.cairn.v1.ItemServiceGrpc;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import org.jspecify.annotations.Nullable;

/**
 * All items of a collection, ordered by id, as they were at one moment. Items are fetched as they
 * are read, a few messages ahead.
 *
 * <p>When the connection breaks, the export goes on after the last item, from a new moment: see
 * {@link #resumptions}. {@link #hasNext} and {@link #next} throw {@link CairnException}.
 *
 * <p>One thread iterates; {@link #close} may be called by any thread and ends the iteration. Close
 * it unless it was read to its end.
 */
public final class ItemExport implements Iterator<Item>, AutoCloseable {
  /** Only for a server that hangs; a dead connection is found by keepalive much sooner. */
  private static final Duration SILENCE = Duration.ofMinutes(5);

  private final ResumingStream<ExportItemsResponse> stream;
  private ExportItemsRequest position;
  private Iterator<Item> page = List.<Item>of().iterator();
  private @Nullable ExportItemsResponse first;
  private boolean ended;

  ItemExport(Calls calls, ExportItemsRequest request) {
    this.position = request;
    this.stream =
        new ResumingStream<>(
            calls,
            () -> {
              MessageStream<ExportItemsRequest, ExportItemsResponse> open =
                  calls.open(ItemServiceGrpc.getExportItemsMethod(), message -> message);
              open.send(position);
              open.finishSending();
              return open;
            },
            SILENCE);
  }

  /** Items of the whole collection at the moment of the export; waits for the first message. */
  public long itemCount() {
    return head().getItemCount();
  }

  /** The moment that the export shows; waits for the first message. */
  public Timestamp snapshotTime() {
    return head().getSnapshotTime();
  }

  /**
   * How often the connection broke so far. If it is not 0, the items after a break are those of a
   * later moment: the export is no picture of one moment, and their number need not be {@link
   * #itemCount}.
   */
  public int resumptions() {
    return stream.resumptions();
  }

  @Override
  public boolean hasNext() {
    while (!page.hasNext() && !ended && !stream.isClosed()) {
      fetch();
    }
    return page.hasNext() && !stream.isClosed();
  }

  @Override
  public Item next() {
    if (!hasNext()) {
      throw new NoSuchElementException();
    }
    return page.next();
  }

  private ExportItemsResponse head() {
    while (first == null && !ended) {
      fetch();
    }
    return first == null ? ExportItemsResponse.getDefaultInstance() : first;
  }

  private void fetch() {
    ExportItemsResponse message = stream.read();
    if (message == null) {
      ended = true;
      return;
    }
    if (first == null) {
      first = message.toBuilder().clearItems().build();
    }
    if (message.getItemsCount() > 0) {
      List<Item> items = message.getItemsList();
      page = items.iterator();
      position = position.toBuilder().setAfterItemId(items.get(items.size() - 1).getId()).build();
    }
  }

  @Override
  public void close() {
    stream.close();
  }
}
