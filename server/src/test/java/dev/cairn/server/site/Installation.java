package dev.cairn.server.site;

import com.google.protobuf.ByteString;
import dev.cairn.server.repository.DiskReserve;
import dev.cairn.server.repository.DurableFiles;
import dev.cairn.server.store.CollectionId;
import dev.cairn.server.store.Durability;
import dev.cairn.server.store.ItemCursor;
import dev.cairn.server.store.StoreEngine;
import dev.cairn.server.store.StoredItem;
import dev.cairn.server.store.rocksdb.EngineSettings;
import dev.cairn.server.store.rocksdb.RocksStoreEngine;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Stream;

/** The site layer of a server on a data directory, on the real engine, with short sentences. */
public final class Installation implements AutoCloseable {
  public static final SiteId SITE = new SiteId("site-1");
  public static final CollectionId CITIES = new CollectionId("cities");
  public static final CollectionId RIVERS = new CollectionId("rivers");
  private static final long MIB = 1 << 20;

  public final Path root;
  public final ManualClock clock;
  public final SiteLayout layout;
  public final DurableFiles files;
  public final StoreEngine engine;
  public final FaultyKeyValueStore store;
  public final Catalog catalog;
  public final StorePool pool;
  public final Sites sites;
  public final CommandLog commands;
  public final TimeOrderedIds ids;
  public final Collections collections;
  public final Items items;

  /**
   * How an installation is opened.
   *
   * @param maxWait how long writes wait at the door
   * @param largeCollectionBytes from when on a collection gets a place of its own
   */
  public record Options(
      ManualClock clock,
      DurableFiles files,
      Duration maxWait,
      int maxOpen,
      long largeCollectionBytes) {
    public static Options defaults() {
      return new Options(
          ManualClock.start(), new DurableFiles(), Duration.ofSeconds(20), 8, 64 * MIB);
    }

    public Options withLargeCollectionsFrom(long bytes) {
      return new Options(clock, files, maxWait, maxOpen, bytes);
    }

    public Options with(DurableFiles other) {
      return new Options(clock, other, maxWait, maxOpen, largeCollectionBytes);
    }

    public Options with(DurableFiles.StepListener listener) {
      return with(new DurableFiles(listener));
    }

    public Options withMaxWait(Duration wait) {
      return new Options(clock, files, wait, maxOpen, largeCollectionBytes);
    }

    public Options with(ManualClock other) {
      return new Options(other, files, maxWait, maxOpen, largeCollectionBytes);
    }
  }

  private Installation(Path root, Options options) {
    this.root = root;
    this.clock = options.clock();
    this.files = options.files();
    this.layout = new SiteLayout(root);
    this.engine =
        new RocksStoreEngine(
            new EngineSettings(
                32 * MIB, 8 * MIB, 500 * MIB, 2, 16, 64, options.largeCollectionBytes()));
    makeDirectory(root);
    this.store = new FaultyKeyValueStore(engine.openCatalog(layout.catalog()));
    this.catalog = new Catalog(store);
    this.pool = new StorePool(engine::open, options.maxOpen(), clock);
    this.sites =
        new Sites(layout, engine, files, pool, catalog, clock, Threads.LEADERS, options.maxWait());
    this.commands = new LocalCommandLog(sites, catalog);
    this.ids = new TimeOrderedIds(clock, new Random(1));
    this.collections = new Collections(sites, commands, clock, 1_000);
    this.items = new Items(sites, collections, commands, clock, ids, DiskReserve.NONE);
  }

  public static Installation open(Path root) {
    return open(root, Options.defaults());
  }

  /** Opens what is in {@code root}, swept as at the start of a server. */
  public static Installation open(Path root, Options options) {
    Installation opened = new Installation(root, options);
    opened.sites.sweep();
    return opened;
  }

  /** Closes it and opens it again. */
  public Installation reopen() {
    close();
    return open(root, Options.defaults().with(clock));
  }

  /** Opens a copy of what a crash at this instant would leave. The original runs on. */
  public Installation afterCrash(Path copy) {
    copyTree(root, copy);
    return open(copy, Options.defaults().with(clock));
  }

