package dev.cairn.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.it.History.Sweep;
import dev.cairn.it.SiteModel.Fate;
import dev.cairn.it.SiteModel.KnownBackup;
import dev.cairn.it.SiteModel.KnownRestoration;
import dev.cairn.v1.Backup;
import dev.cairn.v1.BackupState;
import dev.cairn.v1.CancelBackupRequest;
import dev.cairn.v1.Collection;
import dev.cairn.v1.CreateBackupRequest;
import dev.cairn.v1.CreateCollectionRequest;
import dev.cairn.v1.DeleteBackupRequest;
import dev.cairn.v1.DeleteCollectionRequest;
import dev.cairn.v1.Environment;
import dev.cairn.v1.ErrorReason;
import dev.cairn.v1.Restoration;
import dev.cairn.v1.RestorationDestination;
import dev.cairn.v1.RestorationSelection;
import dev.cairn.v1.RestorationState;
import dev.cairn.v1.RestoreBackupRequest;
import dev.cairn.v1.RestorePartialBackupRequest;
import dev.cairn.v1.TruncateCollectionRequest;
import dev.cairn.v1.UndoRestorationRequest;
import dev.cairn.v1.WatchBackupRequest;
import dev.cairn.v1.WatchBackupResponse;
import dev.cairn.v1.WatchRestorationRequest;
import dev.cairn.v1.WatchRestorationResponse;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * The one client that changes a site as a whole: makes, verifies, cancels, restores and deletes
 * backups, undoes, empties and deletes collections. One sweep follows the other; a backup may be in
 * the making meanwhile.
 */
final class Conductor {
  private final Cairn cairn;
  private final SiteModel model;
  private final Random random;

  /** Is told when something begins in whose middle a crash is interesting. */
  private final Consumer<String> moments;

  private final Set<String> existing;
  private final List<KnownBackup> open = new ArrayList<>();
  private Optional<KnownRestoration> last = Optional.empty();
  private boolean restoredFresh;
  private int count;

  Conductor(Cairn cairn, SiteModel model, long seed, Consumer<String> moments) {
    this.cairn = cairn;
    this.model = model;
    this.random = new Random(seed);
    this.moments = moments;
    this.existing = new HashSet<>();
    model.baseline.places().keySet().forEach(place -> existing.add(place.collectionId()));
  }

  void start(Load load) {
    load.start(model.siteId + "/conductor", this::step);
  }

  private void step() {
    int kind = random.nextInt(100);
    if (kind < 35) {
      backup();
    } else if (kind < 52) {
      restore(false);
    } else if (kind < 68) {
      restore(true);
    } else if (kind < 78) {
      undo();
    } else if (kind < 83) {
      verify();
    } else if (kind < 88) {
      truncate();
    } else if (kind < 95) {
      deleteOrCreateCollection();
    } else {
      deleteBackup();
    }
    if (random.nextInt(3) > 0) {
      awaitOpen();
    }
  }

  private static <T> T answer(Supplier<T> call) {
    return SiteLoad.answer(Set.of(), call)
        .orElseThrow(() -> new AssertionError("no refusal is expected"));
  }

  // Backups.

  private void backup() {
    moments.accept("backup");
    CreateBackupRequest.Builder request =
        CreateBackupRequest.newBuilder()
            .setSiteId(model.siteId)
            .setRequestId(UUID.randomUUID().toString());
    if (random.nextInt(4) == 0) {
      request.addCollectionIds("c0");
    }
    KnownBackup attempt =
        new KnownBackup("", Set.copyOf(request.getCollectionIdsList()), System.nanoTime());
    model.unansweredBackup = Optional.of(attempt);
    Optional<Backup> answer =
        SiteLoad.answer(
            // Pinned ones are those of this cycle that were restored; see restore.
            Set.of(ErrorReason.ERROR_REASON_ALL_BACKUPS_PINNED),
            () -> cairn.backups().createBackup(request.build()).getBackup());
    model.unansweredBackup = Optional.empty();
    if (answer.isEmpty()) {
      return;
    }
    KnownBackup backup = new KnownBackup(answer.get().getId(), attempt.requested, attempt.start);
    model.backups.put(backup.id, backup);
    open.add(backup);
    if (random.nextInt(12) == 0) {
      backup.cancelAsked = true;
      SiteLoad.answer(
          Set.of(ErrorReason.ERROR_REASON_NOT_CANCELABLE),
          () ->
              cairn
                  .backups()
                  .cancelBackup(
                      CancelBackupRequest.newBuilder()
                          .setSiteId(model.siteId)
                          .setBackupId(backup.id)
                          .build()));
    }
    if (random.nextBoolean()) {
      awaitOpen();
    }
  }

