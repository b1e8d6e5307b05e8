package dev.cairn.server.backup;

import dev.cairn.server.repository.BackupKey;
import dev.cairn.server.repository.BackupRepository;
import dev.cairn.server.repository.Manifest;
import dev.cairn.server.site.CatalogTransaction;
import dev.cairn.server.site.SiteId;
import dev.cairn.server.site.SiteSection;
import dev.cairn.server.site.TimeOrderedIds;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * The backups that restorations make of what they replace. A restoration names one beforehand, has
 * it taken behind the site's closed door, and either discards it or, once the switch is done, has
 * it recorded READY together with its own end. Thread-safe.
 */
public final class SafetyBackups {
  private final BackupStore store;
  private final BackupRepository repository;
  private final SnapshotTaker taker;
  private final Departures departures;
  private final InstantSource clock;
  private final TimeOrderedIds ids;
  private final Consumer<BackupRecord> whenReady;
  private final Set<BackupKey> awaited = ConcurrentHashMap.newKeySet();

  /**
   * @param whenReady told of each one that is READY
   */
  SafetyBackups(
      Backups.Parts parts,
      BackupStore store,
      SnapshotTaker taker,
      Departures departures,
      Consumer<BackupRecord> whenReady) {
    this.store = store;
    this.repository = parts.repository();
    this.taker = taker;
    this.departures = departures;
    this.clock = parts.clock();
    this.ids = parts.ids();
    this.whenReady = whenReady;
  }

  /**
   * The restoration that one was taken for.
   *
   * @param creator who asked for it
   * @param start when it got the safety backup's id
   */
  public record Origin(String restorationId, String creator, Instant start) {}

  /** An id for one to be. */
  public BackupId newId() {
    return new BackupId(ids.next());
  }

  /** Makes a place for one, before the site's door closes. */
  public SnapshotTaker.Place prepare(SiteId siteId, BackupId id) {
    return taker.prepare(key(siteId, id));
  }

  /** Takes and seals its checkpoint, behind the site's closed door. */
  public Manifest take(SiteSection section, SnapshotTaker.Place place) {
    boolean sealed = false;
    try {
      Manifest manifest = taker.seal(taker.take(section, place, Set.of()));
      sealed = true;
      return manifest;
    } finally {
      if (!sealed) {
        departures.deleteFiles(place.key());
      }
    }
  }

  /** Lets {@link Backups#recover} leave the files of one that may yet become READY. */
  public void keep(SiteId siteId, BackupId id) {
    awaited.add(key(siteId, id));
  }

  boolean isAwaited(BackupKey key) {
    return awaited.contains(key);
  }

  /** Removes a sealed one whose restoration did not happen. */
  public void discard(SiteId siteId, BackupId id) {
    departures.deleteFiles(key(siteId, id));
  }

  /**
   * Makes a sealed one READY in the same durable step as {@code alongside}, and lets older ones go.
   * If it is READY already, only {@code alongside} happens.
   *
   * @param manifest of the sealed one
   * @param whenDone gets what {@code alongside} answered as soon as the step is durable; the files
   *     of older ones go after that
   */
  public <T> void add(
      Manifest manifest,
      Origin origin,
      Function<CatalogTransaction, T> alongside,
      Consumer<T> whenDone) {
    SiteId siteId = new SiteId(manifest.siteId());
    BackupId id = new BackupId(manifest.backupId());
    List<BackupRecord> gone = new ArrayList<>();
    T result =
        store.change(
            batch -> {
              if (store.find(siteId, id).isEmpty()) {
                departures.putReady(batch, record(siteId, id, origin, manifest), gone);
              }
              batch.addEvents(); // it was kept before what follows was done
              return alongside.apply(batch.transaction());
            });
    whenDone.accept(result);
    departures.finish(gone);
    whenReady.accept(store.require(siteId, id));
  }

  private BackupRecord record(SiteId siteId, BackupId id, Origin origin, Manifest manifest) {
    Instant now = clock.instant();
    long exclusive = repository.exclusiveBytes(key(siteId, id));
    return BackupRecord.pending(
            id,
            siteId,
            BackupType.SAFETY,
            new BackupRecord.Notes(
                "kept by restoration " + origin.restorationId(), Map.of(), false),
            origin.creator(),
            List.of(),
            Optional.of(origin.restorationId()),
            origin.start())
        .with(
            draft -> {
              draft.times = draft.times.started(manifest.snapshotTime()).finished(now);
              BackupJob.applyManifest(draft, manifest, exclusive);
              return draft.log(
                  now,
                  LogLine.Severity.INFO,
                  "keeps what restoration " + origin.restorationId() + " replaced");
            });
  }

  private static BackupKey key(SiteId siteId, BackupId id) {
    return new BackupKey(siteId.value(), id.value());
  }
}
