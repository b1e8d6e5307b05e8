package dev.cairn.client;

import dev.cairn.client.Calls.Repeat;
import dev.cairn.v1.BackupSchedule;
import dev.cairn.v1.BackupScheduleServiceGrpc;
import dev.cairn.v1.GetBackupScheduleRequest;
import dev.cairn.v1.UpdateBackupScheduleRequest;

/**
 * Calls of {@code BackupScheduleService}. Every method throws {@link CairnException}; the reasons
 * of each stand at the rpc of its name in the contract.
 *
 * <p>Immutable and thread-safe.
 */
public final class ScheduleClient {
  private final Calls calls;

  ScheduleClient(Calls calls) {
    this.calls = calls;
  }

  public BackupSchedule get(String siteId) {
    GetBackupScheduleRequest request =
        GetBackupScheduleRequest.newBuilder().setSiteId(siteId).build();
    return calls
        .call(BackupScheduleServiceGrpc.getGetBackupScheduleMethod(), request, Repeat.SAFE)
        .getBackupSchedule();
  }

  /**
   * Replaces what the mask names. Repeated unless it has an etag, for then a lost answer could come
   * back as a mismatch.
   */
  public BackupSchedule update(UpdateBackupScheduleRequest request) {
    return calls
        .call(
            BackupScheduleServiceGrpc.getUpdateBackupScheduleMethod(),
            request,
            request.getEtag().isEmpty() ? Repeat.SAFE : Repeat.IF_NOT_BEGUN)
        .getBackupSchedule();
  }
}
