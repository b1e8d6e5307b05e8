package dev.cairn.it;

import dev.cairn.v1.Item;
import dev.cairn.v1.RestorationState;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;

/**
 * What is known of a site from the answers of the server: the independent record against which it
 * is checked. {@code baseline} and the contents of frozen backups are exact; what has happened
 * since is in {@code history}.
 *
 * <p>Filled by the threads of a {@link SiteLoad}, each its own part; read when they have ended.
 */
final class SiteModel {
  /** As the end of a backup: its content was compared with the history of its cycle. */
  static final long COMPARED = Long.MIN_VALUE;

  final String siteId;
  Content baseline = Content.NONE;
  History history = new History();
  final Map<String, KnownBackup> backups = new ConcurrentHashMap<>();
  final Map<String, KnownRestoration> restorations = new ConcurrentHashMap<>();

  /** Asked for without an answer: the server may know of it. */
  Optional<KnownRestoration> unansweredRestoration = Optional.empty();

  Optional<KnownBackup> unansweredBackup = Optional.empty();
  final List<RunningImport> imports = new ArrayList<>();
  final List<Cut.Picture> exports = new ArrayList<>();

  /** From cycles that are over: what is listed must stay listed, and must not change its end. */
  final Set<String> endedBackups = new HashSet<>();

  final Map<String, RestorationState> endedRestorations = new HashMap<>();

  SiteModel(String siteId) {
    this.siteId = siteId;
  }

  /** A new cycle begins with this content, in which nothing has happened yet. */
  void begin(Content content) {
    baseline = content;
    history = new History();
    restorations.clear();
    unansweredBackup = Optional.empty();
    unansweredRestoration = Optional.empty();
    imports.clear();
    exports.clear();
  }

  /** What happens to a backup from outside. */
  enum Fate {
    KEPT,
    DELETING,
    DELETED
  }

  /** A backup that the server told of. */
  static final class KnownBackup {
    final String id;
    final Set<String> requested;
    final long start;
    long seenEnded = History.NEVER;
    Fate fate = Fate.KEPT;
    boolean cancelAsked;
    boolean seenReady;

    /** The restoration whose safety backup it is. */
    Optional<KnownRestoration> safetyOf = Optional.empty();

    /** What it holds, once that is known exactly. */
    Optional<Content> content = Optional.empty();

    KnownBackup(String id, Set<String> requested, long start) {
      this.id = id;
      this.requested = requested;
      this.start = start;
    }

    boolean holds(Place place) {
      return place.isLive() && (requested.isEmpty() || requested.contains(place.collectionId()));
    }
  }

  /** A restoration that the server told of, or was asked for. */
  static final class KnownRestoration {
    String id = "";
    final String backupId;

    /** From the collection of the backup to where it goes; empty: all, each to its own place. */
    final Map<String, String> selection;

    final Optional<KnownRestoration> undoOf;
    final History.Sweep sweep;
    String safetyBackupId = "";

    /**
     * Of the collections that it puts back, those that were not there before, and those that were.
     */
    Set<String> created = new HashSet<>();

    Set<String> replaced = new HashSet<>();

    /** For an undo: what it took away. */
    Set<String> removed = new HashSet<>();

    boolean ended;

    KnownRestoration(
        String name,
        String backupId,
        Map<String, String> selection,
        Optional<KnownRestoration> undoOf,
        SiteModel model) {
      this.backupId = backupId;
      this.selection = new HashMap<>(selection);
      this.undoOf = undoOf;
      this.sweep = new History.Sweep(name, shape -> apply(shape, model));
    }

    /** The collections that undoing this one puts back. */
    Set<String> putBackByUndo() {
      Set<String> all = new HashSet<>(replaced);
      all.addAll(removed);
      return all;
    }

    private static SortedMap<String, Item> itemsOf(Content content, String collectionId) {
      return content.places().getOrDefault(Place.live(collectionId), new TreeMap<>());
    }

    private void apply(History.Shape shape, SiteModel model) {
      Content content =
          Optional.ofNullable(model.backups.get(backupId))
              .flatMap(backup -> backup.content)
              .orElseThrow(
                  () -> new IllegalStateException("the content of " + backupId + " is not known"));
      if (undoOf.isPresent()) {
        KnownRestoration undone = undoOf.get();
        undone.created.forEach(shape::remove);
        undone.putBackByUndo().forEach(id -> shape.restore(id, itemsOf(content, id)));
        return;
      }
      content
          .places()
          .forEach(
              (place, items) -> {
                String from = place.collectionId();
                if (selection.isEmpty()) {
                  shape.restore(from, items);
                } else if (selection.containsKey(from)) {
                  shape.restore(selection.getOrDefault(from, from), items);
                }
              });
    }
  }

  /** An import that was under way. */
  static final class RunningImport {
    final String importId;
    final Place place;

    /** When it was opened: nothing of it can be older. */
    final long start = System.nanoTime();

    final List<History.Write> batches = new ArrayList<>();
    long acknowledged;
    boolean broken;

    RunningImport(String importId, Place place) {
      this.importId = importId;
      this.place = place;
    }
  }
}
