package dev.cairn.client.cli;

import com.google.protobuf.FieldMask;
import dev.cairn.client.CairnClient;
import dev.cairn.v1.BackupRetention;
import dev.cairn.v1.BackupSchedule;
import dev.cairn.v1.UpdateBackupScheduleRequest;
import java.time.Instant;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code cairn schedule …}. */
@Command(
    name = "schedule",
    description = "The schedule of a site's automatic backups.",
    subcommands = {ScheduleCommands.Get.class, ScheduleCommands.Update.class})
final class ScheduleCommands extends Group {

  @Command(name = "get", description = "Show the schedule of a site, its last and next run.")
  static final class Get extends OnSite {
    @Override
    int run(CairnClient cairn, Output out) {
      BackupSchedule schedule = cairn.schedules().get(siteId);
      out.show(schedule, () -> Views.schedule(schedule, Instant.now()));
      return ExitCode.OK;
    }
  }

  @Command(name = "update", description = "Change what is given; the rest stays.")
  static final class Update extends OnSite {
    @Option(
        names = "--interval",
        paramLabel = "TIME",
        description = "A backup each time this has passed, such as 12h or 7d.")
    @Nullable String interval;

    @Option(
        names = "--cron",
        paramLabel = "EXPRESSION",
        description = "At these times, such as '30 3 * * 1-5', instead of an interval.")
    @Nullable String cron;

    @Option(
        names = "--time-zone",
        paramLabel = "ZONE",
        description = "In which --cron is meant, such as Europe/Berlin.")
    @Nullable String timeZone;

    @Option(names = "--pause", description = "Take no automatic backups until --resume.")
    boolean pause;

    @Option(names = "--resume", description = "Take automatic backups again.")
    boolean resume;

    @Option(
        names = "--keep",
        paramLabel = "N",
        description = "How many READY automatic backups to keep.")
    @Nullable Integer keep;

    @Option(
        names = "--max-age",
        paramLabel = "TIME",
        description = "Delete those that are older, such as 90d; 'none': keep any age.")
    @Nullable String maxAge;

    @Option(names = "--etag", paramLabel = "ETAG", description = "Only if it still has this etag.")
    String etag = "";

    @Override
    int run(CairnClient cairn, Output out) {
      BackupSchedule.Builder values = BackupSchedule.newBuilder();
      FieldMask.Builder mask = FieldMask.newBuilder();
      boolean contradiction = (interval != null && cron != null) || (pause && resume);
      if (interval != null) {
        values.setInterval(Format.duration(Format.parseDuration(interval)));
        mask.addPaths("interval");
      }
      if (cron != null) {
        values.setCron(cron);
        mask.addPaths("cron");
      }
      if (timeZone != null) {
        values.setTimeZone(timeZone);
        mask.addPaths("time_zone");
      }
      if (pause || resume) {
        values.setPaused(pause);
        mask.addPaths("paused");
      }
      BackupRetention.Builder retention = values.getRetentionBuilder();
      if (keep != null) {
        retention.setCount(keep);
        mask.addPaths("retention.count");
      }
      if (maxAge != null) {
        if (!maxAge.equals("none")) {
          retention.setMaxAge(Format.duration(Format.parseDuration(maxAge)));
        }
        mask.addPaths("retention.max_age");
      }
      if (mask.getPathsCount() == 0 || contradiction) {
        throw new UsageException(
            contradiction ? "These options contradict each other." : "Nothing to change.",
            "See: cairn schedule update --help");
      }
      BackupSchedule changed =
          cairn
              .schedules()
              .update(
                  UpdateBackupScheduleRequest.newBuilder()
                      .setSiteId(siteId)
                      .setBackupSchedule(values)
                      .setUpdateMask(mask)
                      .setEtag(etag)
                      .build());
      out.show(changed, () -> Views.schedule(changed, Instant.now()));
      return ExitCode.OK;
    }
  }
}
