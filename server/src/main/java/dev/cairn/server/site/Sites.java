package dev.cairn.server.site;

import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import dev.cairn.server.repository.DurableFiles;
import dev.cairn.server.store.CollectionId;
import dev.cairn.server.store.CollectionStats;
import dev.cairn.server.store.StoreEngine;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * All sites: making, finding, listing and deleting them, and the way to their content.
 *
 * <p>Thread-safe.
 */
public final class Sites {
  private static final Logger log = LoggerFactory.getLogger(Sites.class);
  private static final int PURGE_BATCH = 200;

  private final SiteFiles files;
  private final NewSites newSites;
  private final StorePool pool;
  private final Catalog catalog;
  private final InstantSource clock;
  private final Executor leaders;
  private final Duration maxWriteWait;
  private final Map<SiteId, Site> loaded = new ConcurrentHashMap<>();
  private volatile Consumer<SiteId> outgrown = site -> {};
  private final List<SiteDependent> dependents = new CopyOnWriteArrayList<>();

  /** Sites with files that a crash may have left; each is looked at before it is used. */
  private final Set<SiteId> unswept = ConcurrentHashMap.newKeySet();

  /**
   * @param leaders carry out writes that wait at a site's door, one at a time for each site; blocks
   * @param maxWriteWait how long a write waits for a switch or a checkpoint before it is refused
   */
  public Sites(
      SiteLayout layout,
      StoreEngine engine,
      DurableFiles files,
      StorePool pool,
      Catalog catalog,
      InstantSource clock,
      Executor leaders,
      Duration maxWriteWait) {
    this.files = new SiteFiles(layout, engine, files);
    this.pool = pool;
    this.catalog = catalog;
    this.clock = clock;
    this.leaders = leaders;
    this.maxWriteWait = maxWriteWait;
    this.newSites = new NewSites(this, catalog, this.files);
  }

  /**
   * Registers a layer above that keeps things of a site. Called by the wiring only, lower layers
   * first.
   */
  public void register(SiteDependent dependent) {
    dependents.add(0, dependent);
  }

  /**
   * Registers who is told, often and by any thread, of a site that holds a collection for which
   * {@link dev.cairn.server.store.ItemStore#isOutgrown} says so. Called by the wiring only.
   */
  public void onOutgrown(Consumer<SiteId> listener) {
    outgrown = listener;
  }

  /**
   * Makes a site without collections.
   *
   * @param request when repeated with the same one, answers the site again
   * @throws ServiceException SITE_ALREADY_EXISTS; REQUEST_ID_CONFLICT
   */
  public SiteRecord create(
      SiteId id, String displayName, Map<String, String> labels, Optional<RequestId> request) {
    SiteRecord record = new SiteRecord(id, displayName, labels, clock.instant());
    synchronized (creationLock()) {
      Optional<SiteRecord> existing = catalog.get(SiteRecord.key(id), SiteRecord.class);
      if (existing.isPresent()) {
        if (RequestRecord.find(catalog::get, id, request).isPresent()) {
          return existing.get();
        }
        throw new ServiceException(
            Reason.SITE_ALREADY_EXISTS,
            Map.of("site_id", id.value()),
            "site " + id + " exists already");
      }
      newSites.requireFree(id);
      makeFiles(id);
      catalog.apply(
          transaction -> {
            NewSites.requireNotReserved(transaction, id);
            transaction.put(SiteRecord.key(id), record);
            RequestRecord.put(transaction, id, request, id.value(), record.createTime());
            return Boolean.TRUE;
          });
    }
    log.info("site created site={}", id);
    created(record);
    return record;
  }

  void created(SiteRecord site) {
    dependents.forEach(dependent -> dependent.afterCreate(site));
  }

  private Object creationLock() {
    return loaded; // sites are made rarely: one lock for all of them keeps it simple
  }

  private void makeFiles(SiteId id) {
    requireGone(id);
    files.create(id);
  }

  /** The folder of a reserved site; not while somebody else may think that the id is free. */
  void makeFolder(SiteId id) {
    synchronized (creationLock()) {
      requireGone(id);
      files.makeFolder(id);
    }
  }

  /** A deleted site's files may be in use for a while after it. */
  private void requireGone(SiteId id) {
    Site deleted = loaded.get(id);
    if (deleted != null && !deleted.isGone()) {
      throw new ServiceException(
              Reason.SITE_SWITCHING,
              Map.of("site_id", id.value()),
              "the files of the deleted site " + id + " are still being read; try again soon")
          .withRetryAfter(Duration.ofSeconds(1));
    }
    loaded.remove(id);
  }

  /** Sites that come to exist with content. */
  public NewSites newSites() {
    return newSites;
  }

  /** Whether there is such a site. */
  public boolean exists(SiteId id) {
    return catalog.contains(SiteRecord.key(id));
  }

