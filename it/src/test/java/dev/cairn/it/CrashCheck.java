package dev.cairn.it;

import dev.cairn.it.SiteModel.Fate;
import dev.cairn.it.SiteModel.KnownBackup;
import dev.cairn.it.SiteModel.KnownRestoration;
import dev.cairn.it.SiteModel.RunningImport;
import dev.cairn.v1.Backup;
import dev.cairn.v1.BackupDeleteReason;
import dev.cairn.v1.BackupState;
import dev.cairn.v1.BackupType;
import dev.cairn.v1.DeleteBackupRequest;
import dev.cairn.v1.ErrorReason;
import dev.cairn.v1.ImportItemsRequest;
import dev.cairn.v1.ImportItemsResponse;
import dev.cairn.v1.Item;
import dev.cairn.v1.Restoration;
import dev.cairn.v1.RestorationOutcome;
import dev.cairn.v1.RestorationState;
import dev.cairn.v1.UndoRestorationRequest;
import dev.cairn.v1.VerificationState;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/**
 * Compares a site with its model after the server was killed and started again, and brings the
 * model up to date. It trusts nothing that the server says of itself where it can look: contents
 * are exported and compared item by item, backups are proven by restoring and undoing them.
 */
final class CrashCheck {
  /** Restoring all backups of a long cycle would take long; those that were restored come first. */
  private static final int MAX_PROVEN_BACKUPS = 4;

  private static final int ON_DEMAND_LIMIT = 3;

  private final Cairn cairn;
  private final SiteModel model;
  private final List<String> violations = new ArrayList<>();
  private final Map<String, Backup> listed = new HashMap<>();

  private CrashCheck(Cairn cairn, SiteModel model) {
    this.cairn = cairn;
    this.model = model;
  }

  /** Everything that is wrong; the model is good for another cycle only if nothing is. */
  static List<String> check(Cairn cairn, SiteModel model) {
    CrashCheck check = new CrashCheck(cairn, model);
    try {
      check.restorations();
      check.backups();
      check.content();
      if (check.violations.isEmpty()) {
        check.imports();
        check.tidyUp();
      }
    } catch (StatusRuntimeException e) {
      check.violate("a call of the check failed: %s", Fault.of(e));
    } catch (AssertionError e) {
      check.violate("%s", String.valueOf(e.getMessage()));
    }
    return check.violations;
  }

  private void violate(String message, Object... arguments) {
    violations.add(model.siteId + ": " + String.format(message, arguments));
  }

  // Restorations: every one is listed, and none is undecided.

  private void restorations() {
    Map<String, Restoration> all = new HashMap<>();
    for (Restoration restoration : cairn.listRestorations(model.siteId)) {
      all.put(restoration.getId(), restoration);
    }
    if (model.unansweredRestoration.isPresent()) {
      identify(model.unansweredRestoration.get(), all);
    }
    all.keySet().stream()
        .filter(id -> !model.restorations.containsKey(id))
        .filter(id -> !model.endedRestorations.containsKey(id))
        .forEach(id -> violate("restoration %s is listed, but nobody asked for it", id));
    model.endedRestorations.forEach(
        (id, state) -> {
          Restoration now = all.get(id);
          if (now == null || now.getState() != state) {
            violate("restoration %s was %s and is %s", id, state, String.valueOf(now));
          }
        });
    for (KnownRestoration known : model.restorations.values()) {
      Restoration now = all.get(known.id);
      if (now == null) {
        violate("restoration %s is not listed any more", known.id);
      } else {
        settle(known, now);
        model.endedRestorations.put(known.id, now.getState());
      }
    }
  }

  /** The call was not answered; if the restoration was recorded, it is the one nobody knows. */
  private void identify(KnownRestoration asked, Map<String, Restoration> all) {
    Optional<Restoration> found =
        all.values().stream()
            .filter(each -> !model.restorations.containsKey(each.getId()))
            .filter(each -> !model.endedRestorations.containsKey(each.getId()))
            .filter(each -> each.getBackup().getId().equals(asked.backupId))
            .findFirst();
    if (found.isPresent()) {
      asked.id = found.get().getId();
      model.restorations.put(asked.id, asked);
    } else {
      model.history.forget(asked.sweep);
    }
  }

