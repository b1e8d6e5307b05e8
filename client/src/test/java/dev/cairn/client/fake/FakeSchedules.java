package dev.cairn.client.fake;

import dev.cairn.v1.*;
import io.grpc.stub.StreamObserver;

/** Schedules of a {@link FakeServer}. */
final class FakeSchedules extends BackupScheduleServiceGrpc.BackupScheduleServiceImplBase {
  private final FakeContent content;

  FakeSchedules(FakeContent content) {
    this.content = content;
  }

  @Override
  public void getBackupSchedule(
      GetBackupScheduleRequest q, StreamObserver<GetBackupScheduleResponse> o) {
    content.answer(
        o,
        () ->
            GetBackupScheduleResponse.newBuilder()
                .setBackupSchedule(content.site(q.getSiteId()).schedule)
                .build());
  }

  @Override
  public void updateBackupSchedule(
      UpdateBackupScheduleRequest q, StreamObserver<UpdateBackupScheduleResponse> o) {
    content.answer(
        o,
        () -> {
          FakeContent.FakeSite site = content.site(q.getSiteId());
          site.schedule = q.getBackupSchedule().toBuilder().setSiteId(q.getSiteId()).build();
          return UpdateBackupScheduleResponse.newBuilder().setBackupSchedule(site.schedule).build();
        });
  }
}
