package dev.cairn.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.v1.Backup;
import dev.cairn.v1.BackupState;
import dev.cairn.v1.ErrorReason;
import dev.cairn.v1.RestorationState;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.Set;
import java.util.function.Supplier;

/**
 * Calls to a server whose disk fails for a while: what they may be refused with meanwhile, and that
 * they succeed again by themselves afterwards.
 *
 * @param refusals the reasons that there may be while it fails
 */
record DiskTrouble(String site, Set<ErrorReason> refusals) {
  /** Reopening a database takes a moment; a busy machine takes its time. */
  static final Duration RECOVERY = Duration.ofSeconds(30);

  /** As long as the database has not been opened again, it says so. */
  private static final Set<ErrorReason> WHILE_RECOVERING =
      Set.of(ErrorReason.ERROR_REASON_STORAGE_FAILED, ErrorReason.ERROR_REASON_DISK_FULL);

  void requireRefused(Fault fault) {
    require(fault, refusals);
  }

  private static void require(Fault fault, Set<ErrorReason> allowed) {
    assertThat(fault.reason()).as("%s", fault).isPresent();
    assertThat(fault.reason().orElseThrow()).as("%s", fault).isIn(allowed);
    assertThat(fault.message()).doesNotContain("/");
  }

  /** The id of what was accepted, or empty when it was refused because of the disk. */
  String askedOrRefused(Supplier<String> call) {
    try {
      return call.get();
    } catch (StatusRuntimeException e) {
      requireRefused(Fault.of(e));
      return "";
    }
  }

  /** Repeats the call until it succeeds; only refusals because of the disk may come before. */
  static <T> T recovers(Supplier<T> call) {
    long end = System.nanoTime() + RECOVERY.toNanos();
    while (true) {
      try {
        return call.get();
      } catch (StatusRuntimeException e) {
        require(Fault.of(e), WHILE_RECOVERING);
        if (System.nanoTime() > end) {
          throw new AssertionError("it does not recover", e);
        }
        Wait.pause(Duration.ofMillis(50));
      }
    }
  }

  /** One that begins before the database is open for writing again fails; a later one may not. */
  Backup recoversToABackup(Cairn cairn) {
    long end = System.nanoTime() + RECOVERY.toNanos();
    while (true) {
      String asked = recovers(() -> cairn.requestBackup(site).getId());
      Backup ended = cairn.awaitBackup(site, asked);
      if (ended.getState() == BackupState.BACKUP_STATE_READY) {
        return ended;
      }
      assertThat(ended.getFailure().getReason()).isIn(refusals);
      assertThat(System.nanoTime()).as("no backup is made: %s", ended).isLessThan(end);
    }
  }

  /** Whatever could not be recorded while the disk failed is recorded soon after. */
  void requireNothingPending(Cairn cairn) {
    Wait.untilAsserted(
        RECOVERY,
        () -> {
          assertThat(cairn.listBackups(site, BackupState.BACKUP_STATE_PENDING)).isEmpty();
          assertThat(cairn.listRestorations(site))
              .noneMatch(each -> each.getState() == RestorationState.RESTORATION_STATE_PENDING);
        });
  }
}
