package dev.cairn.server.site;

import dev.cairn.server.store.ItemStore;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * The right to use one content database until {@link #close()}. The database stays open, and stays
 * what it is, for as long as a lease on it is held, whatever is switched or deleted meanwhile.
 */
public final class Lease implements AutoCloseable {
  private final ItemStore store;
  private final Runnable release;
  private final AtomicBoolean closed = new AtomicBoolean();

  Lease(ItemStore store, Runnable release) {
    this.store = store;
    this.release = release;
  }

  public ItemStore store() {
    if (closed.get()) {
      throw new IllegalStateException("the lease is closed");
    }
    return store;
  }

  /** Gives the right back; a second call does nothing. */
  @Override
  public void close() {
    if (closed.compareAndSet(false, true)) {
      release.run();
    }
  }
}
