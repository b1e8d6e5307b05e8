package dev.cairn.server;

import dev.cairn.server.backup.BackupChange;
import dev.cairn.server.backup.BackupRecord;
import dev.cairn.server.backup.BackupState;
import dev.cairn.server.backup.JobFailure;
import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import dev.cairn.server.restore.RestorationChange;
import dev.cairn.server.restore.RestorationRecord;
import dev.cairn.server.site.EventFeed;
import dev.cairn.server.site.EventLog;
import dev.cairn.server.site.EventRecord;
import dev.cairn.server.telemetry.Telemetry;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * Counts what became of backups and restorations, by reading the events that say so: each is
 * counted once, and the jobs need not know that anybody counts. Confined to one thread.
 */
final class JobMetrics {
  private static final int EVENTS_AT_ONCE = 500;

  private final EventLog events;
  private final Telemetry.Tally backups;
  private final Telemetry.Timing backupTime;
  private final Telemetry.Tally verifications;
  private final Telemetry.Tally restorations;
  private final Telemetry.Timing restorationTime;
  private final Telemetry.Timing writePause;
  private EventFeed feed;

  JobMetrics(EventLog events, Telemetry telemetry) {
    this.events = events;
    this.feed = new EventFeed(events, Optional.empty(), new EventFeed.Now());
    backups =
        telemetry.tally(
            "cairn_backups_ended_total",
            "Backups that became READY, FAILED or CANCELED; reason says why one failed.",
            "type",
            "state",
            "reason");
    backupTime =
        telemetry.jobTiming("cairn_backup_seconds", "From the start of a backup to READY.", "type");
    verifications =
        telemetry.tally(
            "cairn_verifications_total", "Verifications of backups that ended.", "result");
    restorations =
        telemetry.tally(
            "cairn_restorations_ended_total",
            "Restorations that became COMPLETED, FAILED or CANCELED; reason says why one failed.",
            "kind",
            "state",
            "reason");
    restorationTime =
        telemetry.jobTiming(
            "cairn_restoration_seconds", "From the start of a restoration to COMPLETED.", "kind");
    writePause =
        telemetry.callTiming(
            "cairn_write_pause_seconds",
            "How long the longest waiting write was held up by a restoration's switch.");
  }

  /** Counts what has happened since the last time. */
  void count() {
    try {
      List<EventRecord> next = feed.next(EVENTS_AT_ONCE);
      while (!next.isEmpty()) {
        for (EventRecord event : next) {
          count(event);
          feed.passed(event);
        }
        next = feed.next(EVENTS_AT_ONCE);
      }
    } catch (ServiceException e) {
      if (e.reason() != Reason.EVENTS_EXPIRED) {
        throw e;
      }
      feed = new EventFeed(events, Optional.empty(), new EventFeed.Now());
    }
  }

  private void count(EventRecord event) {
    if (event.type().equals(BackupChange.TYPE)) {
      count(event.change(BackupChange.class));
    } else if (event.type().equals(RestorationChange.TYPE)) {
      count(event.change(RestorationChange.class));
    }
  }

  private void count(BackupChange change) {
    BackupRecord backup = change.backup();
    String type = label(backup.type());
    boolean ended =
        switch (backup.state()) {
          case READY, FAILED, CANCELED ->
              !change.previousState().equals(Optional.of(backup.state()));
          case PENDING, DELETED -> false;
        };
    if (ended) {
      backups.add(type, label(backup.state()), reason(backup.failure()));
      if (backup.state() == BackupState.READY) {
        took(backupTime, backup.times().start(), backup.times().finish(), type);
      }
    } else if (backup.state() == BackupState.READY
        && backup.verification().lastTime().isPresent()) {
      verifications.add(label(backup.verification().state()));
    }
  }

  private void count(RestorationChange change) {
    RestorationRecord restoration = change.restoration();
    String kind = label(restoration.kind());
    switch (restoration.state()) {
      case PENDING -> {}
      case COMPLETED -> {
        restorations.add(kind, label(restoration.state()), "");
        took(restorationTime, restoration.times().start(), restoration.times().finish(), kind);
        restoration.writePause().ifPresent(pause -> writePause.took(pause));
      }
      case FAILED, CANCELED ->
          restorations.add(kind, label(restoration.state()), reason(restoration.failure()));
    }
  }

  private static void took(
      Telemetry.Timing timing, Optional<Instant> start, Optional<Instant> finish, String label) {
    if (start.isPresent() && finish.isPresent()) {
      Duration time = Duration.between(start.get(), finish.get());
      timing.took(time.isNegative() ? Duration.ZERO : time, label);
    }
  }

  private static String label(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT);
  }

  private static String reason(Optional<JobFailure> failure) {
    return failure.map(each -> each.reason().name()).orElse("");
  }
}
