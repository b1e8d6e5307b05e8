package dev.cairn.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.cairn.v1.BackupState;
import dev.cairn.v1.ErrorReason;
import dev.cairn.v1.Event;
import dev.cairn.v1.EventServiceGrpc;
import dev.cairn.v1.ImportItemsRequest;
import dev.cairn.v1.ImportItemsResponse;
import dev.cairn.v1.VerificationState;
import dev.cairn.v1.WatchEventsRequest;
import dev.cairn.v1.WatchEventsResponse;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.reflection.v1.ServerReflectionGrpc;
import io.grpc.reflection.v1.ServerReflectionRequest;
import io.grpc.reflection.v1.ServerReflectionResponse;
import io.grpc.reflection.v1.ServiceResponse;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** How the server starts, says what it is, refuses to start, and stops. */
class StartIT {
  private static final List<String> SERVICES =
      List.of("Site", "Collection", "Item", "Backup", "Restoration", "BackupSchedule", "Event");

  @RegisterExtension final Servers servers = new Servers();

  /** A server's command line that ends by itself. */
  private record Run(int exitCode, String out, String err) {
    static Run of(String... arguments) {
      try {
        Path out = Files.createTempFile("cairn-it", ".out");
        Path err = Files.createTempFile("cairn-it", ".err");
        try {
          Process process =
              new ProcessBuilder(CairnProcess.command(List.of(arguments)))
                  .redirectOutput(out.toFile())
                  .redirectError(err.toFile())
                  .start();
          if (!process.waitFor(60, TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new AssertionError("the server did not end: " + Files.readString(err));
          }
          return new Run(process.exitValue(), Files.readString(out), Files.readString(err));
        } finally {
          Files.delete(out);
          Files.delete(err);
        }
      } catch (IOException | InterruptedException e) {
        throw new AssertionError(e);
      }
    }
  }

  @Test
  void saysWhatItCanBeTold() {
    Run help = Run.of("--help");
    assertThat(help.exitCode()).as(help.err()).isZero();
    assertThat(help.out()).contains("--config", "--print-config", "data.directory", "listen.port");

    Run version = Run.of("--version");
    assertThat(version.exitCode()).isZero();
    assertThat(version.out()).matches("cairn-server \\d+\\.\\d+\\.\\d+\\S*\\s*");
  }

  @Test
  void printsTheConfigurationInForce() throws IOException {
    Path file = servers.directory().resolve("cairn.properties");
    Files.writeString(file, "backup.on-demand-limit=5\nlisten.port=1234\n");
    Run print = Run.of("--config", file.toString(), "--listen.port=4321", "--print-config");
    assertThat(print.exitCode()).as(print.err()).isZero();
    assertThat(print.out())
        .containsPattern("backup\\.on-demand-limit\\s*=\\s*5")
        .containsPattern("listen\\.port\\s*=\\s*4321")
        .containsPattern("limits\\.batch-items\\s*=\\s*1000");
  }

  @Test
  void refusesEverythingThatIsWrongAtOnce() {
    Run wrong =
        Run.of("--backup.on-demand-limt=5", "--listen.port=99999", "--watch.heartbeat=soon");
    assertThat(wrong.exitCode()).isEqualTo(2);
    assertThat(wrong.err())
        .contains(
            "backup.on-demand-limt", "backup.on-demand-limit", "listen.port", "watch.heartbeat");
  }

  @Test
  void refusesASecondServerOnTheSameData() {
    CairnProcess first = servers.start();
    Run second = Run.of("--data.directory=" + first.dataDirectory(), "--listen.port=0");
    assertThat(second.exitCode()).isEqualTo(3);
    assertThat(second.err()).contains("another server");
    assertThat(second.err()).doesNotContain("Exception", "\tat ");
    try (Cairn cairn = first.connect()) {
      cairn.createSite("still-here");
    }
  }

