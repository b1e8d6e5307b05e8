package dev.cairn.server.grpc;

import dev.cairn.server.auth.Caller;
import dev.cairn.server.auth.Tokens;
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
   * @param who makes the call
   * @throws ServiceException OVERLOADED
   */
  Place enter(Caller who) {
    if (!places.tryAcquire()) {
      throw new ServiceException(
          Reason.OVERLOADED,
          Map.of("limit", String.valueOf(max)),
          max + " imports and exports are open already; try again after a pause");
    }
    Place place = new Place(who);
    taken.add(place);
    return place;
  }

  /** How many are open, and how many may be. */
  Load.Place load() {
    return new Load.Place(taken.size(), max);
  }

  /** Ends those of callers whose token is not good any more. */
  void review(Tokens tokens) {
    taken.forEach(place -> tokens.lapse(place.who).ifPresent(place::end));
  }

  /** Ends all that are open, and each new one at once. */
  void drain() {
    draining = true;
    taken.forEach(place -> place.end(GrpcServer.shuttingDown()));
  }

  /** That of one stream. */
  final class Place {
    private final Caller who;
    private volatile @Nullable Consumer<RuntimeException> ending;

    private Place(Caller who) {
      this.who = who;
    }

    /** Says how the stream is ended with an error, from any thread. */
    void taken(Consumer<RuntimeException> end) {
      ending = end;
      if (draining) {
        end(GrpcServer.shuttingDown());
      }
    }

    private void end(RuntimeException error) {
      Consumer<RuntimeException> end = ending;
      if (end != null) {
        end.accept(error);
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
