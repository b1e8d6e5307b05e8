package dev.cairn.server.restore;

import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import dev.cairn.server.store.ItemCursor;
import dev.cairn.server.store.StoredItem;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;

/**
 * What putting one side in the place of the other would do to the items: a merge of two ordered
 * walks, in memory that does not grow with them.
 *
 * @param liveCount items there are now
 * @param backupCount items there would be
 * @param added ids that only the backup has: the first ones in order
 * @param changed ids that both have and that differ: the first ones in order
 * @param removed ids that only the live side has: the first ones in order
 */
record ContentDiff(
    long liveCount,
    long backupCount,
    long addedCount,
    long changedCount,
    long removedCount,
    List<String> added,
    List<String> changed,
    List<String> removed) {

  private static final int CHECK_EVERY = 512;

  /** Whether nothing would change. */
  boolean isEmpty() {
    return addedCount == 0 && changedCount == 0 && removedCount == 0;
  }

  /**
   * Compares the two walks to their ends.
   *
   * @param samples how many ids of each sort to keep
   * @param cancelled asked from time to time whether to give up
   * @throws ServiceException CANCELLED
   */
  static ContentDiff between(
      ItemCursor live, ItemCursor backup, int samples, BooleanSupplier cancelled) {
    Tally added = new Tally(samples);
    Tally changed = new Tally(samples);
    Tally removed = new Tally(samples);
    long liveCount = 0;
    long backupCount = 0;
    boolean hasLive = live.next();
    boolean hasBackup = backup.next();
    for (long steps = 0; hasLive || hasBackup; steps++) {
      if (steps % CHECK_EVERY == 0 && cancelled.getAsBoolean()) {
        throw new ServiceException(Reason.CANCELLED, "the caller ended the call");
      }
      int order =
          !hasLive ? 1 : !hasBackup ? -1 : compareUtf8(live.item().id(), backup.item().id());
      if (order < 0) {
        removed.count(live.item().id());
      } else if (order > 0) {
        added.count(backup.item().id());
      } else if (!same(live.item(), backup.item())) {
        changed.count(live.item().id());
      }
      if (order <= 0) {
        liveCount++;
        hasLive = live.next();
      }
      if (order >= 0) {
        backupCount++;
        hasBackup = backup.next();
      }
    }
    return new ContentDiff(
        liveCount,
        backupCount,
        added.count,
        changed.count,
        removed.count,
        List.copyOf(added.ids),
        List.copyOf(changed.ids),
        List.copyOf(removed.ids));
  }

  private static boolean same(StoredItem one, StoredItem other) {
    return one.equals(other);
  }

  /** The order of the strings' UTF-8 bytes, which is that of their code points. */
  static int compareUtf8(String one, String other) {
    int length = Math.min(one.length(), other.length());
    for (int i = 0; i < length; i++) {
      char a = one.charAt(i);
      char b = other.charAt(i);
      if (a != b) {
        // A surrogate stands for a code point above every other character.
        boolean highA = Character.isSurrogate(a);
        boolean highB = Character.isSurrogate(b);
        return highA == highB ? Character.compare(a, b) : highA ? 1 : -1;
      }
    }
    return Integer.compare(one.length(), other.length());
  }

  /** Counts ids and keeps the first ones. */
  private static final class Tally {
    private final int samples;
    private final List<String> ids = new ArrayList<>();
    private long count;

    Tally(int samples) {
      this.samples = samples;
    }

    void count(String id) {
      count++;
      if (ids.size() < samples) {
        ids.add(id);
      }
    }
  }
}
