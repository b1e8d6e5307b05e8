package dev.cairn.server.store.rocksdb;

import dev.cairn.server.store.ItemBytes;
import dev.cairn.server.store.SampleItems;
import dev.cairn.server.store.StoredItem;
import java.nio.ByteBuffer;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/**
 * What it costs to make an item of what lies in the store, and the other way round; the limit is to
 * take the bytes and not look at them.
 */
@State(Scope.Benchmark)
public class ItemCodecBenchmark {
  private final StoredItem item = SampleItems.item(7);
  private final String id = item.id();
  private final byte[] value = ItemCodec.encode(item);
  private final ByteBuffer keyBuffer = ByteBuffer.wrap(ItemCodec.key(1, id));
  private final ByteBuffer valueBuffer = ByteBuffer.wrap(value);

  @Benchmark
  public byte[] encode() {
    return ItemCodec.encode(item);
  }

  @Benchmark
  public StoredItem decode() {
    return ItemCodec.decode(id, value);
  }

  /** As an export does. */
  @Benchmark
  public ItemBytes view() {
    return ItemCodec.bytes(keyBuffer, valueBuffer);
  }

  @Benchmark
  public byte[] copyLimit() {
    return value.clone();
  }
}
