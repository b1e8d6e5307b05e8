package dev.cairn.server.grpc;

import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The imports and exports that are open: a bounded number. Thread-safe. */
final class OpenStreams {
  private final int max;
  private final Semaphore places;
  private final Set<Place> taken = ConcurrentHashMap.newKeySet();
  private volatile boolean draining;

  OpenStreams(int max) {
    this.max = max;
    this.places = new Semaphore(max);
  }

  /**
   * Lets a stream in.
   *
   * @throws ServiceException OVERLOADED
   */
  Place enter() {
    if (!places.tryAcquire()) {
      throw new ServiceException(
          Reason.OVERLOADED,
          Map.of("limit", String.valueOf(max)),
          max + " imports and exports are open already; try again after a pause");
    }
    Place place = new Place();
    taken.add(place);
    return place;
  }

  /** How many are open, and how many may be. */
  Load.Place load() {
    return new Load.Place(taken.size(), max);
  }

  /** Ends all that are open, and each new one at once. */
  void drain() {
    draining = true;
    taken.forEach(Place::end);
  }

  /** That of one stream. */
  final class Place {
    private volatile @Nullable Consumer<RuntimeException> ending;

    private Place() {}

    /** Says how the stream is ended with an error, from any thread. */
    void taken(Consumer<RuntimeException> end) {
      ending = end;
      if (draining) {
        end();
      }
    }

    private void end() {
      Consumer<RuntimeException> end = ending;
      if (end != null) {
        end.accept(GrpcServer.shuttingDown());
      }
    }

    /** The stream has ended. A second call does nothing. */
    void leave() {
      if (taken.remove(this)) {
        places.release();
      }
    }
  }
}
