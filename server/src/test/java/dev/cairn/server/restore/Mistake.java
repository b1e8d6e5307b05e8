package dev.cairn.server.restore;

import static dev.cairn.server.restore.ServerUnderTest.SITE;

import dev.cairn.server.backup.BackupId;
import dev.cairn.server.backup.BackupType;
import dev.cairn.server.site.Environment;
import dev.cairn.server.site.Lease;
import dev.cairn.server.site.SiteLayout;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** What a server with a bug might do to its state, for tests of the tests that have to see it. */
enum Mistake {
  LOSES_AN_ITEM {
    @Override
    void make(ServerUnderTest server) {
      server.deleteItem("books", "1");
    }
  },
  INVENTS_AN_ITEM {
    @Override
    void make(ServerUnderTest server) {
      server.save("films", "nobody wrote it", "value");
    }
  },
  LOSES_A_COLLECTION {
    @Override
    void make(ServerUnderTest server) {
      server.deleteCollection("films");
    }
  },
  LOSES_A_BACKUP {
    @Override
    void make(ServerUnderTest server) {
      server.backups.delete(SITE, newest(server), "");
    }
  },
  LOSES_FILES_OF_A_BACKUP {
    @Override
    void make(ServerUnderTest server) throws IOException {
      Files.delete(largest(directory(server)));
    }
  },
  DAMAGES_A_BACKUP {
    @Override
    void make(ServerUnderTest server) throws IOException {
      Path file = largest(directory(server));
      byte[] content = Files.readAllBytes(file);
      content[content.length / 2] ^= 1;
      // The database links to the same file: its own stays as it is.
      Files.delete(file);
      Files.write(file, content);
    }
  },
  LEAVES_FILES_OF_A_BACKUP {
    @Override
    void make(ServerUnderTest server) throws IOException {
      Files.createDirectory(directory(server).resolveSibling("01ke0000000000000000000000"));
    }
  },
  LEAVES_A_FOLDER_OF_A_SITE {
    @Override
    void make(ServerUnderTest server) throws IOException {
      Files.createDirectory(new SiteLayout(server.root).sites().resolve("unknown"));
    }
  },
  LEAVES_FILES_IN_WORK {
    @Override
    void make(ServerUnderTest server) throws IOException {
      Files.createDirectory(new SiteLayout(server.root).staging(SITE));
    }
  },
  LEAKS_A_DATABASE {
    private @Nullable Lease leaked;

    @Override
    void make(ServerUnderTest server) {
      leaked = server.sites.lease(SITE, Environment.LIVE);
    }

    @Override
    void end() {
      if (leaked != null) {
        leaked.close();
      }
    }
  };

  abstract void make(ServerUnderTest server) throws IOException;

  /** Gives back what would outlive the test. */
  void end() {}

  private static BackupId newest(ServerUnderTest server) {
    return server.ready(BackupType.ON_DEMAND).get(0);
  }

  private static Path directory(ServerUnderTest server) {
    return new SiteLayout(server.root)
        .backups()
        .resolve(SITE.value())
        .resolve(newest(server).value());
  }

  private static Path largest(Path directory) throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files
          .filter(file -> file.toString().endsWith(".sst"))
          .max(Comparator.comparing(file -> file.toFile().length()))
          .orElseThrow();
    }
  }
}