  @Override
  public void close() {
    pool.close();
    store.close();
    engine.close();
  }

  public Installation withSite(CollectionId... names) {
    sites.create(SITE, "", Map.of(), Optional.empty());
    for (CollectionId name : names) {
      create(name);
    }
    return this;
  }

  public CollectionRecord create(CollectionId name) {
    return collections.create(SITE, name, Collections.Description.NONE, Optional.empty());
  }

  public static Items.Place live(CollectionId collection) {
    return new Items.Place(SITE, collection, Environment.LIVE);
  }

  public static Items.Place sandbox(CollectionId collection) {
    return new Items.Place(SITE, collection, Environment.SANDBOX);
  }

  public static final Items.WriteOptions PLAIN =
      new Items.WriteOptions(Optional.empty(), Durability.SYNCED);

  public static Items.WriteOptions once(String requestId, String fingerprint) {
    return new Items.WriteOptions(
        Optional.of(new RequestId(requestId, fingerprint)), Durability.SYNCED);
  }

  public static ItemWrite write(String id, String data) {
    return new ItemWrite(id, ByteString.copyFromUtf8(data), "", OptionalLong.empty());
  }

  public static ItemWrite owned(String id, String data, String owner) {
    return new ItemWrite(id, ByteString.copyFromUtf8(data), owner, OptionalLong.empty());
  }

  public static ItemWrite expecting(String id, String data, long revision) {
    return new ItemWrite(id, ByteString.copyFromUtf8(data), "", OptionalLong.of(revision));
  }

  public static Removal removal(String id) {
    return new Removal(id, OptionalLong.empty());
  }

  /** Saves items given as id, data, id, data and so on. */
  public List<SavedItem> save(Items.Place place, String... idsAndData) {
    List<ItemWrite> writes = new ArrayList<>();
    for (int i = 0; i < idsAndData.length; i += 2) {
      writes.add(write(idsAndData[i], idsAndData[i + 1]));
    }
    return Threads.join(items.save(place, writes, PLAIN));
  }

  /** What a collection holds: id to data. */
  public Map<String, String> content(Items.Place place) {
    Map<String, String> content = new TreeMap<>();
    for (StoredItem item : stored(place)) {
      content.put(item.id(), item.data().toStringUtf8());
    }
    return content;
  }

  public List<StoredItem> stored(Items.Place place) {
    List<StoredItem> result = new ArrayList<>();
    try (Items.Export export = items.export(place, "")) {
      ItemCursor cursor = export.cursor();
      while (cursor.next()) {
        result.add(cursor.item());
      }
    }
    return result;
  }

  /** The names in the site's folder. */
  public List<String> siteFiles() {
    return names(layout.site(SITE));
  }

  public static List<String> names(Path directory) {
    if (!Files.exists(directory)) {
      return List.of();
    }
    try {
      return DurableFiles.list(directory).stream()
          .map(path -> path.getFileName().toString())
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Copies what a crash would leave. The engine removes what it no longer needs when it likes:
   * copies again when files came or went meanwhile.
   */
  public static void copyTree(Path source, Path target) {
    try {
      List<Path> before;
      List<Path> after = tree(source);
      do {
        new DurableFiles().deleteTree(target);
        before = after;
        for (Path path : before) {
          copy(path, target.resolve(source.relativize(path).toString()));
        }
        after = tree(source);
      } while (!after.equals(before));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static List<Path> tree(Path directory) throws IOException {
    while (true) {
      try (Stream<Path> all = Files.walk(directory)) {
        return all.sorted().toList();
      } catch (UncheckedIOException e) {
        Threads.pause(); // a file went while it was looked at
      }
    }
  }

  private static void copy(Path source, Path target) throws IOException {
    if (Files.isDirectory(source)) {
      Files.createDirectories(target);
      return;
    }
    try {
      Files.copy(source, target);
    } catch (NoSuchFileException e) {
      Threads.pause(); // seen by the comparison
    }
  }

  private static void makeDirectory(Path directory) {
    try {
      Files.createDirectories(directory);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
