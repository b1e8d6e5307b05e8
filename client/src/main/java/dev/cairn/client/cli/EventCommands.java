package dev.cairn.client.cli;

import dev.cairn.client.CairnClient;
import dev.cairn.client.EventWatch;
import dev.cairn.v1.Event;
import dev.cairn.v1.EventStart;
import dev.cairn.v1.WatchEventsRequest;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code cairn event …}. */
@Command(
    name = "event",
    description = "Events: what happens to backups and restorations.",
    subcommands = {EventCommands.WatchAll.class})
final class EventCommands extends Group {

  @Command(
      name = "watch",
      description = {
        "Show each event once and in order, as it happens, until Ctrl-C.",
        "With --output json each event is a line; keep its cursor and give it to --after-cursor to"
            + " miss nothing."
      })
  static final class WatchAll extends ClientCommand {
    @Parameters(
        paramLabel = "SITE",
        arity = "0..1",
        description = "Only events of this site. Default: of all that you may see.")
    String siteId = "";

    @Option(
        names = "--from",
        paramLabel = "beginning|now",
        description = "With the oldest event that is kept, or the next one (default).")
    @Nullable String from;

    @Option(
        names = "--after-cursor",
        paramLabel = "CURSOR",
        description = "After the event with this cursor.")
    @Nullable String afterCursor;

    @Option(
        names = "--after-sequence",
        paramLabel = "N",
        description = "After this number of the site's events; 0: all that are kept.")
    @Nullable Long afterSequence;

    @Option(
        names = {"-n", "--limit"},
        paramLabel = "N",
        description = "Stop after so many events.")
    long limit = Long.MAX_VALUE;

    @Override
    int run(CairnClient cairn, Output out) {
      int starts =
          (from == null ? 0 : 1) + (afterCursor == null ? 0 : 1) + (afterSequence == null ? 0 : 1);
      if (starts > 1) {
        throw new UsageException(
            "--from, --after-cursor and --after-sequence exclude each other.", "Give one of them.");
      }
      WatchEventsRequest.Builder request = WatchEventsRequest.newBuilder().setSiteId(siteId);
      if (from != null) {
        request.setStartFrom(Format.parse(EventStart.class, from));
      } else if (afterCursor != null) {
        request.setAfterCursor(afterCursor);
      } else if (afterSequence != null) {
        request.setAfterSequence(afterSequence);
      }
      try (EventWatch watch = cairn.events().watch(request.build())) {
        for (long i = 0; i < limit && watch.hasNext(); i++) {
          Event event = watch.next();
          out.showNext(event, () -> JobViews.event(event));
        }
      }
      return ExitCode.OK;
    }
  }
}
