package dev.cairn.server.grpc;

import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import dev.cairn.server.site.Environment;
import dev.cairn.server.site.ImportProgress;
import dev.cairn.server.site.ItemWrite;
import dev.cairn.server.site.Items;
import dev.cairn.server.site.SiteId;
import dev.cairn.server.site.Submission;
import dev.cairn.v1.ImportItemsRequest;
import dev.cairn.v1.ImportItemsResponse;
import dev.cairn.v1.Item;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One stream of an import: an opening message, then batches, each applied whole and acknowledged
 * once it is durable.
 *
 * <pre>
 * NEW --opening message--&gt; OPEN --half-close, bad batch--&gt; LAST BATCHES --applied--&gt; ENDED
 *                            '--cancel, taken over, other errors--&gt; ENDED
 * </pre>
 *
 * <p>While some batches are applied, the next ones are received and checked; those that are ready
 * by then are applied together and share a forced write. The caller may be a few messages ahead, no
 * more: memory is bounded by that, and a fast caller waits. An acknowledgement for which the caller
 * has no room is replaced by the next one. A caller that sends nothing for too long is ended, so
 * that it does not hold its place for ever.
 *
 * <p>A newer stream with the same import id takes over. It opens only after the older one has ended
 * for good, so that the answer to its opening cannot be overtaken by a batch of the older one.
 *
 * <p>Confined to its {@link SerialQueue}; gRPC's callbacks only add steps to it. Batches are
 * applied on another worker, one group at a time, which adds a step when it is done. A stream is
 * over only then: nothing of it can change anything after it let go of its place.
 */
final class ImportStream implements StreamObserver<ImportItemsRequest> {
  /** Messages on their way: one that is checked next and one that is received meanwhile. */
  private static final int ON_THE_WAY = 2;

  /** Batches that wait or are applied; beyond either bound no message is asked for. */
  private static final int HELD = 4;

  private static final long HELD_BYTES = 4 << 20;

  private static final CompletableFuture<Void> NO_OLDER = CompletableFuture.completedFuture(null);

  private final Items items;
  private final Limits limits;
  private final Registry registry;
  private final ServerCallStreamObserver<ImportItemsResponse> caller;
  private final Duration maxSilence;
  private final ScheduledExecutorService timers;
  private final Runnable leave;
  private final Workers workers;
  private final SerialQueue queue;

  /** Completes when this stream, and every older one of its import, can change nothing more. */
  private final CompletableFuture<Void> over = new CompletableFuture<>();

  private @Nullable Opened opened;
  private CompletableFuture<Void> older = NO_OLDER;
  private @Nullable ImportItemsResponse unsent;
  private @Nullable Silence silence;
  private boolean answered;
  private boolean ended;

  /** Batches that were checked and wait until those before them are applied. */
  private final List<Items.Batch> ready = new ArrayList<>();

  private long readyBytes;

  /** How many are applied now. */
  private int applying;

  private long applyingBytes;

  /** How many messages were asked for and have not come. */
  private int onTheWay;

  /** How the stream ends once all batches before are applied; no message counts after it. */
  private @Nullable Runnable lastStep;

  /** The import streams that are open, by what they import. Thread-safe. */
  static final class Registry {
    private final Map<Key, ImportStream> streams = new ConcurrentHashMap<>();

    /** An import id names one import of a site's environment, whatever the collection. */
    private record Key(SiteId siteId, Environment environment, String importId) {
      static Key of(Items.ImportTarget target) {
        Items.Place place = target.place();
        return new Key(place.siteId(), place.environment(), target.importId());
      }
    }
  }

  private record Opened(Items.ImportTarget target, Registry.Key key) {}

  /** A time in which the caller is to send something. */
  private static final class Silence {
    private @Nullable ScheduledFuture<?> timer;
  }

