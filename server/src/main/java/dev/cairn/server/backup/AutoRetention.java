package dev.cairn.server.backup;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * How long a site's AUTO backups are kept. Pure.
 *
 * <p>One goes when there are {@code count} newer READY ones or when it is older than {@code
 * maxAge}. Pinned ones and those in use stay; so does the last verified one, unless a verified
 * on-demand backup remains. A verified SAFETY backup does not count for that: it holds what
 * somebody replaced, and goes with the next restoration.
 *
 * @param count how many READY ones to keep; pinned ones do not count
 * @param maxAge from the request on; empty: any age
 */
public record AutoRetention(int count, Optional<Duration> maxAge) {
  public static final AutoRetention DEFAULT = new AutoRetention(4, Optional.empty());

  /**
   * What has to go, oldest first.
   *
   * @param all the site's backups, in any state, without those that go anyway
   * @param inUse whether something reads it
   */
  List<BackupRecord> excess(List<BackupRecord> all, Predicate<BackupRecord> inUse, Instant now) {
    List<BackupRecord> oldestFirst =
        all.stream()
            .filter(each -> each.isReady() && each.type() == BackupType.AUTO)
            .filter(each -> !each.notes().pinned())
            .sorted(Comparator.comparing(BackupRecord::id))
            .toList();
    long verified =
        all.stream()
            .filter(each -> each.isReady() && each.type() != BackupType.SAFETY && isVerified(each))
            .count();
    List<BackupRecord> gone = new ArrayList<>();
    int newer = oldestFirst.size();
    for (BackupRecord each : oldestFirst) {
      newer--;
      if ((newer < count && !isTooOld(each, now)) || inUse.test(each)) {
        continue;
      }
      if (isVerified(each)) {
        if (verified == 1) {
          continue;
        }
        verified--;
      }
      gone.add(each);
    }
    return gone;
  }

  private static boolean isVerified(BackupRecord record) {
    return record.verification().state() == Verification.State.VERIFIED;
  }

  private boolean isTooOld(BackupRecord record, Instant now) {
    return maxAge.filter(age -> record.times().create().plus(age).isBefore(now)).isPresent();
  }

  /** When it becomes too old; empty if it does not go by age. */
  public Optional<Instant> expireTime(BackupRecord record) {
    return record.isReady() && record.type() == BackupType.AUTO && !record.notes().pinned()
        ? maxAge.map(age -> record.times().create().plus(age))
        : Optional.empty();
  }
}
