package dev.cairn.server.grpc;

import dev.cairn.server.backup.schedule.BackupSchedules;
import dev.cairn.server.backup.schedule.ScheduleChange;
import dev.cairn.server.site.SiteId;
import dev.cairn.v1.BackupSchedule;
import dev.cairn.v1.BackupScheduleServiceGrpc;
import dev.cairn.v1.GetBackupScheduleRequest;
import dev.cairn.v1.GetBackupScheduleResponse;
import dev.cairn.v1.UpdateBackupScheduleRequest;
import dev.cairn.v1.UpdateBackupScheduleResponse;
import io.grpc.stub.StreamObserver;
import java.util.List;

/** {@code cairn.v1.BackupScheduleService}. */
final class BackupScheduleGrpcService
    extends BackupScheduleServiceGrpc.BackupScheduleServiceImplBase {
  private static final List<String> UPDATABLE =
      List.of(
          "interval",
          "cron",
          "time_zone",
          "paused",
          "retention",
          "retention.count",
          "retention.max_age");

  private final BackupSchedules schedules;
  private final Limits limits;

  BackupScheduleGrpcService(BackupSchedules schedules, Limits limits) {
    this.schedules = schedules;
    this.limits = limits;
  }

  @Override
  public void getBackupSchedule(
      GetBackupScheduleRequest request, StreamObserver<GetBackupScheduleResponse> caller) {
    new Check(limits).site(request.getSiteId()).done();
    BackupSchedules.View view = schedules.get(new SiteId(request.getSiteId()));
    Replies.send(
        caller,
        GetBackupScheduleResponse.newBuilder()
            .setBackupSchedule(BackupScheduleMessages.toProto(view))
            .build());
  }

  @Override
  public void updateBackupSchedule(
      UpdateBackupScheduleRequest request, StreamObserver<UpdateBackupScheduleResponse> caller) {
    BackupSchedule wanted = request.getBackupSchedule();
    new Check(limits)
        .site(request.getSiteId())
        .mask("update_mask", request.getUpdateMask(), UPDATABLE)
        .when(
            wanted.hasInterval(),
            part -> part.duration("backup_schedule.interval", wanted.getInterval()))
        .when(
            wanted.getRetention().hasMaxAge(),
            part ->
                part.duration(
                    "backup_schedule.retention.max_age", wanted.getRetention().getMaxAge()))
        .done();
    BackupSchedules.View view =
        schedules.update(
            new SiteId(request.getSiteId()),
            new ScheduleChange(
                ScheduleChange.parts(request.getUpdateMask().getPathsList()),
                BackupScheduleMessages.values(wanted)),
            request.getEtag());
    Replies.send(
        caller,
        UpdateBackupScheduleResponse.newBuilder()
            .setBackupSchedule(BackupScheduleMessages.toProto(view))
            .build());
  }
}
