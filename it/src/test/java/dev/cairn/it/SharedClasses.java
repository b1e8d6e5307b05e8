package dev.cairn.it;

import dev.cairn.v1.Collection;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * An archive of the classes that the packaged server loads (class data sharing), made once for each
 * build of it by using one for a moment: every start after that takes half as long, and tests start
 * hundreds. Without the archive, or with one that does not fit, the JVM starts all the same.
 */
final class SharedClasses {
  private static final List<String> FLAGS = make();

  private SharedClasses() {}

  /** The JVM's flags that use the archive. */
  static List<String> flags() {
    return FLAGS;
  }

  private static List<String> make() {
    try {
      Path jar = Settings.serverJar();
      String build = Files.size(jar) + "-" + Files.getLastModifiedTime(jar).toMillis();
      Path directory = jar.resolveSibling("shared-classes");
      Path archive = directory.resolve(build + "-" + Runtime.version().feature() + ".jsa");
      if (!Files.exists(archive)) {
        Servers.deleteTree(directory);
        Files.createDirectories(directory);
        use(directory.resolve("use"), "-XX:ArchiveClassesAtExit=" + archive);
      }
      // A JVM of another build says so on its standard output, which tests read.
      return List.of("-XX:SharedArchiveFile=" + archive, "-Xlog:cds=off", "-Xlog:cds+dynamic=off");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** What most tests do. */
  private static void use(Path directory, String archiving) {
    try (CairnProcess server =
        CairnProcess.begin(
            directory, List.of(), List.of(archiving, "-Xlog:cds=off", "-Xlog:cds+dynamic=off"))) {
      server.awaitReady();
      try (Cairn cairn = server.connect()) {
        cairn.createSite("used");
        cairn.createCollection("used", Collection.newBuilder().setId("c").build());
        cairn.fill("used", "c", 10, "kept");
        cairn.restore("used", cairn.verifiedBackup("used").getId());
        cairn.export("used", "c");
      }
      server.stop();
    } finally {
      Servers.deleteTree(directory);
    }
  }
}
