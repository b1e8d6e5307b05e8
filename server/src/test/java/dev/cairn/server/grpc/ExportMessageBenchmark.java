package dev.cairn.server.grpc;

import dev.cairn.server.store.ItemBytes;
import dev.cairn.server.store.SampleItems;
import dev.cairn.server.store.StoredItem;
import dev.cairn.v1.ExportItemsResponse;
import java.util.List;
import java.util.stream.IntStream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/**
 * The messages of an export: the bytes of an item copied as they lie, beside what generated code
 * makes of it. The time is that of one item in a message of a thousand.
 */
@State(Scope.Benchmark)
public class ExportMessageBenchmark {
  private static final int ITEMS = 1_000;
  private static final int CAPACITY = 1 << 20;

  private final List<StoredItem> items =
      IntStream.range(0, ITEMS).mapToObj(SampleItems::item).toList();
  private final List<ItemBytes> bytes = items.stream().map(ItemBytes::of).toList();

  @Benchmark
  @OperationsPerInvocation(ITEMS)
  public int copied() {
    ExportMessage message = new ExportMessage(ExportItemsResponse.getDefaultInstance(), CAPACITY);
    bytes.forEach(item -> message.add(item, Integer.MAX_VALUE));
    return message.size();
  }

  @Benchmark
  @OperationsPerInvocation(ITEMS)
  public int generated() {
    ExportItemsResponse.Builder message = ExportItemsResponse.newBuilder();
    items.forEach(item -> message.addItems(ItemMessages.toProto(item)));
    return message.build().toByteArray().length;
  }
}
