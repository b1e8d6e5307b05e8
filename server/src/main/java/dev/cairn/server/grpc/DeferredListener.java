package dev.cairn.server.grpc;

import io.grpc.ServerCall;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.function.Consumer;

/**
 * Stands for a listener that is not there yet, and hands on to it what came meanwhile. That is
 * little: a call sends no message before it is asked for one.
 *
 * <p>Thread-safe; events reach the listener one at a time and in order, on the thread that found it
 * free. No lock is held meanwhile, because a listener may call its transport, which has its own.
 */
final class DeferredListener<Q> extends ServerCall.Listener<Q> {
  private final Consumer<RuntimeException> onFailure;

  /** Guarded by itself, as is busy. */
  private final Queue<Consumer<ServerCall.Listener<Q>>> waiting = new ArrayDeque<>();

  private boolean busy = true;

  /** Only touched by the thread that made this busy. */
  private ServerCall.Listener<Q> listener = new ServerCall.Listener<>() {};

  /**
   * @param onFailure told what the listener throws; it gets no further event
   */
  DeferredListener(Consumer<RuntimeException> onFailure) {
    this.onFailure = onFailure;
  }

  /** The listener is there. To be called once, by the thread that made it. */
  void become(ServerCall.Listener<Q> made) {
    listener = made;
    drain();
  }

  private void tell(Consumer<ServerCall.Listener<Q>> event) {
    synchronized (waiting) {
      waiting.add(event);
      if (busy) {
        return;
      }
      busy = true;
    }
    drain();
  }

  private void drain() {
    while (true) {
      Consumer<ServerCall.Listener<Q>> event;
      synchronized (waiting) {
        if (waiting.isEmpty()) {
          busy = false;
          return;
        }
        event = waiting.remove();
      }
      try {
        event.accept(listener);
      } catch (RuntimeException e) {
        listener = new ServerCall.Listener<>() {};
        onFailure.accept(e);
      }
    }
  }

  @Override
  public void onMessage(Q message) {
    tell(each -> each.onMessage(message));
  }

  @Override
  public void onHalfClose() {
    tell(ServerCall.Listener::onHalfClose);
  }

  @Override
  public void onCancel() {
    tell(ServerCall.Listener::onCancel);
  }

  @Override
  public void onComplete() {
    tell(ServerCall.Listener::onComplete);
  }

  @Override
  public void onReady() {
    tell(ServerCall.Listener::onReady);
  }
}
