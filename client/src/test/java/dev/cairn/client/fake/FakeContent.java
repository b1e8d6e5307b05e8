package dev.cairn.client.fake;

import com.google.protobuf.Timestamp;
import dev.cairn.v1.*;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.function.Supplier;

/**
 * What a {@link FakeServer} holds, and what its services share: paging, request ids, jobs.
 *
 * <p>{@code lock} guards everything; whoever calls holds it, unless the answer is made here.
 */
final class FakeContent {
  /** The order of the bytes of UTF-8, which is that of the code points. */
  private static final Comparator<String> BY_UTF8 =
      (a, b) -> {
        int length = Math.min(a.length(), b.length());
        for (int i = 0; i < length; i++) {
          if (a.charAt(i) != b.charAt(i)) {
            return Integer.compare(rank(a.charAt(i)), rank(b.charAt(i)));
          }
        }
        return Integer.compare(a.length(), b.length());
      };

  /** Surrogates, which stand for the greatest code points, come last. */
  private static int rank(char c) {
    return c >= 0xE000 ? c - 0x800 : c >= 0xD800 ? c + 0x2000 : c;
  }

  static final int PROGRESS_STEPS = 3;

  record Place(String collectionId, Environment environment) {}

  static final class FakeSite {
    Site site = Site.getDefaultInstance();
    final NavigableMap<String, Collection> collections = new TreeMap<>();
    final Map<Place, NavigableMap<String, Item>> items = new HashMap<>();
    final NavigableMap<String, Backup> backups = new TreeMap<>();
    final Map<String, Map<String, NavigableMap<String, Item>>> snapshots = new HashMap<>();
    final NavigableMap<String, Restoration> restorations = new TreeMap<>();
    BackupSchedule schedule = BackupSchedule.getDefaultInstance();
  }

  static final class FakeImport {
    ImportItemsResponse totals = ImportItemsResponse.getDefaultInstance();
  }

  final Object lock = new Object();
  final NavigableMap<String, FakeSite> sites = new TreeMap<>();
  final Map<String, FakeImport> imports = new HashMap<>();
  final List<Event> events = new ArrayList<>();
  private final Map<String, Object> answers = new HashMap<>();
  private int ids;
  boolean failJobs;
  int exportPage = FakeServer.EXPORT_PAGE;

  static FakeSite newSite(String id) {
    FakeSite site = new FakeSite();
    site.site = Site.newBuilder().setId(id).setOnDemandBackupLimit(3).build();
    site.schedule =
        BackupSchedule.newBuilder()
            .setSiteId(id)
            .setInterval(com.google.protobuf.Duration.newBuilder().setSeconds(604800))
            .setRetention(BackupRetention.newBuilder().setCount(4))
            .build();
    return site;
  }

  /** Makes a site, if there is none, and an empty collection. */
  void make(String siteId, String collectionId) {
    sites
        .computeIfAbsent(siteId, FakeContent::newSite)
        .collections
        .put(
            collectionId,
            Collection.newBuilder().setSiteId(siteId).setId(collectionId).setRevision(1).build());
  }

  FakeSite site(String id) {
    FakeSite site = sites.get(id);
    if (site == null) {
      throw Errors.notFound(ErrorReason.ERROR_REASON_SITE_NOT_FOUND, "site " + id);
    }
    return site;
  }

  static Place place(FakeSite site, String collectionId, Environment environment) {
    if (!site.collections.containsKey(collectionId)) {
      throw Errors.notFound(
          ErrorReason.ERROR_REASON_COLLECTION_NOT_FOUND, "collection " + collectionId);
    }
    return new Place(
        collectionId,
        environment == Environment.ENVIRONMENT_SANDBOX
            ? environment
            : Environment.ENVIRONMENT_LIVE);
  }

  static NavigableMap<String, Item> itemsAt(FakeSite site, Place place) {
    return site.items.computeIfAbsent(place, p -> new TreeMap<>(BY_UTF8));
  }

  /** The items of a collection that there is. */
  NavigableMap<String, Item> items(String siteId, String collectionId, Environment environment) {
    FakeSite site = site(siteId);
    return itemsAt(site, place(site, collectionId, environment));
  }

