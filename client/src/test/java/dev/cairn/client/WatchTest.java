package dev.cairn.client;

import static dev.cairn.client.fake.Errors.transport;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.cairn.client.fake.Errors;
import dev.cairn.client.fake.FakeServer;
import dev.cairn.v1.Backup;
import dev.cairn.v1.BackupState;
import dev.cairn.v1.BackupStateChanged;
import dev.cairn.v1.ErrorReason;
import dev.cairn.v1.Event;
import dev.cairn.v1.Restoration;
import dev.cairn.v1.RestorationState;
import dev.cairn.v1.WatchBackupRequest;
import dev.cairn.v1.WatchEventsRequest;
import io.grpc.Status.Code;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WatchTest {
  private final FakeServer server = new FakeServer().with("shop", "orders");
  private final CairnClient cairn = Clients.of(server);

  @AfterEach
  void close() {
    cairn.close();
    server.close();
  }

  @Test
  void deliversEveryStateUntilTheLast() {
    Backup backup = cairn.backups().create("shop");
    List<Backup> states = new ArrayList<>();

    Backup last = cairn.backups().watch("shop", backup.getId()).await(states::add);

    assertThat(last.getState()).isEqualTo(BackupState.BACKUP_STATE_READY);
    assertThat(states).hasSize(4).extracting(s -> s.getProgress().getFraction()).isSorted();
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3, 4, 5, 6, 7, 8})
  void goesOnAfterTheLastStateWhenItBreaks(int answers) {
    Backup backup = cairn.backups().create("shop");
    server.faults().cutAfterAnswers("WatchBackup", answers, transport(Code.UNAVAILABLE));
    List<Long> sequences = new ArrayList<>();

    Backup last =
        cairn
            .backups()
            .watch("shop", backup.getId())
            .await(s -> sequences.add(s.getProgress().getSequence()));

    assertThat(last.getState()).isEqualTo(BackupState.BACKUP_STATE_READY);
    // The job goes on while nobody watches, so that states between the break and the end may be
    // missed.
    assertThat(sequences).isSorted().doesNotHaveDuplicates();
    assertThat(sequences.size()).isGreaterThan(Math.min(3, answers / 2));
    List<WatchBackupRequest> requests =
        server.faults().requests("WatchBackup", WatchBackupRequest.class);
    // Each state comes after a heartbeat of its sequence; what was only announced is not seen.
    assertThat(requests.get(requests.size() - 1).getAfterSequence())
        .isEqualTo(answers >= 8 ? 0 : answers / 2);
  }

  @Test
  void goesOnWhenProxiesBreakIt() {
    Backup backup = cairn.backups().create("shop");
    server.faults().cutAfterAnswers("WatchBackup", 2, transport(Code.INTERNAL));
    server.faults().cutAfterAnswers("WatchBackup", 2, transport(Code.RESOURCE_EXHAUSTED));

    Backup last = cairn.backups().watch("shop", backup.getId()).awaitSuccess();

    assertThat(last.getState()).isEqualTo(BackupState.BACKUP_STATE_READY);
  }

  @Test
  void givesUpWhenItNeverWorks() {
    Backup backup = cairn.backups().create("shop");
    for (int i = 0; i < 9; i++) {
      server.faults().fail("WatchBackup", transport(Code.UNAVAILABLE));
    }
    Watch<Backup> watch = cairn.backups().watch("shop", backup.getId());

    assertThatThrownBy(watch::hasNext).isInstanceOf(CairnException.class);
    assertThat(server.faults().received("WatchBackup")).hasSize(5);
  }

  @Test
  void throwsWhatOpeningAgainDoesNotMend() {
    Watch<Backup> watch = cairn.backups().watch("shop", "nothing");

    CairnException failure = catchThrowableOfType(CairnException.class, watch::hasNext);

    assertThat(failure.reason()).isEqualTo(ErrorReason.ERROR_REASON_BACKUP_NOT_FOUND);
    assertThat(server.faults().received("WatchBackup")).hasSize(1);
  }

  @Test
  void takesAFailedJobForAStateButNotForSuccess() {
    server.failJobs();
    Backup backup = cairn.backups().create("shop");

    Backup last = cairn.backups().watch("shop", backup.getId()).await(s -> {});
    CairnException failure =
        catchThrowableOfType(
            CairnException.class,
            () -> cairn.backups().watch("shop", backup.getId()).awaitSuccess());

    assertThat(last.getState()).isEqualTo(BackupState.BACKUP_STATE_FAILED);
    assertThat(failure.reason()).isEqualTo(ErrorReason.ERROR_REASON_DISK_FULL);
  }

  @Test
  void followsRestorations() {
    Backup backup = cairn.backups().create("shop");
    cairn.backups().watch("shop", backup.getId()).awaitSuccess();
    Restoration started = cairn.restorations().restore("shop", backup.getId());
    server.faults().cutAfterAnswers("WatchRestoration", 1, transport(Code.UNAVAILABLE));

    Restoration last = cairn.restorations().watch("shop", started.getId()).awaitSuccess();

    assertThat(last.getState()).isEqualTo(RestorationState.RESTORATION_STATE_COMPLETED);
  }

  @Test
  void closingWakesTheReader() throws Exception {
    EventWatch watch =
        cairn.events().watch(WatchEventsRequest.newBuilder().setSiteId("shop").build());
    CompletableFuture<Boolean> reader = CompletableFuture.supplyAsync(watch::hasNext);
    TimeUnit.MILLISECONDS.sleep(50);

    watch.close();

    assertThat(reader.get(5, TimeUnit.SECONDS)).isFalse();
  }

  @Test
  void closingEndsAPauseBetweenAttempts() throws Exception {
    server.faults().fail("WatchEvents", Errors.overloaded(60_000));
    EventWatch watch = cairn.events().watch(WatchEventsRequest.getDefaultInstance());
    CompletableFuture<Boolean> reader = CompletableFuture.supplyAsync(watch::hasNext);
    TimeUnit.MILLISECONDS.sleep(50);

    watch.close();

    assertThat(reader.get(5, TimeUnit.SECONDS)).isFalse();
  }

  @Test
  void deliversEachEventOnceAcrossBreaks() {
    for (int i = 1; i <= 5; i++) {
      server.addEvent(
          Event.newBuilder()
              .setId("e" + i)
              .setSequence(i)
              .setBackupStateChanged(BackupStateChanged.getDefaultInstance())
              .build());
    }
    server.faults().cutAfterAnswers("WatchEvents", 2, transport(Code.UNAVAILABLE));
    server.faults().cutAfterAnswers("WatchEvents", 1, transport(Code.UNAVAILABLE));
    List<String> ids = new ArrayList<>();

    try (EventWatch watch = cairn.events().watch(WatchEventsRequest.getDefaultInstance())) {
      for (int i = 0; i < 5; i++) {
        ids.add(watch.next().getId());
        assertThat(watch.cursor()).isEqualTo(Integer.toString(i + 1));
      }
    }

    assertThat(ids).containsExactly("e1", "e2", "e3", "e4", "e5");
    assertThat(server.faults().requests("WatchEvents", WatchEventsRequest.class))
        .extracting(WatchEventsRequest::getAfterCursor)
        .containsExactly("", "2", "3");
  }
}