  private void settle(KnownRestoration known, Restoration now) {
    RestorationState state = now.getState();
    if (known.ended) {
      if (known.sweep.isAcknowledged() && state != RestorationState.RESTORATION_STATE_COMPLETED) {
        violate("%s was COMPLETED and is %s", known.sweep, now);
      }
      return;
    }
    switch (state) {
      case RESTORATION_STATE_COMPLETED -> {
        known.sweep.acknowledged();
        Conductor.completed(model, known, now);
        outcomes(known, now);
      }
      case RESTORATION_STATE_FAILED -> {
        if (now.getFailure().getReason() != ErrorReason.ERROR_REASON_INTERRUPTED) {
          violate("%s failed: %s", known.sweep, now.getFailure());
        }
        known.ended = true;
        model.history.forget(known.sweep);
      }
      default -> violate("%s is %s after a restart", known.sweep, state);
    }
  }

  private void outcomes(KnownRestoration known, Restoration now) {
    Set<String> created =
        now.getCollectionsList().stream()
            .filter(each -> each.getOutcome() == RestorationOutcome.RESTORATION_OUTCOME_CREATED)
            .map(each -> each.getDestination().getCollectionId())
            .collect(Collectors.toSet());
    if (!created.equals(known.created)) {
      violate("%s says it created %s, not %s", known.sweep, created, known.created);
    }
  }

  // Backups: every one is listed, in a state that can follow the one last seen.

  private void backups() {
    List<Backup> all = cairn.listBackups(model.siteId);
    all.forEach(backup -> listed.put(backup.getId(), backup));
    List<String> ids = all.stream().map(Backup::getId).toList();
    if (!ids.equals(ids.stream().sorted(Comparator.reverseOrder()).toList())) {
      violate("the list of backups is not in order: %s", ids);
    }
    for (String id : model.endedBackups) {
      if (!listed.containsKey(id)) {
        violate("backup %s is not listed any more", id);
      }
    }
    for (Backup backup : all) {
      if (!model.backups.containsKey(backup.getId())
          && !model.endedBackups.contains(backup.getId())) {
        unknown(backup);
      }
    }
    for (KnownBackup known : model.backups.values()) {
      Backup now = listed.get(known.id);
      if (now == null) {
        violate("backup %s is not listed any more", known.id);
      } else if (!allowed(known, now)) {
        violate(
            "backup %s (%s%s) is %s %s %s",
            known.id,
            known.seenReady ? "seen READY, " : "",
            known.fate,
            now.getState(),
            now.getDeleteReason(),
            now.getFailure());
      }
    }
    Wait.untilAsserted(Duration.ofSeconds(20), this::requireVerifiedAndNotTooMany);
    verifyAgain();
  }

  /** What was not verified before the crash is verified after it, and then retention applies. */
  private void requireVerifiedAndNotTooMany() {
    List<Backup> ready = cairn.listBackups(model.siteId, BackupState.BACKUP_STATE_READY);
    for (Backup backup : ready) {
      if (backup.getVerification().getState() != VerificationState.VERIFICATION_STATE_VERIFIED) {
        throw new AssertionError(
            "backup " + backup.getId() + " is not verified: " + backup.getVerification());
      }
    }
    long onDemand =
        ready.stream().filter(each -> each.getType() == BackupType.BACKUP_TYPE_ON_DEMAND).count();
    if (onDemand > ON_DEMAND_LIMIT) {
      throw new AssertionError(onDemand + " on-demand backups are READY");
    }
  }

  /** Not all are restored to prove them, and that one was whole is from before the crash. */
  private void verifyAgain() {
    List<String> ready =
        cairn.listBackups(model.siteId, BackupState.BACKUP_STATE_READY).stream()
            .filter(each -> each.getType() == BackupType.BACKUP_TYPE_ON_DEMAND)
            .map(Backup::getId)
            .toList();
    ready.forEach(id -> cairn.verify(model.siteId, id));
    for (String id : ready) {
      Backup backup = cairn.awaitVerified(model.siteId, id);
      if (backup.getVerification().getState() != VerificationState.VERIFICATION_STATE_VERIFIED) {
        violate("backup %s is not whole: %s", id, backup.getVerification());
      }
    }
  }

  private void unknown(Backup backup) {
    if (backup.getType() == BackupType.BACKUP_TYPE_ON_DEMAND
        && model.unansweredBackup.isPresent()) {
      KnownBackup asked = model.unansweredBackup.get();
      model.unansweredBackup = Optional.empty();
      KnownBackup known = new KnownBackup(backup.getId(), asked.requested, asked.start);
      model.backups.put(known.id, known);
      return;
    }
    violate("backup %s is listed, but nobody asked for it: %s", backup.getId(), backup);
  }

