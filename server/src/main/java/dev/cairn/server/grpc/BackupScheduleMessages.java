package dev.cairn.server.grpc;

import dev.cairn.server.backup.schedule.BackupSchedule;
import dev.cairn.server.backup.schedule.BackupSchedules;
import dev.cairn.server.backup.schedule.ScheduleChange;
import dev.cairn.server.backup.schedule.ScheduleSettings;
import dev.cairn.v1.BackupRetention;
import java.util.Optional;

/** Schedules as the contract has them. */
final class BackupScheduleMessages {
  private BackupScheduleMessages() {}

  static dev.cairn.v1.BackupSchedule toProto(BackupSchedules.View view) {
    BackupSchedule schedule = view.schedule();
    ScheduleSettings settings = schedule.settings();
    BackupRetention.Builder retention =
        BackupRetention.newBuilder().setCount(view.retention().count());
    view.retention().maxAge().ifPresent(age -> retention.setMaxAge(Times.toProto(age)));
    dev.cairn.v1.BackupSchedule.Builder message =
        dev.cairn.v1.BackupSchedule.newBuilder()
            .setSiteId(schedule.siteId().value())
            .setTimeZone(settings.timeZone())
            .setPaused(settings.paused())
            .setRetention(retention)
            .setEtag(schedule.etag())
            .setUpdateTime(Times.toProto(schedule.updateTime()));
    settings.interval().ifPresent(length -> message.setInterval(Times.toProto(length)));
    settings.cron().ifPresent(message::setCron);
    view.nextRun().ifPresent(time -> message.setNextRunTime(Times.toProto(time)));
    schedule
        .last()
        .ifPresent(
            run ->
                message
                    .setLastRunTime(Times.toProto(run.time()))
                    .setLastBackupId(run.backupId().value()));
    schedule
        .lastSuccess()
        .ifPresent(time -> message.setLastSuccessfulBackupTime(Times.toProto(time)));
    return message.build();
  }

  /** What is set; checked only as far as the contract's types go. */
  static ScheduleChange.Values values(dev.cairn.v1.BackupSchedule wanted) {
    BackupRetention retention = wanted.getRetention();
    return new ScheduleChange.Values(
        wanted.hasInterval()
            ? Optional.of(Times.fromProto(wanted.getInterval()))
            : Optional.empty(),
        wanted.hasCron() ? Optional.of(wanted.getCron()) : Optional.empty(),
        wanted.getTimeZone(),
        wanted.getPaused(),
        retention.getCount(),
        retention.hasMaxAge()
            ? Optional.of(Times.fromProto(retention.getMaxAge()))
            : Optional.empty());
  }
}