  /**
   * Made by the handler, on the event loop.
   *
   * @param maxSilence how long the caller may send nothing
   * @param timers only adds steps to the queue
   * @param leave called once, when the stream has ended
   */
  ImportStream(
      Items items,
      Limits limits,
      Registry registry,
      Workers workers,
      ServerCallStreamObserver<ImportItemsResponse> caller,
      Duration maxSilence,
      ScheduledExecutorService timers,
      Runnable leave) {
    this.items = items;
    this.limits = limits;
    this.registry = registry;
    this.caller = caller;
    this.maxSilence = maxSilence;
    this.timers = timers;
    this.leave = leave;
    this.workers = workers;
    this.queue = new SerialQueue(workers, this::fail);
    caller.disableAutoRequest();
    caller.setOnCancelHandler(() -> queue.execute(this::end));
    caller.setOnReadyHandler(() -> queue.execute(this::flush));
    queue.execute(
        () -> {
          ask();
          expectMessage();
        });
  }

  @Override
  public void onNext(ImportItemsRequest message) {
    queue.execute(() -> handle(message));
  }

  @Override
  public void onCompleted() {
    queue.execute(this::complete);
  }

  @Override
  public void onError(Throwable cancelled) {
    queue.execute(this::end);
  }

  /** Ends the stream with an error. From any thread. */
  void end(RuntimeException error) {
    queue.execute(() -> fail(error));
  }

  private void handle(ImportItemsRequest message) {
    if (ended || lastStep != null) {
      return;
    }
    stopTimer();
    onTheWay--;
    if (opened == null) {
      open(message);
      return;
    }
    try {
      ready.add(checked(opened, message));
      readyBytes += message.getSerializedSize();
      ask();
    } catch (ServiceException e) {
      RuntimeException refused = at(message.getBatchSequence(), e);
      lastStep = () -> fail(refused);
    }
    goOn(opened);
  }

  /** Asks for more messages, as far as there is room for them; for nothing beyond the opening. */
  private void ask() {
    int most = answered ? ON_THE_WAY : opened == null ? 1 : 0;
    while (onTheWay < most
        && ready.size() + applying < HELD
        && readyBytes + applyingBytes < HELD_BYTES) {
      onTheWay++;
      caller.request(1);
    }
  }

  /** Begins to wait for the caller, not while the caller waits for the server. */
  private void expectMessage() {
    if (ended || lastStep != null) {
      return;
    }
    stopTimer();
    Silence now = new Silence();
    silence = now;
    now.timer =
        timers.schedule(
            () -> queue.execute(() -> tooSilent(now)),
            maxSilence.toMillis(),
            TimeUnit.MILLISECONDS);
  }

  private void tooSilent(Silence since) {
    if (silence == since) {
      fail(
          new ServiceException(
              Reason.DEADLINE_EXCEEDED,
              "no message came for "
                  + maxSilence
                  + "; open the import again with the same import_id, it goes on where it was"));
    }
  }

  private void stopTimer() {
    if (silence != null && silence.timer != null) {
      silence.timer.cancel(false);
    }
    silence = null;
  }

  private void open(ImportItemsRequest message) {
    Check check =
        ItemCheck.place(
                limits, message.getSiteId(), message.getCollectionId(), message.getEnvironment())
            .importId(message.getImportId())
            .known("mode", message.getMode())
            .that(
                message.getBatchSequence() == 0,
                "batch_sequence",
                "must be 0 in the opening message")
            .that(message.getItemsCount() == 0, "items", "must be empty in the opening message");
    check.done();
    Items.ImportTarget target =
        new Items.ImportTarget(
            ItemMessages.place(
                message.getSiteId(), message.getCollectionId(), message.getEnvironment()),
            message.getImportId().toLowerCase(Locale.ROOT),
            ItemMessages.mode(message.getMode()));
    Opened now = new Opened(target, Registry.Key.of(target));
    opened = now;
    @Nullable ImportStream before = registry.streams.put(now.key(), this);
    if (before != null) {
      older = before.over;
      before.queue.execute(before::takenOver);
    }
    once(older, () -> queue.execute(() -> answerOpening(now, message.getCreateCollection())));
  }

  @SuppressWarnings("FutureReturnValueIgnored") // what is run cannot fail
  private static void once(CompletableFuture<Void> over, Runnable next) {
    over.thenRun(next);
  }

  private void answerOpening(Opened now, boolean createCollection) {
    if (ended) {
      return;
    }
    acknowledge(items.openImport(now.target(), createCollection));
    answered = true;
    ask();
    goOn(now);
  }

