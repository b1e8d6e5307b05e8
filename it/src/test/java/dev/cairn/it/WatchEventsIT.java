package dev.cairn.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.v1.Backup;
import dev.cairn.v1.BackupState;
import dev.cairn.v1.DeleteBackupRequest;
import dev.cairn.v1.ErrorReason;
import dev.cairn.v1.Event;
import dev.cairn.v1.EventStart;
import dev.cairn.v1.Restoration;
import dev.cairn.v1.RestorationState;
import dev.cairn.v1.VerificationState;
import dev.cairn.v1.WatchEventsRequest;
import dev.cairn.v1.WatchEventsResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Follows the events of one site and of all sites while backups are made, restored and deleted, the
 * connection breaks again and again, and the server is killed: every event comes once, in order.
 *
 * <p>{@code -Dit.seed=N} repeats a run's choices, {@code -Dit.events.kills=N} makes it longer.
 */
class WatchEventsIT {
  private static final long SEED = Settings.number("it.seed", System.nanoTime());
  private static final int KILLS = Settings.integer("it.events.kills", 5);
  private static final int DISCONNECTS = 50;
  private static final List<String> SITES = List.of("alpha", "beta");
  private static final Duration LONG = Duration.ofSeconds(60);

  @RegisterExtension final Servers servers = new Servers();

  private final Random random = new Random(SEED);

  @Test
  void everyEventComesOnceAndInOrderThroughDisconnectsAndKills() {
    System.out.println("WatchEventsIT: repeat with -Dit.seed=" + SEED);
    CairnProcess server = servers.start("--watch.heartbeat=500ms", "--backup.safety-limit=2");
    try (Cairn cairn = server.connect()) {
      for (String site : SITES) {
        cairn.createSite(site, List.of("things"));
        cairn.fill(site, "things", 100, "first");
      }
    }
    List<EventFollower> followers = new ArrayList<>();
    for (String site : List.of("alpha", "", "beta", "")) {
      followers.add(new EventFollower(site, server::address, random.nextLong()));
    }

    for (int kill = 0; kill < KILLS; kill++) {
      Load load = new Load();
      try (Cairn cairn = server.connect()) {
        use(cairn, load);
        Wait.pause(Duration.ofMillis(300 + random.nextInt(900)));
        load.stop();
        server.kill();
        load.join();
      }
      assertThat(load.errors()).as("seed %s", SEED).isEmpty();
      server.restart();
    }
    useUntilDisconnected(server, followers);

    try (Cairn cairn = server.connect()) {
      SITES.forEach(site -> awaitRest(cairn, site));
      check(cairn, followers);
    }
    followers.forEach(EventFollower::stop);
  }

  private void useUntilDisconnected(CairnProcess server, List<EventFollower> followers) {
    Load load = new Load();
    try (Cairn cairn = server.connect()) {
      use(cairn, load);
      Wait.until(
          "everybody was disconnected " + DISCONNECTS + " times",
          LONG,
          () ->
              followers.stream()
                  .allMatch(each -> each.error().isPresent() || each.disconnects() >= DISCONNECTS));
      load.stop();
      load.join();
    }
    assertThat(load.errors()).as("seed %s", SEED).isEmpty();
  }

  private void use(Cairn cairn, Load load) {
    for (String site : SITES) {
      Random choices = new Random(random.nextLong());
      load.start("conductor of " + site, () -> step(cairn, site, choices));
    }
  }

  private static void step(Cairn cairn, String site, Random choices) throws InterruptedException {
    Backup backup = answer(() -> cairn.requestBackup(site), List.of()).get(0);
    if (choices.nextBoolean()) {
      answer(() -> cairn.awaitBackup(site, backup.getId()), List.of());
    }
    switch (choices.nextInt(4)) {
      case 0 ->
          answer(
              () ->
                  cairn
                      .backups()
                      .deleteBackup(
                          DeleteBackupRequest.newBuilder()
                              .setSiteId(site)
                              .setBackupId(backup.getId())
                              .build()),
              List.of());
      case 1 ->
          answer(
                  () -> cairn.requestRestore(site, backup.getId()),
                  List.of(ErrorReason.ERROR_REASON_BACKUP_NOT_READY))
              .forEach(each -> answer(() -> cairn.awaitRestoration(site, each.getId()), List.of()));
      default -> answer(() -> cairn.save(site, "things", "one", "{}"), List.of());
    }
    Thread.sleep(choices.nextInt(30));
  }

  private static <T> List<T> answer(
      java.util.function.Supplier<T> call, List<ErrorReason> refusals) {
    return SiteLoad.answer(Set.copyOf(refusals), call).stream().toList();
  }

