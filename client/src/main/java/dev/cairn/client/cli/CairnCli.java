package dev.cairn.client.cli;

import dev.cairn.client.CairnClient;
import io.grpc.ChannelCredentials;
import io.grpc.TlsChannelCredentials;
import java.io.File;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.function.Function;
import java.util.logging.LogManager;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/**
 * The root of the command line: global options, the connection, and what is done on Ctrl-C. Longer
 * than most classes for the texts of its options. Confined to one thread, but for {@link
 * #interrupt}.
 */
@Command(
    name = "cairn",
    versionProvider = CairnCli.Version.class,
    description = "Stores the collections of many sites, backs them up and restores them.",
    subcommands = {
      SiteCommands.class,
      CollectionCommands.class,
      ItemCommands.class,
      BackupCommands.class,
      RestorationCommands.class,
      ScheduleCommands.class,
      EventCommands.class,
      ConsoleCommand.class,
      Tour.class,
      HelpCommand.class,
      CompletionCommand.class
    },
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:It is done.",
      "1:A job FAILED or was cancelled, damage was found, or another error.",
      "2:The command or the request is wrong.",
      "3:There is no such site, collection, item, backup or restoration.",
      "4:What is there does not allow it: a conflict, a state, a limit.",
      "5:The server is not there, has too much to do, or took too long.",
      "6:Not logged in, or without the right.",
      "130:Interrupted with Ctrl-C."
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  cairn tour                                     see all of it in half a minute",
      "  cairn site create shop",
      "  cairn item import shop products products.jsonl.gz --create-collection",
      "  cairn backup create shop --description 'before the update' --wait",
      "  cairn backup list shop                         what there is, and what goes next",
      "  cairn restoration preview shop latest          what would be added, changed, removed",
      "  cairn restore shop latest --collection products --wait",
      "  cairn restoration undo shop latest --wait",
      "  cairn schedule update shop --interval 1d       automatic backups every day",
      "  cairn backup list shop -o json | jq -r '.backups[0].id'",
      "  cairn console                                  the same in a browser",
      "",
      "'cairn COMMAND --help' says more about each, 'cairn help --all' everything."
    })
public final class CairnCli implements Runnable {
  static final String DEFAULT_SERVER = "127.0.0.1:7600";
  private static final String DEFAULT_PORT = ":7600";

  @Spec CommandSpec spec;

  @Option(
      names = {"-s", "--server"},
      paramLabel = "HOST[:PORT]",
      scope = ScopeType.INHERIT,
      defaultValue = "${env:CAIRN_SERVER:-" + DEFAULT_SERVER + "}",
      description = "Where the server is (environment: CAIRN_SERVER). Now: ${DEFAULT-VALUE}")
  String server;

  @Option(
      names = "--token",
      paramLabel = "TOKEN",
      scope = ScopeType.INHERIT,
      defaultValue = "${env:CAIRN_TOKEN}",
      showDefaultValue = Help.Visibility.NEVER,
      description = "Who calls. Better in the environment (CAIRN_TOKEN): others see arguments.")
  @Nullable String token;

  @Option(
      names = "--token-file",
      paramLabel = "FILE",
      scope = ScopeType.INHERIT,
      defaultValue = "${env:CAIRN_TOKEN_FILE}",
      showDefaultValue = Help.Visibility.NEVER,
      description =
          "A file with the token, read again for each call (CAIRN_TOKEN_FILE). --token wins.")
  @Nullable Path tokenFile;

  @Option(
      names = "--tls",
      scope = ScopeType.INHERIT,
      description =
          "Encrypt, and check the server's certificate (CAIRN_TLS=true). Implied by the next three"
              + " (CAIRN_TLS_CA, CAIRN_TLS_CERT, CAIRN_TLS_KEY).")
  boolean tls;

  @Option(
      names = "--tls-ca",
      paramLabel = "FILE",
      scope = ScopeType.INHERIT,
      defaultValue = "${env:CAIRN_TLS_CA}",
      showDefaultValue = Help.Visibility.NEVER,
      description = "Certificates (PEM) to trust instead of the system's.")
  @Nullable String tlsCa;

