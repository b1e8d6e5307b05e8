package dev.cairn.server.site;

import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import dev.cairn.server.store.CollectionId;
import dev.cairn.server.store.Durability;
import dev.cairn.server.store.ItemStore;
import dev.cairn.server.store.ItemTransaction;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One site while the server runs: its door, its collections, and which generation is live.
 *
 * <pre>
 * serving --delete--&gt; deleted --last lease on any of its databases--&gt; gone
 *    |--CURRENT can no longer be written--&gt; reading only --it can again--&gt; serving
 *    '--the catalog failed, what it holds is unknown--&gt; outdated --it is read again--&gt; serving
 * </pre>
 *
 * <p>A site that failed to write CURRENT stays on the content that it had, but a crash might bring
 * the other one: until CURRENT is written again it is read and not changed, so that nothing is
 * acknowledged that the next start would not find.
 *
 * <p>Thread-safe. {@code generation}, {@code collections}, {@code swept}, {@code deleted}, {@code
 * outdated} and {@code unrecorded} change only behind the door, and {@code failed} is set there;
 * the volatile ones are read without it. The monitor guards {@code leaving}, healing and the making
 * of the sandbox; it is never held while the door is waited for.
 */
final class Site {
  private static final Logger log = LoggerFactory.getLogger(Site.class);

  private static final Duration RETRY_AFTER = Duration.ofSeconds(1);

  private final SiteId id;
  private final SiteLayout layout;
  private final SiteFiles files;
  private final StorePool pool;
  private final Catalog catalog;
  private final Consumer<SiteId> outgrown;
  private final Door<List<? extends Submission<?>>> door;
  private volatile long generation;
  private volatile SiteCollections collections;
  private volatile boolean deleted;
  private volatile boolean gone;
  private volatile boolean failed;

  /** The generation that was to be live when the site failed. */
  private @Nullable Path abandoned;

  /** A change of the catalog failed: it may be there or not. */
  private boolean outdated;

  /** What a restoration made of the collections is live, but the catalog does not say so yet. */
  private boolean unrecorded;

  private volatile boolean sandboxExists;

  /** Where the content of collections that are no more has been dropped. */
  private final Set<Environment> swept = EnumSet.noneOf(Environment.class);

  /** Databases that get no more leases and go with their last one. */
  private final Set<Path> leaving = new HashSet<>();

  Site(
      SiteId id,
      SiteFiles files,
      StorePool pool,
      Catalog catalog,
      SiteCollections collections,
      long generation,
      Executor leaders,
      Duration maxWriteWait,
      Consumer<SiteId> outgrown) {
    this.id = id;
    this.outgrown = outgrown;
    this.layout = files.layout();
    this.files = files;
    this.pool = pool;
    this.catalog = catalog;
    this.collections = collections;
    this.generation = generation;
    this.door = new Door<>(this::carryOut, leaders, maxWriteWait);
    this.sandboxExists = files.hasSandbox(id);
  }

  SiteCollections collections() {
    return collections;
  }

  /** A lease for reading what is LIVE now, or the SANDBOX content, made when absent. */
  Lease lease(Environment environment) {
    while (true) {
      requireThere();
      long seen = generation;
      try {
        Optional<Lease> lease =
            pool.acquire(
                environment == Environment.LIVE ? layout.generation(id, seen) : sandboxDirectory());
        if (isStill(seen)) {
          return lease.orElseThrow(
              () ->
                  new ServiceException(
                          Reason.SITE_SWITCHING, "the content of site " + id + " is being replaced")
                      .withRetryAfter(Duration.ofMillis(100)));
        }
        lease.ifPresent(Lease::close);
      } catch (ServiceException e) {
        if (isStill(seen)) {
          throw e;
        }
      }
    }
  }

  /**
   * Whether what was done with the generation {@code seen} was done with the live one. If not, its
   * files may have been gone already.
   */
  private boolean isStill(long seen) {
    return seen == generation && !deleted;
  }

  private Path sandboxDirectory() {
    if (!sandboxExists) {
      synchronized (this) {
        requireThere(); // or its folder may be another site's by now
        if (!sandboxExists) {
          files.createSandbox(id);
          sandboxExists = true;
        }
      }
    }
    return layout.sandbox(id);
  }

  boolean hasSandbox() {
    return sandboxExists;
  }

  /** Passes the door with content commands, which then say themselves what became of them. */
  <R> List<Submission<R>> write(List<? extends ContentCommand<R>> commands) {
    List<Submission<R>> submissions = new ArrayList<>(commands.size());
    commands.forEach(command -> submissions.add(new Submission<>(command)));
    door.write(submissions);
    return submissions;
  }

  /** Passes the door with a content command and does not wait; see {@link Door#submit}. */
  <R> CompletableFuture<R> submit(ContentCommand<R> command) {
    Submission<R> submission = new Submission<>(command);
    CompletableFuture<R> answer = new CompletableFuture<>();
    door.submit(
        List.of(submission),
        failure -> {
          if (failure != null) {
            submission.fail(failure);
          }
          submission.tell(answer);
        });
    return answer;
  }