  @Test
  void refusesAPortThatIsTaken() {
    CairnProcess first = servers.start();
    Run second =
        Run.of(
            "--data.directory=" + servers.directory().resolve("data"),
            "--listen.port=" + first.port());
    assertThat(second.exitCode()).isEqualTo(4);
    assertThat(second.err()).contains(String.valueOf(first.port())).doesNotContain("\tat ");
  }

  @Test
  void refusesToStartWhereItsEngineCannotBeUnpacked() {
    Path missing = servers.directory().resolve("missing");
    Run run =
        Run.of(
            "-Djava.io.tmpdir=" + missing,
            "--data.directory=" + servers.directory().resolve("data"),
            "--listen.port=0");
    assertThat(run.exitCode()).isEqualTo(6);
    assertThat(run.err()).contains(missing.toString(), "-Djava.io.tmpdir").doesNotContain("\tat ");
  }

  @Test
  void leavesNoTemporaryFilesWhenItIsKilled() throws IOException {
    Path temporary = Files.createDirectory(servers.directory().resolve("temporary"));
    CairnProcess server = servers.start("-Djava.io.tmpdir=" + temporary);
    server.kill();
    assertThat(temporary).isEmptyDirectory();
  }

  @Test
  void saysThatItServesAndWhat() throws InvalidProtocolBufferException, InterruptedException {
    try (Cairn cairn = servers.start().connect()) {
      assertThat(health(cairn, "")).isEqualTo(ServingStatus.SERVING);
      for (String service : SERVICES) {
        assertThat(health(cairn, "cairn.v1." + service + "Service"))
            .as(service)
            .isEqualTo(ServingStatus.SERVING);
      }
      assertThat(reflected(cairn))
          .containsAll(SERVICES.stream().map(each -> "cairn.v1." + each + "Service").toList())
          .contains("grpc.health.v1.Health", "grpc.channelz.v1.Channelz");
    }
  }

  private static ServingStatus health(Cairn cairn, String service) {
    return HealthGrpc.newBlockingStub(cairn.channel())
        .withDeadlineAfter(10, TimeUnit.SECONDS)
        .check(HealthCheckRequest.newBuilder().setService(service).build())
        .getStatus();
  }

  private static Set<String> reflected(Cairn cairn) throws InterruptedException {
    LinkedBlockingQueue<Object> answers = new LinkedBlockingQueue<>();
    StreamObserver<ServerReflectionRequest> requests =
        ServerReflectionGrpc.newStub(cairn.channel())
            .serverReflectionInfo(new Cairn.Queued<ServerReflectionResponse>(answers));
    requests.onNext(ServerReflectionRequest.newBuilder().setListServices("").build());
    Object answer = answers.poll(10, TimeUnit.SECONDS);
    requests.onCompleted();
    assertThat(answer).isInstanceOf(ServerReflectionResponse.class);
    return ((ServerReflectionResponse) answer)
        .getListServicesResponse().getServiceList().stream()
            .map(ServiceResponse::getName)
            .collect(Collectors.toSet());
  }

  @Test
  void finishesWhatRunsWhenItIsTerminated() throws InterruptedException {
    CairnProcess server = servers.start();
    try (Cairn cairn = server.connect()) {
      cairn.createSite("shop", List.of("products"));
      LinkedBlockingQueue<Object> answers = new LinkedBlockingQueue<>();
      StreamObserver<ImportItemsRequest> requests =
          cairn.itemStreams().importItems(new Cairn.Queued<>(answers));
      requests.onNext(
          ImportItemsRequest.newBuilder()
              .setSiteId("shop")
              .setCollectionId("products")
              .setImportId(UUID.randomUUID().toString())
              .build());
      assertThat(answers.poll(10, TimeUnit.SECONDS)).isInstanceOf(ImportItemsResponse.class);

      server.terminate();
      Wait.until(
          "the server drains", Duration.ofSeconds(20), () -> server.log().contains("draining"));
      assertThat(refused(server)).isTrue();
      requests.onNext(
          ImportItemsRequest.newBuilder()
              .setBatchSequence(1)
              .addItems(Cairn.item("last", "{\"in\":\"time\"}"))
              .build());
      requests.onCompleted();

      Object acknowledged = answers.poll(20, TimeUnit.SECONDS);
      assertThat(acknowledged).isInstanceOf(ImportItemsResponse.class);
      assertThat(((ImportItemsResponse) acknowledged).getAcknowledgedSequence()).isEqualTo(1);
      assertThat(answers.poll(20, TimeUnit.SECONDS)).isEqualTo(Cairn.Queued.END);
    }
    assertThat(server.awaitExit(Duration.ofSeconds(30))).isEqualTo(CairnProcess.TERMINATED);
    server.restart();
    try (Cairn cairn = server.connect()) {
      assertThat(cairn.get("shop", "products", "last").getData().toStringUtf8())
          .isEqualTo("{\"in\":\"time\"}");
    }
  }

