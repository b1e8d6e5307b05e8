package dev.cairn.server.grpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.groups.Tuple.tuple;

import dev.cairn.v1.Backup;
import dev.cairn.v1.BackupDeleteReason;
import dev.cairn.v1.BackupState;
import dev.cairn.v1.BackupStateChanged;
import dev.cairn.v1.BackupType;
import dev.cairn.v1.DeleteBackupRequest;
import dev.cairn.v1.DeleteSiteRequest;
import dev.cairn.v1.Event;
import dev.cairn.v1.EventStart;
import dev.cairn.v1.ListBackupsRequest;
import dev.cairn.v1.Restoration;
import dev.cairn.v1.RestorationState;
import dev.cairn.v1.VerificationState;
import dev.cairn.v1.VerifyBackupRequest;
import dev.cairn.v1.WatchEventsRequest;
import dev.cairn.v1.WatchEventsResponse;
import io.grpc.Status;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WatchEventsTest {
  private static final String[] SETTINGS = {
    "watch.heartbeat", "100ms",
    "watch.min-interval", "10ms",
    "limits.watches", "4",
    "event.retention", "1s",
    "store.idle-close", "1s"
  };

  @TempDir Path data;
  private TestServer server;
  private final List<EventWatch> open = new ArrayList<>();

  @BeforeEach
  void start() {
    server = TestServer.on(data, "watch.heartbeat", "100ms", "watch.min-interval", "10ms");
    server.hasSite("shop").hasCollection("shop", "products");
    server.hasItem("shop", "products", "p1", "{\"name\":\"Chair\"}");
  }

  @AfterEach
  void stop() {
    open.forEach(EventWatch::close);
    server.close();
  }

  private void restart(String... settings) {
    server.close();
    server = TestServer.on(data, settings);
  }

  @Test
  void tellsTheLifeOfABackup() {
    EventWatch watch = watch(beginning("shop"));
    Backup backup = server.makeBackup("shop");
    server.backups().verifyBackup(verify(backup));
    server.watchToTheEnd(backup);
    delete(backup);

    List<Event> events = watch.awaitEvents(6).events();

    assertThat(events)
        .extracting(
            Event::getSequence,
            event -> change(event).getPreviousState(),
            event -> change(event).getBackup().getState(),
            event -> change(event).getPreviousVerificationState(),
            event -> change(event).getBackup().getVerification().getState())
        .containsExactly(
            tuple(1L, none(), pending(), VerificationState.VERIFICATION_STATE_UNSPECIFIED, raw()),
            tuple(2L, pending(), pending(), raw(), raw()),
            tuple(3L, pending(), ready(), raw(), raw()),
            tuple(4L, ready(), ready(), raw(), verified()),
            tuple(5L, ready(), ready(), verified(), verified()),
            tuple(6L, ready(), deleted(), verified(), verified()));
    assertThat(change(events.get(0)).getBackup().hasStartTime()).isFalse();
    assertThat(change(events.get(1)).getBackup().hasStartTime()).isTrue();
    assertThat(change(events.get(5)).getBackup().getDeleteReason())
        .isEqualTo(BackupDeleteReason.BACKUP_DELETE_REASON_REQUESTED);
    assertThat(events)
        .allSatisfy(
            event -> {
              assertThat(event.getId()).matches("[a-z0-9-]{1,64}");
              assertThat(event.getSiteId()).isEqualTo("shop");
              assertThat(event.hasTime()).isTrue();
              assertThat(event.getCursor()).isNotEmpty().hasSizeLessThan(256);
              assertThat(change(event).getBackup().getId()).isEqualTo(backup.getId());
              assertThat(change(event).getBackup().hasProgress()).isFalse();
              assertThat(change(event).getBackup().getLogList()).isEmpty();
            });
    assertThat(watch.messages())
        .filteredOn(WatchEventsResponse::hasEvent)
        .allSatisfy(
            message -> {
              assertThat(message.getCursor()).isEqualTo(message.getEvent().getCursor());
              assertThat(message.getHeartbeat()).isFalse();
            });
  }

  @Test
  void namesInTheEventOfABackupWhatItEvicted() {
    List<String> ids = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      ids.add(server.makeBackup("shop").getId());
    }

    List<Event> events = watch(beginning("shop")).awaitEvents(17).events();

    List<BackupStateChanged> last =
        events.stream()
            .map(WatchEventsTest::change)
            .filter(change -> change.getBackup().getId().equals(ids.get(3)))
            .filter(change -> change.getBackup().getState() == ready())
            .toList();
    BackupStateChanged gone =
        events.stream()
            .map(WatchEventsTest::change)
            .filter(change -> change.getBackup().getState() == deleted())
            .findFirst()
            .orElseThrow();
    assertThat(last.get(0).getBackup().getEvictedBackupIdsList()).containsExactly(ids.get(0));
    assertThat(gone.getBackup().getId()).isEqualTo(ids.get(0));
    assertThat(gone.getBackup().getDeleteReason())
        .isEqualTo(BackupDeleteReason.BACKUP_DELETE_REASON_EVICTED);
  }

  @Test
  void tellsOfARestorationAndOfTheSafetyBackupThatItKept() {
    Backup backup = server.makeBackup("shop");
    EventWatch watch = watch(now("shop")).awaitMessages(1);
    Restoration restoration = server.restore(backup);
    TestServer.eventually(() -> watch.events().size() >= 5);

    List<Event> events = watch.events();
    List<Event> restorations = events.stream().filter(Event::hasRestorationStateChanged).toList();
    assertThat(restorations)
        .extracting(
            event -> event.getRestorationStateChanged().getPreviousState(),
            event -> event.getRestorationStateChanged().getRestoration().getState(),
            event -> event.getRestorationStateChanged().getRestoration().hasStartTime())
        .containsExactly(
            tuple(
                RestorationState.RESTORATION_STATE_UNSPECIFIED,
                RestorationState.RESTORATION_STATE_PENDING,
                false),
            tuple(
                RestorationState.RESTORATION_STATE_PENDING,
                RestorationState.RESTORATION_STATE_PENDING,
                true),
            tuple(
                RestorationState.RESTORATION_STATE_PENDING,
                RestorationState.RESTORATION_STATE_COMPLETED,
                true));
    Event kept = events.get(events.indexOf(restorations.get(2)) - 1);
    assertThat(change(kept).getPreviousState()).isEqualTo(none());
    assertThat(change(kept).getBackup().getState()).isEqualTo(ready());
    assertThat(change(kept).getBackup().getType()).isEqualTo(BackupType.BACKUP_TYPE_SAFETY);
    assertThat(change(kept).getBackup().getRestorationId()).isEqualTo(restoration.getId());
    Restoration told = restorations.get(2).getRestorationStateChanged().getRestoration();
    assertThat(told.getSafetyBackupId()).isEqualTo(change(kept).getBackup().getId());
    assertThat(told.getLogList()).isEmpty();
    assertThat(told.hasProgress()).isFalse();
  }

  @Test
  void marksTheMomentAtWhichItBegan() {
    server.makeBackup("shop");
    EventWatch watch = watch(now("shop")).awaitMessages(1);
    assertThat(watch.messages().get(0).getHeartbeat()).isTrue();
    assertThat(watch.messages().get(0).hasEvent()).isFalse();
    String moment = watch.messages().get(0).getCursor();

    server.makeBackup("shop");
    List<Event> seen = watch.awaitEvents(4).events();

    assertThat(seen).extracting(Event::getSequence).containsExactly(5L, 6L, 7L, 8L);
    assertThat(watch(after("shop", moment)).awaitEvents(4).events()).isEqualTo(seen);
    assertThat(watch(after("", moment)).awaitEvents(4).events()).isEqualTo(seen);
  }

  @Test
  void beatsWhenNothingHappensAndItsCursorsAreGood() {
    EventWatch watch = watch(now("shop")).awaitMessages(3);
    assertThat(watch.messages()).allMatch(WatchEventsResponse::getHeartbeat);
    server.hasSite("other").hasCollection("other", "things");
    server.makeBackup("other");
    int before = watch.messages().size();
    watch.awaitMessages(before + 2);
    assertThat(watch.events()).isEmpty();

    EventWatch all = watch(after("", watch.lastCursor()));
    server.makeBackup("shop");

    assertThat(all.awaitEvents(4).events()).allMatch(event -> event.getSiteId().equals("shop"));
    assertThat(all.events()).hasSize(4);
  }

  @Test
  void followsAllSitesThoseMadeLaterIncluded() {
    EventWatch watch = watch(now("")).awaitMessages(1);
    server.makeBackup("shop");
    server.hasSite("later").hasCollection("later", "things");
    server.makeBackup("later");

    List<Event> events = watch.awaitEvents(8).events();

    assertThat(events).extracting(Event::getSiteId).containsSubsequence("shop", "later");
    assertThat(events).extracting(Event::getId).doesNotHaveDuplicates();
    assertThat(watch(afterSequence("later", 2)).awaitEvents(2).events())
        .extracting(Event::getSequence)
        .containsExactly(3L, 4L);
  }

  @Test
  void refusesWhatMakesNoSense() {
    assertThat(watch(request("").setAfterSequence(1)).error().fields())
        .containsExactly("after_sequence");
    assertThat(watch(request("shop").setAfterSequence(-1)).error().fields())
        .containsExactly("after_sequence");
    assertThat(watch(request("no/site")).error().fields()).containsExactly("site_id");
    assertThat(watch(request("").setStartFromValue(9)).error().fields())
        .containsExactly("start_from");
    for (String cursor : List.of("", "nonsense", changed(EventCursors.make(0)))) {
      assertThat(watch(request("shop").setAfterCursor(cursor)).error().fields())
          .as(cursor)
          .containsExactly("after_cursor");
    }
    CallError nowhere = watch(now("nowhere")).error();
    assertThat(nowhere.reason()).isEqualTo("SITE_NOT_FOUND");
    assertThat(nowhere.code()).isEqualTo(Status.Code.NOT_FOUND);
  }

  @Test
  void refusesPlacesThatWereNeverReached() {
    server.makeBackup("shop");

    CallError error = watch(afterSequence("shop", 99)).error();
    assertThat(error.code()).isEqualTo(Status.Code.OUT_OF_RANGE);
    assertThat(error.reason()).isEqualTo("EVENTS_EXPIRED");
    assertThat(error.metadata())
        .containsEntry("oldest_sequence", "1")
        .containsEntry("newest_sequence", "4");
    assertThat(watch(after("", EventCursors.make(99))).error().reason())
        .isEqualTo("EVENTS_EXPIRED");
  }

  @Test
  void tellsThoseWhoAreTooLateThatEventsWerePurged() {
    restart(SETTINGS);
    server.makeBackup("shop");
    EventWatch idle = EventWatch.slow(server.channel(), afterSequence("shop", 0).build());
    open.add(idle);
    idle.room(1);
    idle.awaitMessages(1);

    TestServer.eventually(
        () -> {
          try (EventWatch late = watch(afterSequence("shop", 1))) {
            late.awaitMessages(1);
            return late.ended() && late.error().reason().equals("EVENTS_EXPIRED");
          }
        });

    idle.room(100);
    // One more may have been on its way already.
    assertThat(idle.error().reason()).isEqualTo("EVENTS_EXPIRED");
    TestServer.eventually(() -> watch(afterSequence("shop", 4)).awaitMessages(1).ended() == false);
    server.makeBackup("shop");
    List<Event> rest = watch(beginning("shop")).awaitEvents(4).events();
    assertThat(rest).extracting(Event::getSequence).endsWith(5L, 6L, 7L, 8L);
  }

  @Test
  void endsWhenTheSiteIsDeleted() {
    EventWatch one = watch(now("shop")).awaitMessages(1);
    EventWatch all = watch(now("")).awaitMessages(1);

    server
        .sites()
        .deleteSite(DeleteSiteRequest.newBuilder().setSiteId("shop").setForce(true).build());

    assertThat(one.error().reason()).isEqualTo("SITE_NOT_FOUND");
    assertThat(all.ended()).isFalse();
    server.hasSite("shop").hasCollection("shop", "products");
    server.makeBackup("shop");
    assertThat(all.awaitEvents(4).events())
        .extracting(Event::getSequence)
        .containsExactly(1L, 2L, 3L, 4L);
  }

  @Test
  void feedsASlowReaderFromTheLog() throws InterruptedException {
    EventWatch slow = EventWatch.slow(server.channel(), beginning("shop").build());
    open.add(slow);
    for (int i = 0; i < 5; i++) {
      delete(server.makeBackup("shop"));
    }
    Thread.sleep(300); // heartbeats come due, but there is no room for them

    List<Event> quick = watch(beginning("shop")).awaitEvents(25).events();
    for (int i = 0; i < 25; i++) {
      slow.room(1);
      slow.awaitMessages(i + 1);
    }

    assertThat(slow.events()).isEqualTo(quick);
    assertThat(slow.messages()).hasSize(25);
  }

  @Test
  void boundsTheWatchesAndGivesPlacesBack() {
    restart(SETTINGS);
    Backup backup = server.requestBackup("shop");
    server.await(backup);
    for (int i = 0; i < 4; i++) {
      watch(now(i % 2 == 0 ? "shop" : "")).awaitMessages(1);
    }

    CallError refused = watch(now("shop")).error();
    assertThat(refused.reason()).isEqualTo("OVERLOADED");
    assertThat(refused.fact("limit")).isEqualTo("4");
    assertThat(CallError.of(() -> server.watchToTheEnd(backup)).reason()).isEqualTo("OVERLOADED");

    open.forEach(EventWatch::close);
    TestServer.eventually(
        () -> {
          EventWatch again = watch(now("shop")).awaitMessages(1);
          return !again.ended();
        });
    for (int i = 0; i < 50; i++) {
      EventWatch brief = watch(now("shop"));
      brief.close();
    }
    TestServer.eventually(() -> !watch(now("shop")).awaitMessages(1).ended());
  }

  @Test
  void endsWhenTheServerGoesDown() {
    EventWatch watch = watch(now("")).awaitMessages(1);
    String cursor = watch.lastCursor();

    server.server().close();

    CallError error = watch.error();
    assertThat(error.reason()).isEqualTo("SHUTTING_DOWN");
    assertThat(error.code()).isEqualTo(Status.Code.UNAVAILABLE);
    restart();
    server.makeBackup("shop");
    assertThat(watch(after("shop", cursor)).awaitEvents(4).events()).hasSize(4);
  }

  /** Fifty broken watches and five servers: still every event once, in order. */
  @Test
  void resumesWithoutGapOrDuplicate() {
    long seed = Long.getLong("seed", System.nanoTime());
    Random random = new Random(seed);
    server.hasSite("other").hasCollection("other", "things");
    List<Event> ofShop = new ArrayList<>();
    List<Event> ofAll = new ArrayList<>();
    String shopCursor = EventCursors.make(0);
    String allCursor = EventCursors.make(0);
    for (int round = 0; round < 50; round++) {
      WatchEventsRequest.Builder next =
          ofShop.isEmpty() || random.nextBoolean()
              ? after("shop", shopCursor)
              : afterSequence("shop", ofShop.get(ofShop.size() - 1).getSequence());
      EventWatch shop = EventWatch.slow(server.channel(), next.build());
      EventWatch all = EventWatch.slow(server.channel(), after("", allCursor).build());
      shop.room(random.nextInt(8));
      all.room(random.nextInt(8));
      server.requestBackup(random.nextBoolean() ? "shop" : "other");
      if (random.nextInt(3) == 0) {
        TestServer.pause();
      }
      if (round % 10 == 9) {
        restart("watch.heartbeat", "100ms", "watch.min-interval", "10ms");
        TestServer.eventually(() -> shop.ended() && all.ended());
      }
      shop.close();
      all.close();
      TestServer.eventually(() -> shop.ended() && all.ended());
      shopCursor = take(shop, ofShop, shopCursor);
      allCursor = take(all, ofAll, allCursor);
    }
    TestServer.eventually(() -> settled("shop") && settled("other"));
    takeRest(after("shop", shopCursor), ofShop);
    takeRest(after("", allCursor), ofAll);

    assertThat(ofShop)
        .as("seed %d", seed)
        .extracting(Event::getSequence)
        .isEqualTo(LongStream.rangeClosed(1, ofShop.size()).boxed().toList());
    assertThat(ofAll.stream().filter(event -> event.getSiteId().equals("shop")).toList())
        .as("seed %d", seed)
        .isEqualTo(ofShop);
    assertThat(
            ofAll.stream()
                .filter(event -> event.getSiteId().equals("other"))
                .map(Event::getSequence)
                .toList())
        .as("seed %d", seed)
        .isEqualTo(LongStream.rangeClosed(1, ofAll.size() - ofShop.size()).boxed().toList());
    Set<String> ids = new HashSet<>();
    assertThat(ofAll).allMatch(event -> ids.add(event.getId()));
    assertThat(ofAll)
        .filteredOn(event -> change(event).getPreviousState() == none())
        .as("each backup was requested once")
        .hasSize(50);
  }

  private static String take(EventWatch watch, List<Event> seen, String cursor) {
    seen.addAll(watch.events());
    return watch.messages().isEmpty() ? cursor : watch.lastCursor();
  }

  /** All that there is until a heartbeat says that there is no more. */
  private void takeRest(WatchEventsRequest.Builder request, List<Event> seen) {
    EventWatch watch = watch(request);
    TestServer.eventually(
        () -> watch.messages().stream().anyMatch(WatchEventsResponse::getHeartbeat));
    seen.addAll(watch.events());
  }

  private boolean settled(String site) {
    return server
        .backups()
        .listBackups(ListBackupsRequest.newBuilder().setSiteId(site).build())
        .getBackupsList()
        .stream()
        .noneMatch(
            backup ->
                backup.getState() == pending()
                    || backup.getState() == ready()
                        && backup.getVerification().getState() != verified());
  }

  private EventWatch watch(WatchEventsRequest.Builder request) {
    EventWatch watch = EventWatch.open(server.channel(), request.build());
    open.add(watch);
    return watch;
  }

  private static WatchEventsRequest.Builder request(String site) {
    return WatchEventsRequest.newBuilder().setSiteId(site);
  }

  private static WatchEventsRequest.Builder now(String site) {
    return request(site);
  }

  private static WatchEventsRequest.Builder beginning(String site) {
    return request(site).setStartFrom(EventStart.EVENT_START_BEGINNING);
  }

  private static WatchEventsRequest.Builder after(String site, String cursor) {
    return request(site).setAfterCursor(cursor);
  }

  private static WatchEventsRequest.Builder afterSequence(String site, long sequence) {
    return request(site).setAfterSequence(sequence);
  }

  /** A cursor with one bit of its position turned over. */
  private static String changed(String cursor) {
    byte[] bytes = Base64.getUrlDecoder().decode(cursor);
    bytes[8] ^= 1;
    return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
  }

  private static BackupStateChanged change(Event event) {
    return event.getBackupStateChanged();
  }

  private static BackupState none() {
    return BackupState.BACKUP_STATE_UNSPECIFIED;
  }

  private static BackupState pending() {
    return BackupState.BACKUP_STATE_PENDING;
  }

  private static BackupState ready() {
    return BackupState.BACKUP_STATE_READY;
  }

  private static BackupState deleted() {
    return BackupState.BACKUP_STATE_DELETED;
  }

  private static VerificationState raw() {
    return VerificationState.VERIFICATION_STATE_UNVERIFIED;
  }

  private static VerificationState verified() {
    return VerificationState.VERIFICATION_STATE_VERIFIED;
  }

  private void delete(Backup backup) {
    server
        .backups()
        .deleteBackup(
            DeleteBackupRequest.newBuilder()
                .setSiteId(backup.getSiteId())
                .setBackupId(backup.getId())
                .build());
  }

  private static VerifyBackupRequest verify(Backup backup) {
    return VerifyBackupRequest.newBuilder()
        .setSiteId(backup.getSiteId())
        .setBackupId(backup.getId())
        .build();
  }
}