  /** Whatever comes next: apply what is ready, end, or wait for the caller. */
  private void goOn(Opened now) {
    if (ended || applying > 0 || !answered) {
      return;
    }
    if (!ready.isEmpty()) {
      List<Items.Batch> group = List.copyOf(ready);
      workers.execute(() -> apply(now, group));
      applying = group.size(); // what that adds to the queue comes after this step
      applyingBytes = readyBytes;
      ready.clear();
      readyBytes = 0;
    } else if (lastStep != null) {
      lastStep.run();
    } else {
      expectMessage();
    }
  }

  /** Not confined: runs beside the steps of the queue. */
  private void apply(Opened now, List<Items.Batch> group) {
    List<ImportProgress> done = new ArrayList<>();
    Runnable next = () -> applied(now, done, null);
    try {
      for (Submission<ImportProgress> batch : items.importBatches(now.target(), group)) {
        done.add(batch.result());
      }
    } catch (RuntimeException e) {
      RuntimeException failure = at(group.get(done.size()).sequence(), e);
      next = () -> applied(now, done, failure);
    }
    queue.execute(next);
  }

  private void applied(Opened now, List<ImportProgress> done, @Nullable RuntimeException failure) {
    applying = 0;
    applyingBytes = 0;
    if (ended) {
      leave();
      return;
    }
    if (!done.isEmpty()) {
      acknowledge(done.get(done.size() - 1));
    }
    if (failure != null) {
      fail(failure);
      return;
    }
    ask();
    goOn(now);
  }

  private static RuntimeException at(long sequence, RuntimeException failure) {
    return failure instanceof ServiceException known
        ? known.withFact("batch_sequence", String.valueOf(sequence))
        : failure;
  }

  private Items.Batch checked(Opened now, ImportItemsRequest batch) {
    Check check =
        new Check(limits)
            .that(
                batch.getBatchSequence() > 0,
                "batch_sequence",
                "must be 1, 2, 3 and so on after the opening message");
    sameImport(check, now.target(), batch);
    ItemCheck.items(check, "items", batch.getItemsList(), i -> Check.at("items", i));
    check.done();
    return new Items.Batch(
        batch.getBatchSequence(), batch.getItemsList().stream().map(this::write).toList());
  }

  private ItemWrite write(Item item) {
    return ItemMessages.write(item, OptionalLong.empty(), items);
  }

  private static void sameImport(Check check, Items.ImportTarget target, ImportItemsRequest batch) {
    Items.Place place = target.place();
    Map<String, List<String>> named =
        Map.of(
            "site_id", List.of(batch.getSiteId(), place.siteId().value()),
            "collection_id", List.of(batch.getCollectionId(), place.collection().value()),
            "import_id", List.of(batch.getImportId().toLowerCase(Locale.ROOT), target.importId()));
    named.forEach(
        (field, pair) ->
            check.that(
                pair.get(0).isEmpty() || pair.get(0).equals(pair.get(1)),
                field,
                "names another import than the opening message"));
  }

  private void acknowledge(ImportProgress progress) {
    unsent = ItemMessages.acknowledgement(progress);
    flush();
  }

  private void flush() {
    if (!ended && caller.isReady()) {
      send();
    }
  }

  private void send() {
    if (unsent != null) {
      caller.onNext(unsent);
      unsent = null;
    }
  }

  private void complete() {
    if (ended || lastStep != null) {
      return;
    }
    stopTimer();
    if (opened == null) {
      fail(ServiceException.invalid("batch_sequence", "the opening message is missing"));
      return;
    }
    lastStep =
        () -> {
          send();
          caller.onCompleted();
          end();
        };
    goOn(opened);
  }

  private void takenOver() {
    fail(
        new ServiceException(
            Reason.CANCELLED, "a newer stream goes on with this import; this one is over"));
  }

  private void fail(RuntimeException error) {
    if (!ended) {
      send();
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
    ready.clear();
    if (applying == 0) {
      leave();
    }
  }

  private void leave() {
    if (opened != null) {
      registry.streams.remove(opened.key(), this);
    }
    once(older, () -> over.complete(null));
    leave.run();
  }
}
