package dev.cairn.client;

import dev.cairn.v1.ErrorReason;
import dev.cairn.v1.ImportItemsRequest;
import dev.cairn.v1.ImportItemsResponse;
import dev.cairn.v1.Item;
import dev.cairn.v1.ItemServiceGrpc;
import io.grpc.Status;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.HashSet;
import java.util.Iterator;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Writes any number of items into a collection: in batches, several of them on their way at once,
 * each applied exactly once however often the connection breaks.
 *
 * <p>An import is known to the server by its {@link #importId} for 24 hours. Running one again,
 * from this object or from another with the same id, goes on where the server's acknowledgements
 * ended: as many items of the source are left out as the server has. The source must therefore
 * begin with the same items each time.
 *
 * <p>How it works: batches are numbered and kept until they are acknowledged. After a break the
 * server's first answer says up to which number it has them; the later ones are sent again, with
 * the same numbers and content. A batch ends early before an item whose id it has already, since
 * the server takes no id twice in one: of items with the same id the last one wins.
 *
 * <p>Confined to one thread. The class is longer than most because sending and resuming share the
 * batches on their way; both are easier to check on one page.
 */
public final class ItemImport {
  private static final int MAX_BATCH_ITEMS = 500;
  private static final int MAX_BATCH_BYTES = 1 << 20;
  private static final int MAX_UNACKNOWLEDGED = 8;
  private static final Pattern ITEM = Pattern.compile("items\\[(\\d{1,4})]");

  /** A server that is alive acknowledges within this; otherwise the stream is opened again. */
  private static final Duration SILENCE = Duration.ofMinutes(2);

  private final Calls calls;
  private final ImportItemsRequest opening;
  private final Consumer<? super ImportItemsResponse> listener;
  private OptionalLong refusedItem = OptionalLong.empty();

  ItemImport(
      Calls calls, ImportItemsRequest opening, Consumer<? super ImportItemsResponse> listener) {
    this.calls = calls;
    this.opening = opening;
    this.listener = listener;
  }

  /** The UUID that names the import: the one of the request, or one made for it. */
  public String importId() {
    return opening.getImportId();
  }

  /**
   * Which item of the source the last run was refused for, from 0; empty if it was not, or the
   * server did not say which.
   */
  public OptionalLong refusedItem() {
    return refusedItem;
  }

  /**
   * Imports the items of a source and waits until all are durable.
   *
   * <p>If the source throws, what it gave before is imported nevertheless; then its exception is
   * thrown on.
   *
   * @param source all items of the import, those included that an earlier run brought over; read by
   *     the calling thread, only as fast as the server takes them
   * @return exact totals of the whole import, over all its runs
   * @throws CairnException if a batch was refused, or the server could not be reached for longer
   *     than {@link RetryPolicy#reconnectFor()}; batches acknowledged before stay applied
   * @throws IllegalStateException if the source has fewer items than the server already has
   */
  public ImportItemsResponse run(Iterator<Item> source) {
    refusedItem = OptionalLong.empty();
    return new Run(source).toEnd();
  }

  /** One run: the state that outlives a broken stream. */
  private final class Run {
    private final Batches batches;
    private final Backoff backoff = new Backoff(calls.retryPolicy());
    private final ArrayDeque<ImportItemsRequest> unacknowledged = new ArrayDeque<>();
    private ImportItemsResponse totals = ImportItemsResponse.getDefaultInstance();
    private boolean begun;
    private boolean heard;

    Run(Iterator<Item> source) {
      this.batches = new Batches(source);
    }

    ImportItemsResponse toEnd() {
      while (true) {
        heard = false;
        try (MessageStream<ImportItemsRequest, ImportItemsResponse> stream =
            calls.open(ItemServiceGrpc.getImportItemsMethod(), message -> message)) {
          send(stream);
          batches.rethrow();
          return totals;
        } catch (CairnException e) {
          pauseAfter(e);
        }
      }
    }

    private void send(MessageStream<ImportItemsRequest, ImportItemsResponse> stream) {
      stream.send(opening);
      ImportItemsResponse answer = stream.read(SILENCE);
      if (answer == null) {
        throw endedEarly();
      }
      heard = true;
      goOnAfter(answer);
      Iterator<ImportItemsRequest> again = new ArrayDeque<>(unacknowledged).iterator();
      while (true) {
        for (ImportItemsResponse next = stream.poll(); next != null; next = stream.poll()) {
          acknowledge(next);
        }
        if (stream.isComplete()) {
          if (batches.atEnd() && unacknowledged.isEmpty()) {
            return;
          }
          throw endedEarly();
        }
        boolean more = again.hasNext() || !batches.atEnd();
        boolean room = again.hasNext() || unacknowledged.size() < MAX_UNACKNOWLEDGED;
        if (more && room && stream.isReady()) {
          ImportItemsRequest batch = again.hasNext() ? again.next() : newBatch();
          if (batch != null) {
            stream.send(batch);
          }
          continue;
        }
        if (!more) {
          stream.finishSending();
        }
        if (!stream.await(SILENCE, more && room)) {
          throw CairnException.local(
              Status.Code.UNAVAILABLE,
              "The server acknowledged nothing for " + SILENCE.toSeconds() + " s.",
              null);
        }
      }
    }

    private @Nullable ImportItemsRequest newBatch() {
      ImportItemsRequest batch = batches.next();
      if (batch != null) {
        unacknowledged.add(batch);
      }
      return batch;
    }

    /** Takes the first answer of a stream, which says what the server has. */
    private void goOnAfter(ImportItemsResponse answer) {
      if (!begun) {
        begun = true;
        batches.skip(answer);
      }
      long has = answer.getAcknowledgedSequence();
      ImportItemsRequest oldest = unacknowledged.peek();
      long expected = oldest == null ? batches.lastSequence() : oldest.getBatchSequence() - 1;
      if (has < expected || has > batches.lastSequence()) {
        throw CairnException.local(
            Status.Code.DATA_LOSS,
            "The server has batches up to "
                + has
                + " of import "
                + importId()
                + ", where this client expects "
                + expected
                + " to "
                + batches.lastSequence()
                + ": another client uses the same import id, or the server lost batches.",
            null);
      }
      acknowledge(answer);
    }

    private void acknowledge(ImportItemsResponse answer) {
      while (!unacknowledged.isEmpty()
          && unacknowledged.element().getBatchSequence() <= answer.getAcknowledgedSequence()) {
        unacknowledged.remove();
      }
      // Only progress counts: a batch that breaks each stream must not be tried for ever.
      if (answer.getAcknowledgedSequence() > totals.getAcknowledgedSequence()) {
        backoff.worked();
      }
      totals = answer;
      listener.accept(answer);
    }

    private void pauseAfter(CairnException failure) {
      boolean resumable =
          failure.brokeStream()
              || (heard && failure.tokenLapsed())
              || failure.reason() == ErrorReason.ERROR_REASON_IMPORT_SEQUENCE_GAP;
      if (!resumable || Thread.currentThread().isInterrupted()) {
        locate(failure);
        throw failure;
      }
      Optional<Duration> pause = backoff.afterFailure(failure);
      if (pause.isEmpty()) {
        throw failure;
      }
      calls.reconnectNow();
      try {
        TimeUnit.NANOSECONDS.sleep(pause.get().toNanos());
      } catch (InterruptedException e) {
        throw CairnException.interrupted(e);
      }
    }

    /**
     * Finds the item that a batch was refused for. The error names its place in the batch; which
     * batch it was is known only by asking up to which one the server has them.
     */
    private void locate(CairnException failure) {
      for (FieldViolation violation : failure.violations()) {
        Matcher place = ITEM.matcher(violation.field());
        if (place.lookingAt()) {
          try (MessageStream<ImportItemsRequest, ImportItemsResponse> stream =
              calls.open(ItemServiceGrpc.getImportItemsMethod(), message -> message)) {
            stream.send(opening);
            ImportItemsResponse has = stream.read(SILENCE);
            if (has != null) {
              refusedItem =
                  OptionalLong.of(has.getReceivedCount() + Long.parseLong(place.group(1)));
            }
          } catch (CairnException e) {
            failure.addSuppressed(e);
          }
          return;
        }
      }
    }

    private CairnException endedEarly() {
      return CairnException.local(
          Status.Code.UNAVAILABLE, "The server ended the import before its last batch.", null);
    }
  }

  /** Cuts the source into numbered batches. */
  private final class Batches {
    private final Iterator<Item> source;
    private @Nullable Item pending;
    private @Nullable RuntimeException failure;
    private boolean exhausted;
    private long sequence;

    Batches(Iterator<Item> source) {
      this.source = source;
    }

    long lastSequence() {
      return sequence;
    }

    /** Whether no batch will follow. */
    boolean atEnd() {
      return exhausted && pending == null;
    }

    /** Leaves out what the server has from an earlier run. */
    void skip(ImportItemsResponse has) {
      for (long i = 0; i < has.getReceivedCount(); i++) {
        if (peek() == null) {
          rethrow();
          throw new IllegalStateException(
              "Import "
                  + importId()
                  + " already has "
                  + has.getReceivedCount()
                  + " items, but the source has only "
                  + i
                  + ": is it the same source?");
        }
        pending = null;
      }
      sequence = has.getAcknowledgedSequence();
    }

    /** The next batch; null at the end of the source. */
    @Nullable ImportItemsRequest next() {
      ImportItemsRequest.Builder batch = ImportItemsRequest.newBuilder();
      Set<String> ids = new HashSet<>();
      int bytes = 0;
      for (Item item = peek(); item != null; item = peek()) {
        int size = item.getSerializedSize();
        boolean full =
            batch.getItemsCount() == MAX_BATCH_ITEMS
                || (bytes > 0 && bytes + size > MAX_BATCH_BYTES);
        if (full || (!item.getId().isEmpty() && !ids.add(item.getId()))) {
          break;
        }
        batch.addItems(item);
        bytes += size;
        pending = null;
      }
      return batch.getItemsCount() == 0 ? null : batch.setBatchSequence(++sequence).build();
    }

    void rethrow() {
      if (failure != null) {
        throw failure;
      }
    }

    private @Nullable Item peek() {
      if (pending == null && !exhausted) {
        try {
          if (source.hasNext()) {
            pending = source.next();
          } else {
            exhausted = true;
          }
        } catch (RuntimeException e) {
          // Kept: what came before it is imported first.
          failure = e;
          exhausted = true;
        }
      }
      return pending;
    }
  }
}
