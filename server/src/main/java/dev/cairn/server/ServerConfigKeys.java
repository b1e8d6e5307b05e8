package dev.cairn.server;

import dev.cairn.server.config.ConfigKey;
import dev.cairn.server.config.ConfigTable;
import dev.cairn.server.config.ConfigType;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.IntSupplier;

/**
 * The table of everything that can be configured. Help, {@code --print-config} and the README's
 * table are made of it.
 */
final class ServerConfigKeys {
  static final ConfigKey<Path> DATA_DIRECTORY =
      new ConfigKey<>(
          "data.directory",
          ConfigType.path(),
          "./cairn-data",
          "Where everything is kept; made when absent. One server at a time.");

  static final ConfigKey<String> LISTEN_ADDRESS =
      new ConfigKey<>(
          "listen.address",
          ConfigType.host(),
          "127.0.0.1",
          "The address to listen on; 0.0.0.0 for all.");
  static final ConfigKey<Integer> LISTEN_PORT =
      new ConfigKey<>(
          "listen.port",
          ConfigType.integer(0, 65_535),
          "7600",
          "The port to listen on; 0 for any that is free.");
  static final ConfigKey<String> ADMIN_ADDRESS =
      new ConfigKey<>(
          "admin.address",
          ConfigType.host(),
          "127.0.0.1",
          "The address for metrics and health over HTTP, which anybody who reaches it may read.");
  static final ConfigKey<OptionalInt> ADMIN_PORT =
      new ConfigKey<>(
          "admin.port",
          ConfigType.integerOrOff(0, 65_535),
          "off",
          "The port for /metrics, /health/live and /health/ready; 0 for any that is free.");
  static final ConfigKey<Optional<Path>> LISTEN_PORT_FILE =
      new ConfigKey<>(
          "listen.port-file",
          ConfigType.optionalPath(),
          "",
          "A file that the port listened on is written to once calls are taken.");

  static final ConfigKey<Boolean> LISTEN_UNPROTECTED =
      new ConfigKey<>(
          "listen.beyond-loopback-unprotected",
          ConfigType.flag(),
          "false",
          "Whether to listen beyond loopback even without TLS or without auth.keys: whoever reaches"
              + " the port can then read, change and delete everything, or steal tokens.");

  static final ConfigKey<Optional<Path>> TLS_CERTIFICATE =
      new ConfigKey<>(
          "tls.certificate",
          ConfigType.optionalPath(),
          "",
          "The server's certificate and those between it and its authority (PEM); with it only TLS"
              + " 1.2 and 1.3 are spoken.");
  static final ConfigKey<Optional<Path>> TLS_PRIVATE_KEY =
      new ConfigKey<>(
          "tls.private-key",
          ConfigType.optionalPath(),
          "",
          "The key of the certificate (PEM, PKCS #8, not encrypted).");
  static final ConfigKey<Optional<Path>> TLS_CLIENT_AUTHORITIES =
      new ConfigKey<>(
          "tls.client-authorities",
          ConfigType.optionalPath(),
          "",
          "Certificates (PEM) of authorities; with it clients need a certificate of one of them"
              + " (mutual TLS).");
  static final ConfigKey<Optional<Path>> AUTH_KEYS =
      new ConfigKey<>(
          "auth.keys",
          ConfigType.optionalPath(),
          "",
          "A JWK Set with the public keys of whoever signs tokens; with it every call but health"
              + " needs a token.");
  static final ConfigKey<Optional<String>> AUTH_ISSUER =
      new ConfigKey<>(
          "auth.issuer",
          ConfigType.optionalText(),
          "",
          "The iss that tokens must have. Required with auth.keys.");
  static final ConfigKey<String> AUTH_AUDIENCE =
      new ConfigKey<>(
          "auth.audience", ConfigType.text(), "cairn", "The aud that tokens must have.");
  static final ConfigKey<String> AUTH_CLAIM =
      new ConfigKey<>(
          "auth.permissions-claim",
          ConfigType.text(),
          "cairn",
          "The claim that maps site ids, or *, to lists of permissions.");
  static final ConfigKey<Duration> AUTH_CLOCK_SKEW =
      new ConfigKey<>(
          "auth.clock-skew",
          ConfigType.duration("0", "5m"),
          "30s",
          "How far the clock of whoever signs tokens may be off.");
  static final ConfigKey<Duration> RELOAD_INTERVAL =
      new ConfigKey<>(
          "reload.interval",
          ConfigType.duration("100ms", "24h"),
          "10s",
          "How often the files of tls and auth are looked at; changed ones take effect for new"
              + " connections and calls.");

