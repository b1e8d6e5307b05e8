package dev.cairn.server.site;

import com.google.protobuf.ByteString;
import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import dev.cairn.server.store.KeyValueStore;
import java.util.List;
import java.util.Optional;
import java.util.function.BiPredicate;

/**
 * A catalog whose writes fail when told to, before or after they were made. Thread-safe; the
 * monitor guards what was told.
 */
public final class FaultyKeyValueStore implements KeyValueStore {
  /** What becomes of a write. */
  public enum Fault {
    NONE,
    NOT_WRITTEN,
    /** On disk, but nobody is told. */
    WRITTEN
  }

  private final KeyValueStore store;
  private Fault fault = Fault.NONE;
  private int sound;
  private Runnable beforeWrite = () -> {};

  public FaultyKeyValueStore(KeyValueStore store) {
    this.store = store;
  }

  /** Lets {@code writes} more writes pass; those after them get {@code next}. */
  public synchronized void failAfter(int writes, Fault next) {
    sound = writes;
    fault = next;
  }

  /** Runs {@code work} before each write. */
  public synchronized void beforeWrite(Runnable work) {
    beforeWrite = work;
  }

  @Override
  public synchronized void write(List<Change> changes) {
    beforeWrite.run();
    if (fault == Fault.NONE || sound-- > 0) {
      store.write(changes);
      return;
    }
    if (fault == Fault.WRITTEN) {
      store.write(changes);
    }
    throw new ServiceException(Reason.STORAGE_FAILED, "the catalog failed as it was told to");
  }

  @Override
  public Optional<ByteString> get(String key) {
    return store.get(key);
  }

  @Override
  public void scan(String prefix, String after, BiPredicate<String, ByteString> visitor) {
    store.scan(prefix, after, visitor);
  }

  @Override
  public void scanDescending(
      String prefix, String before, BiPredicate<String, ByteString> visitor) {
    store.scanDescending(prefix, before, visitor);
  }

  @Override
  public void close() {
    store.close();
  }
}
