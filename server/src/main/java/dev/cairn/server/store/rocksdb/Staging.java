package dev.cairn.server.store.rocksdb;

import dev.cairn.server.store.CollectionId;
import dev.cairn.server.store.CollectionStats;
import dev.cairn.server.store.CopyListener;
import dev.cairn.server.telemetry.NamedThreads;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ThreadFactory;
import org.jspecify.annotations.Nullable;
import org.rocksdb.EnvOptions;
import org.rocksdb.Options;
import org.rocksdb.RocksDBException;
import org.rocksdb.SstFileWriter;

/**
 * Copies collections into a database under numbers of their own: one pass over each source
 * collection writes sorted table files, and the database takes each file over while the next one is
 * written. Items are copied as they lie, without looking inside. A collection that has a family of
 * its own in a backup is not copied: its files are linked. What is taken over is durable: the table
 * files are forced when finished, and the database forces its directory when it takes them.
 *
 * <p>Confined to the thread that runs it, but for taking a file over. When it fails, some of the
 * items may be in the database already; its caller removes them.
 */
final class Staging {
  /** Before compression. */
  private static final long FILE_BYTES = 256L << 20;

  private static final int ITEMS_PER_CALL = 500;
  private static final ThreadFactory THREADS = new NamedThreads("staging");

  private final Database database;
  private final EngineOptions options;
  private final Path scratch;
  private final CopyListener listener;
  private final long fileBytes;

  private ByteBuffer key = ByteBuffer.allocateDirect(512);
  private ByteBuffer value = ByteBuffer.allocateDirect(64 << 10);

  /**
   * @param source the collection to copy; null if it does not exist
   * @param staged the home to copy to, and what the source holds
   */
  record Copy(@Nullable CollectionRow source, CollectionId destination, CollectionRow staged) {}

  Staging(Database database, EngineOptions options, Path scratch, CopyListener listener) {
    this(database, options, scratch, listener, FILE_BYTES);
  }

  /**
   * @param fileBytes how much goes into one table file, before compression
   */
  Staging(
      Database database,
      EngineOptions options,
      Path scratch,
      CopyListener listener,
      long fileBytes) {
    this.database = database;
    this.options = options;
    this.scratch = scratch;
    this.listener = listener;
    this.fileBytes = fileBytes;
  }

  /**
   * @param moment of {@code source}
   * @param copies in ascending order of the numbers to copy to
   */
  void run(Database source, Moment moment, List<Copy> copies) {
    try {
      DatabaseFiles.delete(scratch);
      Files.createDirectory(scratch);
      write(moment, copies.stream().filter(copy -> !copy.staged().home().own()).toList());
      List<Copy> linked = copies.stream().filter(copy -> isLinked(source, copy)).toList();
      for (Copy copy : copies) {
        if (copy.staged().home().own() && !linked.contains(copy)) {
          database.createFamily(copy.staged().home().number(), options.ownFamily());
          write(moment, List.of(copy));
        }
      }
      link(source, linked);
    } catch (RocksDBException e) {
      throw Failures.of("copy collections", e);
    } catch (IOException e) {
      throw Failures.of("copy collections", e);
    } finally {
      DatabaseFiles.deleteIgnoringErrors(scratch);
    }
  }

  /** A family that nobody writes to is taken over whole. */
  private static boolean isLinked(Database source, Copy copy) {
    return source.isReadOnly()
        && copy.staged().home().own()
        && copy.source() != null
        && copy.source().home().own();
  }

  private void link(Database source, List<Copy> copies) throws IOException {
    if (copies.isEmpty()) {
      return;
    }
    List<FamilyLinks.Link> links = new ArrayList<>();
    for (Copy copy : copies) {
      CollectionRow from = Objects.requireNonNull(copy.source());
      links.add(new FamilyLinks.Link(from.home(), copy.staged().home()));
    }
    new FamilyLinks(database, options, scratch).take(source.directory(), links);
    for (Copy copy : copies) {
      CollectionStats stats = copy.staged().stats();
      listener.copied(copy.destination(), stats.itemCount(), stats.sizeBytes());
    }
  }