  /** Waits until nothing of the site is under way, so that no more events come. */
  private static void awaitRest(Cairn cairn, String site) {
    Wait.until(
        "site " + site + " is at rest",
        LONG,
        () ->
            cairn.listRestorations(site).stream()
                    .noneMatch(
                        each -> each.getState() == RestorationState.RESTORATION_STATE_PENDING)
                && cairn.listBackups(site).stream().noneMatch(WatchEventsIT::isUnderWay));
  }

  private static boolean isUnderWay(Backup backup) {
    return switch (backup.getState()) {
      case BACKUP_STATE_PENDING -> true;
      case BACKUP_STATE_READY ->
          backup.getVerification().getState() != VerificationState.VERIFICATION_STATE_VERIFIED;
      default -> false;
    };
  }

  private static void check(Cairn cairn, List<EventFollower> followers) {
    List<Event> all = read(cairn, "");
    List<String> wrong = new ArrayList<>(EventCheck.history(all));
    for (String site : SITES) {
      List<Event> ofSite = all.stream().filter(event -> event.getSiteId().equals(site)).toList();
      wrong.addAll(EventCheck.same("reader of " + site, read(cairn, site), ofSite));
      List<Restoration> restorations = cairn.listRestorations(site);
      wrong.addAll(EventCheck.asListed(ofSite, cairn.listBackups(site), restorations));
      assertThat(restorations).as("restorations of %s", site).isNotEmpty();
    }
    List<List<Event>> expected = List.of(read(cairn, "alpha"), all, read(cairn, "beta"), all);
    for (int i = 0; i < followers.size(); i++) {
      EventFollower follower = followers.get(i);
      int due = expected.get(i).size();
      Wait.until(
          "follower " + i + " has caught up",
          LONG,
          () -> follower.seen().size() >= due || follower.error().isPresent());
      follower.error().ifPresent(wrong::add);
      wrong.addAll(EventCheck.same("follower " + i, follower.seen(), expected.get(i)));
    }
    System.out.printf(
        "WatchEventsIT: %d events, %d kills, disconnects %s%n",
        all.size(), KILLS, followers.stream().map(EventFollower::disconnects).toList());
    assertThat(wrong).as("seed %s", SEED).isEmpty();
    assertThat(all).hasSizeGreaterThan(100);
  }

  /** The history as one undisturbed reader is told it. */
  private static List<Event> read(Cairn cairn, String site) {
    Iterator<WatchEventsResponse> stream =
        cairn
            .events()
            .watchEvents(
                WatchEventsRequest.newBuilder()
                    .setSiteId(site)
                    .setStartFrom(EventStart.EVENT_START_BEGINNING)
                    .build());
    List<Event> events = new ArrayList<>();
    while (true) {
      WatchEventsResponse message = stream.next();
      if (message.hasEvent()) {
        events.add(message.getEvent());
      } else {
        return events; // it is silent, so that was all
      }
    }
  }

  // The checker itself: each way to break what it guards must be found.

  @Test
  void theCheckFindsWhatIsWrong() {
    List<Event> good;
    List<Backup> listed;
    CairnProcess server = servers.start("--watch.heartbeat=500ms");
    try (Cairn cairn = server.connect()) {
      cairn.createSite("alpha", List.of("things"));
      cairn.fill("alpha", "things", 10, "first");
      cairn.verifiedBackup("alpha");
      cairn.verifiedBackup("alpha");
      good = read(cairn, "alpha");
      listed = cairn.listBackups("alpha");
    }
    assertThat(good).hasSizeGreaterThanOrEqualTo(6);
    assertThat(EventCheck.history(good)).isEmpty();
    assertThat(EventCheck.asListed(good, listed, List.of())).isEmpty();

    List<Event> missing = new ArrayList<>(good);
    missing.remove(2);
    assertThat(EventCheck.history(missing)).isNotEmpty();
    assertThat(EventCheck.same("reader", missing, good)).isNotEmpty();
    List<Event> twice = new ArrayList<>(good);
    twice.add(3, good.get(2));
    assertThat(EventCheck.history(twice)).anyMatch(each -> each.contains("comes twice"));
    assertThat(EventCheck.same("reader", twice, good)).isNotEmpty();
    List<Event> swapped = new ArrayList<>(good);
    Collections.swap(swapped, 1, 2);
    assertThat(EventCheck.history(swapped)).isNotEmpty();
    List<Event> cut = good.subList(0, good.size() - 1);
    assertThat(EventCheck.same("reader", cut, good)).isNotEmpty();
    assertThat(EventCheck.asListed(cut, listed, List.of())).isNotEmpty();
    assertThat(EventCheck.asListed(good, List.of(another(listed.get(0))), List.of())).isNotEmpty();
  }

  private static Backup another(Backup backup) {
    return backup.toBuilder().setId("unheard-of").setState(BackupState.BACKUP_STATE_READY).build();
  }
}
