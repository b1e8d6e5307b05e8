package dev.cairn.server.backup;

import dev.cairn.server.backup.Verification.State;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * Says which backups have to go. Pure: it looks at records and changes nothing.
 *
 * <p>On-demand backups beyond the limit go, the oldest first; pinned ones and those in use stay,
 * and the newest one stays unless it is corrupt, for it was made to be kept. The last verified one
 * stays too. As long as another one may still turn out to be good, nothing goes in its stead: the
 * question is asked again when that verification ends. So there may be more than the limit for a
 * while.
 *
 * @param onDemandLimit how many READY on-demand backups a site keeps
 * @param safetyLimit how many SAFETY backups a site keeps
 */
public record Retention(int onDemandLimit, int safetyLimit) {
  private static final Duration MAX_CHECK_PERIOD = Duration.ofHours(1);

  /**
   * How often to look for what is older than {@code maxAge}: it goes late by a tenth of that, but
   * by no more than an hour.
   */
  public static Duration checkPeriod(Duration maxAge) {
    Duration tenth = maxAge.dividedBy(10);
    return tenth.compareTo(MAX_CHECK_PERIOD) < 0 ? tenth : MAX_CHECK_PERIOD;
  }

  /**
   * What has to go of a site's backups, oldest first.
   *
   * @param all the site's backups, in any state
   * @param inUse whether something reads it
   * @param expectVerification whether READY backups are verified without being asked
   */
  public List<BackupRecord> excess(
      List<BackupRecord> all, Predicate<BackupRecord> inUse, boolean expectVerification) {
    List<BackupRecord> gone = new ArrayList<>();
    List<BackupRecord> kept = new ArrayList<>(ready(all, BackupType.ON_DEMAND));
    while (kept.size() > onDemandLimit) {
      Optional<BackupRecord> next = candidate(kept, false, inUse, expectVerification);
      if (next.isEmpty()) {
        break;
      }
      kept.remove(next.get());
      gone.add(next.get());
    }
    List<BackupRecord> safety = ready(all, BackupType.SAFETY);
    for (BackupRecord each : safety.subList(0, Math.max(0, safety.size() - safetyLimit))) {
      if (!each.notes().pinned() && !inUse.test(each)) {
        gone.add(each);
      }
    }
    return gone;
  }

  /** Which on-demand backup would go at once if one more became READY now. */
  public Optional<BackupRecord> next(
      List<BackupRecord> all, Predicate<BackupRecord> inUse, boolean expectVerification) {
    List<BackupRecord> ready = ready(all, BackupType.ON_DEMAND);
    return ready.size() < onDemandLimit
        ? Optional.empty()
        : candidate(ready, true, inUse, expectVerification);
  }

  /** The pinned backups that leave no room for another on-demand one; empty while there is room. */
  public List<BackupRecord> pinnedInTheWay(List<BackupRecord> all) {
    List<BackupRecord> pinned =
        ready(all, BackupType.ON_DEMAND).stream().filter(each -> each.notes().pinned()).toList();
    return pinned.size() >= onDemandLimit ? pinned : List.of();
  }

  /**
   * The next one to go.
   *
   * @param ready oldest first
   * @param newcomer whether one more, UNVERIFIED, comes after them
   */
  private static Optional<BackupRecord> candidate(
      List<BackupRecord> ready,
      boolean newcomer,
      Predicate<BackupRecord> inUse,
      boolean expectVerification) {
    long verified = ready.stream().filter(each -> isIn(each, State.VERIFIED)).count();
    boolean anotherMayBeGood =
        (newcomer && expectVerification)
            || ready.stream()
                .anyMatch(each -> each.verification().mayTurnOutGood(expectVerification));
    for (int i = 0; i < ready.size(); i++) {
      BackupRecord each = ready.get(i);
      boolean newest = !newcomer && i == ready.size() - 1;
      if (each.notes().pinned() || inUse.test(each) || (newest && !isIn(each, State.CORRUPT))) {
        continue;
      }
      if (verified > 1 || !isIn(each, State.VERIFIED)) {
        return Optional.of(each);
      }
      if (anotherMayBeGood) {
        return Optional.empty();
      }
    }
    return Optional.empty();
  }

  private static boolean isIn(BackupRecord record, State state) {
    return record.verification().state() == state;
  }

  private static List<BackupRecord> ready(List<BackupRecord> all, BackupType type) {
    return all.stream()
        .filter(each -> each.isReady() && each.type() == type)
        .sorted(Comparator.comparing(BackupRecord::id))
        .toList();
  }
}
