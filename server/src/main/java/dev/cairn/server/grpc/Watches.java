package dev.cairn.server.grpc;

import dev.cairn.server.auth.Caller;
import dev.cairn.server.auth.Tokens;
import dev.cairn.server.backup.Topics;
import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.Semaphore;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * The watches that are open: a bounded number, all ended when the server goes down. Thread-safe.
 */
final class Watches {
  /** A call that goes on until one side ends it. */
  interface Watch {
    /** Ends it with an error. From any thread; returns at once. */
    void end(RuntimeException error);
  }

  private final int max;
  private final Semaphore places;
  private final WatchStream.Pace pace;
  private final WatchThread thread;
  private final Workers workers;
  private final Map<Watch, Caller> open = new ConcurrentHashMap<>();
  private volatile boolean draining;

  /**
   * @param thread the one on which all watches speak
   * @param workers look up what is to be watched
   */
  Watches(int max, WatchStream.Pace pace, ScheduledExecutorService thread, Workers workers) {
    this.max = max;
    this.places = new Semaphore(max);
    this.pace = pace;
    this.thread = new WatchThread(thread);
    this.workers = workers;
  }

  /**
   * Begins a watch; called by a handler, on the event loop.
   *
   * @param who makes the call
   * @throws ServiceException OVERLOADED
   */
  <V extends Topics.State, A> void start(
      Caller who,
      StreamObserver<A> caller,
      long afterSequence,
      WatchStream.Messages<V, A> messages,
      Function<Topics.Signal, Topics.Subscription<V>> subscribe) {
    ServerCallStreamObserver<A> observer = (ServerCallStreamObserver<A>) caller;
    WatchStream<V, A> watch =
        enter(
            who,
            leave ->
                new WatchStream<>(
                    observer, messages, pace, this::openCount, afterSequence, thread, leave));
    observer.setOnCancelHandler(watch::cancel);
    observer.setOnReadyHandler(watch::hasRoom);
    try {
      workers.call(() -> watch.open(subscribe));
    } catch (ServiceException e) {
      leave(watch);
      throw e;
    }
  }

  /**
   * Lets a watch in, of whatever kind.
   *
   * @param who makes the call
   * @param make makes it, given what it calls when it is over
   * @throws ServiceException OVERLOADED
   */
  <W extends Watch> W enter(Caller who, Function<Consumer<Watch>, W> make) {
    if (!places.tryAcquire()) {
      throw new ServiceException(
          Reason.OVERLOADED,
          Map.of("limit", String.valueOf(max)),
          max + " watches are open already; try again after a pause");
    }
    W watch = make.apply(this::leave);
    open.put(watch, who);
    if (draining) {
      watch.end(GrpcServer.shuttingDown());
    }
    return watch;
  }

  private void leave(Watch watch) {
    if (open.remove(watch) != null) {
      places.release();
    }
  }

  /** How many are open, and how many may be. */
  Load.Place load() {
    return new Load.Place(openCount(), max);
  }

  /** How many are open. */
  int openCount() {
    return max - places.availablePermits();
  }

  /** Ends the watches of callers whose token is not good any more. */
  void review(Tokens tokens) {
    open.forEach((watch, who) -> tokens.lapse(who).ifPresent(watch::end));
  }

  /** Ends all watches, and each new one at once, so that their clients resume elsewhere. */
  void drain() {
    draining = true;
    open.keySet().forEach(watch -> watch.end(GrpcServer.shuttingDown()));
  }
}
