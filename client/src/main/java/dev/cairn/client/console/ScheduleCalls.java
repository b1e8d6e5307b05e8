package dev.cairn.client.console;

import com.google.protobuf.Duration;
import com.google.protobuf.FieldMask;
import com.google.protobuf.MessageOrBuilder;
import dev.cairn.client.CairnClient;
import dev.cairn.v1.BackupSchedule;
import dev.cairn.v1.UpdateBackupScheduleRequest;

/** The schedule of a site. Immutable and thread-safe. */
final class ScheduleCalls {
  private final CairnClient cairn;

  ScheduleCalls(CairnClient cairn) {
    this.cairn = cairn;
  }

  void addTo(Routes routes) {
    routes.get("sites/{site}/schedule", request -> cairn.schedules().get(request.siteId()));
    routes.post("sites/{site}/schedule", this::update);
  }

  /** Sets what the body names, and only if nobody else changed it since the page read it. */
  private MessageOrBuilder update(Request request) {
    BackupSchedule.Builder schedule = BackupSchedule.newBuilder();
    FieldMask.Builder mask = FieldMask.newBuilder();
    if (request.has("intervalSeconds")) {
      schedule.setInterval(seconds(request.number("intervalSeconds")));
      mask.addPaths("interval");
    }
    if (request.has("cron")) {
      schedule.setCron(request.text("cron"));
      mask.addPaths("cron");
    }
    if (request.has("timeZone")) {
      schedule.setTimeZone(request.text("timeZone"));
      mask.addPaths("time_zone");
    }
    if (request.has("paused")) {
      schedule.setPaused(request.flag("paused"));
      mask.addPaths("paused");
    }
    if (request.has("keepCount")) {
      // What does not fit into the field is refused by the server like any other wrong number.
      schedule
          .getRetentionBuilder()
          .setCount((int) Math.max(-1, Math.min(Integer.MAX_VALUE, request.number("keepCount"))));
      mask.addPaths("retention.count");
    }
    if (request.has("keepSeconds")) {
      long age = request.number("keepSeconds");
      if (age != 0) {
        schedule.getRetentionBuilder().setMaxAge(seconds(age));
      }
      mask.addPaths("retention.max_age");
    }
    return cairn
        .schedules()
        .update(
            UpdateBackupScheduleRequest.newBuilder()
                .setSiteId(request.siteId())
                .setBackupSchedule(schedule)
                .setUpdateMask(mask)
                .setEtag(request.text("etag"))
                .build());
  }

  private static Duration seconds(long seconds) {
    return Duration.newBuilder().setSeconds(seconds).build();
  }
}
