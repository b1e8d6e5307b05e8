package dev.cairn.it.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A tool that a user might take instead, behind a script that takes a verb, a way to do it and a
 * directory of its own, and what the verb needs:
 *
 * <pre>
 * check                says why it cannot run here, with an exit code other than 0
 * start                makes an empty store and starts what serves it
 * load FILE            stores the lines of a file, durably
 * backup NAME          keeps a copy of all
 * restore NAME         puts the copy in the place of what is stored
 * stop
 * </pre>
 *
 * <p>The times include the start of the script, some milliseconds.
 */
final class Peer implements AutoCloseable {
  private final String name;
  private final List<String> script;
  private final Path directory;
  private final Path log;
  private int backups;

  private Peer(String name, Path script, String way, Path directory) {
    this.name = name;
    this.script = List.of("sh", script.toString(), way, directory.toString());
    this.directory = directory;
    this.log = directory.resolveSibling(directory.getFileName() + ".log");
  }

  /** The peers that were asked for and can run on this machine. */
  static List<Peer> available(BenchSettings settings, Path directory, Results results)
      throws IOException {
    List<Peer> peers = new ArrayList<>();
    for (String[] each :
        List.of(
            new String[] {"sqlite .backup", "sqlite.sh", "backup"},
            new String[] {"btrfs snapshot", "clone.sh", "btrfs"},
            new String[] {"xfs reflink", "clone.sh", "xfs"},
            new String[] {"postgres template", "postgres.sh", "template"},
            new String[] {"postgres pg_dump", "postgres.sh", "dump"},
            new String[] {"mariadb mariabackup", "mariadb.sh", "mariabackup"},
            new String[] {"lmdb mdb_copy", "lmdb.sh", "copy"},
            new String[] {"redis bgsave", "redis.sh", "bgsave"},
            new String[] {"restic of a file", "restic.sh", "restic"})) {
      if (!settings.peers().matcher(each[0]).find()) {
        continue;
      }
      Path script = settings.peerScripts().resolve(each[1]);
      Peer peer = new Peer(each[0], script, each[2], directory.resolve(each[0].replace(' ', '-')));
      if (peer.attempt("check") == 0) {
        peers.add(peer);
      } else {
        results.note(each[0] + " was left out: it is not installed, or cannot run here.");
      }
    }
    return peers;
  }

  String name() {
    return name;
  }

  void start() throws IOException {
    Processes.deleteTree(directory);
    Files.createDirectories(directory);
    run("start");
  }

  /** Milliseconds to store the lines of a file. */
  double load(Path file) throws IOException {
    return run("load", file.toString());
  }

  double backUp() throws IOException {
    return run("backup", "b" + ++backups);
  }

  /** Restores the last backup. */
  double restore() throws IOException {
    return run("restore", "b" + backups);
  }

  private double run(String verb, String... arguments) throws IOException {
    long begin = System.nanoTime();
    int code = attempt(verb, arguments);
    double took = (System.nanoTime() - begin) / 1e6;
    if (code != 0) {
      throw new IOException(name + ": " + verb + " ended with " + code + "; see " + log);
    }
    return took;
  }

  private int attempt(String verb, String... arguments) throws IOException {
    Files.createDirectories(directory);
    List<String> command = new ArrayList<>(script);
    command.add(verb);
    command.addAll(List.of(arguments));
    return Processes.run(command, log);
  }

  @Override
  public void close() throws IOException {
    run("stop");
    Processes.deleteTree(directory);
  }
}
