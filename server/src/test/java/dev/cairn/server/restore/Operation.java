package dev.cairn.server.restore;

import static dev.cairn.server.restore.ServerUnderTest.SITE;

import dev.cairn.server.backup.BackupId;
import dev.cairn.server.backup.BackupRecord;
import dev.cairn.server.backup.BackupType;
import dev.cairn.server.backup.schedule.ScheduleChange;
import dev.cairn.server.site.Collections;
import dev.cairn.server.site.SiteId;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/** What a server does in several steps, besides restorations; small enough to break off at each. */
enum Operation {
  CREATE_SITE(10) {
    @Override
    void run(ServerUnderTest server) {
      server.sites.create(OTHER, "", Map.of(), Optional.empty());
    }
  },
  DELETE_SITE(25) {
    @Override
    void prepare(ServerUnderTest server) {
      server.sites.create(OTHER, "", Map.of(), Optional.empty());
      backUp(server, OTHER);
    }

    @Override
    void run(ServerUnderTest server) {
      server.sites.delete(OTHER, true);
    }
  },
  CREATE_COLLECTION(6) {
    @Override
    void run(ServerUnderTest server) {
      server.createCollection("games");
    }
  },
  UPDATE_COLLECTION(2) {
    @Override
    void run(ServerUnderTest server) {
      server.collections.update(
          SITE,
          ServerUnderTest.id("books"),
          new Collections.Description("Changed", List.of(), List.of()),
          new Collections.Parts(true, true, true),
          OptionalLong.empty());
    }
  },
  DELETE_COLLECTION(6) {
    @Override
    void run(ServerUnderTest server) {
      server.deleteCollection("books");
    }
  },
  SAVE(4) {
    @Override
    void run(ServerUnderTest server) {
      server.saveAll("books", 12, "changed");
    }
  },
  SAVE_IN_NEW_SANDBOX(8) {
    @Override
    void run(ServerUnderTest server) {
      server.saveInSandbox("books", "1", "draft");
    }
  },
  DELETE_ITEM(4) {
    @Override
    void run(ServerUnderTest server) {
      server.deleteItem("books", "1");
    }
  },
  TRUNCATE(4) {
    @Override
    void run(ServerUnderTest server) {
      server.items.truncate(ServerUnderTest.place("books"));
    }
  },
  PUBLISH_SANDBOX(4) {
    @Override
    void prepare(ServerUnderTest server) {
      server.saveInSandbox("books", "1", "draft");
      server.saveInSandbox("books", "11", "draft");
    }

    @Override
    void run(ServerUnderTest server) {
      server.forCallers().publisher().publish(SITE, List.of(), () -> false);
    }
  },
  IMPORT(4) {
    @Override
    void run(ServerUnderTest server) {
      server.importInto("books", "import", 1);
    }
  },
  BACK_UP(24) {
    @Override
    void run(ServerUnderTest server) {
      backUp(server, SITE);
    }
  },
  /** One more than the limit. */
  BACK_UP_AND_EVICT(36) {
    @Override
    void prepare(ServerUnderTest server) {
      for (int i = 1; i <= 3; i++) {
        server.saveAll("books", i, "of backup " + i);
        backUp(server, SITE);
      }
    }

    @Override
    void run(ServerUnderTest server) {
      backUp(server, SITE);
    }
  },
  UPDATE_SCHEDULE(2) {
    @Override
    void run(ServerUnderTest server) {
      server.schedules.update(
          SITE,
          new ScheduleChange(
              Set.of(ScheduleChange.Part.CRON),
              new ScheduleChange.Values(
                  Optional.empty(), Optional.of("0 3 * * *"), "", false, 0, Optional.empty())),
          "");
    }
  },
  /** The schedule takes it. What fails is not reported to anybody: it is tried again later. */
  AUTO_BACK_UP(24) {
    @Override
    void run(ServerUnderTest server) {
      // The first look plans, with some hours between the sites. If it does not find it due already
      // (each server's clock starts later than the last one's), the second one does.
      server.schedules.tick(server.clock.instant());
      if (server.ready(BackupType.AUTO).isEmpty()) {
        server.clock.advance(Duration.ofDays(8));
        server.schedules.tick(server.clock.instant());
      }
    }
  },
  DELETE_BACKUP(14) {
    @Override
    void prepare(ServerUnderTest server) {
      backUp(server, SITE);
    }

    @Override
    void run(ServerUnderTest server) {
      server.backups.delete(SITE, newest(server), "");
    }
  },
  PIN(2) {
    @Override
    void prepare(ServerUnderTest server) {
      backUp(server, SITE);
    }

    @Override
    void run(ServerUnderTest server) {
      server.backups.update(
          SITE, newest(server), notes -> new BackupRecord.Notes("kept", Map.of(), true), "");
    }
  },
  VERIFY(12) {
    @Override
    void prepare(ServerUnderTest server) {
      backUp(server, SITE);
    }

    @Override
    void run(ServerUnderTest server) {
      server.backups.verify(SITE, newest(server));
    }
  };

  static final SiteId OTHER = new SiteId("blog");

  private final int leastSteps;

  Operation(int leastSteps) {
    this.leastSteps = leastSteps;
  }

  /** How many steps a test has to see, so that none gets lost without anybody noticing. */
  int leastSteps() {
    return leastSteps;
  }

  /** Makes what it needs, on a site that has two collections with items. */
  void prepare(ServerUnderTest server) {}

  abstract void run(ServerUnderTest server);

  private static void backUp(ServerUnderTest server, SiteId site) {
    server.requestBackup(site);
  }

  private static BackupId newest(ServerUnderTest server) {
    return server.ready(BackupType.ON_DEMAND).get(0);
  }
}
