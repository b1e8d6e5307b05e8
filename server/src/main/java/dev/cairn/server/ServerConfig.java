package dev.cairn.server;

import dev.cairn.server.config.ConfigException;
import dev.cairn.server.config.ConfigLoader;
import dev.cairn.server.config.ConfigValues;
import dev.cairn.server.config.Flags;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/**
 * How the server runs. Each component gets only the part that concerns it.
 *
 * <p>Values come, from the lowest to the highest, from the defaults, a properties file ({@code
 * --config FILE}), environment variables ({@code CAIRN_LISTEN_PORT}) and flags ({@code
 * --listen.port=7600}). {@link ServerConfigKeys} says what there is and what is allowed; the
 * records hold what passed, and check nothing themselves.
 *
 * <p>Immutable. Sizes are in bytes.
 */
public record ServerConfig(
    Path dataDirectory,
    long diskReserveBytes,
    Listen listen,
    Security security,
    Admin admin,
    Limits limits,
    Store store,
    Backup backup,
    Restore restore,
    Watch watch,
    Connection connection,
    Duration requestIdRetention,
    Duration eventRetention,
    Duration shutdownGrace) {

  /**
   * Where calls are taken.
   *
   * @param port 0 for any that is free
   * @param portFile where to write the port listened on
   */
  public record Listen(String address, int port, Optional<Path> portFile) {}

  /**
   * Who may connect and call.
   *
   * @param unprotected whether to listen beyond loopback even without TLS or authentication
   * @param tls empty: in plain text
   * @param auth empty: everybody may do everything
   * @param reloadInterval how often the files are looked at
   * @param auditFile empty: the audit log is among the other lines
   */
  public record Security(
      boolean unprotected,
      Optional<Tls> tls,
      Optional<Auth> auth,
      Duration reloadInterval,
      Optional<Path> auditFile) {}

  /**
   * Files in PEM form.
   *
   * @param clientAuthorities empty: clients need no certificate
   */
  public record Tls(Path certificate, Path privateKey, Optional<Path> clientAuthorities) {}

  /**
   * What tokens have to be.
   *
   * @param keys a JWK Set
   * @param claim the name of the claim with the permissions
   */
  public record Auth(Path keys, String issuer, String audience, String claim, Duration clockSkew) {}

  /**
   * Where metrics and health are read over HTTP.
   *
   * @param port 0 for any that is free; empty for none
   */
  public record Admin(String address, OptionalInt port) {}

  /** The most of anything that a caller can ask for or occupy. */
  public record Limits(
      int itemBytes,
      int batchItems,
      int collectionsPerSite,
      int fieldsPerCollection,
      int pageSize,
      int filterValues,
      int examinedItems,
      int messageBytes,
      int metadataBytes,
      int connections,
      int callsPerConnection,
      int watches,
      int workerThreads,
      int workerQueue,
      int scans,
      int streamThreads,
      Duration exportStandstill,
      Duration importSilence) {}

  /** What databases may occupy. */
  public record Store(
      int openSites,
      Duration idleClose,
      long blockCacheBytes,
      long writeBuffersBytes,
      long largeCollectionBytes) {}

  /** How many backups are made and kept. */
  public record Backup(
      int onDemandLimit,
      int autoLimit,
      int safetyLimit,
      int concurrentJobs,
      boolean verifyAfterCreate,
      Duration recordRetention) {}

  /**
   * How restorations run.
   *
   * @param switchWait how long a write waits for the switch
   */
  public record Restore(int concurrentJobs, Duration switchWait) {}

  /**
   * How watches are told.
   *
   * @param heartbeat the longest silence
   * @param minInterval the least time between two messages of progress
   */
  public record Watch(Duration heartbeat, Duration minInterval) {}

  /**
   * How connections are kept.
   *
   * @param keepalivePermit how often a client may ping
   * @param maxIdle how long one without calls is kept
   * @param maxAge how long any is kept; empty for ever
   */
  public record Connection(Duration keepalivePermit, Duration maxIdle, Optional<Duration> maxAge) {}

  /** What a command line asks for. */
  public sealed interface Command {}

  /**
   * Run the server.
   *
   * @param rebuildCatalog whether to make the catalog anew from what is on disk before that
   */
  public record Start(ServerConfig config, boolean rebuildCatalog) implements Command {}

  /** Print a text and end. */
  public record Print(String text) implements Command {}

  private static final String HELP = "help";
  private static final String PRINT_CONFIG = "print-config";
  private static final String EXAMPLE_CONFIG = "example-config";
  private static final String REBUILD_CATALOG = "rebuild-catalog";
  private static final String CONFIG = "config";

  /**
   * Understands a command line. With {@code --help} nothing else is looked at.
   *
   * @param environment all environment variables
   * @throws ConfigException with everything that is wrong
   */
  public static Command parse(List<String> arguments, Map<String, String> environment) {
    Flags flags =
        Flags.parse(
            longNames(arguments),
            Set.of(HELP, PRINT_CONFIG, EXAMPLE_CONFIG, REBUILD_CATALOG),
            Set.of(CONFIG));
    if (flags.has(HELP)) {
      return new Print(help());
    }
    if (flags.has(EXAMPLE_CONFIG)) {
      return new Print(exampleFile());
    }
    ConfigLoader loader = new ConfigLoader(ServerConfigKeys.TABLE);
    flags.option(CONFIG).ifPresent(loader::file);
    ConfigValues values = finish(loader.environment(environment).flags(flags));
    return flags.has(PRINT_CONFIG)
        ? new Print(values.print())
        : new Start(from(values), flags.has(REBUILD_CATALOG));
  }

  /**
   * The defaults with some values replaced, for tests and programs that embed the server.
   *
   * @param values by key, for example {@code "listen.port"} to {@code "0"}
   * @throws ConfigException with everything that is wrong
   */
  public static ServerConfig of(Map<String, String> values) {
    return from(finish(new ConfigLoader(ServerConfigKeys.TABLE).values(values)));
  }

  /** What {@code --help} prints. */
  public static String help() {
    return """
    Usage: cairn-server [--config FILE] [--KEY=VALUE ...]

      --config FILE
          Reads KEY=VALUE lines from a properties file in UTF-8.
      --print-config
          Prints the effective values and ends.
      --example-config
          Prints a file to begin with, every key explained, and ends.
      --rebuild-catalog
          Puts a damaged catalog aside, makes one of what is on disk, and serves. Names, labels,
          schemas, schedules and the lists of restorations and events are lost; content is not.
      --version
          Prints the version and ends.
      -h, --help
          Prints this and ends.

    Each key can be set in the file, by an environment variable or by a flag; a later one
    of these wins.

    """
        + ServerConfigKeys.TABLE.help();
  }

  /** A file to begin with, every key explained and left at its default. */
  public static String exampleFile() {
    return """
    # Configuration of the Cairn server: java -jar cairn-server.jar --config THIS-FILE
    # Every key is here, with its default. Take away the # of what shall be different.
    # Flags (--listen.port=7600) win over variables (CAIRN_LISTEN_PORT=7600), those over this
    # file. Sizes as 64MiB or 500KB, durations as 500ms, 30s, 10m, 7d. UTF-8.
    """
        + ServerConfigKeys.TABLE.exampleFile();
  }

  /** All keys as a table for the README. */
  public static String markdownTable() {
    return ServerConfigKeys.TABLE.markdownTable();
  }

  private static List<String> longNames(List<String> arguments) {
    return arguments.stream().map(a -> a.equals("-h") ? "--" + HELP : a).toList();
  }

  private static ConfigValues finish(ConfigLoader loader) {
    return loader
        .requireLess(ServerConfigKeys.ITEM_BYTES, ServerConfigKeys.MESSAGE_BYTES)
        .requireLess(ServerConfigKeys.MIN_INTERVAL, ServerConfigKeys.HEARTBEAT)
        .requireWith(ServerConfigKeys.TLS_CERTIFICATE, ServerConfigKeys.TLS_PRIVATE_KEY)
        .requireWith(ServerConfigKeys.TLS_PRIVATE_KEY, ServerConfigKeys.TLS_CERTIFICATE)
        .requireWith(ServerConfigKeys.TLS_CLIENT_AUTHORITIES, ServerConfigKeys.TLS_CERTIFICATE)
        .requireWith(ServerConfigKeys.AUTH_KEYS, ServerConfigKeys.AUTH_ISSUER)
        .requireWith(ServerConfigKeys.AUTH_ISSUER, ServerConfigKeys.AUTH_KEYS)
        .finish();
  }

  private static ServerConfig from(ConfigValues values) {
    return new ServerConfig(
        values.get(ServerConfigKeys.DATA_DIRECTORY),
        values.get(ServerConfigKeys.DISK_RESERVE),
        new Listen(
            values.get(ServerConfigKeys.LISTEN_ADDRESS),
            values.get(ServerConfigKeys.LISTEN_PORT),
            values.get(ServerConfigKeys.LISTEN_PORT_FILE)),
        security(values),
        new Admin(
            values.get(ServerConfigKeys.ADMIN_ADDRESS), values.get(ServerConfigKeys.ADMIN_PORT)),
        limits(values),
        new Store(
            values.get(ServerConfigKeys.OPEN_SITES),
            values.get(ServerConfigKeys.IDLE_CLOSE),
            values.get(ServerConfigKeys.BLOCK_CACHE),
            values.get(ServerConfigKeys.WRITE_BUFFERS),
            values.get(ServerConfigKeys.LARGE_COLLECTION)),
        new Backup(
            values.get(ServerConfigKeys.ON_DEMAND_LIMIT),
            values.get(ServerConfigKeys.AUTO_LIMIT),
            values.get(ServerConfigKeys.SAFETY_LIMIT),
            values.get(ServerConfigKeys.BACKUP_JOBS),
            values.get(ServerConfigKeys.VERIFY_AFTER_CREATE),
            values.get(ServerConfigKeys.RECORD_RETENTION)),
        new Restore(
            values.get(ServerConfigKeys.RESTORE_JOBS), values.get(ServerConfigKeys.SWITCH_WAIT)),
        new Watch(
            values.get(ServerConfigKeys.HEARTBEAT), values.get(ServerConfigKeys.MIN_INTERVAL)),
        new Connection(
            values.get(ServerConfigKeys.KEEPALIVE_PERMIT),
            values.get(ServerConfigKeys.MAX_IDLE),
            values.get(ServerConfigKeys.MAX_AGE)),
        values.get(ServerConfigKeys.REQUEST_ID_RETENTION),
        values.get(ServerConfigKeys.EVENT_RETENTION),
        values.get(ServerConfigKeys.SHUTDOWN_GRACE));
  }

  private static Security security(ConfigValues values) {
    Optional<Path> certificate = values.get(ServerConfigKeys.TLS_CERTIFICATE);
    Optional<Path> privateKey = values.get(ServerConfigKeys.TLS_PRIVATE_KEY);
    Optional<Path> keys = values.get(ServerConfigKeys.AUTH_KEYS);
    return new Security(
        values.get(ServerConfigKeys.LISTEN_UNPROTECTED),
        certificate.map(
            chain ->
                new Tls(
                    chain,
                    privateKey.orElseThrow(),
                    values.get(ServerConfigKeys.TLS_CLIENT_AUTHORITIES))),
        keys.map(
            file ->
                new Auth(
                    file,
                    values.get(ServerConfigKeys.AUTH_ISSUER).orElseThrow(),
                    values.get(ServerConfigKeys.AUTH_AUDIENCE),
                    values.get(ServerConfigKeys.AUTH_CLAIM),
                    values.get(ServerConfigKeys.AUTH_CLOCK_SKEW))),
        values.get(ServerConfigKeys.RELOAD_INTERVAL),
        values.get(ServerConfigKeys.AUDIT_FILE));
  }

  private static Limits limits(ConfigValues values) {
    return new Limits(
        Math.toIntExact(values.get(ServerConfigKeys.ITEM_BYTES)),
        values.get(ServerConfigKeys.BATCH_ITEMS),
        values.get(ServerConfigKeys.COLLECTIONS_PER_SITE),
        values.get(ServerConfigKeys.FIELDS_PER_COLLECTION),
        values.get(ServerConfigKeys.PAGE_SIZE),
        values.get(ServerConfigKeys.FILTER_VALUES),
        values.get(ServerConfigKeys.EXAMINED_ITEMS),
        Math.toIntExact(values.get(ServerConfigKeys.MESSAGE_BYTES)),
        Math.toIntExact(values.get(ServerConfigKeys.METADATA_BYTES)),
        values.get(ServerConfigKeys.CONNECTIONS),
        values.get(ServerConfigKeys.CALLS_PER_CONNECTION),
        values.get(ServerConfigKeys.WATCHES),
        values.get(ServerConfigKeys.WORKER_THREADS),
        values.get(ServerConfigKeys.WORKER_QUEUE),
        values.get(ServerConfigKeys.SCANS),
        values.get(ServerConfigKeys.STREAM_THREADS),
        values.get(ServerConfigKeys.EXPORT_STANDSTILL),
        values.get(ServerConfigKeys.IMPORT_SILENCE));
  }
}