  @Option(
      names = "--tls-cert",
      paramLabel = "FILE",
      scope = ScopeType.INHERIT,
      defaultValue = "${env:CAIRN_TLS_CERT}",
      showDefaultValue = Help.Visibility.NEVER,
      description = "This client's certificate (PEM); with --tls-key.")
  @Nullable String tlsCert;

  @Option(
      names = "--tls-key",
      paramLabel = "FILE",
      scope = ScopeType.INHERIT,
      defaultValue = "${env:CAIRN_TLS_KEY}",
      showDefaultValue = Help.Visibility.NEVER,
      description = "Its private key (PEM).")
  @Nullable String tlsKey;

  @Option(
      names = "--timeout",
      paramLabel = "TIME",
      scope = ScopeType.INHERIT,
      description =
          "How long one call may take with its repeats, such as 5s. Default: 30s; 10m for previews"
              + " and publishing. Imports, exports and waiting for jobs have no limit.")
  @Nullable String timeout;

  @Option(
      names = {"-o", "--output"},
      paramLabel = "table|json",
      scope = ScopeType.INHERIT,
      defaultValue = "table",
      showDefaultValue = Help.Visibility.NEVER,
      description =
          "For people or for programs: one JSON document, or one on each line where there is no"
              + " end (watch). Names as in the contract's JSON mapping (createTime); int64 as"
              + " numbers; the data of an item as the document itself. Errors on stderr are then"
              + " JSON, too. Default: table.")
  Output.Form output = Output.Form.table;

  @Option(
      names = {"-q", "--quiet"},
      scope = ScopeType.INHERIT,
      description = "No progress and no remarks on stderr, only errors.")
  boolean quiet;

  @Option(
      names = {"-v", "--verbose"},
      scope = ScopeType.INHERIT,
      description = "Show where errors come from (stack traces, warnings of the transport).")
  boolean verbose;

  @Option(
      names = {"-h", "--help"},
      scope = ScopeType.INHERIT,
      usageHelp = true,
      description = "Show this help.")
  boolean help;

  @Option(
      names = {"-V", "--version"},
      versionHelp = true,
      description = "Show the version.")
  boolean version;

  private final Terminal terminal;
  private final Function<String, CairnClient.Builder> clients;
  private final Deque<Runnable> interruptions = new ConcurrentLinkedDeque<>();
  private volatile boolean interrupted;

  CairnCli(Terminal terminal, Function<String, CairnClient.Builder> clients) {
    this.terminal = terminal;
    this.clients = clients;
  }

  public static void main(String[] args) {
    // Warnings of the transport say nothing that the error of the call does not say.
    List<String> given = List.of(args);
    if (!given.contains("-v") && !given.contains("--verbose")) {
      LogManager.getLogManager().reset();
    }
    CairnCli cli = new CairnCli(Terminal.system(), CairnClient::builder);
    Thread onInterrupt = new Thread(cli::interrupt, "cairn-interrupted");
    Runtime.getRuntime().addShutdownHook(onInterrupt);
    System.exit(cli.run(ProcessArguments.restored(args)));
  }

  /** The tree of commands, without what is done with their output and errors. */
  CommandLine commandLine() {
    CommandLine command = new CommandLine(this);
    CommandLine restore = new CommandLine(new RestorationCommands.Start());
    command.addSubcommand("restore", restore.setCommandName("restore"));
    return command;
  }

