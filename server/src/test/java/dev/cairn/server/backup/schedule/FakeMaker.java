package dev.cairn.server.backup.schedule;

import dev.cairn.server.backup.BackupId;
import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import dev.cairn.server.site.CommandLog;
import dev.cairn.server.site.SiteId;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/** Makes no backups, but remembers which it was asked for. Confined to the test's thread. */
final class FakeMaker implements AutoBackupMaker {
  /** A backup that was requested. */
  record Made(SiteId site, BackupId id, Instant time) {}

  private final CommandLog commands;
  private final InstantSource clock;
  private final Map<BackupId, Outcome> outcomes = new HashMap<>();
  private long lastId;
  private Runnable whenEnded = () -> {};

  final List<Made> made = new ArrayList<>();
  final List<SiteId> retentions = new ArrayList<>();

  /** What becomes of the backups from now on. */
  Function<Made, Outcome> outcome = each -> new Outcome.Ready(each.time());

  /** What every request is refused with. */
  Optional<Reason> refusal = Optional.empty();

  /** Whether the next request is reported failed although it was recorded. */
  boolean failsAfterwards;

  /** How many more requests are taken before the queue is full. */
  int room = Integer.MAX_VALUE;

  FakeMaker(CommandLog commands, InstantSource clock) {
    this.commands = commands;
    this.clock = clock;
  }

  @Override
  public BackupId request(SiteId site, Alongside alongside) {
    if (room == 0) {
      throw new ServiceException(Reason.OVERLOADED, "the queue is full");
    }
    refusal.ifPresent(
        reason -> {
          throw new ServiceException(reason, "refused");
        });
    Made next = new Made(site, new BackupId("backup-" + ++lastId), clock.instant());
    commands.append(
        transaction -> {
          alongside.requested(transaction, next.id(), next.time());
          return Boolean.TRUE;
        });
    made.add(next);
    outcomes.put(next.id(), outcome.apply(next));
    room--;
    if (failsAfterwards) {
      failsAfterwards = false;
      throw new ServiceException(Reason.STORAGE_FAILED, "perhaps recorded, perhaps not");
    }
    return next.id();
  }

  @Override
  public Outcome outcome(SiteId site, BackupId backup) {
    return outcomes.getOrDefault(backup, new Outcome.Gone());
  }

  /** Says what became of the newest backup. */
  void newestBecomes(Outcome outcome) {
    outcomes.put(made.get(made.size() - 1).id(), outcome);
    whenEnded.run();
  }

  @Override
  public void onEnded(Runnable listener) {
    whenEnded = listener;
  }

  @Override
  public void applyRetention(SiteId site) {
    retentions.add(site);
  }

  List<Instant> times(SiteId site) {
    return made.stream().filter(each -> each.site().equals(site)).map(Made::time).toList();
  }
}