  /** Copies collections to homes in one family. */
  private void write(Moment moment, List<Copy> copies) throws RocksDBException {
    if (copies.isEmpty()) {
      return;
    }
    try (TableFiles files = new TableFiles(copies.get(0).staged().home().family())) {
      for (Copy copy : copies) {
        copy(moment, copy, files);
      }
      files.finish();
    }
  }

  private void copy(Moment moment, Copy copy, TableFiles files) throws RocksDBException {
    long items = 0;
    long bytes = 0;
    CollectionRow source = copy.source();
    if (source != null) {
      Home home = source.home();
      try (Range range = moment.bulkRange(home.family(), home.first(), home.end())) {
        while (range.next()) {
          readEntry(range);
          key.putInt(0, copy.staged().home().prefix());
          bytes += ItemCodec.sizeBytes(key.remaining(), value.remaining());
          items++;
          files.put(key, value);
          if (items % ITEMS_PER_CALL == 0) {
            listener.copied(copy.destination(), items, bytes);
          }
        }
      }
    }
    if (items != copy.staged().stats().itemCount() || bytes != copy.staged().stats().sizeBytes()) {
      throw Failures.corrupt(
          "The stored data is damaged: a collection has "
              + items
              + " items, its record says "
              + copy.staged().stats().itemCount()
              + ".",
          null);
    }
    if (items == 0 || items % ITEMS_PER_CALL != 0) {
      listener.copied(copy.destination(), items, bytes);
    }
  }

  private void readEntry(Range range) {
    int keyLength = range.key(key.clear());
    if (keyLength > key.capacity()) {
      key = ByteBuffer.allocateDirect(keyLength);
      range.key(key);
    }
    int valueLength = range.value(value.clear());
    if (valueLength > value.capacity()) {
      value = ByteBuffer.allocateDirect(Math.max(valueLength, 2 * value.capacity()));
      range.value(value);
    }
  }

  /**
   * Table files of bounded size, one after the other. RocksDB reads a file once more before it
   * takes it over, for its checksum, so that this is done beside the writing of the next one.
   */
  private final class TableFiles implements AutoCloseable {
    private final int family;
    private final EnvOptions environment = new EnvOptions();
    private final Options tableOptions = options.staged();
    private @Nullable SstFileWriter writer;
    private String name = "";
    private int count;
    private long written;
    private CompletableFuture<Void> taking = CompletableFuture.completedFuture(null);

    /**
     * @param family takes them over
     */
    TableFiles(int family) {
      this.family = family;
    }

    void put(ByteBuffer nextKey, ByteBuffer nextValue) throws RocksDBException {
      if (written > fileBytes) {
        finishFile();
        awaitTaken();
        takeBeside(name);
      }
      if (writer == null) {
        writer = new SstFileWriter(environment, tableOptions);
        name = scratch.resolve(count + ".sst").toString();
        writer.open(name);
        count++;
      }
      written += nextKey.remaining() + nextValue.remaining();
      writer.put(nextKey, nextValue);
    }

    /** When it returns, everything that was put is in the database. */
    void finish() throws RocksDBException {
      boolean any = writer != null;
      finishFile();
      awaitTaken();
      if (any) {
        database.ingest(family, name);
      }
    }

    /** Forces the file in work, if any. */
    private void finishFile() throws RocksDBException {
      if (writer != null) {
        writer.finish();
        writer.close();
        writer = null;
        written = 0;
      }
    }

    private void takeBeside(String file) {
      taking =
          CompletableFuture.runAsync(
              () -> {
                try {
                  database.ingest(family, file);
                } catch (RocksDBException e) {
                  throw new CompletionException(e);
                }
              },
              work -> THREADS.newThread(work).start());
    }

    private void awaitTaken() throws RocksDBException {
      try {
        taking.join();
      } catch (CompletionException e) {
        if (e.getCause() instanceof RocksDBException failure) {
          throw failure;
        }
        if (e.getCause() instanceof Error error) {
          throw error;
        }
        throw e.getCause() instanceof RuntimeException failure ? failure : e;
      }
    }

    /** Nothing is taken over after it. */
    @Override
    public void close() {
      taking.handle((done, failure) -> null).join();
      if (writer != null) {
        writer.close();
      }
      tableOptions.close();
      environment.close();
    }
  }
}
