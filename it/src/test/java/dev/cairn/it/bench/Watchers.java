package dev.cairn.it.bench;

import com.google.protobuf.util.Durations;
import com.google.protobuf.util.Timestamps;
import dev.cairn.v1.Phase;
import dev.cairn.v1.Progress;
import dev.cairn.v1.Restoration;
import dev.cairn.v1.RestorationServiceGrpc;
import dev.cairn.v1.RestorationState;
import dev.cairn.v1.VerificationMode;
import dev.cairn.v1.WatchRestorationRequest;
import dev.cairn.v1.WatchRestorationResponse;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.stub.StreamObserver;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Very many who watch one restoration: how late they hear of its progress, what they cost, and
 * whether they slow it down. The restoration copies nine collections of ten, so that it takes a
 * while; with few items it is over before all watch. Nobody can watch before it was requested, so
 * the whole of it holds the opening of all streams, by callers on the same cores; what it copies in
 * a second once all watch does not. What the callers and the transport alone make of it is seen
 * when as many watch a gRPC server meanwhile that does nothing but send such messages as often.
 */
final class Watchers implements Case {
  private static final int WATCHERS_PER_CONNECTION = 900;
  private static final List<String> MOST = Dataset.COLLECTIONS.subList(0, 9);
  private static final Work WATCHED = Work.time("restore of nine collections, watched", "<= 1.2");

  /** By the server's record: without what it takes to tell everybody of the end. */
  private static final Work MADE = Work.time("that restoration, as recorded", "<= 1.2");

  private static final Work COPIED =
      Work.rate("items copied by that restoration while all watch", ">= 0.83");
  private static final Work DELAY = Work.time("delay of a progress message, p99", "<= 250 ms");
  private static final String ALONE = Results.LIMIT + "the same, watched by one";
  private static final String EMPTY = Results.LIMIT + "as many watch an empty gRPC server";

  /** That the watches of a crowd send in a second, all together. */
  private static final int MESSAGES = 2_000;

  private static final Work HEAP = Work.size("heap of a watcher", "<= 20 KB");

  @Override
  public String name() {
    return "watchers";
  }

  @Override
  public void run(Subjects subjects, Results results) throws Exception {
    int watchers = subjects.settings().watchers();
    List<ManagedChannel> channels = connect(subjects.server().port(), watchers);
    List<ManagedChannel> empty = connect((int) subjects.limit().call("port"), watchers);
    try {
      measureHeap(subjects, results, channels);
      subjects.turns(
          counted -> {
            Audience one = new Audience(subjects.site().id(), channels, 1);
            Took alone = restore(subjects, one);
            Audience elsewhere = new Audience(subjects.site().id(), empty, watchers);
            Took besideEmpty =
                restoreBeside(subjects, new Audience(subjects.site().id(), channels, 1), elsewhere);
            Audience audience = new Audience(subjects.site().id(), channels, watchers);
            Took watched = restore(subjects, audience);
            if (counted) {
              watched.tell(results, watchers, Results.CAIRN);
              alone.tell(results, watchers, ALONE);
              besideEmpty.tell(results, watchers, EMPTY);
              tellDelays(results, audience, elsewhere);
              tellCopied(results, audience, one);
            }
          });
    } finally {
      channels.forEach(ManagedChannel::shutdownNow);
      empty.forEach(ManagedChannel::shutdownNow);
    }
  }

  private static List<ManagedChannel> connect(int port, int watchers) {
    List<ManagedChannel> channels = new ArrayList<>();
    for (int i = 0; i * WATCHERS_PER_CONNECTION < watchers; i++) {
      channels.add(
          Grpc.newChannelBuilder("127.0.0.1:" + port, InsecureChannelCredentials.create()).build());
    }
    return channels;
  }

  private static void tellDelays(Results results, Audience audience, Audience elsewhere) {
    List<Double> delays = List.copyOf(audience.delays);
    if (delays.isEmpty()) {
      results.note("The watched restoration was over before all watched; take more items.");
    } else {
      results.add(DELAY, audience.size, Results.CAIRN, Results.percentile99(delays));
    }
    List<Double> emptyDelays = List.copyOf(elsewhere.delays);
    if (!emptyDelays.isEmpty()) {
      results.add(DELAY, audience.size, EMPTY, Results.percentile99(emptyDelays));
    }
    results.note(
        String.format(
            Locale.ROOT,
            "%d watchers heard %d changes after all of them watched.",
            audience.size,
            delays.size()));
  }

  private static void tellCopied(Results results, Audience audience, Audience one) {
    OptionalDouble copied = audience.stretch.itemsPerSecond();
    OptionalDouble copiedAlone = one.stretch.itemsPerSecond();
    if (copied.isPresent() && copiedAlone.isPresent()) {
      results.add(COPIED, audience.size, Results.CAIRN, copied.getAsDouble());
      results.add(COPIED, audience.size, ALONE, copiedAlone.getAsDouble());
    }
  }

  /**
   * How long a restoration took, in milliseconds.
   *
   * @param seen from its request until a caller heard of its end
   * @param made from its request to its end, as the server recorded them
   */
  private record Took(double seen, double made) {
    void tell(Results results, int watchers, String subject) {
      results.add(WATCHED, watchers, subject, seen);
      results.add(MADE, watchers, subject, made);
    }
  }

