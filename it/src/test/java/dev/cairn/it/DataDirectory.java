package dev.cairn.it;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.stream.Stream;

/** Looks over a data directory: only what the layout allows may lie there. */
final class DataDirectory {
  private static final Set<String> ROOT = Set.of("LOCK", "RESERVE", "catalog", "sites", "backups");
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Path root;
  private final List<String> orphans = new ArrayList<>();

  private DataDirectory(Path root) {
    this.root = root;
  }

  /**
   * What lies there and should not, and what should and does not.
   *
   * @param readyBackups the ids of the READY backups, by site, for every site that exists
   */
  static List<String> orphans(Path root, Map<String, Set<String>> readyBackups) {
    DataDirectory directory = new DataDirectory(root);
    try {
      directory.walk(readyBackups);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return directory.orphans;
  }

  /** The same, asked of the server first. Waits a little for what is being removed. */
  static void requireTidy(CairnProcess server, Cairn cairn) {
    Wait.untilAsserted(
        java.time.Duration.ofSeconds(15),
        () -> {
          List<String> found = orphans(server.dataDirectory(), readyBackups(cairn));
          if (!found.isEmpty()) {
            throw new AssertionError("orphans in the data directory: " + found);
          }
        });
  }

  static Map<String, Set<String>> readyBackups(Cairn cairn) {
    Map<String, Set<String>> ready = new TreeMap<>();
    for (String site : cairn.siteIds()) {
      Set<String> ids = new TreeSet<>();
      cairn
          .listBackups(site, dev.cairn.v1.BackupState.BACKUP_STATE_READY)
          .forEach(backup -> ids.add(backup.getId()));
      ready.put(site, ids);
    }
    return ready;
  }

  private void walk(Map<String, Set<String>> readyBackups) throws IOException {
    only(root, name -> ROOT.contains(name) || name.matches("MARK-[0-9]{19}"));
    only(root.resolve("sites"), readyBackups::containsKey);
    for (String site : readyBackups.keySet()) {
      site(root.resolve("sites").resolve(site));
    }
    only(root.resolve("backups"), readyBackups::containsKey);
    for (Map.Entry<String, Set<String>> site : readyBackups.entrySet()) {
      Path backups = root.resolve("backups").resolve(site.getKey());
      only(backups, site.getValue()::contains);
      for (String backup : site.getValue()) {
        backup(backups.resolve(backup));
      }
    }
  }

  private void site(Path site) throws IOException {
    Path current = site.resolve("CURRENT");
    if (!Files.exists(current)) {
      orphans.add("no " + shown(current));
      return;
    }
    String live = Files.readString(current).strip();
    only(site, Set.of("CURRENT", live, "sandbox")::contains);
    if (!Files.isDirectory(site.resolve(live))) {
      orphans.add("no " + shown(site.resolve(live)));
    }
  }

  /** Exactly the files that the manifest names. */
  private void backup(Path backup) throws IOException {
    Path manifest = backup.resolve("MANIFEST.json");
    if (!Files.exists(manifest)) {
      orphans.add("no " + shown(manifest));
      return;
    }
    Set<String> named = new HashSet<>(Set.of("MANIFEST.json"));
    JsonNode files = JSON.readTree(manifest.toFile()).findValue("files");
    files.forEach(file -> named.add(file.get("name").asText()));
    only(backup, named::contains);
    named.stream()
        .filter(name -> !Files.exists(backup.resolve(name)))
        .forEach(name -> orphans.add("no " + shown(backup.resolve(name))));
  }

  private void only(Path directory, Predicate<String> allowed) throws IOException {
    if (!Files.isDirectory(directory)) {
      return;
    }
    try (Stream<Path> entries = Files.list(directory)) {
      entries
          .filter(entry -> !allowed.test(String.valueOf(entry.getFileName())))
          .forEach(entry -> orphans.add(shown(entry)));
    }
  }

  private String shown(Path path) {
    return root.relativize(path).toString();
  }
}
