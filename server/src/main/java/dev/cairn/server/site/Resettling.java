package dev.cairn.server.site;

import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import dev.cairn.server.repository.DiskReserve;
import dev.cairn.server.store.CopyListener;
import dev.cairn.server.store.StagedCollections;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Moves collections that have become large to a place of their own within their site's database,
 * while they are used, so that a later backup's copy of them is restored by links. It begins with a
 * write to the site; whoever writes waits for the last step only, which is one more write.
 *
 * <p>Only LIVE content is moved: nothing else is in backups. Thread-safe.
 */
public final class Resettling {
  private static final Logger log = LoggerFactory.getLogger(Resettling.class);

  /** Before a site is tried again for which it failed. */
  private static final Duration PAUSE = Duration.ofMinutes(1);

  private final Sites sites;
  private final SiteLayout layout;
  private final DiskReserve disk;
  private final InstantSource clock;
  private final Executor thread;

  /** Sites that wait or are at it. */
  private final Set<SiteId> asked = ConcurrentHashMap.newKeySet();

  /** Sites for which it failed, and when to try them again. */
  private final Map<SiteId, Instant> notBefore = new ConcurrentHashMap<>();

  private volatile boolean stopped;

  /**
   * @param thread copies, one collection at a time
   */
  public Resettling(
      Sites sites, SiteLayout layout, DiskReserve disk, InstantSource clock, Executor thread) {
    this.sites = sites;
    this.layout = layout;
    this.disk = disk;
    this.clock = clock;
    this.thread = thread;
  }

  /** Says that a site has such a collection; returns at once. */
  public void ask(SiteId site) {
    if (stopped || clock.instant().isBefore(notBefore.getOrDefault(site, Instant.MIN))) {
      return;
    }
    if (asked.add(site)) {
      thread.execute(() -> run(site));
    }
  }

  /** Gives up what is under way, soon. */
  public void stop() {
    stopped = true;
  }

  private void run(SiteId site) {
    notBefore.remove(site);
    try {
      boolean moved = true;
      while (moved && !stopped) {
        moved = moveOne(site);
      }
    } catch (RuntimeException e) {
      boolean gone = e instanceof ServiceException known && known.reason() == Reason.SITE_NOT_FOUND;
      if (!stopped && !gone) {
        notBefore.put(site, clock.instant().plus(PAUSE));
        log.warn("a large collection stays where it is, for a while site={}", site, e);
      }
    } finally {
      asked.remove(site);
    }
  }

  /** False when there is none, or when it changes too quickly or was replaced meanwhile. */
  private boolean moveOne(SiteId site) {
    long begin = System.nanoTime();
    try (Lease lease = sites.lease(site, Environment.LIVE)) {
      if (!lease.store().isOutgrown()) {
        return false;
      }
      disk.require("give a large collection of site " + site + " a place of its own");
      Optional<StagedCollections> copied =
          lease.store().resettle(layout.resettling(site), requireGoingOn());
      if (copied.isEmpty()) {
        notBefore.put(site, clock.instant().plus(PAUSE));
        return false;
      }
      try (StagedCollections copy = copied.get()) {
        boolean moved = sites.exclusively(site, section -> commit(section, lease, copy));
        if (moved) {
          log.info(
              "large collection moved site={} collection={} millis={}",
              site,
              copy.contents().keySet(),
              (System.nanoTime() - begin) / 1_000_000);
        }
        return moved;
      }
    }
  }

  private CopyListener requireGoingOn() {
    return (destination, items, bytes) -> {
      if (stopped) {
        throw new ServiceException(Reason.SHUTTING_DOWN, "the server is going down");
      }
    };
  }

  /** A restoration may have made another database live meanwhile. */
  private static boolean commit(SiteSection section, Lease copied, StagedCollections copy) {
    try (Lease live = section.lease(Environment.LIVE)) {
      if (live.store() != copied.store()) {
        return false;
      }
    }
    return section.write(Environment.LIVE, transaction -> transaction.resettle(copy));
  }
}