  /** Runs {@code work} alone on this site. */
  <T> Door.Outcome<T> exclusively(Function<SiteSection, T> work) {
    return door.exclusively(
        () -> {
          requireUpToDate();
          requireServing();
          return work.apply(new Section());
        });
  }

  /** How many wait at the door. */
  int waiting() {
    return door.waiting();
  }

  /** Whether it is deleted and nothing of it is left, so that another may bear its name. */
  boolean isGone() {
    return gone;
  }

  /**
   * Throws unless the site can be read.
   *
   * @throws ServiceException SITE_NOT_FOUND when it is deleted
   */
  void requireThere() {
    if (deleted) {
      throw SiteSection.siteNotFound(id);
    }
  }

  /**
   * Throws unless the site can be changed, and what is live is known to be what the next start
   * finds.
   *
   * @throws ServiceException SITE_NOT_FOUND when it is deleted; STORAGE_FAILED when it has failed
   */
  private void requireServing() {
    requireThere();
    if (failed) {
      heal();
    }
  }

  private synchronized void heal() {
    if (!failed) {
      return;
    }
    try {
      files.writeCurrent(id, generation);
    } catch (ServiceException e) {
      throw new ServiceException(
              e.reason(),
              Map.of("site_id", id.value()),
              "a restoration of site " + id + " broke off, and its disk takes no writes yet",
              e)
          .withRetryAfter(RETRY_AFTER);
    }
    failed = false;
    Path left = abandoned;
    abandoned = null;
    if (left != null) {
      pool.retire(
          left,
          () -> {
            files.deleteTree(left);
            pool.forget(left);
          });
    }
    log.warn("site serves again site={} generation={}", id, generation);
  }

  /**
   * Behind the door, before anything is done there: takes over what the catalog holds, if a change
   * of it failed so that nobody knows whether it was made. What is acknowledged from now on must
   * not be in a collection or a site that the next start does not find.
   */
  private void requireUpToDate() {
    if (!outdated) {
      return;
    }
    if (!deleted && catalog.get(SiteRecord.key(id), SiteRecord.class).isEmpty()) {
      removeDatabases();
    } else {
      collections = SiteCollections.read(catalog, id);
      swept.clear();
    }
    outdated = false;
  }

  /** The leader's work: applies a group of commands, each run of one environment in one commit. */
  private void carryOut(List<List<? extends Submission<?>>> visitors) {
    List<Submission<?>> group = new ArrayList<>();
    visitors.forEach(group::addAll);
    int from = 0;
    while (from < group.size()) {
      Environment environment = group.get(from).environment();
      int to = from + 1;
      while (to < group.size() && group.get(to).environment() == environment) {
        to++;
      }
      commit(environment, group.subList(from, to));
      from = to;
    }
  }

  private void commit(Environment environment, List<Submission<?>> run) {
    try {
      requireUpToDate();
      requireServing();
      commitTo(environment, run);
    } catch (RuntimeException e) {
      run.forEach(submission -> submission.fail(e));
    }
  }

  private void commitTo(Environment environment, List<Submission<?>> run) {
    try (Lease lease = lease(environment);
        ItemTransaction transaction = lease.store().begin()) {
      dropOrphans(environment, transaction);
      Durability durability = Durability.BUFFERED;
      for (Submission<?> submission : run) {
        transaction.savepoint();
        if (submission.apply(transaction, collections)) {
          durability =
              submission.durability() == Durability.SYNCED ? Durability.SYNCED : durability;
        } else {
          transaction.rollback();
        }
      }
      transaction.commit(durability);
      swept.add(environment);
      if (environment == Environment.LIVE && lease.store().isOutgrown()) {
        outgrown.accept(id);
      }
    }
  }

  /**
   * Deleting a collection takes away its record first; what a crash or a failure then leaves of its
   * items nobody can see, and it goes here.
   */
  private void dropOrphans(Environment environment, ItemTransaction transaction) {
    if (swept.contains(environment)) {
      return;
    }
    for (CollectionId held : transaction.collections()) {
      if (collections.find(held).isEmpty()) {
        log.debug("dropping content of a deleted collection site={} collection={}", id, held);
        DropCollection.apply(transaction, held);
      }
    }
  }

  /** Gives no more leases on a database and removes its files after the last one. */
  private void remove(Path database) {
    synchronized (this) {
      leaving.add(database);
    }
    pool.retire(
        database,
        () -> {
          try {
            files.deleteTree(database);
          } finally {
            pool.forget(database);
            left(database);
          }
        });
  }

  private void left(Path database) {
    boolean last;
    synchronized (this) {
      leaving.remove(database);
      last = deleted && leaving.isEmpty();
    }
    if (last) {
      try {
        files.deleteSite(id);
      } finally {
        gone = true;
      }
    }
  }

