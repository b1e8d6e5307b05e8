package dev.cairn.server.restore;

import static dev.cairn.server.restore.ServerUnderTest.completed;
import static dev.cairn.server.restore.ServerUnderTest.into;
import static dev.cairn.server.restore.ServerUnderTest.only;

import dev.cairn.server.backup.BackupId;
import dev.cairn.server.backup.BackupType;
import java.util.Optional;
import java.util.Set;

/** Restorations of every kind, small enough to be broken off at each of their steps. */
enum Scenario {
  /** All of the backup becomes the next generation; a deleted collection comes back. */
  WHOLE {
    @Override
    void prepare(ServerUnderTest server) {
      shop(server);
    }

    @Override
    RestorationRecord run(ServerUnderTest server) {
      return server.restore(backup(server));
    }
  },
  /** Two collections are copied into the live content, one of them into a new one. */
  SINGLE {
    @Override
    void prepare(ServerUnderTest server) {
      shop(server);
    }

    @Override
    RestorationRecord run(ServerUnderTest server) {
      return server.restore(backup(server), only("books"), into("films", "copy", ""));
    }
  },
  /** The first one is taken back: a whole generation again, and a collection is removed. */
  UNDO_WHOLE {
    @Override
    void prepare(ServerUnderTest server) {
      shop(server);
      completed(WHOLE.run(server));
      server.saveInSandbox("films", "1", "sandbox");
    }

    @Override
    RestorationRecord run(ServerUnderTest server) {
      return server.undo(newest(server));
    }
  },
  /** The second one is taken back: one collection is copied, one removed. */
  UNDO_SINGLE {
    @Override
    void prepare(ServerUnderTest server) {
      shop(server);
      completed(SINGLE.run(server));
      server.saveInSandbox("copy", "1", "sandbox");
    }

    @Override
    RestorationRecord run(ServerUnderTest server) {
      return server.undo(newest(server));
    }
  };

  /** Fills the site and makes the backup, and changes the site so that it differs from it. */
  abstract void prepare(ServerUnderTest server);

  /** Runs the restoration and answers what became of it. */
  abstract RestorationRecord run(ServerUnderTest server);

  private static void shop(ServerUnderTest server) {
    server.createSite();
    server.fill("books", 20, "old");
    server.fill("films", 10, "old");
    server.backup();
    server.saveAll("books", 25, "now");
    server.deleteCollection("films");
  }

  static BackupId backup(ServerUnderTest server) {
    return server.ready(BackupType.ON_DEMAND).get(0);
  }

  private static RestorationRecord newest(ServerUnderTest server) {
    return server
        .restorations
        .list(ServerUnderTest.SITE, Set.of(RestorationState.COMPLETED), Optional.empty())
        .get(0);
  }
}