  /**
   * Checks that there is such a site, for less than it takes to {@linkplain #get read} it.
   *
   * @throws ServiceException SITE_NOT_FOUND
   */
  public void requireExists(SiteId id) {
    if (!exists(id)) {
      throw SiteSection.siteNotFound(id);
    }
  }

  /**
   * The site.
   *
   * @throws ServiceException SITE_NOT_FOUND
   */
  public SiteRecord get(SiteId id) {
    return catalog
        .get(SiteRecord.key(id), SiteRecord.class)
        .orElseThrow(() -> SiteSection.siteNotFound(id));
  }

  /**
   * The site.
   *
   * @param id may be anything; empty if it cannot be an id
   */
  public Optional<SiteRecord> find(String id) {
    return SiteId.isValid(id)
        ? catalog.get(SiteRecord.key(new SiteId(id)), SiteRecord.class)
        : Optional.empty();
  }

  /**
   * Up to {@code limit} sites whose id starts with {@code prefix} and comes after {@code after}.
   */
  public List<SiteRecord> list(String prefix, String after, int limit) {
    List<SiteRecord> result = new ArrayList<>();
    if (limit > 0) {
      catalog.scan(
          SiteRecord.PREFIX + prefix,
          after.isEmpty() ? "" : SiteRecord.PREFIX + after,
          SiteRecord.class,
          (key, record) -> {
            result.add(record);
            return result.size() < limit;
          });
    }
    return result;
  }

  /** The ids of all sites, in their order; a site may be gone before the caller comes to it. */
  public List<SiteId> ids() {
    return catalog.keys(SiteRecord.PREFIX).stream()
        .map(key -> new SiteId(key.substring(SiteRecord.PREFIX.length())))
        .toList();
  }

  /** How many sites have an id that starts with {@code prefix}. */
  public int count(String prefix) {
    return catalog.keys(SiteRecord.PREFIX + prefix).size();
  }

  /**
   * Removes a site with everything of it: items, schemas, backups, restorations.
   *
   * @param force also when it still holds collections or READY backups
   * @throws ServiceException SITE_NOT_FOUND; SITE_NOT_EMPTY; RESTORATION_IN_PROGRESS
   */
  public void delete(SiteId id, boolean force) {
    Site site = require(id);
    if (!force) {
      requireEmpty(id, site.collections()); // before anything of it is stopped
    }
    dependents.forEach(dependent -> dependent.beforeDelete(id));
    site.exclusively(
        section -> {
          if (!force) {
            requireEmpty(id, section.collections());
          }
          section.delete(
              transaction -> {
                transaction.deleteAll(RequestRecord.prefix(id));
                dependents.forEach(dependent -> dependent.removeRecords(id, transaction));
                return Boolean.TRUE;
              });
          return Boolean.TRUE;
        });
    log.info("site deleted site={}", id);
    for (SiteDependent dependent : dependents) {
      try {
        dependent.afterDelete(id);
      } catch (RuntimeException e) {
        log.warn("files of a deleted site remain until the next start site={}", id, e);
      }
    }
  }

  private void requireEmpty(SiteId id, SiteCollections held) {
    int collections = held.size();
    long backups = dependents.stream().mapToLong(each -> each.backupCount(id)).sum();
    if (collections > 0 || backups > 0) {
      throw new ServiceException(
          Reason.SITE_NOT_EMPTY,
          Map.of(
              "site_id", id.value(),
              "collection_count", String.valueOf(collections),
              "backup_count", String.valueOf(backups)),
          "site " + id + " still holds collections or backups; delete them first or use force");
    }
  }

  /** A lease on the site's content. */
  public Lease lease(SiteId id, Environment environment) {
    return require(id).lease(environment);
  }

  /**
   * Begins to write what of the site's content is only in memory, as a checkpoint needs it, and
   * does not wait for that.
   */
  public void beginFlush(SiteId id) {
    try (Lease lease = lease(id, Environment.LIVE)) {
      lease.store().beginFlush();
    }
  }

  /** The site's collections now. */
  public SiteCollections collections(SiteId id) {
    return require(id).collections();
  }

  /**
   * Runs {@code work} alone on the site: its writes wait, its reads go on.
   *
   * @throws ServiceException SITE_NOT_FOUND and what {@code work} throws
   */
  public <T> T exclusively(SiteId id, Function<SiteSection, T> work) {
    return require(id).exclusively(work).result();
  }

  /** The same, and how long the longest of the writes that came meanwhile has waited. */
  public <T> Paused<T> exclusivelyTimed(SiteId id, Function<SiteSection, T> work) {
    Door.Outcome<T> outcome = require(id).exclusively(work);
    return new Paused<>(outcome.result(), outcome.longestWait());
  }

  /**
   * What was done behind the closed door.
   *
   * @param longestWait of the writes that came meanwhile; empty if none came
   */
  public record Paused<T>(T result, Optional<Duration> longestWait) {}

