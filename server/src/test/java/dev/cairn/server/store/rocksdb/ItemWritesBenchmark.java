package dev.cairn.server.store.rocksdb;

import static dev.cairn.server.store.rocksdb.FilledDatabase.PLACES;

import dev.cairn.server.store.Durability;
import dev.cairn.server.store.ItemTransaction;
import dev.cairn.server.store.SampleItems;
import dev.cairn.server.store.StoredItem;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.rocksdb.RocksDBException;
import org.rocksdb.WriteBatch;
import org.rocksdb.WriteOptions;

/**
 * A hundred items in one write that is not forced to disk, so that what is measured is the work and
 * not the disk; the limit is RocksDB's own batch of the same bytes. What a transaction adds is to
 * find out what is there, the exact counts, and the items' encoding.
 */
@State(Scope.Benchmark)
public class ItemWritesBenchmark {
  private static final int BATCH = 100;

  @Param("10000")
  int items;

  private FilledDatabase filled;
  private WriteOptions buffered;

  /** What is written, under whatever ids. */
  private List<StoredItem> samples;

  private List<byte[]> values;
  private int next;

  @Setup
  public void fill() throws IOException {
    filled = new FilledDatabase(items);
    buffered = new WriteOptions();
    samples = IntStream.range(0, BATCH).mapToObj(SampleItems::item).toList();
    values = samples.stream().map(ItemCodec::encode).toList();
    next = items;
  }

  @TearDown
  public void close() {
    buffered.close();
    filled.close();
  }

  private static StoredItem named(String id, StoredItem sample, long revision) {
    return new StoredItem(
        id, sample.data(), sample.owner(), sample.createTime(), sample.updateTime(), revision);
  }

  /** As an import does. */
  @Benchmark
  public long newItems() {
    return save(next);
  }

  @Benchmark
  public long replacedItems() {
    return save((next + BATCH) % items);
  }

  /** The steps of a request that saves items whether they are there or not. */
  private long save(int first) {
    next = first + BATCH;
    List<String> ids = new ArrayList<>(BATCH);
    for (int i = 0; i < BATCH; i++) {
      ids.add(SampleItems.id(first + i));
    }
    try (ItemTransaction transaction = filled.store().begin()) {
      transaction.expect(PLACES, ids);
      for (int i = 0; i < BATCH; i++) {
        String id = ids.get(i);
        long old = transaction.get(PLACES, id).map(StoredItem::revision).orElse(0L);
        transaction.put(PLACES, named(id, samples.get(i), old + 1));
      }
      return transaction.commit(Durability.BUFFERED);
    }
  }

  /** Under a number that no collection has. */
  @Benchmark
  public void newItemsLimit() throws RocksDBException {
    Database database = filled.database();
    int first = next;
    next += BATCH;
    try (WriteBatch batch = new WriteBatch()) {
      for (int i = 0; i < BATCH; i++) {
        byte[] key = ItemCodec.key(Integer.MAX_VALUE, SampleItems.id(first + i));
        batch.put(database.shared(RocksItemStore.DATA), key, values.get(i));
      }
      database.rocks().write(buffered, batch);
    }
  }
}