  private static boolean allowed(KnownBackup known, Backup now) {
    return switch (now.getState()) {
      case BACKUP_STATE_READY -> known.fate != Fate.DELETED;
      case BACKUP_STATE_DELETED ->
          switch (now.getDeleteReason()) {
            case BACKUP_DELETE_REASON_REQUESTED -> known.fate != Fate.KEPT;
            case BACKUP_DELETE_REASON_EVICTED -> known.safetyOf.isEmpty() && !now.getPinned();
            case BACKUP_DELETE_REASON_EXPIRED -> known.safetyOf.isPresent() && !now.getPinned();
            default -> false;
          };
      case BACKUP_STATE_FAILED ->
          !known.seenReady
              && known.seenEnded == History.NEVER
              && now.getFailure().getReason() == ErrorReason.ERROR_REASON_INTERRUPTED;
      case BACKUP_STATE_CANCELED -> !known.seenReady && known.cancelAsked;
      default -> false;
    };
  }

  // Content: first as it is, then that of the backups, then all is compared with the history.

  private void content() {
    Content now = Content.of(cairn, model.siteId);
    counts(now);
    for (KnownBackup backup : toProve()) {
      prove(backup, now);
    }
    Cut.Finding last = compare(Cut.Picture.last("the content", now));
    for (Cut.Picture export : model.exports) {
      compare(export);
    }
    for (KnownBackup backup : model.backups.values()) {
      if (backup.content.isPresent() && backup.seenEnded != SiteModel.COMPARED) {
        compare(backup, backup.content.get(), last);
        backup.seenEnded = SiteModel.COMPARED;
      }
    }
  }

  private void counts(Content now) {
    cairn
        .listCollections(model.siteId)
        .forEach(
            collection -> {
              long live = itemCount(now, Place.live(collection.getId()));
              long sandbox = itemCount(now, Place.sandbox(collection.getId()));
              if (collection.getLiveItemCount() != live
                  || collection.getSandboxItemCount() != sandbox) {
                violate("counts are not %s and %s: %s", live, sandbox, collection);
              }
            });
  }

  private static long itemCount(Content content, Place place) {
    return content.places().getOrDefault(place, new TreeMap<>()).size();
  }

  /** The READY backups whose content has to be seen, those that the history needs first. */
  private List<KnownBackup> toProve() {
    Set<String> needed =
        model.restorations.values().stream().map(each -> each.backupId).collect(Collectors.toSet());
    return model.backups.values().stream()
        .filter(backup -> isReady(backup.id))
        .filter(backup -> backup.content.isEmpty() || needed.contains(backup.id))
        .sorted(
            Comparator.comparing((KnownBackup backup) -> !needed.contains(backup.id))
                .thenComparing(backup -> backup.id, Comparator.reverseOrder()))
        .limit(Math.max(MAX_PROVEN_BACKUPS, needed.size()))
        .toList();
  }

  private boolean isReady(String backupId) {
    Backup backup = listed.get(backupId);
    return backup != null && backup.getState() == BackupState.BACKUP_STATE_READY;
  }

  /** Restores a backup, looks, and takes the restoration back: all must be as it was. */
  private void prove(KnownBackup backup, Content before) {
    Restoration restored = cairn.restore(model.siteId, backup.id);
    noteEnded(restored);
    Content after = Content.of(cairn, model.siteId);
    Set<String> held =
        restored.getBackup().getCollectionsList().stream()
            .map(each -> each.getCollectionId())
            .collect(Collectors.toSet());
    Content content = after.live(held);
    restored
        .getBackup()
        .getCollectionsList()
        .forEach(
            each -> {
              long count = itemCount(content, Place.live(each.getCollectionId()));
              if (each.getItemCount() != count) {
                violate("backup %s says %s, but %s came back", backup.id, each, count);
              }
            });
    if (backup.content.isPresent() && !backup.content.get().equals(content)) {
      violate(
          "backup %s holds something else than before: %s",
          backup.id, backup.content.get().difference(content));
    }
    backup.content = Optional.of(content);
    requireUntouched(before, after, held);
    Restoration undone =
        cairn.completed(
            cairn
                .restorations()
                .undoRestoration(
                    UndoRestorationRequest.newBuilder()
                        .setSiteId(model.siteId)
                        .setRestorationId(restored.getId())
                        .build())
                .getRestoration());
    noteEnded(undone);
    Content back = Content.of(cairn, model.siteId);
    if (!back.equals(before)) {
      violate(
          "undoing the restoration of %s left a difference: %s",
          backup.id, before.difference(back));
    }
  }

  private void noteEnded(Restoration restoration) {
    model.endedRestorations.put(restoration.getId(), restoration.getState());
    model.endedBackups.add(restoration.getSafetyBackupId());
  }

