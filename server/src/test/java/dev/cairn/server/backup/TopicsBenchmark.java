package dev.cairn.server.backup;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * The newest state of a backup or a restoration, told to all who watch it: what a job waits for.
 * The limit is a reference that is set and a loop over those who are to be told.
 */
@State(Scope.Benchmark)
public class TopicsBenchmark {
  private static final String KEY = "restoration";

  private record Value(long sequence) implements Topics.State {
    @Override
    public boolean settled() {
      return false;
    }

    @Override
    public Object stage() {
      return "PENDING";
    }
  }

  @Param({"1", "1000"})
  int watchers;

  private final Topics<String, Value> topics = new Topics<>();
  private final AtomicReference<Value> newest = new AtomicReference<>(new Value(0));
  private final List<Topics.Subscription<Value>> subscriptions = new ArrayList<>();
  private List<Topics.Signal> signals;
  private long sequence;

  @Setup
  public void subscribe() {
    boolean[] told = new boolean[watchers];
    signals =
        IntStream.range(0, watchers)
            .<Topics.Signal>mapToObj(watcher -> urgent -> told[watcher] = true)
            .toList();
    signals.forEach(signal -> subscriptions.add(topics.subscribe(KEY, () -> new Value(0), signal)));
  }

  @TearDown
  public void close() {
    subscriptions.forEach(Topics.Subscription::close);
  }

  @Benchmark
  public void publish() {
    topics.publish(KEY, new Value(++sequence));
  }

  @Benchmark
  public void loopLimit() {
    newest.set(new Value(++sequence));
    signals.forEach(signal -> signal.changed(false));
  }
}