  private final class Section implements SiteSection {
    @Override
    public SiteId siteId() {
      return id;
    }

    @Override
    public SiteCollections collections() {
      return collections;
    }

    @Override
    public Lease lease(Environment environment) {
      requireServing();
      return Site.this.lease(environment);
    }

    @Override
    public boolean hasSandbox() {
      return sandboxExists;
    }

    @Override
    public <T> T write(Environment environment, Function<ItemTransaction, T> work) {
      try (Lease lease = lease(environment);
          ItemTransaction transaction = lease.store().begin()) {
        dropOrphans(environment, transaction);
        T result = work.apply(transaction);
        transaction.commit(Durability.SYNCED);
        swept.add(environment);
        return result;
      }
    }

    @Override
    public void change(
        List<CollectionRecord> put,
        List<CollectionId> remove,
        Consumer<CatalogTransaction> alongside) {
      if (unrecorded) {
        throw new ServiceException(
                Reason.STORAGE_FAILED,
                Map.of("site_id", id.value()),
                "what a restoration made of the collections of site "
                    + id
                    + " is not recorded yet; try again soon")
            .withRetryAfter(RETRY_AFTER);
      }
      boolean done = false;
      try {
        record(put, remove, alongside);
        done = true;
      } finally {
        outdated = !done;
      }
      take(put, remove);
    }

    @Override
    public void adopt(List<CollectionRecord> put, List<CollectionId> remove) {
      take(put, remove);
      unrecorded = true; // and content must not be taken for that of deleted collections
      record(put, remove, transaction -> {});
      unrecorded = false;
    }

    private void record(
        List<CollectionRecord> put,
        List<CollectionId> remove,
        Consumer<CatalogTransaction> alongside) {
      catalog.apply(
          transaction -> {
            put.forEach(record -> transaction.put(CollectionRecord.key(id, record.id()), record));
            remove.forEach(collection -> transaction.delete(CollectionRecord.key(id, collection)));
            alongside.accept(transaction);
            return Boolean.TRUE;
          });
    }

    private void take(List<CollectionRecord> put, List<CollectionId> remove) {
      collections = after(put, remove);
      if (!remove.isEmpty()) {
        swept.clear();
      }
    }

    private SiteCollections after(List<CollectionRecord> put, List<CollectionId> remove) {
      SiteCollections next = collections;
      for (CollectionRecord record : put) {
        next = next.with(record);
      }
      for (CollectionId collection : remove) {
        next = next.without(collection);
      }
      return next;
    }

    @Override
    public long nextGeneration() {
      return generation + 1;
    }

    @Override
    public void switchTo(long next, ItemStore store) {
      long old = generation;
      if (next <= old) {
        store.close();
        throw new IllegalArgumentException("generation " + next + " is not after " + old);
      }
      Path directory = layout.generation(id, next);
      pool.adopt(directory, store);
      boolean switched = false;
      try {
        carryImports(store);
        files.writeCurrent(id, next);
        switched = true;
      } finally {
        if (!switched) {
          stayOn(old, directory);
        }
      }
      generation = next;
      remove(layout.generation(id, old));
    }

    /** What an import was acknowledged stays acknowledged, whatever content is live. */
    private void carryImports(ItemStore next) {
      try (Lease lease = lease(Environment.LIVE)) {
        ImportBatch.carryMarks(lease.store(), next);
      }
    }

    /**
     * Nobody knows which generation CURRENT names after it could not be written, and what is
     * acknowledged from now on must be in the one that the next start finds there.
     */
    private void stayOn(long old, Path next) {
      boolean sure = false;
      try {
        // On a full disk the new one was never put in its place, and the old one cannot be either.
        if (files.readCurrent(id) != old) {
          files.writeCurrent(id, old);
        }
        sure = true;
      } catch (ServiceException e) {
        log.error(
            "site takes no writes until CURRENT can be written: repair the disk site={}", id, e);
      } finally {
        failed = !sure;
      }
      if (sure) {
        remove(next);
      } else {
        pool.retire(next, () -> pool.forget(next));
        abandoned = next; // CURRENT may name it
      }
    }

    @Override
    public void delete(Function<CatalogTransaction, Boolean> records) {
      boolean done = false;
      try {
        catalog.apply(
            transaction -> {
              transaction.delete(SiteRecord.key(id));
              transaction.deleteAll(CollectionRecord.prefix(id));
              catalog.events().removeSite(transaction, id);
              return records.apply(transaction);
            });
        done = true;
      } finally {
        outdated = !done;
      }
      removeDatabases();
    }
  }

  private void removeDatabases() {
    List<Path> databases = new ArrayList<>(List.of(layout.generation(id, generation)));
    synchronized (this) {
      deleted = true;
      if (sandboxExists) {
        databases.add(layout.sandbox(id));
      }
      leaving.addAll(databases); // all before the first of them goes
    }
    databases.forEach(this::remove);
  }
}
