package dev.cairn.it.bench;

import com.google.protobuf.ByteString;
import dev.cairn.v1.Item;
import dev.cairn.v1.ItemServiceGrpc;
import dev.cairn.v1.SaveItemRequest;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;

/**
 * Durable writes that come at a rate, whatever became of the earlier ones, over several
 * connections. A connection has a bounded number of calls open: one that would be more is not made
 * and counted as held back, which is what a client does that honours a limit. A call's time begins
 * when it was to come. Confined to one thread, which never sleeps for long.
 */
final class Arrivals implements AutoCloseable {
  private static final int CONNECTIONS = 8;
  private static final int MESSAGES = 4_096;
  private static final long PATIENCE = TimeUnit.SECONDS.toNanos(60);
  private static final int OK = 0;
  private static final int RESOURCE_EXHAUSTED = 8;
  private static final int UNAVAILABLE = 14;

  private final List<byte[]> messages;
  private final List<RawConnection> connections = new ArrayList<>();
  private Outcome outcome = new Outcome();

  /** What became of the calls of one run. */
  static final class Outcome {
    private final Samples accepted = new Samples();
    private final Samples refused = new Samples();
    private int wrong;
    private long heldBack;
    private double seconds;

    private void ended(long begin, int code) {
      double millis = (System.nanoTime() - begin) / 1e6;
      switch (code) {
        case OK -> accepted.add(millis);
        case RESOURCE_EXHAUSTED, UNAVAILABLE -> refused.add(millis);
        default -> wrong = code;
      }
    }

    Samples accepted() {
      return accepted;
    }

    Samples refused() {
      return refused;
    }

    /** Calls that were to come while all places were taken. */
    long heldBack() {
      return heldBack;
    }

    /** Calls a second that were to come. */
    double offered() {
      return (accepted.count() + refused.count() + heldBack) / seconds;
    }

    double acceptedRate() {
      return accepted.count() / seconds;
    }
  }

  /** Times in milliseconds. */
  static final class Samples {
    private double[] values = new double[1 << 16];
    private int count;

    private void add(double value) {
      if (count == values.length) {
        values = java.util.Arrays.copyOf(values, 2 * count);
      }
      values[count++] = value;
    }

    int count() {
      return count;
    }

    double percentile(double which) {
      double[] sorted = java.util.Arrays.copyOf(values, count);
      java.util.Arrays.sort(sorted);
      return count == 0 ? 0 : sorted[Math.min(count - 1, (int) (count * which / 100))];
    }
  }

  /**
   * @param maxOpen calls that one connection has open at once
   */
  Arrivals(int port, String siteId, int maxOpen, int seed) throws IOException {
    this.messages = IntStream.range(0, MESSAGES).mapToObj(i -> message(siteId, seed, i)).toList();
    for (int i = 0; i < CONNECTIONS; i++) {
      connections.add(
          new RawConnection(
              port,
              ItemServiceGrpc.getSaveItemMethod().getFullMethodName(),
              maxOpen,
              (begin, code) -> outcome.ended(begin, code)));
    }
  }

  private static byte[] message(String siteId, int seed, int index) {
    return SaveItemRequest.newBuilder()
        .setSiteId(siteId)
        .setCollectionId(Dataset.COLLECTIONS.get(index % 10))
        .setItem(
            Item.newBuilder()
                .setId("offered-" + index)
                .setOwner(Dataset.owner(index))
                .setData(ByteString.copyFrom(Dataset.document(seed, index))))
        .build()
        .toByteArray();
  }

  /** Has as many calls open as may be, all the time. */
  Outcome runClosed(int millis) throws IOException {
    return run(Double.POSITIVE_INFINITY, millis);
  }

  /**
   * @param rate calls a second, evenly
   */
  Outcome run(double rate, int millis) throws IOException {
    outcome = new Outcome();
    long begin = System.nanoTime();
    long end = begin + TimeUnit.MILLISECONDS.toNanos(millis);
    long arrived = 0;
    for (long now = begin; now < end; now = System.nanoTime()) {
      if (rate == Double.POSITIVE_INFINITY) {
        for (RawConnection connection : connections) {
          while (connection.call(next(arrived), now)) {
            arrived++;
          }
        }
      } else {
        long due = (long) ((now - begin) / 1e9 * rate);
        for (; arrived < due; arrived++) {
          RawConnection connection = connections.get((int) (arrived % CONNECTIONS));
          if (!connection.call(next(arrived), begin + (long) (arrived / rate * 1e9))) {
            outcome.heldBack++;
          }
        }
      }
      exchange();
    }
    outcome.seconds = (System.nanoTime() - begin) / 1e9;
    long patience = System.nanoTime() + PATIENCE;
    while (connections.stream().anyMatch(each -> each.open() > 0)) {
      if (System.nanoTime() > patience) {
        throw new IOException("not every call is answered");
      }
      exchange();
    }
    if (outcome.wrong != 0) {
      throw new IOException("a write was neither accepted nor refused, but " + outcome.wrong);
    }
    return outcome;
  }

  private byte[] next(long index) {
    return messages.get((int) (index % MESSAGES));
  }

  private void exchange() throws IOException {
    boolean moved = false;
    for (RawConnection connection : connections) {
      moved |= connection.exchange();
    }
    if (!moved) {
      LockSupport.parkNanos(10_000);
    }
  }

  @Override
  public void close() throws IOException {
    for (RawConnection connection : connections) {
      connection.close();
    }
  }
}