  private void requireUntouched(Content before, Content after, Set<String> restored) {
    before
        .places()
        .forEach(
            (place, items) -> {
              boolean touched = place.isLive() && restored.contains(place.collectionId());
              if (!touched && !items.equals(after.places().get(place))) {
                violate("a restoration touched %s", place);
              }
            });
  }

  private Cut.Finding compare(Cut.Picture picture) {
    Cut.Finding finding = Cut.check(model.baseline, model.history, picture);
    finding.violations().stream().limit(5).forEach(each -> violate("%s", each));
    return finding;
  }

  private void compare(KnownBackup backup, Content content, Cut.Finding last) {
    if (backup.safetyOf.isEmpty()) {
      compare(
          new Cut.Picture(
              "backup " + backup.id,
              content,
              backup.start,
              backup.seenEnded,
              backup::holds,
              Optional.empty()));
      return;
    }
    KnownRestoration restoration = backup.safetyOf.get();
    int before = model.history.sweeps().indexOf(restoration.sweep);
    Cut.Finding finding =
        compare(
            new Cut.Picture(
                "safety backup " + backup.id + " of " + restoration.sweep.name,
                content,
                restoration.sweep.start,
                restoration.sweep.end(),
                Place::isLive,
                Optional.of(before)));
    Optional.ofNullable(last.sweeps().get(restoration.sweep))
        .filter(moment -> !moment.meets(finding.moment()))
        .ifPresent(
            moment ->
                violate(
                    "%s lost writes between its safety backup (%s) and its switch (%s)",
                    restoration.sweep.name, finding.moment(), moment));
  }

  // Imports: one that broke off goes on where it was, and nothing is applied twice.

  private void imports() {
    for (RunningImport run : model.imports) {
      boolean finished = run.acknowledged == run.batches.size() && !run.batches.isEmpty();
      boolean swept = model.history.sweeps().stream().anyMatch(sweep -> sweep.end() > run.start);
      if (finished || run.broken || swept) {
        continue;
      }
      if (collectionExists(run.place.collectionId())) {
        resume(run);
      } else {
        requireRefused(run);
      }
    }
  }

  private boolean collectionExists(String collectionId) {
    return cairn.listCollections(model.siteId).stream()
        .anyMatch(each -> each.getId().equals(collectionId));
  }

  /** It was opened when its collection was gone already, and killed before it was told so. */
  private void requireRefused(RunningImport run) {
    LinkedBlockingQueue<Object> answers = new LinkedBlockingQueue<>();
    cairn
        .itemStreams()
        .importItems(new Cairn.Queued<>(answers))
        .onNext(ImportLoad.opening(model.siteId, run));
    Object answer = poll(answers);
    boolean refused =
        answer instanceof StatusRuntimeException e
            && Fault.of(e)
                .reason()
                .equals(Optional.of(ErrorReason.ERROR_REASON_COLLECTION_NOT_FOUND));
    if (!refused || run.acknowledged > 0) {
      violate(
          "import %s into a collection that is gone: %s batches were acknowledged, now %s",
          run.importId, run.acknowledged, answer);
    }
  }

  private void resume(RunningImport run) {
    SortedMap<String, Item> before =
        cairn.export(model.siteId, run.place.collectionId(), run.place.environment());
    LinkedBlockingQueue<Object> answers = new LinkedBlockingQueue<>();
    StreamObserver<ImportItemsRequest> requests =
        cairn.itemStreams().importItems(new Cairn.Queued<>(answers));
    requests.onNext(ImportLoad.opening(model.siteId, run));
    Object first = poll(answers);
    if (!(first instanceof ImportItemsResponse has)) {
      violate("import %s does not resume: %s", run.importId, first);
      return;
    }
    if (has.getAcknowledgedSequence() < run.acknowledged
        || has.getAcknowledgedSequence() > run.batches.size()) {
      violate(
          "import %s: %s of %s batches were acknowledged, now %s are",
          run.importId, run.acknowledged, run.batches.size(), has.getAcknowledgedSequence());
    }
    long received =
        run.batches.stream()
            .limit(has.getAcknowledgedSequence())
            .mapToLong(batch -> batch.effects().size())
            .sum();
    if (has.getReceivedCount() != received) {
      violate("import %s counts %s items, not %s", run.importId, has.getReceivedCount(), received);
    }
    for (int i = 0; i < run.batches.size(); i++) {
      History.Write batch = run.batches.get(i);
      boolean there =
          batch.effects().entrySet().stream()
              .allMatch(effect -> effect.getValue().matches(before.get(effect.getKey())));
      if (there != (i < has.getAcknowledgedSequence())) {
        violate("%s is %s, but the import says otherwise", batch, there ? "there" : "not there");
      }
      // Everything once more: what is there already must not be applied again.
      requests.onNext(again(batch, i + 1));
    }
    requests.onCompleted();
    Object last = first;
    for (Object next = poll(answers); next != Cairn.Queued.END; next = poll(answers)) {
      if (!(next instanceof ImportItemsResponse)) {
        violate("import %s does not end: %s", run.importId, next);
        return;
      }
      last = next;
    }
    requireApplied(run, before, has.getAcknowledgedSequence(), (ImportItemsResponse) last);
  }