  /** Follows the backups in the making to their ends. */
  private void awaitOpen() {
    for (KnownBackup backup : List.copyOf(open)) {
      BackupState state = answer(() -> follow(backup));
      backup.seenEnded = System.nanoTime();
      backup.seenReady = state == BackupState.BACKUP_STATE_READY;
      open.remove(backup);
      boolean fine =
          switch (state) {
            // Another one may have evicted it already.
            case BACKUP_STATE_READY, BACKUP_STATE_DELETED -> true;
            case BACKUP_STATE_CANCELED -> backup.cancelAsked;
            default -> false;
          };
      assertThat(fine).as("backup %s became %s", backup.id, state).isTrue();
    }
  }

  private BackupState follow(KnownBackup backup) {
    Iterator<WatchBackupResponse> watch =
        cairn
            .backups()
            .watchBackup(
                WatchBackupRequest.newBuilder()
                    .setSiteId(model.siteId)
                    .setBackupId(backup.id)
                    .build());
    double fraction = 0;
    while (watch.hasNext()) {
      WatchBackupResponse message = watch.next();
      Backup seen = message.getBackup();
      if (message.getHeartbeat()) {
        continue;
      }
      if (seen.getState() != BackupState.BACKUP_STATE_PENDING) {
        return seen.getState();
      }
      assertThat(seen.getProgress().getFraction()).isBetween(fraction, 1.0).isLessThan(1);
      fraction = seen.getProgress().getFraction();
    }
    throw new AssertionError("the watch ended before the backup");
  }

  private void verify() {
    ready()
        .ifPresent(
            backup -> {
              moments.accept("verify");
              SiteLoad.answer(
                  Set.of(ErrorReason.ERROR_REASON_BACKUP_NOT_READY), // evicted meanwhile
                  () -> cairn.verify(model.siteId, backup.id));
            });
  }

  private void deleteBackup() {
    ready()
        .filter(backup -> backup.content.isPresent()) // else it is needed to check this cycle
        .ifPresent(
            backup -> {
              moments.accept("delete backup");
              backup.fate = Fate.DELETING;
              answer(
                  () ->
                      cairn
                          .backups()
                          .deleteBackup(
                              DeleteBackupRequest.newBuilder()
                                  .setSiteId(model.siteId)
                                  .setBackupId(backup.id)
                                  .build()));
              backup.fate = Fate.DELETED;
            });
  }

  /** One of those that were READY when last looked at; it may have been evicted since. */
  private Optional<KnownBackup> ready() {
    List<KnownBackup> ready =
        model.backups.values().stream()
            .filter(backup -> backup.seenReady && backup.fate == Fate.KEPT)
            .filter(backup -> backup.safetyOf.isEmpty())
            .sorted(java.util.Comparator.comparing(backup -> backup.id))
            .toList();
    return ready.isEmpty()
        ? Optional.empty()
        : Optional.of(ready.get(random.nextInt(ready.size())));
  }

  // Restorations.