  static final ConfigKey<Optional<Path>> AUDIT_FILE =
      new ConfigKey<>(
          "audit.file",
          ConfigType.optionalPath(),
          "",
          "A file for the audit log alone; without it its lines are among the others.");

  static final ConfigKey<Long> ITEM_BYTES =
      new ConfigKey<>(
          "limits.item-bytes",
          ConfigType.size("1KB", "16MiB"),
          "500KB",
          "Size of an item. Must be less than limits.message-bytes.");
  static final ConfigKey<Integer> BATCH_ITEMS =
      new ConfigKey<>(
          "limits.batch-items", ConfigType.integer(1, 10_000), "1000", "Items in one batch.");
  static final ConfigKey<Integer> COLLECTIONS_PER_SITE =
      new ConfigKey<>(
          "limits.collections-per-site",
          ConfigType.integer(1, 100_000),
          "1000",
          "Collections of a site.");
  static final ConfigKey<Integer> FIELDS_PER_COLLECTION =
      new ConfigKey<>(
          "limits.fields-per-collection",
          ConfigType.integer(1, 10_000),
          "1000",
          "Declared fields of a collection.");
  static final ConfigKey<Integer> PAGE_SIZE =
      new ConfigKey<>(
          "limits.page-size",
          ConfigType.integer(1, 10_000),
          "1000",
          "Entries on one page of a list.");
  static final ConfigKey<Integer> FILTER_VALUES =
      new ConfigKey<>(
          "limits.filter-values",
          ConfigType.integer(1, 1_000),
          "10",
          "Values in one list of a filter.");
  static final ConfigKey<Integer> EXAMINED_ITEMS =
      new ConfigKey<>(
          "limits.examined-items",
          ConfigType.integer(1, 1_000_000_000),
          "1000000",
          "Items that one query may look at.");
  static final ConfigKey<Long> MESSAGE_BYTES =
      new ConfigKey<>(
          "limits.message-bytes",
          ConfigType.size("64KiB", "256MiB"),
          "4MiB",
          "Size of a message that the server receives.");
  static final ConfigKey<Long> METADATA_BYTES =
      new ConfigKey<>(
          "limits.metadata-bytes",
          ConfigType.size("1KiB", "1MiB"),
          "8KiB",
          "Size of a call's headers.");
  static final ConfigKey<Integer> CONNECTIONS =
      new ConfigKey<>(
          "limits.connections",
          ConfigType.integer(1, 1_000_000),
          "10000",
          "Connections that may be open, at most one for four file handles; one more is closed at"
              + " once.");
  static final ConfigKey<Integer> CALLS_PER_CONNECTION =
      new ConfigKey<>(
          "limits.calls-per-connection",
          ConfigType.integer(1, 100_000),
          "1000",
          "Calls, watches included, that one connection may have open; fewer while the server refuses"
              + " calls and its network threads are late.");
  static final ConfigKey<Integer> WATCHES =
      new ConfigKey<>(
          "limits.watches",
          ConfigType.integer(1, 1_000_000),
          "20000",
          "Watches open on the whole server.");
  static final ConfigKey<Integer> WORKER_THREADS =
      new ConfigKey<>(
          "limits.worker-threads",
          ConfigType.integerOrAuto(1, 1_024, threadsPerCore(32, 64)),
          "auto",
          "Calls that are worked on at a time, and threads for them; auto is 32 per core, at least 64.");
  static final ConfigKey<Integer> WORKER_QUEUE =
      new ConfigKey<>(
          "limits.worker-queue",
          ConfigType.integer(1, 1_000_000),
          "4096",
          "Calls that wait for a worker thread; more are refused as OVERLOADED.");
  static final ConfigKey<Integer> SCANS =
      new ConfigKey<>(
          "limits.scans",
          ConfigType.integer(1, 1_000_000),
          "256",
          "Queries, counts, previews and publications that wait or run; more are refused as"
              + " OVERLOADED. They have threads of their own, one for 32 workers.");
  static final ConfigKey<Integer> STREAM_THREADS =
      new ConfigKey<>(
          "limits.stream-threads",
          ConfigType.integerOrAuto(1, 1_024, threadsPerCore(2, 8)),
          "auto",
          "Threads that serve imports and exports; auto is 2 per core, at least 8.");