  private void requireApplied(
      RunningImport run, SortedMap<String, Item> before, long had, ImportItemsResponse last) {
    if (last.getAcknowledgedSequence() != run.batches.size()) {
      violate("import %s ended with %s", run.importId, last);
    }
    SortedMap<String, Item> after =
        cairn.export(model.siteId, run.place.collectionId(), run.place.environment());
    SortedMap<String, Item> expected = new TreeMap<>(before);
    for (int i = 0; i < run.batches.size(); i++) {
      for (Map.Entry<String, History.Effect> effect : run.batches.get(i).effects().entrySet()) {
        Item now = after.get(effect.getKey());
        if (i < had || now == null) {
          continue; // must be as it was; an absent one is found below
        }
        long revision =
            Optional.ofNullable(before.get(effect.getKey())).map(Item::getRevision).orElse(0L) + 1;
        if (!effect.getValue().matches(now) || now.getRevision() != revision) {
          violate("import %s left %s", run.importId, Content.describe(now));
        }
        expected.put(effect.getKey(), now);
      }
    }
    if (!expected.equals(after)) {
      violate(
          "import %s applied something twice: %s",
          run.importId, Content.difference(expected, after));
    }
  }

  private static ImportItemsRequest again(History.Write batch, long sequence) {
    ImportItemsRequest.Builder request = ImportItemsRequest.newBuilder().setBatchSequence(sequence);
    batch
        .effects()
        .forEach(
            (id, effect) ->
                request.addItems(
                    Item.newBuilder()
                        .setId(id)
                        .setData(java.util.Objects.requireNonNull(effect.data()))));
    return request.build();
  }

  private static Object poll(LinkedBlockingQueue<Object> answers) {
    try {
      return Optional.ofNullable(answers.poll(30, TimeUnit.SECONDS)).orElse("nothing came");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return "interrupted";
    }
  }

  // A new backup and a new restoration can be made; then the next cycle begins.

  private void tidyUp() {
    Content now = Content.of(cairn, model.siteId);
    for (KnownBackup backup : model.backups.values()) {
      Backup state = listed.get(backup.id);
      if (state != null && state.getPinned()) {
        cairn.pin(model.siteId, backup.id, false);
      }
    }
    KnownBackup fresh =
        new KnownBackup(cairn.backup(model.siteId).getId(), Set.of(), System.nanoTime());
    prove(fresh, now);
    Content held = fresh.content.orElse(Content.NONE);
    Content live = now.live();
    if (!held.equals(live)) {
      violate("a backup while nobody writes differs: %s", live.difference(held));
    }
    fresh.seenReady = true;
    fresh.seenEnded = SiteModel.COMPARED;
    model.backups.put(fresh.id, fresh);
    forget();
    model.begin(now);
  }

  /** Safety backups have served, and those whose content nobody knows are of no more use. */
  private void forget() {
    Set<String> kept = new HashSet<>();
    for (Backup backup : cairn.listBackups(model.siteId)) {
      model.endedBackups.add(backup.getId());
      if (backup.getState() != BackupState.BACKUP_STATE_READY) {
        continue;
      }
      KnownBackup known = model.backups.get(backup.getId());
      if (known != null && known.safetyOf.isEmpty() && known.content.isPresent()) {
        kept.add(backup.getId());
        continue;
      }
      Backup deleted =
          cairn
              .backups()
              .deleteBackup(
                  DeleteBackupRequest.newBuilder()
                      .setSiteId(model.siteId)
                      .setBackupId(backup.getId())
                      .build())
              .getBackup();
      if (deleted.getDeleteReason() != BackupDeleteReason.BACKUP_DELETE_REASON_REQUESTED) {
        violate("deleting a backup answers %s", deleted);
      }
    }
    model.backups.keySet().retainAll(kept);
  }
}