  /** A restoration that one watches while {@code elsewhere} watch the empty server. */
  private static Took restoreBeside(Subjects subjects, Audience one, Audience elsewhere)
      throws Exception {
    String interval = String.valueOf(1_000 * elsewhere.size / MESSAGES);
    Took took = restore(subjects, one, () -> elsewhere.watch(interval));
    elsewhere.awaitFirst();
    subjects.limit().call("end-watches");
    elsewhere.awaitEnd();
    return took;
  }

  private static Took restore(Subjects subjects, Audience audience) throws Exception {
    return restore(subjects, audience, () -> {});
  }

  private static Took restore(Subjects subjects, Audience audience, Runnable meanwhile)
      throws Exception {
    long begin = System.nanoTime();
    Restoration running = request(subjects);
    audience.watch(running.getId());
    meanwhile.run();
    Restoration done = subjects.site().completed(running);
    double seen = Subjects.millisSince(begin);
    audience.awaitEnd();
    subjects.site().settled(done);
    double made =
        Durations.toMicros(Timestamps.between(done.getCreateTime(), done.getFinishTime())) / 1e3;
    return new Took(seen, made);
  }

  private static Restoration request(Subjects subjects) {
    return subjects
        .site()
        .requestRestore(subjects.backup(), MOST, VerificationMode.VERIFICATION_MODE_SKIP);
  }

  /** In a restoration of its own, because counting the heap stops the server for a moment. */
  private static void measureHeap(Subjects subjects, Results results, List<ManagedChannel> channels)
      throws Exception {
    int watchers = subjects.settings().watchers();
    Audience few = new Audience(subjects.site().id(), channels, channels.size());
    few.watch(request(subjects).getId());
    few.awaitEnd(); // all connections are there
    Audience audience = new Audience(subjects.site().id(), channels, watchers);
    long before = subjects.server().heapBytes();
    audience.watch(request(subjects).getId());
    audience.awaitFirst();
    long with = subjects.server().heapBytes();
    if (audience.ended.get() == 0) {
      results.add(HEAP, watchers, Results.CAIRN, Math.max(1, (double) (with - before) / watchers));
    }
    audience.awaitEnd();
  }

  /** From the first to the last progress that anybody heard of while all watched. */
  private static final class Stretch {
    /** A shorter one says little. */
    private static final long MIN_MICROS = 200_000;

    private long firstMicros = Long.MAX_VALUE;
    private long firstItems;
    private long lastMicros = Long.MIN_VALUE;
    private long lastItems;

    synchronized void add(long micros, long items) {
      if (micros < firstMicros) {
        firstMicros = micros;
        firstItems = items;
      }
      if (micros > lastMicros) {
        lastMicros = micros;
        lastItems = items;
      }
    }

    synchronized OptionalDouble itemsPerSecond() {
      return firstMicros == Long.MAX_VALUE || lastMicros - firstMicros < MIN_MICROS
          ? OptionalDouble.empty()
          : OptionalDouble.of((lastItems - firstItems) * 1e6 / (lastMicros - firstMicros));
    }
  }

  /** Those who watch one restoration. */
  private static final class Audience {
    private final String siteId;
    private final List<ManagedChannel> channels;
    private final int size;
    private final AtomicInteger begun = new AtomicInteger();
    private final AtomicInteger ended = new AtomicInteger();
    private final ConcurrentLinkedQueue<Double> delays = new ConcurrentLinkedQueue<>();
    private final Stretch stretch = new Stretch();

    Audience(String siteId, List<ManagedChannel> channels, int size) {
      this.siteId = siteId;
      this.channels = channels;
      this.size = size;
    }

    void watch(String restorationId) {
      WatchRestorationRequest request =
          WatchRestorationRequest.newBuilder()
              .setSiteId(siteId)
              .setRestorationId(restorationId)
              .build();
      for (int i = 0; i < size; i++) {
        RestorationServiceGrpc.newStub(channels.get(i % channels.size()))
            .watchRestoration(request, new Watcher());
      }
    }

    void awaitFirst() throws InterruptedException {
      while (begun.get() < size && ended.get() == 0) {
        Thread.sleep(1);
      }
    }

    void awaitEnd() throws InterruptedException {
      while (ended.get() < size) {
        Thread.sleep(1);
      }
    }

    private final class Watcher implements StreamObserver<WatchRestorationResponse> {
      private boolean first = true;

      @Override
      public void onNext(WatchRestorationResponse message) {
        if (first) {
          first = false;
          begun.incrementAndGet();
        } else if (begun.get() == size
            && message.getRestoration().getState() == RestorationState.RESTORATION_STATE_PENDING) {
          Progress progress = message.getRestoration().getProgress();
          long changed = Timestamps.toMicros(progress.getUpdateTime());
          if (progress.getPhase() == Phase.PHASE_STAGING) {
            stretch.add(changed, progress.getItems().getDone());
          }
          Instant now = Instant.now();
          long micros = now.getEpochSecond() * 1_000_000 + now.getNano() / 1_000 - changed;
          delays.add(micros / 1e3);
        }
      }

      @Override
      public void onError(Throwable e) {
        e.printStackTrace();
        ended.incrementAndGet();
      }

      @Override
      public void onCompleted() {
        ended.incrementAndGet();
      }
    }
  }
}