  static final ConfigKey<Duration> EXPORT_STANDSTILL =
      new ConfigKey<>(
          "limits.export-standstill",
          ConfigType.duration("100ms", "24h"),
          "5m",
          "How long an export may wait for its reader before it is ended.");

  static final ConfigKey<Duration> IMPORT_SILENCE =
      new ConfigKey<>(
          "limits.import-silence",
          ConfigType.duration("100ms", "24h"),
          "5m",
          "How long an import may wait for its next batch before it is ended; it can be resumed.");

  static final ConfigKey<Integer> OPEN_SITES =
      new ConfigKey<>(
          "store.open-sites",
          ConfigType.integer(1, 100_000),
          "500",
          "Sites whose databases are kept open; beyond, the longest unused one is closed.");
  static final ConfigKey<Duration> IDLE_CLOSE =
      new ConfigKey<>(
          "store.idle-close",
          ConfigType.duration("1s", "7d"),
          "10m",
          "How long a database is unused before it is closed.");
  static final ConfigKey<Long> BLOCK_CACHE =
      new ConfigKey<>(
          "store.block-cache",
          ConfigType.size("1MiB", "1TiB"),
          "256MiB",
          "Memory, beside the Java heap, for what was read; shared by all databases.");
  static final ConfigKey<Long> WRITE_BUFFERS =
      new ConfigKey<>(
          "store.write-buffers",
          ConfigType.size("1MiB", "1TiB"),
          "512MiB",
          "Memory, beside the Java heap, for what was written and is not in tables yet; shared by"
              + " all databases.");
  static final ConfigKey<Long> LARGE_COLLECTION =
      new ConfigKey<>(
          "store.large-collection",
          ConfigType.size("1KiB", "1TiB"),
          "256MiB",
          "From this size on a collection gets a place of its own, from which it is restored without"
              + " being copied.");

  static final ConfigKey<Integer> ON_DEMAND_LIMIT =
      new ConfigKey<>(
          "backup.on-demand-limit",
          ConfigType.integer(1, 100),
          "3",
          "On-demand backups kept per site; one more evicts the oldest that is not pinned.");
  static final ConfigKey<Integer> AUTO_LIMIT =
      new ConfigKey<>(
          "backup.auto-limit",
          ConfigType.integer(1, 1_000),
          "4",
          "Automatic backups kept per site, unless its schedule says otherwise.");
  static final ConfigKey<Integer> SAFETY_LIMIT =
      new ConfigKey<>(
          "backup.safety-limit",
          ConfigType.integer(1, 100),
          "1",
          "Safety backups kept per site, that is, restorations that can be undone.");
  static final ConfigKey<Integer> BACKUP_JOBS =
      new ConfigKey<>(
          "backup.concurrent-jobs",
          ConfigType.integer(1, 64),
          "2",
          "Backups made at the same time; others wait.");
  static final ConfigKey<Boolean> VERIFY_AFTER_CREATE =
      new ConfigKey<>(
          "backup.verify-after-create",
          ConfigType.flag(),
          "true",
          "Whether each backup is read and verified once it is READY.");
  static final ConfigKey<Duration> RECORD_RETENTION =
      new ConfigKey<>(
          "backup.record-retention",
          ConfigType.duration("1s", "3650d"),
          "30d",
          "How long the record of a deleted backup is kept.");

  static final ConfigKey<Integer> RESTORE_JOBS =
      new ConfigKey<>(
          "restore.concurrent-jobs",
          ConfigType.integer(1, 64),
          "2",
          "Restorations run at the same time; others wait.");
  static final ConfigKey<Duration> SWITCH_WAIT =
      new ConfigKey<>(
          "restore.switch-wait",
          ConfigType.duration("10ms", "1m"),
          "5s",
          "How long a write waits for a restoration to switch content before it is refused as"
              + " SITE_SWITCHING.");

  static final ConfigKey<Duration> REQUEST_ID_RETENTION =
      new ConfigKey<>(
          "request-id.retention",
          ConfigType.duration("1s", "30d"),
          "24h",
          "How long a repeated request_id gets the first answer.");

