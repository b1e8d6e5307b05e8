package dev.cairn.server.store.rocksdb;

import dev.cairn.server.error.ServiceException;
import dev.cairn.server.store.CollectionId;
import dev.cairn.server.store.CollectionStats;
import dev.cairn.server.store.CopyListener;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.rocksdb.EnvOptions;
import org.rocksdb.Options;
import org.rocksdb.RocksDBException;
import org.rocksdb.SstFileWriter;

/**
 * Copies collections into a database under numbers of their own: one pass over each source
 * collection writes sorted table files, then the database takes all files over at once. Items are
 * copied as they lie, without looking inside. A collection that has a family of its own in a backup
 * is not copied: its files are linked. What is taken over is durable: the table files are forced
 * when finished, and the database forces its directory when it takes them.
 *
 * <p>Confined to the thread that runs it.
 */
final class Staging {
  /** Before compression. */
  private static final long FILE_BYTES = 256L << 20;

  private static final int ITEMS_PER_CALL = 500;

  private final Database database;
  private final EngineOptions options;
  private final Path scratch;
  private final CopyListener listener;

  private ByteBuffer key = ByteBuffer.allocateDirect(512);
  private ByteBuffer value = ByteBuffer.allocateDirect(64 << 10);

  /**
   * @param source the collection to copy; null if it does not exist
   * @param staged the home to copy to, and what the source holds
   */
  record Copy(@Nullable CollectionRow source, CollectionId destination, CollectionRow staged) {}

  Staging(Database database, EngineOptions options, Path scratch, CopyListener listener) {
    this.database = database;
    this.options = options;
    this.scratch = scratch;
    this.listener = listener;
  }

  /**
   * @param moment of {@code source}
   * @param copies in ascending order of the numbers to copy to
   */
  void run(Database source, Moment moment, List<Copy> copies) {
    boolean done = false;
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
      done = true;
    } catch (RocksDBException e) {
      throw Failures.of("copy collections", e);
    } catch (IOException e) {
      throw Failures.of("copy collections", e);
    } finally {
      DatabaseFiles.deleteIgnoringErrors(scratch);
      if (!done) {
        dropFamilies(copies);
      }
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

  /** What cannot be dropped now goes when the database is next opened. */
  private void dropFamilies(List<Copy> copies) {
    for (Copy copy : copies) {
      Home home = copy.staged().home();
      if (home.own() && database.isHealthy()) {
        try {
          database.dropFamily(home.number());
        } catch (ServiceException ignored) {
          return;
        }
      }
    }
  }

  /** Copies collections to homes in one family. */
  private void write(Moment moment, List<Copy> copies) throws RocksDBException {
    if (copies.isEmpty()) {
      return;
    }
    List<String> files = new ArrayList<>();
    try (TableFiles writer = new TableFiles(files)) {
      for (Copy copy : copies) {
        copy(moment, copy, writer);
      }
      writer.finish();
    }
    if (!files.isEmpty()) {
      database.ingest(copies.get(0).staged().home().family(), files);
    }
  }

  private void copy(Moment moment, Copy copy, TableFiles writer) throws RocksDBException {
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
          writer.put(key, value);
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

  /** Table files of bounded size, one after the other. */
  private final class TableFiles implements AutoCloseable {
    private final List<String> names;
    private final EnvOptions environment = new EnvOptions();
    private final Options tableOptions = options.staged();
    private @Nullable SstFileWriter writer;
    private long written;

    TableFiles(List<String> names) {
      this.names = names;
    }

    void put(ByteBuffer nextKey, ByteBuffer nextValue) throws RocksDBException {
      if (written > FILE_BYTES) {
        finish();
      }
      if (writer == null) {
        writer = new SstFileWriter(environment, tableOptions);
        String name = scratch.resolve(names.size() + ".sst").toString();
        writer.open(name);
        names.add(name);
      }
      written += nextKey.remaining() + nextValue.remaining();
      writer.put(nextKey, nextValue);
    }

    /** Forces the file in work, if any. */
    void finish() throws RocksDBException {
      if (writer != null) {
        writer.finish();
        writer.close();
        writer = null;
        written = 0;
      }
    }

    @Override
    public void close() {
      if (writer != null) {
        writer.close();
      }
      tableOptions.close();
      environment.close();
    }
  }
}
