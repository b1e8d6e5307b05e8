package dev.cairn.server.grpc;

import com.google.protobuf.ByteString;
import dev.cairn.server.store.SampleItems;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/**
 * The check that every item passes when it comes, of 300 bytes of JSON. Beside it the close look,
 * which it spares nearly all of them; the limit is to see that it is UTF-8.
 */
@State(Scope.Benchmark)
public class ItemDataBenchmark {
  private final List<ByteString> documents =
      IntStream.range(0, 1_000).mapToObj(i -> SampleItems.item(i).data()).toList();

  private int next;

  private ByteString next() {
    next = (next + 1) % documents.size();
    return documents.get(next);
  }

  @Benchmark
  public Optional<String> check() {
    return ItemData.problem(next());
  }

  @Benchmark
  public Optional<String> closeLook() {
    return ItemData.syntaxProblem(next());
  }

  @Benchmark
  public boolean utf8Limit() {
    return next().isValidUtf8();
  }
}
