package dev.cairn.client.cli;

import dev.cairn.client.CairnClient;
import dev.cairn.client.console.Console;
import java.io.IOException;
import java.net.BindException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CountDownLatch;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code cairn console}. */
@Command(
    name = "console",
    description = {
      "Serve a page for your browser: sites, content, backups, restoring with a preview and live"
          + " progress, the schedule and events. Runs until Ctrl-C.",
      "It listens on this machine only and prints a link with the key of this session: whoever has"
          + " the link acts with your rights. From elsewhere: ssh -L 7680:127.0.0.1:7680 HOST, and"
          + " here --port 7680."
    })
final class ConsoleCommand extends ClientCommand {
  @Option(
      names = {"-p", "--port"},
      paramLabel = "PORT",
      description = "Where to listen on 127.0.0.1. Default: any that is free.")
  int port;

  @Override
  @SuppressWarnings("try") // The interruption only has to be there.
  int run(CairnClient cairn, Output out) throws IOException {
    if (port < 0 || port > 65_535) {
      throw new UsageException(port + " is no port.", "Give one from 0 to 65535.");
    }
    CountDownLatch interrupted = new CountDownLatch(1);
    try (Console console = Console.start(cairn, cli().server, port);
        CairnCli.Interruption interruption = cli().whenInterrupted(interrupted::countDown)) {
      cli().remark("The console of " + cli().server + " runs until Ctrl-C. Open:");
      out.write((console.link() + "\n").getBytes(StandardCharsets.UTF_8));
      interrupted.await();
      return ExitCode.INTERRUPTED;
    } catch (BindException e) {
      throw new UsageException(
          "Cannot listen on port " + port + ": " + e.getMessage() + ".",
          "Give another --port, or none for any that is free.");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return ExitCode.INTERRUPTED;
    }
  }
}