  private void restore(boolean partial) {
    Optional<KnownBackup> chosen = ready();
    if (chosen.isEmpty()) {
      return;
    }
    KnownBackup backup = chosen.get();
    if (backup.content.isEmpty()) {
      if (restoredFresh || !pin(backup)) {
        return;
      }
      restoredFresh = true;
    }
    List<String> held = collectionsOf(backup);
    Map<String, String> selection = partial ? select(held) : Map.of();
    if (held.isEmpty() || (partial && selection.isEmpty())) {
      return;
    }
    moments.accept(partial ? "restore partial" : "restore full");
    KnownRestoration restoration =
        new KnownRestoration(
            (partial ? "partial" : "full") + " restoration " + ++count + " of " + backup.id,
            backup.id,
            selection,
            Optional.empty(),
            model);
    run(
        restoration,
        partial ? new HashSet<>(selection.values()) : new HashSet<>(held),
        () ->
            partial
                ? cairn
                    .restorations()
                    .restorePartialBackup(partialRequest(backup, selection))
                    .getRestoration()
                : cairn
                    .restorations()
                    .restoreBackup(
                        RestoreBackupRequest.newBuilder()
                            .setSiteId(model.siteId)
                            .setBackupId(backup.id)
                            .build())
                    .getRestoration());
  }

  /** Its content is not known yet, and no other client may take the backup away before it is. */
  private boolean pin(KnownBackup backup) {
    boolean[] pinned = {false};
    SiteLoad.answer(
            Set.of(ErrorReason.ERROR_REASON_BACKUP_NOT_READY),
            () -> {
              cairn.pin(model.siteId, backup.id, true);
              return Boolean.TRUE;
            })
        .ifPresent(done -> pinned[0] = true);
    return pinned[0];
  }

  private List<String> collectionsOf(KnownBackup backup) {
    return backup
        .content
        .map(content -> content.places().keySet().stream().map(Place::collectionId).toList())
        .orElseGet(
            () ->
                answer(() -> cairn.getBackup(model.siteId, backup.id)).getCollectionsList().stream()
                    .map(collection -> collection.getCollectionId())
                    .toList());
  }

  private Map<String, String> select(List<String> held) {
    Map<String, String> selection = new HashMap<>();
    for (String id : held) {
      if (!id.startsWith("copy-") && random.nextInt(3) == 0) {
        selection.put(id, random.nextInt(3) == 0 ? "copy-" + id : id);
      }
    }
    return selection;
  }

  private RestorePartialBackupRequest partialRequest(
      KnownBackup backup, Map<String, String> selection) {
    RestorePartialBackupRequest.Builder request =
        RestorePartialBackupRequest.newBuilder().setSiteId(model.siteId).setBackupId(backup.id);
    selection.forEach(
        (from, to) -> {
          RestorationSelection.Builder each =
              RestorationSelection.newBuilder().setCollectionId(from);
          if (!from.equals(to)) {
            each.setDestination(RestorationDestination.newBuilder().setCollectionId(to));
          }
          request.addCollections(each);
        });
    return request.build();
  }

  private void undo() {
    if (last.isEmpty()) {
      return;
    }
    KnownRestoration undone = last.get();
    moments.accept("undo");
    KnownRestoration restoration =
        new KnownRestoration(
            "undo " + ++count + " of " + undone.sweep.name,
            undone.safetyBackupId,
            Map.of(),
            Optional.of(undone),
            model);
    restoration.removed.addAll(undone.created);
    restoration.removed.retainAll(existing);
    run(
        restoration,
        undone.putBackByUndo(),
        () ->
            cairn
                .restorations()
                .undoRestoration(
                    UndoRestorationRequest.newBuilder()
                        .setSiteId(model.siteId)
                        .setRestorationId(undone.id)
                        .build())
                .getRestoration());
  }

  private void run(
      KnownRestoration restoration, Set<String> destinations, Supplier<Restoration> call) {
    for (String destination : destinations) {
      (existing.contains(destination) ? restoration.replaced : restoration.created)
          .add(destination);
    }
    model.history.begin(restoration.sweep);
    model.unansweredRestoration = Optional.of(restoration);
    Optional<Restoration> requested =
        SiteLoad.answer(Set.of(ErrorReason.ERROR_REASON_BACKUP_NOT_READY), call);
    model.unansweredRestoration = Optional.empty();
    if (requested.isEmpty()) {
      model.history.forget(restoration.sweep); // the backup was evicted meanwhile
      return;
    }
    restoration.id = requested.get().getId();
    model.restorations.put(restoration.id, restoration);
    Restoration ended = answer(() -> follow(restoration));
    if (ended.getState() == RestorationState.RESTORATION_STATE_FAILED
        && ended.getFailure().getReason() == ErrorReason.ERROR_REASON_BACKUP_NOT_READY) {
      restoration.ended = true;
      model.history.forget(restoration.sweep);
      return;
    }
    assertThat(ended.getState())
        .as("%s: %s", restoration.sweep.name, ended.getFailure())
        .isEqualTo(RestorationState.RESTORATION_STATE_COMPLETED);
    restoration.sweep.acknowledged();
    completed(model, restoration, ended);
    existing.addAll(restoration.created);
    existing.removeAll(restoration.removed);
    last = Optional.of(restoration);
  }