  Item save(NavigableMap<String, Item> items, Item item) {
    String id = item.getId().isEmpty() ? "made-" + nextNumber() : item.getId();
    Item old = items.get(id);
    Item saved =
        item.toBuilder()
            .setId(id)
            .setRevision(old == null ? 1 : old.getRevision() + 1)
            .setCreateTime(now())
            .setUpdateTime(now())
            .build();
    items.put(id, saved);
    return saved;
  }

  static Timestamp now() {
    return Timestamp.newBuilder().setSeconds(1_700_000_000).build();
  }

  /** Answers a unary call under the lock. */
  <R> void answer(StreamObserver<R> observer, Supplier<R> work) {
    R answer;
    try {
      synchronized (lock) {
        answer = work.get();
      }
    } catch (StatusRuntimeException e) {
      observer.onError(e);
      return;
    }
    observer.onNext(answer);
    observer.onCompleted();
  }

  /** Answers a creating call: the same request id gets the first answer. */
  @SuppressWarnings("unchecked")
  <R> void create(StreamObserver<R> observer, String requestId, Supplier<R> work) {
    answer(
        observer,
        () -> {
          if (requestId.isEmpty()) {
            return work.get();
          }
          R first = (R) answers.get(requestId);
          if (first == null) {
            first = work.get();
            answers.put(requestId, first);
          }
          return first;
        });
  }

  record Page<T>(List<T> elements, String next) {}

  static <T> Page<T> page(java.util.Collection<T> all, String token, int size) {
    int from = token.isEmpty() ? 0 : Integer.parseInt(token);
    int to = Math.min(all.size(), from + (size == 0 ? 100 : size));
    return new Page<>(
        List.copyOf(new ArrayList<>(all).subList(from, to)),
        to < all.size() ? Integer.toString(to) : "");
  }

  Backup put(Backup backup) {
    site(backup.getSiteId()).backups.put(backup.getId(), backup);
    return backup;
  }

  Backup newBackup(FakeSite site, BackupType type) {
    String id = String.format("b-%04d", nextNumber());
    Map<String, NavigableMap<String, Item>> snapshot = new TreeMap<>();
    Backup.Builder backup =
        Backup.newBuilder()
            .setId(id)
            .setSiteId(site.site.getId())
            .setType(type)
            .setState(BackupState.BACKUP_STATE_PENDING)
            .setCreateTime(now())
            .setVerification(
                BackupVerification.newBuilder()
                    .setState(VerificationState.VERIFICATION_STATE_UNVERIFIED));
    long count = 0;
    for (String collectionId : site.collections.keySet()) {
      NavigableMap<String, Item> items =
          new TreeMap<>(itemsAt(site, new Place(collectionId, Environment.ENVIRONMENT_LIVE)));
      snapshot.put(collectionId, items);
      count += items.size();
      backup.addCollections(
          BackupCollection.newBuilder().setCollectionId(collectionId).setItemCount(items.size()));
    }
    site.snapshots.put(id, snapshot);
    return backup.setItemCount(count).setSizeBytes(count * 100).build();
  }

  Backup finished(Backup backup) {
    Backup.Builder done = backup.toBuilder();
    if (backup.getState() == BackupState.BACKUP_STATE_PENDING) {
      if (failJobs) {
        done.setState(BackupState.BACKUP_STATE_FAILED).setFailure(failure());
      } else {
        done.setState(BackupState.BACKUP_STATE_READY).setProgress(progress(PROGRESS_STEPS + 1));
      }
      done.setFinishTime(now());
    }
    if (backup.getVerification().getState() == VerificationState.VERIFICATION_STATE_RUNNING) {
      done.setVerification(
          BackupVerification.newBuilder()
              .setState(VerificationState.VERIFICATION_STATE_VERIFIED)
              .setLastVerifyTime(now()));
    }
    return put(done.build());
  }

  static Failure failure() {
    return Failure.newBuilder()
        .setReason(ErrorReason.ERROR_REASON_DISK_FULL)
        .setMessage("No room.")
        .build();
  }

  static Progress progress(long step) {
    return Progress.newBuilder()
        .setPhase(step > PROGRESS_STEPS ? Phase.PHASE_FINALIZING : Phase.PHASE_STAGING)
        .setFraction(step / (PROGRESS_STEPS + 1.0))
        .setItems(WorkAmount.newBuilder().setDone(step * 10).setTotal(40))
        .setSequence(step)
        .build();
  }

  /** For ids. */
  int nextNumber() {
    return ++ids;
  }
}