  static final ConfigKey<Duration> EVENT_RETENTION =
      new ConfigKey<>(
          "event.retention",
          ConfigType.duration("1s", "3650d"),
          "30d",
          "How long events are kept for watches that resume.");

  static final ConfigKey<Duration> HEARTBEAT =
      new ConfigKey<>(
          "watch.heartbeat",
          ConfigType.duration("100ms", "10m"),
          "15s",
          "How long a watch is silent before it gets a heartbeat.");
  static final ConfigKey<Duration> MIN_INTERVAL =
      new ConfigKey<>(
          "watch.min-interval",
          ConfigType.duration("1ms", "1m"),
          "200ms",
          "Least time between two progress messages of a watch; hundreds speak more rarely, 2,000"
              + " times a second in all. Must be less than watch.heartbeat.");

  static final ConfigKey<Duration> SHUTDOWN_GRACE =
      new ConfigKey<>(
          "shutdown.grace",
          ConfigType.duration("0", "10m"),
          "20s",
          "How long calls may take to end when the server stops.");

  static final ConfigKey<Long> DISK_RESERVE =
      new ConfigKey<>(
          "disk.reserve",
          ConfigType.size("0", "16GiB"),
          "64MiB",
          "Room kept on the disk: below it backups, imports and restorations that copy are"
              + " refused; a file of the same size is given up to start on a full disk. 0 for"
              + " none.");

  static final ConfigKey<Duration> KEEPALIVE_PERMIT =
      new ConfigKey<>(
          "keepalive.permit",
          ConfigType.duration("1s", "1h"),
          "10s",
          "How often a client may ping; one that does so more often is disconnected.");
  static final ConfigKey<Duration> MAX_IDLE =
      new ConfigKey<>(
          "connection.max-idle",
          ConfigType.duration("1s", "24h"),
          "5m",
          "How long a connection without calls is kept.");
  static final ConfigKey<Optional<Duration>> MAX_AGE =
      new ConfigKey<>(
          "connection.max-age",
          ConfigType.durationOrOff("1s", "30d"),
          "0",
          "How long a connection is kept at most, so that load spreads again; 0 for ever.");

  static final ConfigTable TABLE =
      new ConfigTable(
          List.of(
              DATA_DIRECTORY,
              LISTEN_ADDRESS,
              LISTEN_PORT,
              LISTEN_PORT_FILE,
              LISTEN_UNPROTECTED,
              TLS_CERTIFICATE,
              TLS_PRIVATE_KEY,
              TLS_CLIENT_AUTHORITIES,
              AUTH_KEYS,
              AUTH_ISSUER,
              AUTH_AUDIENCE,
              AUTH_CLAIM,
              AUTH_CLOCK_SKEW,
              RELOAD_INTERVAL,
              AUDIT_FILE,
              ADMIN_ADDRESS,
              ADMIN_PORT,
              ITEM_BYTES,
              BATCH_ITEMS,
              COLLECTIONS_PER_SITE,
              FIELDS_PER_COLLECTION,
              PAGE_SIZE,
              FILTER_VALUES,
              EXAMINED_ITEMS,
              MESSAGE_BYTES,
              METADATA_BYTES,
              CONNECTIONS,
              CALLS_PER_CONNECTION,
              WATCHES,
              WORKER_THREADS,
              WORKER_QUEUE,
              SCANS,
              STREAM_THREADS,
              EXPORT_STANDSTILL,
              IMPORT_SILENCE,
              OPEN_SITES,
              IDLE_CLOSE,
              BLOCK_CACHE,
              WRITE_BUFFERS,
              LARGE_COLLECTION,
              ON_DEMAND_LIMIT,
              AUTO_LIMIT,
              SAFETY_LIMIT,
              BACKUP_JOBS,
              VERIFY_AFTER_CREATE,
              RECORD_RETENTION,
              RESTORE_JOBS,
              SWITCH_WAIT,
              REQUEST_ID_RETENTION,
              EVENT_RETENTION,
              HEARTBEAT,
              MIN_INTERVAL,
              SHUTDOWN_GRACE,
              DISK_RESERVE,
              KEEPALIVE_PERMIT,
              MAX_IDLE,
              MAX_AGE));

  private ServerConfigKeys() {}

  private static IntSupplier threadsPerCore(int threads, int least) {
    return () -> Math.max(least, threads * Runtime.getRuntime().availableProcessors());
  }
}