  /** Notes a restoration that is COMPLETED, and its safety backup. */
  static void completed(SiteModel model, KnownRestoration restoration, Restoration ended) {
    restoration.ended = true;
    restoration.safetyBackupId = ended.getSafetyBackupId();
    KnownBackup safety =
        new KnownBackup(ended.getSafetyBackupId(), Set.of(), restoration.sweep.start);
    safety.safetyOf = Optional.of(restoration);
    safety.seenReady = true;
    safety.seenEnded = System.nanoTime();
    model.backups.put(safety.id, safety);
  }

  private Restoration follow(KnownRestoration restoration) {
    Iterator<WatchRestorationResponse> watch =
        cairn
            .restorations()
            .watchRestoration(
                WatchRestorationRequest.newBuilder()
                    .setSiteId(model.siteId)
                    .setRestorationId(restoration.id)
                    .build());
    double fraction = 0;
    while (watch.hasNext()) {
      WatchRestorationResponse message = watch.next();
      if (message.getHeartbeat()) {
        continue;
      }
      Restoration seen = message.getRestoration();
      if (seen.getState() != RestorationState.RESTORATION_STATE_PENDING) {
        return seen;
      }
      assertThat(seen.getProgress().getFraction()).isBetween(fraction, 1.0).isLessThan(1);
      fraction = seen.getProgress().getFraction();
    }
    throw new AssertionError("the watch ended before the restoration");
  }

  // Collections.

  private void truncate() {
    List<Place> places =
        List.of(
            Place.live("c0"), Place.live("c2"), Place.sandbox("c1"), Place.live(SiteLoad.IMPORTS));
    Place place = places.get(random.nextInt(places.size()));
    if (!existing.contains(place.collectionId())) {
      return;
    }
    moments.accept("truncate");
    sweep(
        "truncation " + ++count + " of " + place,
        shape -> shape.put(place, Map.of()),
        () ->
            cairn
                .items()
                .truncateCollection(
                    TruncateCollectionRequest.newBuilder()
                        .setSiteId(model.siteId)
                        .setCollectionId(place.collectionId())
                        .setEnvironment(
                            place.isLive()
                                ? Environment.ENVIRONMENT_LIVE
                                : Environment.ENVIRONMENT_SANDBOX)
                        .build()));
  }

  private void deleteOrCreateCollection() {
    String id = random.nextInt(4) == 0 ? SiteLoad.IMPORTS : "c2";
    if (existing.contains(id)) {
      moments.accept("delete collection");
      sweep(
          "deletion " + ++count + " of " + id,
          shape -> shape.remove(id),
          () ->
              cairn
                  .collections()
                  .deleteCollection(
                      DeleteCollectionRequest.newBuilder()
                          .setSiteId(model.siteId)
                          .setCollectionId(id)
                          .build()));
      existing.remove(id);
    }
    if (!existing.contains(id)) {
      moments.accept("create collection");
      sweep(
          "creation " + ++count + " of " + id,
          shape -> shape.create(id),
          () ->
              cairn
                  .collections()
                  .createCollection(
                      CreateCollectionRequest.newBuilder()
                          .setSiteId(model.siteId)
                          .setCollection(Collection.newBuilder().setId(id))
                          .build()));
      existing.add(id);
    }
  }

  private void sweep(String name, History.Change change, Supplier<?> call) {
    Sweep sweep = model.history.begin(new Sweep(name, change));
    if (SiteLoad.answer(Set.of(), call).isPresent()) {
      sweep.acknowledged();
    }
  }
}
