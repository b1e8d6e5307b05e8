package dev.cairn.server.store.rocksdb;

import static dev.cairn.server.store.rocksdb.FilledDatabase.PLACES;

import dev.cairn.server.store.ItemCursor;
import dev.cairn.server.store.SampleItems;
import dev.cairn.server.store.StoredItem;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.infra.Blackhole;
import org.rocksdb.ReadOptions;
import org.rocksdb.RocksDBException;
import org.rocksdb.RocksIterator;

/**
 * Reads of one item and of a page of a hundred through the store; the limit is RocksDB itself on
 * the same files. What the store adds is the collection's row, a snapshot for a page, and items
 * instead of bytes.
 */
@State(Scope.Benchmark)
public class ItemReadsBenchmark {
  private static final int PAGE = 100;

  /** From one item read to the next: a prime, so that all have their turn, and none is near. */
  private static final int STEP = 7_919;

  @Param("10000")
  int items;

  private FilledDatabase filled;
  private ReadOptions reads;
  private List<String> ids;
  private List<byte[]> keys;
  private int next;

  @Setup
  public void fill() throws IOException {
    filled = new FilledDatabase(items);
    reads = new ReadOptions();
    ids = IntStream.range(0, items).mapToObj(SampleItems::id).toList();
    keys = ids.stream().map(id -> ItemCodec.key(filled.number(), id)).toList();
  }

  @TearDown
  public void close() {
    reads.close();
    filled.close();
  }

  private int next() {
    next = (next + STEP) % items;
    return next;
  }

  @Benchmark
  public Optional<StoredItem> get() {
    return filled.store().get(PLACES, ids.get(next()));
  }

  @Benchmark
  public byte @Nullable [] getLimit() throws RocksDBException {
    Database database = filled.database();
    return database.rocks().get(database.shared(RocksItemStore.DATA), reads, keys.get(next()));
  }

  /** As a list or a query does. */
  @Benchmark
  public void page(Blackhole taken) {
    try (ItemCursor cursor = filled.store().scan(PLACES, ids.get(next()))) {
      for (int i = 0; i < PAGE && cursor.next(); i++) {
        taken.consume(cursor.item());
      }
    }
  }

  /** As an export does. */
  @Benchmark
  public void pageOfBytes(Blackhole taken) {
    try (ItemCursor cursor = filled.store().scan(PLACES, ids.get(next()))) {
      for (int i = 0; i < PAGE && cursor.next(); i++) {
        taken.consume(cursor.bytes());
      }
    }
  }

  @Benchmark
  public void pageLimit(Blackhole taken) {
    Database database = filled.database();
    try (RocksIterator iterator =
        database.rocks().newIterator(database.shared(RocksItemStore.DATA), reads)) {
      iterator.seek(keys.get(next()));
      for (int i = 0; i < PAGE && iterator.isValid(); i++) {
        taken.consume(iterator.key());
        taken.consume(iterator.value());
        iterator.next();
      }
    }
  }
}
