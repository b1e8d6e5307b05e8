package dev.cairn.server.grpc;

import java.util.concurrent.Semaphore;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/**
 * The decision that every call has to pass, at its gate and when its turn comes; a refusal has to
 * cost next to nothing. The limit is a plain bound on how many are in, which knows no time.
 */
@State(Scope.Benchmark)
public class AdmissionBenchmark {
  private static final int THREADS = 64;
  private static final long MILLI = 1_000_000;
  private static final int FAR_TOO_MANY = 1 << 30;
  private static final int REFUSED = 3;

  private final Admission calm = new Admission(THREADS, tooMuch -> 0, System.nanoTime());
  private final Admission flooded = flooded();
  private final Semaphore places = new Semaphore(THREADS);

  /** Has had more calls than it could begin for the last ten seconds. */
  private static Admission flooded() {
    long now = System.nanoTime() - 10_000 * MILLI;
    Admission admission = new Admission(THREADS, tooMuch -> 0, now);
    for (int waiting = 0; waiting < 10_000; waiting++, now += MILLI) {
      admission.admits(THREADS + waiting, waiting, false, now);
      for (int i = 0; i < 10; i++) {
        admission.begins(0, waiting);
      }
    }
    if (admission.admits(FAR_TOO_MANY, FAR_TOO_MANY, false, now)) {
      throw new IllegalStateException("whoever comes ten seconds into a flood is refused");
    }
    return admission;
  }

  @Benchmark
  public boolean admitted() {
    return calm.admits(1, 0, true, System.nanoTime()) && calm.begins(0, 0);
  }

  /** Three of four, which is what is timed; the fourth is begun. */
  @Benchmark
  @OperationsPerInvocation(REFUSED)
  public boolean refused() {
    boolean begins = flooded.begins(0, 0);
    for (int i = 0; i < REFUSED; i++) {
      begins &= !flooded.admits(FAR_TOO_MANY, FAR_TOO_MANY, false, System.nanoTime());
    }
    return begins;
  }

  /** Looks at the clock, too: a call has to know since when it waits. */
  @Benchmark
  public long semaphoreLimit() {
    long now = System.nanoTime();
    if (places.tryAcquire()) {
      places.release();
    }
    return now;
  }
}