  /** What the site holds in one environment, by collection. */
  public Map<CollectionId, CollectionStats> stats(SiteId id, Environment environment) {
    Site site = require(id);
    if (environment == Environment.SANDBOX && !site.hasSandbox()) {
      return Map.of();
    }
    try (Lease lease = site.lease(environment)) {
      return lease.store().collections();
    }
  }

  /**
   * Throws SITE_NOT_FOUND in a command that makes something of a site that was deleted meanwhile.
   */
  public static void requireExists(CatalogTransaction transaction, SiteId id) {
    if (transaction.get(SiteRecord.key(id), SiteRecord.class).isEmpty()) {
      throw SiteSection.siteNotFound(id);
    }
  }

  /** Whether SANDBOX content was ever used; asking for a lease on it makes it. */
  boolean hasSandbox(SiteId id) {
    return require(id).hasSandbox();
  }

  /** Where the generation {@code number} of a site lives or will live. */
  public Path generationDirectory(SiteId id, long number) {
    return files.layout().generation(id, number);
  }

  /** A directory for files in work of this site. */
  public Path stagingDirectory(SiteId id) {
    return files.layout().staging(id);
  }

  /**
   * Forgets request ids of what was created before {@code before}, some in each step, so that other
   * changes do not wait for long; answers how many.
   */
  public int purgeRequests(Instant before) {
    List<String> keys = catalog.keys(RequestRecord.ALL);
    int purged = 0;
    for (int from = 0; from < keys.size(); from += PURGE_BATCH) {
      List<String> batch = keys.subList(from, Math.min(keys.size(), from + PURGE_BATCH));
      purged += catalog.apply(transaction -> purgeRequests(transaction, batch, before));
    }
    return purged;
  }

  private static int purgeRequests(
      CatalogTransaction transaction, List<String> keys, Instant before) {
    int purged = 0;
    for (String key : keys) {
      boolean old =
          transaction
              .get(key, RequestRecord.class)
              .map(record -> record.time().isBefore(before))
              .orElse(false);
      if (old) {
        transaction.delete(key);
        purged++;
      }
    }
    return purged;
  }

  /** There is no such site, or not any more. */
  public static ServiceException notFound(SiteId id) {
    return SiteSection.siteNotFound(id);
  }

  Site require(SiteId id) {
    Site site = loaded.get(id);
    if (site == null) {
      return load(id);
    }
    site.requireThere();
    return site;
  }

  private Site load(SiteId id) {
    synchronized (creationLock()) {
      get(id);
      sweep(id);
      return loaded.computeIfAbsent(
          id,
          key -> {
            return new Site(
                id,
                files,
                pool,
                catalog,
                SiteCollections.read(catalog, id),
                files.readCurrent(id),
                leaders,
                maxWriteWait,
                site -> outgrown.accept(site));
          });
    }
  }

  /**
   * Makes records of sites whose folders are there but that the catalog does not know, because it
   * was lost. Called before anything is served or swept.
   *
   * @param backedUp the collections of each site's newest backup, with their names
   */
  public void findLost(Map<SiteId, Map<CollectionId, String>> backedUp) {
    new LostSites(files, pool, catalog, clock).find(backedUp).forEach(this::created);
  }

  /**
   * Removes what a crash left behind: at once the folders of sites that are not in the catalog; of
   * each other site, generations that are not live and files in work, before it is first used or by
   * {@link #sweepUnused()}. So a start does not wait for the folders of all sites to be read. What
   * bears a name that no site could have is somebody else's and stays. Called once, before anything
   * is served.
   */
  public void sweep() {
    for (String name : files.siteNames()) {
      if (!SiteId.isValid(name)) {
        log.warn("not the folder of a site, left as it is name={}", name);
        continue;
      }
      SiteId id = new SiteId(name);
      if (!exists(id)) {
        log.info("removing the files of a site that was not finished or is deleted site={}", id);
        files.deleteSite(id);
      } else {
        unswept.add(id);
        if (loaded.containsKey(id)) { // for the recovery of a restoration, which is over
          sweep(id);
        }
      }
    }
  }

  /** What is left of {@link #sweep()}, site by site until the thread is interrupted. */
  public void sweepUnused() {
    for (SiteId id : unswept) {
      if (Thread.currentThread().isInterrupted()) {
        return;
      }
      synchronized (creationLock()) {
        sweep(id);
      }
    }
  }

  /** Once a start, by whoever comes first and holds the creation lock: nobody uses the site yet. */
  private void sweep(SiteId id) {
    if (!unswept.remove(id)) {
      return;
    }
    try {
      files.sweep(id);
    } catch (ServiceException e) {
      log.warn("what a crash left of a site remains until the next start site={}", id, e);
    }
  }
}