  /** Whether a new connection gets nowhere. */
  private static boolean refused(CairnProcess server) {
    try (Cairn late = server.connect()) {
      late.siteIds();
      return false;
    } catch (StatusRuntimeException e) {
      return true;
    }
  }

  @Test
  void endsWatchesWithAHintToResumeWhenItIsTerminated() throws InterruptedException {
    CairnProcess server = servers.start();
    LinkedBlockingQueue<Object> seen = new LinkedBlockingQueue<>();
    String cursor;
    String backup;
    try (Cairn cairn = server.connect()) {
      cairn.createSite("shop", List.of("products"));
      EventServiceGrpc.newStub(cairn.channel())
          .watchEvents(
              WatchEventsRequest.newBuilder().setSiteId("shop").build(), new Cairn.Queued<>(seen));
      WatchEventsResponse first = event(seen);
      assertThat(first.getHeartbeat()).isTrue();
      cursor = first.getCursor();
      backup = cairn.verifiedBackup("shop").getId();
      assertThat(event(seen).getEvent().getBackupStateChanged().getBackup().getId())
          .isEqualTo(backup);

      server.terminate();
      Object last = seen.poll(30, TimeUnit.SECONDS);
      while (last instanceof WatchEventsResponse) {
        last = seen.poll(30, TimeUnit.SECONDS);
      }
      assertThat(last).isInstanceOf(StatusRuntimeException.class);
      Fault fault = Fault.of((StatusRuntimeException) last);
      assertThat(fault.reason()).contains(ErrorReason.ERROR_REASON_SHUTTING_DOWN);
      assertThat(fault.hasRetryInfo()).isTrue();
    }
    assertThat(server.awaitExit(Duration.ofSeconds(60))).isEqualTo(CairnProcess.TERMINATED);

    // Whoever resumes gets every event once, in order, from the server that comes next.
    server.restart();
    try (Cairn cairn = server.connect()) {
      Iterator<WatchEventsResponse> again =
          cairn
              .events()
              .watchEvents(
                  WatchEventsRequest.newBuilder().setSiteId("shop").setAfterCursor(cursor).build());
      List<Event> told = new ArrayList<>();
      while (told.stream().noneMatch(StartIT::tellsOfVerification)) {
        WatchEventsResponse message = again.next();
        if (!message.getHeartbeat()) {
          told.add(message.getEvent());
        }
      }
      assertThat(told)
          .extracting(Event::getSequence)
          .isEqualTo(LongStream.rangeClosed(1, told.size()).boxed().toList());
      assertThat(told)
          .extracting(each -> each.getBackupStateChanged().getBackup().getState())
          .startsWith(BackupState.BACKUP_STATE_PENDING)
          .endsWith(BackupState.BACKUP_STATE_READY);
    }
  }

  private static WatchEventsResponse event(LinkedBlockingQueue<Object> seen)
      throws InterruptedException {
    Object message = seen.poll(30, TimeUnit.SECONDS);
    assertThat(message).isInstanceOf(WatchEventsResponse.class);
    return (WatchEventsResponse) message;
  }

  private static boolean tellsOfVerification(Event event) {
    return event.getBackupStateChanged().getBackup().getVerification().getState()
        == VerificationState.VERIFICATION_STATE_VERIFIED;
  }
}
