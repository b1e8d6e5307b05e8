package dev.cairn.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.cairn.v1.BackupState;
import dev.cairn.v1.ErrorReason;
import io.grpc.StatusRuntimeException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A server that may have 200 file handles, and is asked for more sites than they suffice for. */
class FewHandlesIT {
  private static final int HANDLES = 200;
  private static final int SITES = 40;

  @RegisterExtension final Servers servers = new Servers();

  @Test
  void servesMoreSitesThanItHasHandlesForAndLosesNothing() {
    assumeTrue(
        Files.isExecutable(Path.of("/usr/bin/prlimit")), "skipped: there is no prlimit here");
    CairnProcess server = servers.startWith(List.of("prlimit", "--nofile=" + HANDLES), List.of());
    try (Cairn cairn = server.connect()) {
      for (int i = 0; i < SITES; i++) {
        String site = "site-" + i;
        insist(
            () -> {
              if (!cairn.siteIds().contains(site)) {
                cairn.createSite(site);
              }
              return site;
            });
        insist(
            () -> {
              if (cairn.listCollections(site).isEmpty()) {
                cairn.createCollection(site, "items");
              }
              return site;
            });
        insist(() -> cairn.save(site, "items", "one", "{\"site\":" + number(site) + "}"));
      }
      for (int i = 0; i < SITES; i++) {
        String site = "site-" + i;
        assertThat(insist(() -> cairn.get(site, "items", "one")).getData().toStringUtf8())
            .isEqualTo("{\"site\":" + i + "}");
      }
      occupy(
          server,
          () -> {
            // With no handle left, whatever fails says why, and nothing is lost.
            try {
              cairn.save("site-1", "items", "two", "{}");
            } catch (StatusRuntimeException e) {
              assertThat(Fault.of(e).reason())
                  .as("%s", e.getStatus())
                  .contains(ErrorReason.ERROR_REASON_STORAGE_FAILED);
            }
          });
      String backup = insist(() -> cairn.requestBackup("site-3").getId());
      assertThat(cairn.awaitBackup("site-3", backup).getState())
          .isEqualTo(BackupState.BACKUP_STATE_READY);
      insist(() -> cairn.save("site-1", "items", "three", "{}"));
    }
    assertThat(server.isAlive()).isTrue();
    assertThat(server.log()).contains("few file handles");
  }

  private static String number(String site) {
    return site.substring("site-".length());
  }

  /** Takes all of the server's handles by connections, while {@code meanwhile} runs. */
  private static void occupy(CairnProcess server, Runnable meanwhile) {
    List<java.net.Socket> sockets = new ArrayList<>();
    try {
      for (int i = 0; i < HANDLES; i++) {
        sockets.add(new java.net.Socket(java.net.InetAddress.getLoopbackAddress(), server.port()));
      }
      Wait.pause(Duration.ofMillis(500));
      meanwhile.run();
    } catch (java.io.IOException e) {
      meanwhile.run();
    } finally {
      for (java.net.Socket socket : sockets) {
        try {
          socket.close();
        } catch (java.io.IOException ignored) {
          // It was reset: the server had no handle for it.
        }
      }
    }
  }

  /** Repeats what fails for lack of a handle; each such failure has to say so. */
  private static <T> T insist(Supplier<T> call) {
    for (int i = 0; i < 200; i++) {
      try {
        return call.get();
      } catch (StatusRuntimeException e) {
        Fault fault = Fault.of(e);
        assertThat(fault.reason())
            .as("%s", fault)
            .contains(ErrorReason.ERROR_REASON_STORAGE_FAILED);
        Wait.pause(Duration.ofMillis(100));
      }
    }
    throw new AssertionError("it never recovers");
  }
}
