package dev.cairn.server.site.query;

import com.google.protobuf.ByteString;
import dev.cairn.server.repository.DiskReserve;
import dev.cairn.server.repository.DurableFiles;
import dev.cairn.server.site.Catalog;
import dev.cairn.server.site.Collections;
import dev.cairn.server.site.CommandLog;
import dev.cairn.server.site.Environment;
import dev.cairn.server.site.ItemWrite;
import dev.cairn.server.site.Items;
import dev.cairn.server.site.LocalCommandLog;
import dev.cairn.server.site.Removal;
import dev.cairn.server.site.SiteId;
import dev.cairn.server.site.SiteLayout;
import dev.cairn.server.site.Sites;
import dev.cairn.server.site.StorePool;
import dev.cairn.server.site.Threads;
import dev.cairn.server.site.TimeOrderedIds;
import dev.cairn.server.store.CollectionId;
import dev.cairn.server.store.Durability;
import dev.cairn.server.store.InMemoryStoreEngine;
import dev.cairn.server.store.StoreFixtures;
import dev.cairn.server.store.StoredItem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import java.util.TreeMap;

/** A site with two collections, as the server puts it together, on the engine in memory. */
public final class QuerySite implements AutoCloseable {
  public static final SiteId SITE = new SiteId("site-1");
  public static final CollectionId CITIES = StoreFixtures.CITIES;
  public static final CollectionId RIVERS = StoreFixtures.RIVERS;

  private static final int BATCH = 1_000;

  public final Items.Place place = place(CITIES, Environment.LIVE);
  public final InMemoryStoreEngine engine = new InMemoryStoreEngine();
  public final Sites sites;
  public final CommandLog commands;
  public final Collections collections;
  public final Items items;

  /** What the clock says; goes on only when it is told to. */
  public volatile Instant now = Instant.parse("2026-01-31T10:00:00Z");

  public final InstantSource clock = () -> now;
  private final StorePool pool;

  public QuerySite(Path directory) throws IOException {
    SiteLayout layout = new SiteLayout(directory);
    Files.createDirectories(layout.sites());
    Catalog catalog = new Catalog(engine.openCatalog(layout.catalog()));
    pool = new StorePool(engine::open, 10, clock);
    sites =
        new Sites(
            layout,
            engine,
            new DurableFiles(),
            pool,
            catalog,
            clock,
            Threads.LEADERS,
            Duration.ofSeconds(5));
    commands = new LocalCommandLog(sites, catalog);
    collections = new Collections(sites, commands, clock, 10);
    items =
        new Items(
            sites,
            collections,
            commands,
            clock,
            new TimeOrderedIds(clock, new Random(1)),
            DiskReserve.NONE);
    sites.create(SITE, "", Map.of(), Optional.empty());
    collections.create(SITE, CITIES, Collections.Description.NONE, Optional.empty());
    collections.create(SITE, RIVERS, Collections.Description.NONE, Optional.empty());
  }

  public static Items.Place place(CollectionId collection, Environment environment) {
    return new Items.Place(SITE, collection, environment);
  }

  /** Saves items, each as id and JSON. */
  public void save(Map<String, String> documents) {
    save(place, documents, "anna");
  }

  public void save(Items.Place where, Map<String, String> documents, String owner) {
    List<ItemWrite> writes = new ArrayList<>();
    documents.forEach(
        (id, json) ->
            writes.add(
                new ItemWrite(id, ByteString.copyFromUtf8(json), owner, OptionalLong.empty())));
    for (int from = 0; from < writes.size(); from += BATCH) {
      Threads.join(
          items.save(
              where,
              writes.subList(from, Math.min(writes.size(), from + BATCH)),
              new Items.WriteOptions(Optional.empty(), Durability.BUFFERED)));
    }
  }

  /** All items of a collection, by id. */
  public Map<String, StoredItem> content(Items.Place where) {
    Map<String, StoredItem> content = new TreeMap<>();
    try (Items.Export export = items.export(where, "")) {
      while (export.cursor().next()) {
        content.put(export.cursor().item().id(), export.cursor().item());
      }
    }
    return content;
  }

  public void delete(String id) {
    Threads.join(
        items.delete(
            place, List.of(new Removal(id, OptionalLong.empty())), false, Durability.BUFFERED));
  }

  @Override
  public void close() {
    pool.close();
  }
}