  /** Runs one command; returns its {@link ExitCode}. */
  int run(String... args) {
    CommandLine command = commandLine();
    PrintWriter out = new PrintWriter(terminal.out(), true, StandardCharsets.UTF_8);
    command
        .setOut(out)
        .setErr(new PrintWriter(terminal.err(), true, StandardCharsets.UTF_8))
        .setExpandAtFiles(false)
        .setCaseInsensitiveEnumValuesAllowed(true)
        .setExecutionExceptionHandler((e, failed, parsed) -> errors().of(e))
        .setParameterExceptionHandler((e, given) -> errors().ofUsage(e));
    Manual.dress(command);
    int code = command.execute(args);
    out.flush();
    return code;
  }

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "Say what to do.");
  }

  Terminal terminal() {
    return terminal;
  }

  ErrorReport errors() {
    return new ErrorReport(terminal.err(), output, verbose, server, () -> interrupted);
  }

  Output output() {
    return new Output(terminal.out(), output);
  }

  ProgressBar progress(String label) {
    return new ProgressBar(terminal.err(), terminal.draws(), quiet, label, System::nanoTime);
  }

  /** Says something that is no data. */
  void remark(String text) {
    if (!quiet) {
      terminal.err().println(text);
    }
  }

  /** What shall be done when the user presses Ctrl-C, until it is closed. */
  final class Interruption implements AutoCloseable {
    private final Runnable action;

    private Interruption(Runnable action) {
      this.action = action;
      interruptions.push(action);
    }

    @Override
    public void close() {
      interruptions.remove(action);
    }
  }

  /** Does something when the user presses Ctrl-C; of several, the newest comes first. */
  Interruption whenInterrupted(Runnable action) {
    return new Interruption(action);
  }

  boolean isInterrupted() {
    return interrupted;
  }

  private void interrupt() {
    // At the end of a command nothing is left here: then this is only the exit of the process.
    if (!interruptions.isEmpty()) {
      interrupted = true;
      terminal.err().println();
      interruptions.forEach(Runnable::run);
    }
  }

  CairnClient connect() {
    return connect(server);
  }

  CairnClient connect(String address) {
    CairnClient.Builder builder = clients.apply(withPort(address));
    // Not a default of the option: a flag that is on by default would be switched off by naming it.
    boolean always = Boolean.parseBoolean(System.getenv("CAIRN_TLS"));
    boolean encrypted = tls || always || tlsCa != null || tlsCert != null || tlsKey != null;
    if (encrypted) {
      builder.credentials(credentials());
    }
    String bearer = token;
    boolean given = bearer != null && !bearer.isEmpty();
    if ((given || tokenFile != null) && !encrypted && !isLoopback(address)) {
      remark("warning: the token travels to " + address + " unencrypted; use --tls.");
    }
    if (given) {
      builder.bearerToken(() -> bearer);
    } else if (tokenFile != null) {
      builder.bearerTokenFile(tokenFile);
    }
    if (timeout != null) {
      Duration time = Format.parseDuration(timeout);
      if (time.isZero()) {
        throw new UsageException("--timeout is 0.", "Give it some time, such as 5s.");
      }
      builder.deadline(time).longDeadline(time);
    }
    return builder.build();
  }

  private ChannelCredentials credentials() {
    if ((tlsCert == null) != (tlsKey == null)) {
      throw new UsageException(
          "--tls-cert and --tls-key need each other.", "Give both, or none of them.");
    }
    try {
      TlsChannelCredentials.Builder credentials = TlsChannelCredentials.newBuilder();
      if (tlsCa != null) {
        credentials.trustManager(new File(tlsCa));
      }
      if (tlsCert != null && tlsKey != null) {
        credentials.keyManager(new File(tlsCert), new File(tlsKey));
      }
      return credentials.build();
    } catch (IOException e) {
      throw new UsageException(
          "Cannot read the certificates: " + e.getMessage(), "Give files in PEM format.");
    }
  }

  static String withPort(String address) {
    boolean bare = address.startsWith("[") ? address.endsWith("]") : !address.contains(":");
    return bare ? address + DEFAULT_PORT : address;
  }

  private static boolean isLoopback(String address) {
    try {
      String host = withPort(address).replaceFirst(":\\d+$", "");
      return InetAddress.getByName(host).isLoopbackAddress();
    } catch (UnknownHostException e) {
      return false;
    }
  }

  /** What {@code --version} says. */
  static final class Version implements IVersionProvider {
    static String number() {
      String number = CairnCli.class.getPackage().getImplementationVersion();
      return number == null ? "dev" : number;
    }

    @Override
    public String[] getVersion() {
      return new String[] {"cairn " + number() + " (Java " + Runtime.version() + ")"};
    }
  }

  /** For commands: the root of the command that runs. */
  static CairnCli of(CommandSpec spec) {
    return (CairnCli) spec.root().userObject();
  }
}
