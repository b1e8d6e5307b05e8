package dev.cairn.server.backup;

import static dev.cairn.server.site.Installation.SITE;

import dev.cairn.server.repository.DurableFiles;
import dev.cairn.server.repository.local.LocalRepositories;
import dev.cairn.server.site.Installation;
import dev.cairn.server.site.RequestId;
import dev.cairn.server.store.CollectionId;
import dev.cairn.server.store.ItemStore;
import dev.cairn.server.store.StoreFixtures;
import dev.cairn.server.store.StoredItem;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.UnaryOperator;

/** A server whose backups are made and verified when the test says so. */
final class BackedUpSite implements AutoCloseable {
  final Installation server;
  final SteppedRepository repository;
  final ManualExecutor making = new ManualExecutor();
  final ManualExecutor verifying = new ManualExecutor();
  final Backups backups;
  final Options options;

  /** How it is opened. */
  record Options(
      Installation.Options installation,
      DurableFiles repositoryFiles,
      Retention retention,
      boolean verifyAfterCreate,
      int queueCapacity) {

    static Options defaults() {
      return new Options(
          Installation.Options.defaults(), new DurableFiles(), new Retention(3, 1), false, 10);
    }

    Options verifying() {
      return new Options(installation, repositoryFiles, retention, true, queueCapacity);
    }

    Options withLimit(int limit) {
      return new Options(
          installation, repositoryFiles, new Retention(limit, 1), verifyAfterCreate, queueCapacity);
    }

    Options withQueue(int capacity) {
      return new Options(installation, repositoryFiles, retention, verifyAfterCreate, capacity);
    }

    Options with(DurableFiles files) {
      return new Options(installation, files, retention, verifyAfterCreate, queueCapacity);
    }

    Options with(Installation.Options other) {
      return new Options(other, repositoryFiles, retention, verifyAfterCreate, queueCapacity);
    }
  }

  private BackedUpSite(Path root, Options options) {
    this.options = options;
    this.server = Installation.open(root, options.installation());
    this.repository =
        new SteppedRepository(
            LocalRepositories.at(server.layout.backups(), options.repositoryFiles()));
    this.backups =
        new Backups(
            new Backups.Parts(
                server.sites,
                server.catalog,
                server.commands,
                repository,
                new Sequences(server.clock),
                server.clock,
                server.ids,
                new JobQueue("backup", making, 0, options.queueCapacity()),
                new JobQueue("verification", verifying, 0, options.queueCapacity())),
            new Backups.Settings(options.retention(), options.verifyAfterCreate()));
    server.sites.register(backups);
  }

  /** Opens what is in {@code root}, recovered as at the start of a server. */
  static BackedUpSite open(Path root, Options options) {
    BackedUpSite opened = new BackedUpSite(root, options);
    opened.backups.takeStock();
    opened.backups.recover();
    return opened;
  }

  BackedUpSite withSite(CollectionId... names) {
    server.withSite(names);
    return this;
  }

  /** Closes it and opens it again. */
  BackedUpSite reopen() {
    close();
    return open(server.root, sound());
  }

  /** Opens a copy of what a crash at this instant would leave. */
  BackedUpSite afterCrash(Path copy) {
    Installation.copyTree(server.root, copy);
    return open(copy, sound());
  }

  private Options sound() {
    return options
        .with(new DurableFiles())
        .with(Installation.Options.defaults().with(server.clock));
  }

  @Override
  public void close() {
    server.close();
  }

  // Asking for backups

  static Backups.Request request(CollectionId... chosen) {
    return new Backups.Request(
        SITE,
        Arrays.asList(chosen),
        BackupType.ON_DEMAND,
        BackupRecord.Notes.NONE,
        "ann",
        Optional.empty());
  }

  static Backups.Request request(BackupType type, boolean pinned) {
    return new Backups.Request(
        SITE,
        List.of(),
        type,
        new BackupRecord.Notes("", Map.of(), pinned),
        "ann",
        Optional.empty());
  }

  static Backups.Request request(String requestId, String fingerprint) {
    return new Backups.Request(
        SITE,
        List.of(),
        BackupType.ON_DEMAND,
        BackupRecord.Notes.NONE,
        "ann",
        Optional.of(new RequestId(requestId, fingerprint)));
  }

  BackupId create(CollectionId... chosen) {
    return backups.create(request(chosen)).record().id();
  }

  /** Creates a backup and makes it. */
  BackupId make(CollectionId... chosen) {
    return make(request(chosen));
  }

  BackupId make(Backups.Request request) {
    BackupId id = backups.create(request).record().id();
    making.runAll();
    return id;
  }

  BackupId makePinned() {
    return make(request(BackupType.ON_DEMAND, true));
  }

  /** Verifies a backup, and whatever else waits for it. */
  BackupId verify(BackupId id) {
    backups.verify(SITE, id);
    verifying.runAll();
    return id;
  }

  // Looking

  BackupRecord get(BackupId id) {
    return backups.get(SITE, id).record();
  }

  BackupState state(BackupId id) {
    return get(id).state();
  }

  List<BackupId> ids(BackupState... states) {
    return backups.list(SITE, Backups.Filter.ALL).backups().stream()
        .filter(each -> Arrays.asList(states).contains(each.state()))
        .map(BackupRecord::id)
        .sorted()
        .toList();
  }

  List<BackupId> ready() {
    return ids(BackupState.READY);
  }

  BackupRecord notes(BackupId id, UnaryOperator<BackupRecord.Notes> change) {
    return backups.update(SITE, id, change, "").record();
  }

  void pin(BackupId id, boolean pinned) {
    notes(id, old -> new BackupRecord.Notes(old.description(), old.labels(), pinned));
  }

  /** The names of the backups' directories, those half-made included. */
  List<String> directories() {
    return Installation.names(server.layout.backups().resolve(SITE.value()));
  }

  Path files(BackupId id) {
    return server.layout.backups().resolve(SITE.value()).resolve(id.value());
  }

  /** What the backup holds: collection to id to data. */
  Map<CollectionId, Map<String, String>> content(BackupId id) {
    Map<CollectionId, Map<String, String>> all = new TreeMap<>();
    try (ItemStore store = server.engine.openReadOnly(repository.fetch(get(id).repositoryKey()))) {
      for (BackupRecord.Content each : get(id).collections()) {
        Map<String, String> items = new TreeMap<>();
        for (StoredItem item : StoreFixtures.contents(store, each.id())) {
          items.put(item.id(), item.data().toStringUtf8());
        }
        all.put(each.id(), items);
      }
    }
    return all;
  }
}
