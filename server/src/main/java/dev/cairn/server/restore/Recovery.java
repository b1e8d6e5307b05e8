package dev.cairn.server.restore;

import dev.cairn.server.backup.JobFailure;
import dev.cairn.server.backup.LogLine;
import dev.cairn.server.error.Reason;
import dev.cairn.server.repository.Manifest;
import dev.cairn.server.restore.RestorationRecord.Entry;
import dev.cairn.server.restore.RestorationRecord.SwitchIntent;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Puts a restoration in order that was PENDING when the server stopped or its storage failed:
 * completes it if its switch happened, records it as FAILED if not. May itself be broken off and
 * done again. Stateless.
 */
final class Recovery {
  private static final Logger log = LoggerFactory.getLogger(Recovery.class);

  private final RestoreJob.Parts parts;

  Recovery(RestoreJob.Parts parts) {
    this.parts = parts;
  }

  void recover(RestorationRecord record) {
    String left =
        record.kind() == RestorationKind.CLONE
            ? "no site was made, its id is free"
            : "the content is as it was";
    settle(
        record,
        new JobFailure(
            Reason.INTERRUPTED, "the server stopped during the restoration; " + left, Map.of()));
  }

  /** The same for one that broke off while the server runs on; {@code why}, if it has failed. */
  void settle(RestorationRecord record, JobFailure why) {
    if (record.kind() == RestorationKind.CLONE) {
      // Its site appears in the step that makes it COMPLETED, so it has not.
      parts.sites().newSites().release(record.destinationSiteId(), record.id().value());
      fail(record, why);
      return;
    }
    boolean switched =
        record.intent().isPresent()
            && parts
                .sites()
                .exclusively(
                    record.destinationSiteId(),
                    section -> Switch.isCommitted(section, record.id()));
    if (switched) {
      complete(record);
    } else {
      fail(record, why);
    }
  }

  private void complete(RestorationRecord record) {
    log.info("restoration had switched, completing it restoration={}", record.id());
    Instant now = parts.clock().instant();
    RestorationRecord noted =
        record.with(
            draft -> draft.log(now, LogLine.Severity.WARNING, "completed after an interruption"));
    Completion completion = new Completion(parts, noted);
    List<Entry> outcomes = parts.sites().exclusively(record.destinationSiteId(), completion::adopt);
    Journal journal = new Journal(parts.store(), parts.clock(), noted);
    int files =
        parts
            .repository()
            .manifest(record.backup().repositoryKey())
            .map(Manifest::files)
            .map(List::size)
            .orElse(0);
    journal.totals(record.backup().sizeBytes(), files);
    completion.record(outcomes, Optional.empty(), journal.progress().succeeded());
  }

  private void fail(RestorationRecord record, JobFailure why) {
    record
        .intent()
        .map(SwitchIntent::safetyId)
        .ifPresent(id -> parts.backups().safety().discard(record.destinationSiteId(), id));
    Instant now = parts.clock().instant();
    new Journal(parts.store(), parts.clock(), record)
        .change(
            draft -> {
              draft.state = RestorationState.FAILED;
              draft.times = draft.times.finished(now);
              draft.intent = Optional.empty();
              draft.failure = Optional.of(why);
              return draft.log(now, LogLine.Severity.ERROR, why.message());
            });
  }
}
