package dev.cairn.client.cli;

import dev.cairn.client.CairnClient;
import dev.cairn.v1.DeleteSiteRequest;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.UUID;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * {@code cairn tour}: plays a whole backup and restoration on real data, on a server of its own or
 * on one that runs. {@link TourScript} is what happens.
 */
@Command(
    name = "tour",
    description = {
      "See all of it in half a minute: real data is imported, backed up, damaged, restored with live"
          + " progress, and the restoration is undone. Every step is checked.",
      "Starts a server of its own on a fresh directory and removes both at the end; with --server it"
          + " uses that one, in a new site that it deletes at the end."
    })
final class Tour implements Callable<Integer> {
  @Spec CommandSpec spec;

  @Option(
      names = "--server-jar",
      paramLabel = "FILE",
      description = "The server to start. Default: server/target/cairn-server.jar of this build.")
  @Nullable String serverJar;

  @Override
  public Integer call() throws IOException {
    CairnCli cli = CairnCli.of(spec);
    Narrator narrator = new Narrator(cli.output());
    long start = System.nanoTime();
    narrator.print(
        """

        Cairn keeps the collections of many sites, backs a site up at one exact moment, and puts
        it back while everybody goes on reading. Here is all of it, on real data.
        """);
    try {
      if (serverIsNamed()) {
        visit(cli, narrator);
      } else {
        playOnOwnServer(cli, narrator);
      }
    } catch (CheckFailedException e) {
      return cli.errors()
          .of(
              ExitCode.FAILED,
              String.valueOf(e.getMessage()),
              "This must not happen: report it with the server's log.");
    }
    end(narrator, start);
    return ExitCode.OK;
  }

  private boolean serverIsNamed() {
    for (CommandLine c = spec.commandLine(); c != null; c = c.getParent()) {
      if (c.getParseResult() != null && c.getParseResult().hasMatchedOption("--server")) {
        return true;
      }
    }
    return false;
  }

  @SuppressWarnings("try") // The interruption only has to be there.
  private void playOnOwnServer(CairnCli cli, Narrator narrator) throws IOException {
    Path jar = serverJar == null ? TourServer.besideThisJar() : ProcessArguments.path(serverJar);
    if (jar == null || !java.nio.file.Files.isRegularFile(jar)) {
      throw new UsageException(
          jar == null
              ? "The server's jar is not beside this one."
              : "There is no file " + jar + ".",
          "Build it (mvn package), name it by --server-jar, or use a running one by --server.");
    }
    narrator.headline("Start a server");
    long start = System.nanoTime();
    boolean graceful;
    try (TourServer server = TourServer.start(jar);
        CairnCli.Interruption interruption = cli.whenInterrupted(server::close)) {
      narrator.say(
          "It listens on "
              + server.address()
              + " and keeps its data in "
              + server.directory()
              + ".");
      narrator.took("start of the server", start);
      boolean played = false;
      try (CairnClient cairn = cli.connect(server.address())) {
        new TourScript(cli, cairn, narrator, "tour").play();
        played = true;
      } finally {
        if (!played && !cli.isInterrupted()) {
          server.keepDirectory();
          cli.remark("The server's data and log are kept in " + server.directory() + ".");
        }
      }
      narrator.headline("Stop the server");
      graceful = server.stop();
    }
    CheckFailedException.ensure(
        graceful, "The server did not stop when it was asked to, and was killed.");
    narrator.say("It stopped gracefully; its directory is removed.");
  }

  /** On a server of somebody else's the site goes again, whatever happens. */
  private void visit(CairnCli cli, Narrator narrator) throws IOException {
    String siteId = "tour-" + UUID.randomUUID();
    try (CairnClient cairn = cli.connect()) {
      try {
        new TourScript(cli, cairn, narrator, siteId).play();
      } finally {
        cairn
            .sites()
            .delete(
                DeleteSiteRequest.newBuilder()
                    .setSiteId(siteId)
                    .setForce(true)
                    .setAllowMissing(true)
                    .build());
      }
    }
    narrator.print("\nThe site " + siteId + " is deleted again.\n");
  }

  private void end(Narrator narrator, long start) {
    String cairn = "java -jar " + thisJar();
    narrator.took("all of it", start);
    narrator.print("\nHow long it took\n" + narrator.timings());
    narrator.print(
        """

        Where to go next
           java -jar %s
                                       a server of your own, on port 7600
           alias cairn='%s'
           cairn site create shop
           cairn item import shop products FILE.jsonl --create-collection
           cairn backup create shop --wait
           cairn backup list shop
           cairn restore shop latest --wait
           cairn --help                everything else
        """
            .formatted(serverJarName(), cairn));
  }

  private String serverJarName() {
    Path jar = serverJar == null ? TourServer.besideThisJar() : Path.of(serverJar);
    return jar == null ? "server/target/cairn-server.jar" : near(jar);
  }

  private static String thisJar() {
    try {
      Path jar = Path.of(Tour.class.getProtectionDomain().getCodeSource().getLocation().toURI());
      return java.nio.file.Files.isRegularFile(jar) ? near(jar) : "client/target/cairn.jar";
    } catch (URISyntaxException e) {
      return "client/target/cairn.jar";
    }
  }

  /** A path as it is typed from here. */
  private static String near(Path path) {
    Path here = Path.of("").toAbsolutePath();
    Path absolute = path.toAbsolutePath().normalize();
    return absolute.startsWith(here) ? here.relativize(absolute).toString() : absolute.toString();
  }
}
