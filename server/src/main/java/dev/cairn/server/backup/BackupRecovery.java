package dev.cairn.server.backup;

import dev.cairn.server.error.Reason;
import dev.cairn.server.repository.BackupKey;
import dev.cairn.server.repository.BackupRepository;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Puts records and files in order when the server starts, whatever it was doing when it stopped:
 * what was PENDING is FAILED, verifications that ran are forgotten, and files of whatever is not
 * READY go. A READY backup whose files are not there is CORRUPT.
 *
 * @param awaited files of safety backups that may yet become READY
 */
record BackupRecovery(
    BackupStore store,
    BackupRepository repository,
    BackupVerifier verifier,
    Departures departures,
    InstantSource clock,
    Predicate<BackupKey> awaited,
    boolean verifyAfterCreate) {
  private static final Logger log = LoggerFactory.getLogger(BackupRecovery.class);

  /**
   * @param all the backups of all sites
   */
  void run(List<BackupOutline> all) {
    Map<BackupKey, BackupOutline> ready = new TreeMap<>();
    for (BackupOutline each : all) {
      if (each.isUnsettled()) {
        settle(require(each));
      }
      if (each.isReady()) {
        ready.put(each.repositoryKey(), each);
      }
    }
    Set<BackupKey> kept = new HashSet<>(repository.sweep());
    for (BackupKey key : kept) {
      if (!ready.containsKey(key) && !awaited.test(key)) {
        log.info("removing files of a backup that is not ready backup={}", key);
        departures.deleteFiles(key);
      }
    }
    for (BackupOutline each : ready.values()) {
      Verification.State known = each.verification().state();
      if (!kept.contains(each.repositoryKey())) {
        if (known != Verification.State.CORRUPT) {
          verifier.foundLost(require(each));
        }
      } else if (verifyAfterCreate && known == Verification.State.UNVERIFIED) {
        verifier.enqueueIfRoom(require(each));
      }
    }
  }

  private BackupRecord require(BackupOutline outline) {
    return store.require(outline.siteId(), outline.id());
  }

  private void settle(BackupRecord record) {
    Instant now = clock.instant();
    if (record.isPending()) {
      log.info("backup was interrupted site={} backup={}", record.siteId(), record.id());
      String message = "the server stopped while the backup was made; create it again";
      store.change(
          record,
          draft -> {
            draft.state = BackupState.FAILED;
            draft.times = draft.times.finished(now);
            draft.failure = Optional.of(new JobFailure(Reason.INTERRUPTED, message, Map.of()));
            return draft.log(now, LogLine.Severity.ERROR, message);
          });
    } else if (record.verification().running()) {
      store.change(
          record,
          draft -> {
            draft.verification = draft.verification.abandoned("");
            return draft;
          });
    }
  }
}
