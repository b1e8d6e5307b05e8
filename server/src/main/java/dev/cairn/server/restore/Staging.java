package dev.cairn.server.restore;

import dev.cairn.server.site.SiteSection;
import dev.cairn.server.store.CollectionId;
import dev.cairn.server.store.CollectionStats;
import java.util.Map;

/**
 * Restored content beside what is live, invisible until {@link #commit}. Closing it before that
 * removes it; closing it after that lets go of what it has replaced, which may take a moment;
 * closing it again does nothing. Confined to the job's thread.
 */
sealed interface Staging extends AutoCloseable permits StagedGeneration, StagedIntoLive {
  /** Where a content database remembers which restoration made it what it is. */
  String MARKER = "restored-by";

  /** What each destination will hold. */
  Map<CollectionId, CollectionStats> contents();

  /**
   * Whether committing it would leave everything else of the site as it is now. If not, the content
   * has to be staged in another way.
   */
  boolean fits(SiteSection section);

  /** Makes it live, durably, in one step: the commit point of the restoration. */
  void commit(SiteSection section);

  @Override
  void close();
}
