package dev.cairn.server.restore;

import dev.cairn.server.backup.BackupId;
import dev.cairn.server.backup.Progress.Phase;
import dev.cairn.server.backup.SnapshotTaker;
import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import dev.cairn.server.restore.RestorationRecord.Entry;
import dev.cairn.server.restore.RestorationRecord.SwitchIntent;
import dev.cairn.server.site.Environment;
import dev.cairn.server.site.Lease;
import dev.cairn.server.site.SiteCollections;
import dev.cairn.server.site.SiteId;
import dev.cairn.server.site.SiteSection;
import dev.cairn.server.site.Sites;
import dev.cairn.server.store.CollectionId;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Puts staged content in the place of what is live, steps 4 to 6 of {@link RestoreJob}, and knows
 * on which side of the commit point it is. Confined to the job's thread.
 */
final class Switch {
  private static final Logger log = LoggerFactory.getLogger(Switch.class);

  /** Which content is live. */
  enum Side {
    /** What was live before. */
    OLD,
    /** What was restored; there is no way back. */
    NEW,
    /** One of both: the commit failed, and the database does not open to tell. */
    UNKNOWN
  }

  private final RestoreJob.Parts parts;
  private final Journal journal;
  private Side side = Side.OLD;
  private Optional<List<Entry>> outcomes = Optional.empty();
  private Optional<Duration> longestWait = Optional.empty();

  Switch(RestoreJob.Parts parts, Journal journal) {
    this.parts = parts;
    this.journal = journal;
  }

  Side side() {
    return side;
  }

  /** What became of each collection; empty if their records do not agree with the content yet. */
  Optional<List<Entry>> outcomes() {
    return outcomes;
  }

  /** Of the writes that waited for the switch; empty if none did. */
  Optional<Duration> longestWait() {
    return longestWait;
  }

  /**
   * Switches. When it throws, {@link #side()} tells what that means.
   *
   * @return false when the staging does not fit any more; nothing has been changed then
   */
  boolean to(Staging staging) {
    SiteId siteId = journal.record().destinationSiteId();
    // Most changes are seen while nobody waits.
    SwitchIntent intent = requireIntent(parts.sites().collections(siteId));
    SnapshotTaker.Place safety = parts.backups().safety().prepare(siteId, intent.safetyId());
    Sites.Paused<Boolean> switched =
        parts.sites().exclusivelyTimed(siteId, section -> inside(section, staging, safety));
    longestWait = switched.longestWait();
    return switched.result();
  }

  /**
   * What the restoration will do if nothing comes between, with the safety backup that it takes.
   */
  SwitchIntent newIntent() {
    RestorationRecord record = journal.record();
    return new SwitchIntent(
        parts.backups().safety().newId(),
        record.missingIn(parts.sites().collections(record.destinationSiteId())));
  }

  /**
   * Has the record say which collections the switch will make. After a crash it must be what was
   * true, so that it is written again if collections came or went.
   */
  private SwitchIntent requireIntent(SiteCollections existing) {
    RestorationRecord record = journal.record();
    SwitchIntent written = record.intent().orElseThrow();
    SwitchIntent intent = new SwitchIntent(written.safetyId(), record.missingIn(existing));
    if (!intent.equals(written)) {
      journal.change(
          draft -> {
            draft.intent = Optional.of(intent);
            return draft;
          });
    }
    return intent;
  }

  private boolean inside(SiteSection section, Staging staging, SnapshotTaker.Place safety) {
    if (!staging.fits(section)) {
      return false;
    }
    requireAsPreviewed(section);
    SwitchIntent intent = requireIntent(section.collections());
    requireRoom(section, intent.created());
    journal.progress().enter(Phase.SWITCHING);
    parts.backups().safety().take(section, safety);
    commit(section, staging, intent.safetyId());
    try {
      outcomes = Optional.of(new Completion(parts, journal.record()).adopt(section));
    } catch (RuntimeException e) {
      log.warn("collections' records do not agree yet restoration={}", journal.record().id(), e);
    }
    return true;
  }

  private void requireAsPreviewed(SiteSection section) {
    RestorationRecord record = journal.record();
    if (record.preview().isPresent()) {
      try (Lease lease = section.lease(Environment.LIVE)) {
        record
            .preview()
            .get()
            .requireState(PreviewToken.state(lease.store(), record.collections()));
      }
    }
  }

  private void requireRoom(SiteSection section, List<CollectionId> created) {
    int total = section.collections().size() + created.size();
    if (!created.isEmpty() && total > parts.maxCollections()) {
      throw tooManyCollections(section.siteId().value(), parts.maxCollections());
    }
  }

  static ServiceException tooManyCollections(String siteId, int limit) {
    return new ServiceException(
        Reason.COLLECTION_LIMIT_REACHED,
        Map.of("site_id", siteId, "limit", String.valueOf(limit)),
        "the restoration would make more than " + limit + " collections in site " + siteId);
  }

  private void commit(SiteSection section, Staging staging, BackupId safetyId) {
    try {
      staging.commit(section);
      side = Side.NEW;
    } catch (RuntimeException | Error e) {
      side = Side.UNKNOWN;
      findOut(section, staging);
      if (side == Side.OLD) {
        parts.backups().safety().discard(section.siteId(), safetyId);
      }
      if (side != Side.NEW) {
        throw e;
      }
      log.warn("the switch was reported failed but happened id={}", journal.record().id(), e);
    }
  }

  /**
   * A commit that failed may be on disk all the same. A database that failed tells only when it was
   * opened again, after its last lease; nobody can write before that, so that the door stays closed
   * at no cost.
   */
  private void findOut(SiteSection section, Staging staging) {
    try {
      staging.close();
      boolean committed =
          parts
              .patience()
              .insist(
                  "find out which content is live",
                  () -> isCommitted(section, journal.record().id()));
      side = committed ? Side.NEW : Side.OLD;
    } catch (RuntimeException e) {
      log.error("nobody knows which content is live restoration={}", journal.record().id(), e);
    }
  }

  /**
   * Whether the content that is live was made so by the restoration {@code id}.
   *
   * @throws ServiceException STORAGE_FAILED as long as the database has to be opened again: what it
   *     then finds in its log may contradict what is in memory
   */
  static boolean isCommitted(SiteSection section, RestorationId id) {
    try (Lease lease = section.lease(Environment.LIVE)) {
      if (!lease.store().isHealthy()) {
        throw new ServiceException(
            Reason.STORAGE_FAILED,
            Map.of("site_id", section.siteId().value()),
            "the database of site " + section.siteId() + " is not open for writing again yet");
      }
      return lease
          .store()
          .marker(Staging.MARKER)
          .map(marker -> marker.toStringUtf8().equals(id.value()))
          .orElse(false);
    }
  }
}
