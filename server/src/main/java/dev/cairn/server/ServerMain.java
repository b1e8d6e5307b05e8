package dev.cairn.server;

import dev.cairn.server.config.ConfigException;
import dev.cairn.server.telemetry.LogBridge;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The process: understands the command line, starts the server, and stops it on SIGTERM.
 *
 * <p>Exit codes: 0 help, version or configuration printed, 1 an unexpected error, 2 a wrong command
 * line or configuration, 3 another server uses the data directory, 4 the address cannot be listened
 * on, 5 the data directory cannot be used, 6 RocksDB's library cannot be loaded; 143 and 130, as
 * Java has it, once SIGTERM or SIGINT has stopped the server gracefully.
 */
public final class ServerMain {
  static final int OK = 0;
  static final int UNEXPECTED = 1;
  static final int USAGE = 2;
  static final int IN_USE = 3;
  static final int CANNOT_LISTEN = 4;
  static final int DATA = 5;
  static final int ENGINE = 6;

  private static final String VERSION_FLAG = "--version";

  private final PrintStream out;
  private final PrintStream err;

  ServerMain(PrintStream out, PrintStream err) {
    this.out = out;
    this.err = err;
  }

  /** Runs until the process is told to stop. */
  public static void main(String[] arguments) {
    PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    PrintStream err = new PrintStream(System.err, true, StandardCharsets.UTF_8);
    int code = new ServerMain(out, err).run(List.of(arguments), System.getenv());
    if (code != OK) {
      System.exit(code);
    }
  }

  int run(List<String> arguments, Map<String, String> environment) {
    if (arguments.contains(VERSION_FLAG)) {
      out.println("cairn-server " + version());
      return OK;
    }
    try {
      ServerConfig.Command command = ServerConfig.parse(arguments, environment);
      if (command instanceof ServerConfig.Print print) {
        out.print(print.text());
        return OK;
      }
      return command instanceof ServerConfig.Start start ? serve(start) : UNEXPECTED;
    } catch (ConfigException e) {
      err.println(e.getMessage());
      return USAGE;
    } catch (StartException e) {
      err.println("cairn server cannot start: " + e.getMessage());
      return switch (e.kind()) {
        case CONFIGURATION -> USAGE;
        case IN_USE -> IN_USE;
        case CANNOT_LISTEN -> CANNOT_LISTEN;
        case DATA -> DATA;
        case ENGINE -> ENGINE;
      };
    } catch (RuntimeException e) {
      LoggerFactory.getLogger(ServerMain.class).error("cairn server cannot start", e);
      return UNEXPECTED;
    }
  }

  private static int serve(ServerConfig.Start command) {
    ServerConfig config = command.config();
    LogBridge.install();
    Logger log = LoggerFactory.getLogger(ServerMain.class);
    BackupServer server = BackupServer.start(command);
    Runtime.getRuntime().addShutdownHook(new Thread(server::close, "shutdown"));
    log.info(
        "cairn server listening address={} port={} tls={} auth={} data={} version={}",
        config.listen().address(),
        server.port(),
        config.security().tls().isEmpty()
            ? "off"
            : config.security().tls().get().clientAuthorities().isPresent() ? "mutual" : "on",
        config.security().auth().isPresent() ? "on" : "off",
        config.dataDirectory(),
        version());
    try {
      // For ever: it is the signal that ends the process. A main thread that returned meanwhile
      // would
      // end it too, with 0 if it is quicker, and before Java 21 the two may crash (JDK-8304147).
      new CountDownLatch(1).await();
    } catch (InterruptedException e) {
      server.close();
      Thread.currentThread().interrupt();
    }
    return OK;
  }

  static String version() {
    return Optional.ofNullable(ServerMain.class.getPackage().getImplementationVersion())
        .orElse("dev");
  }
}
