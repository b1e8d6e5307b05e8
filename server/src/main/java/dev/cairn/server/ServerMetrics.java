package dev.cairn.server;

import dev.cairn.server.backup.JobQueue;
import dev.cairn.server.backup.Overdue;
import dev.cairn.server.grpc.Connections;
import dev.cairn.server.grpc.GrpcServer;
import dev.cairn.server.repository.DiskReserve;
import dev.cairn.server.site.EventLog;
import dev.cairn.server.site.StorePool;
import dev.cairn.server.store.rocksdb.EngineStatistics;
import dev.cairn.server.store.rocksdb.RocksStoreEngine;
import dev.cairn.server.telemetry.JvmMetrics;
import dev.cairn.server.telemetry.Telemetry;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/** Which numbers are shown of parts that count anyway. Stateless. */
final class ServerMetrics {
  private static final double MICROS = 1e6;

  private ServerMetrics() {}

  static void process(Telemetry telemetry, String version) {
    JvmMetrics.register(telemetry);
    telemetry.gauges(
        "cairn_info",
        "Always 1; the version that runs.",
        "version",
        each -> each.accept(1.0, version));
  }

  static void disk(Telemetry telemetry, DiskReserve disk, Overdue overdue) {
    telemetry.gauge(
        "cairn_disk_free_bytes",
        "Room on the disk that holds the data; -1 when it does not tell.",
        disk::freeBytes);
    telemetry.gauge(
        "cairn_disk_reserve_bytes",
        "Room below which backups and imports are refused.",
        disk::bytes);
    telemetry.gauge(
        "cairn_overdue_records",
        "Ends of jobs that a failing disk kept from being recorded so far.",
        overdue::size);
  }

  static void databases(Telemetry telemetry, StorePool sites, StorePool backups, int limit) {
    telemetry.gauges(
        "cairn_databases_open",
        "Databases that are open, of sites and of backups that are read.",
        "of",
        each -> {
          each.accept((double) sites.openCount(), "sites");
          each.accept((double) backups.openCount(), "backups");
        });
    telemetry.gauge(
        "cairn_databases_limit", "Idle databases that are kept open, of each.", () -> limit);
  }

  static void connections(Telemetry telemetry, Connections connections) {
    telemetry.gauge(
        "cairn_connections", "Connections that are open.", () -> connections.load().taken());
    telemetry.gauge(
        "cairn_connections_limit",
        "How many connections there may be; one more is closed at once.",
        () -> connections.load().limit());
    telemetry.total(
        "cairn_connections_refused_total",
        "Connections that were closed at once because there were too many.",
        connections::refused);
  }

  static void events(Telemetry telemetry, EventLog events) {
    telemetry.total(
        "cairn_events_total",
        "Events that were ever written, of all sites.",
        () -> events.extent().last());
    telemetry.gauge(
        "cairn_event_watches", "Watches of events that are open.", events::subscriptionCount);
  }

  /** Queue lengths and their bounds, of calls and of jobs. */
  static void queues(Telemetry telemetry, GrpcServer grpc, Map<String, JobQueue> jobs) {
    telemetry.gauges(
        "cairn_queue_length",
        "What waits or runs: unary calls, imports and exports, watches, jobs of each kind.",
        "queue",
        each -> {
          each.accept((double) grpc.load().calls().taken(), "calls");
          each.accept((double) grpc.load().scans().taken(), "scans");
          each.accept((double) grpc.load().streams().taken(), "streams");
          each.accept((double) grpc.load().watches().taken(), "watches");
          jobs.forEach((name, queue) -> each.accept((double) queue.length(), name));
        });
    telemetry.gauges(
        "cairn_queue_limit",
        "How much of it there may be; more is refused as OVERLOADED.",
        "queue",
        each -> {
          each.accept((double) grpc.load().calls().limit(), "calls");
          each.accept((double) grpc.load().scans().limit(), "scans");
          each.accept((double) grpc.load().streams().limit(), "streams");
          each.accept((double) grpc.load().watches().limit(), "watches");
          jobs.forEach((name, queue) -> each.accept((double) queue.capacity(), name));
        });
  }

  static void engine(Telemetry telemetry, RocksStoreEngine engine) {
    telemetry.gauge(
        "cairn_rocksdb_block_cache_bytes",
        "How full the block cache is.",
        () -> engine.statistics().cacheUsedBytes());
    total(
        telemetry,
        engine,
        "block_cache_hits",
        "Blocks found in the cache.",
        EngineStatistics::cacheHits);
    total(
        telemetry,
        engine,
        "block_cache_misses",
        "Blocks read from disk.",
        EngineStatistics::cacheMisses);
    total(
        telemetry,
        engine,
        "stall_seconds",
        "Time that writes were held up because flushes and compactions lag behind.",
        each -> each.stallMicros() / MICROS);
    total(telemetry, engine, "wal_syncs", "Forced writes of logs.", EngineStatistics::walSyncs);
    total(telemetry, engine, "wal_bytes", "Bytes written to logs.", EngineStatistics::walBytes);
    total(
        telemetry,
        engine,
        "written_bytes",
        "Bytes that were to be written.",
        EngineStatistics::writtenBytes);
    total(
        telemetry,
        engine,
        "read_bytes",
        "Bytes that were read by callers.",
        EngineStatistics::readBytes);
    total(
        telemetry,
        engine,
        "flushed_bytes",
        "Bytes that flushes wrote.",
        EngineStatistics::flushedBytes);
    total(
        telemetry,
        engine,
        "compacted_bytes",
        "Bytes that compactions wrote.",
        EngineStatistics::compactedBytes);
  }

  private static void total(
      Telemetry telemetry,
      RocksStoreEngine engine,
      String name,
      String help,
      ToDoubleFunction<EngineStatistics> value) {
    telemetry.total(
        "cairn_rocksdb_" + name + "_total", help, () -> value.applyAsDouble(engine.statistics()));
  }
}
