package dev.cairn.server.site;

import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * The one door for changes. Today it applies a command where it is called; a replicated log can
 * later stand in front of the same {@code apply} methods, which is why commands carry their time
 * and the ids they create.
 *
 * <p>Thread-safe. A command is applied whole or not at all, and is durable when {@code append}
 * returns (content commands may ask for less).
 */
public interface CommandLog {
  /**
   * Applies a change to a site's items, in order with all others of that site.
   *
   * @throws dev.cairn.server.error.ServiceException what the command throws; SITE_NOT_FOUND;
   *     SITE_SWITCHING when the site's door stayed closed for longer than a write may wait
   */
  <R> R append(ContentCommand<R> command);

  /**
   * The same without a thread that waits: what is answered is completed when the change is as
   * durable as it asks to be, by any thread. Work that takes long does not belong onto that thread.
   */
  <R> CompletableFuture<R> submit(ContentCommand<R> command);

  /**
   * Applies several changes to the items of one site, in this order, sharing a forced write. Each
   * is applied whole or not at all, whatever becomes of the others, and says itself what became of
   * it.
   *
   * @throws dev.cairn.server.error.ServiceException when none was applied: SITE_NOT_FOUND;
   *     SITE_SWITCHING
   */
  <R> List<Submission<R>> append(SiteId siteId, List<? extends ContentCommand<R>> commands);

  /** Applies a change to the catalog, in order with all others. */
  <R> R append(CatalogCommand<R> command);
}
