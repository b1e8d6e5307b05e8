package dev.cairn.server.backup;

import dev.cairn.server.backup.Progress.Amount;
import dev.cairn.server.backup.Progress.Phase;
import dev.cairn.server.store.CollectionId;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;

/**
 * Counts what a run has done and publishes it, often enough for people and seldom enough for the
 * run.
 *
 * <p>The fraction is the sum over the phases of their weight times the part of them that is done;
 * it never goes back, whatever is reported, and stays below 1 until {@link #succeeded()}. Confined
 * to the thread that runs the job.
 */
public final class ProgressTracker {
  private static final Duration MIN_INTERVAL = Duration.ofMillis(100);
  private static final double BEFORE_THE_END = 0.99;

  private final InstantSource clock;
  private final Consumer<Progress> publisher;
  private final Map<Phase, Double> weights;
  private final Map<CollectionId, Progress.Row> rows = new TreeMap<>();
  private final Instant startTime;
  private Phase phase = Phase.QUEUED;
  private double phaseDone;
  private double fraction;
  private Amount bytes = Amount.ZERO;
  private Amount files = Amount.ZERO;
  private Amount collections = Amount.ZERO;
  private long itemsTotal;
  private Instant lastPublish = Instant.MIN;

  /**
   * @param weights how much of the whole run each phase is thought to be; they are scaled to sum up
   *     to 1
   */
  public ProgressTracker(
      InstantSource clock, Map<Phase, Double> weights, Consumer<Progress> publisher) {
    this.clock = clock;
    this.publisher = publisher;
    double sum = weights.values().stream().mapToDouble(Double::doubleValue).sum();
    this.weights = new EnumMap<>(Phase.class);
    weights.forEach((each, weight) -> this.weights.put(each, weight / sum));
    this.startTime = clock.instant();
  }

  /** Tells the totals, exact from here on. */
  public void totals(long byteCount, int fileCount, Map<CollectionId, Amount> itemsAndBytes) {
    bytes = new Amount(bytes.done(), byteCount);
    files = new Amount(files.done(), fileCount);
    collections = new Amount(0, itemsAndBytes.size());
    rows.clear();
    itemsTotal = 0;
    for (Map.Entry<CollectionId, Amount> entry : itemsAndBytes.entrySet()) {
      long items = entry.getValue().done();
      rows.put(
          entry.getKey(),
          new Progress.Row(
              entry.getKey(), new Amount(0, items), new Amount(0, entry.getValue().total())));
      itemsTotal += items;
    }
  }

  /** Goes on to a later phase and says so at once. */
  public void enter(Phase next) {
    if (next.compareTo(phase) < 0) {
      throw new IllegalArgumentException("phase " + next + " cannot come after " + phase);
    }
    phase = next;
    phaseDone = 0;
    publish();
  }

  /** Files read or linked so far, in this phase. */
  public void files(long bytesDone, int filesDone) {
    bytes = grown(bytes, bytesDone);
    files = grown(files, filesDone);
    phaseDone = ratio(bytes);
    publishIfDue();
  }

  /** A collection's items dealt with so far. */
  public void items(CollectionId collection, long itemsDone, long bytesDone) {
    Progress.Row row = rows.get(collection);
    if (row != null) {
      rows.put(
          collection,
          new Progress.Row(
              collection, grown(row.items(), itemsDone), grown(row.bytes(), bytesDone)));
      Amount all = itemAmount();
      collections =
          new Amount(
              rows.values().stream()
                  .filter(each -> each.items().done() == each.items().total())
                  .count(),
              rows.size());
      phaseDone = Math.max(phaseDone, ratio(all));
    }
    publishIfDue();
  }

  /** All items of all collections have been dealt with. */
  public void allItems() {
    rows.replaceAll(
        (id, row) ->
            new Progress.Row(
                id,
                new Amount(row.items().total(), row.items().total()),
                new Amount(row.bytes().total(), row.bytes().total())));
    collections = new Amount(rows.size(), rows.size());
    phaseDone = 1;
  }

  /** All files have been dealt with. */
  public void allFiles() {
    bytes = new Amount(bytes.total(), bytes.total());
    files = new Amount(files.total(), files.total());
  }

  /** How it stands now. */
  public Progress now() {
    double before =
        weights.entrySet().stream()
            .filter(entry -> entry.getKey().compareTo(phase) < 0)
            .mapToDouble(Map.Entry::getValue)
            .sum();
    double reached = before + weights.getOrDefault(phase, 0.0) * phaseDone;
    fraction = Math.max(fraction, Math.min(reached, BEFORE_THE_END));
    return snapshot(fraction);
  }

  /** How it stands when all is done. */
  public Progress succeeded() {
    allItems();
    allFiles();
    phase = Phase.FINALIZING;
    fraction = 1;
    return snapshot(1);
  }

  private Progress snapshot(double part) {
    Instant now = clock.instant();
    Optional<Duration> low = Optional.empty();
    Optional<Duration> high = Optional.empty();
    if (part > 0.02 && part < 1) {
      Duration elapsed = Duration.between(startTime, now);
      double seconds = elapsed.toNanos() / 1e9 * (1 - part) / part;
      low = Optional.of(Duration.ofMillis((long) (seconds * 700)));
      high = Optional.of(Duration.ofMillis((long) (seconds * 2000)));
    }
    List<Progress.Row> allRows = new ArrayList<>(rows.values());
    return new Progress(
        phase, part, bytes, files, itemAmount(), collections, allRows, low, high, now);
  }

  private Amount itemAmount() {
    return new Amount(
        rows.values().stream().mapToLong(row -> row.items().done()).sum(), itemsTotal);
  }

  private static Amount grown(Amount amount, long done) {
    return new Amount(Math.max(amount.done(), Math.min(done, amount.total())), amount.total());
  }

  private static double ratio(Amount amount) {
    return amount.total() == 0 ? 1 : (double) amount.done() / amount.total();
  }

  private void publishIfDue() {
    if (lastPublish.plus(MIN_INTERVAL).isBefore(clock.instant())) {
      publish();
    }
  }

  private void publish() {
    lastPublish = clock.instant();
    publisher.accept(now());
  }
}
