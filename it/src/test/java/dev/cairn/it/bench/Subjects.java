package dev.cairn.it.bench;

import dev.cairn.client.CairnClient;
import dev.cairn.v1.Backup;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Who takes part in a run with one size of data: a server with one site, and the limit with a clone
 * of that site. Confined to one thread.
 */
final class Subjects implements AutoCloseable {
  private static final int MAX_CHANGES = 8;

  /** Long enough to merge some files. */
  private static final Duration MERGING = Duration.ofSeconds(2);

  private final BenchSettings settings;
  private final Dataset dataset;
  private final Path directory;
  private final CairnServer server;
  private final CairnClient client;
  private final LimitProcess limit;
  private final CairnSite site;
  private final Backup backup;
  private @Nullable List<Peer> peers;
  private int seed;

  private Subjects(
      BenchSettings settings,
      Dataset dataset,
      Path directory,
      CairnServer server,
      CairnClient client,
      LimitProcess limit)
      throws IOException {
    this.settings = settings;
    this.dataset = dataset;
    this.directory = directory;
    this.server = server;
    this.client = client;
    this.limit = limit;
    this.site = CairnSite.create(client, "bench");
    site.load(dataset);
    changeUntilMerged();
    this.backup = site.settled(site.backUpPinned());
  }

  /**
   * The engine merges its small files once there are four, which would be in the midst of whatever
   * comes next after an import. So changes come until it has done so, as they have come wherever a
   * database was used for a while.
   */
  private void changeUntilMerged() throws IOException {
    for (int i = 0; i < MAX_CHANGES; i++) {
      site.change(nextSeed());
      long before = tableFiles(site.settled(site.backUp()));
      LockSupport.parkNanos(MERGING.toNanos());
      if (tableFiles(site.settled(site.backUp())) < before) {
        return;
      }
    }
    throw new IOException("the engine has merged no files");
  }

  private long tableFiles(Backup of) throws IOException {
    try (Stream<Path> files = Files.list(backupDirectory(of))) {
      return files.filter(file -> file.toString().endsWith(".sst")).count();
    }
  }

  static Subjects start(BenchSettings settings, int items) throws IOException {
    Path directory = settings.work().resolve(Integer.toString(items));
    Processes.deleteTree(directory);
    Started started = new Started();
    try {
      started.server = CairnServer.start(settings, directory.resolve("cairn"));
      started.client = started.server.connect();
      started.limit = LimitProcess.start(directory.resolve("limit"));
      Subjects subjects =
          new Subjects(
              settings,
              new Dataset(items),
              directory,
              started.server,
              started.client,
              started.limit);
      started.limit.call("open", subjects.backupDirectory(subjects.backup));
      return subjects;
    } catch (IOException | RuntimeException e) {
      started.close();
      throw e;
    }
  }

  /** What has to be closed if not all can be started. */
  private static final class Started {
    private @Nullable CairnServer server;
    private @Nullable CairnClient client;
    private @Nullable LimitProcess limit;

    void close() throws IOException {
      if (client != null) {
        client.close();
      }
      if (limit != null) {
        limit.close();
      }
      if (server != null) {
        server.close();
      }
    }
  }

  BenchSettings settings() {
    return settings;
  }

  Dataset dataset() {
    return dataset;
  }

  int items() {
    return dataset.items();
  }

  Path directory() {
    return directory;
  }

  CairnServer server() {
    return server;
  }

  CairnClient client() {
    return client;
  }

  LimitProcess limit() {
    return limit;
  }

  /** The site that holds the data. */
  CairnSite site() {
    return site;
  }

  /** The backup of the data that were loaded; the limit works with its files. */
  Backup backup() {
    return backup;
  }

  Path backupDirectory(Backup of) {
    return server.backupDirectory(site.id(), of.getId());
  }

  /** The peers, with the same data; those that take part are started and loaded on first use. */
  List<Peer> peers(Results results) throws IOException {
    if (peers == null) {
      peers = Peer.available(settings, directory.resolve("peers"), results);
      Path file = directory.resolve("data.tsv");
      dataset.write(file);
      for (Peer peer : peers) {
        peer.start();
        double took = peer.load(file);
        results.add(Throughput.IMPORT, items(), peer.name(), items() / (took / 1_000));
      }
    }
    return peers;
  }

  /** A number that was not used before, so that changes change something. */
  int nextSeed() {
    return ++seed;
  }

  /**
   * Does a turn as often as the settings say; those to warm up come first, with numbers below 0.
   */
  void turns(Turn turn) throws Exception {
    for (int i = -settings.warmups(); i < settings.repeats(); i++) {
      turn.take(i >= 0);
    }
  }

  /** One turn, in which every subject does the work once. */
  interface Turn {
    void take(boolean counted) throws Exception;
  }

  static double millisSince(long begin) {
    return (System.nanoTime() - begin) / 1e6;
  }

  @Override
  public void close() throws IOException {
    for (Peer peer : peers == null ? List.<Peer>of() : peers) {
      peer.close();
    }
    client.close();
    limit.close();
    server.close();
    Processes.deleteTree(directory);
  }
}
