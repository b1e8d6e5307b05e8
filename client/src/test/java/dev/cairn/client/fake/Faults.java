package dev.cairn.client.fake;

import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import org.jspecify.annotations.Nullable;

/**
 * Scripted faults, by the bare name of the method, and a record of what arrived. Each fault hits
 * one call; those of one method come in the order in which they were added. Thread-safe.
 */
public final class Faults implements ServerInterceptor {
  /**
   * @param receive requests that still reach the service; later ones end the call
   * @param send answers that still leave the service; later ones end the call
   */
  private record Fault(int receive, int send, StatusRuntimeException error) {}

  /** One message that arrived. */
  public record Received(String method, Object message, Metadata headers) {}

  private final Map<String, Queue<Fault>> faults = new HashMap<>();
  private final List<Received> received = new ArrayList<>();

  /** The next call fails before the service sees it. */
  public synchronized void fail(String method, StatusRuntimeException error) {
    add(method, new Fault(0, 0, error));
  }

  /** The next call fails after the service did its work: the answer is lost. */
  public synchronized void loseAnswer(String method, StatusRuntimeException error) {
    add(method, new Fault(Integer.MAX_VALUE, 0, error));
  }

  /** The next stream ends after so many answers. */
  public synchronized void cutAfterAnswers(
      String method, int answers, StatusRuntimeException error) {
    add(method, new Fault(Integer.MAX_VALUE, answers, error));
  }

  /** The next stream ends after so many requests have reached the service. */
  public synchronized void cutAfterRequests(
      String method, int requests, StatusRuntimeException error) {
    add(method, new Fault(requests, Integer.MAX_VALUE, error));
  }

  private void add(String method, Fault fault) {
    faults.computeIfAbsent(method, m -> new ArrayDeque<>()).add(fault);
  }

  /** Everything that arrived, oldest first. */
  public synchronized List<Received> received() {
    return List.copyOf(received);
  }

  /** What arrived for a method, oldest first. */
  public synchronized List<Received> received(String method) {
    return received.stream().filter(r -> r.method().equals(method)).toList();
  }

  /** The messages that arrived for a method, oldest first. */
  public <T> List<T> requests(String method, Class<T> type) {
    return received(method).stream().map(r -> type.cast(r.message())).toList();
  }

  private synchronized @Nullable Fault next(String method) {
    Queue<Fault> queue = faults.get(method);
    return queue == null ? null : queue.poll();
  }

  private synchronized void record(String method, Object message, Metadata headers) {
    received.add(new Received(method, message, headers));
  }

  @Override
  public <Q, R> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
    String method = String.valueOf(call.getMethodDescriptor().getBareMethodName());
    Fault fault = next(method);
    Cut<Q, R> cut = new Cut<>(call, fault);
    ServerCall.Listener<Q> listener = next.startCall(cut, headers);
    return new SimpleForwardingServerCallListener<>(listener) {
      private int count;

      @Override
      public void onMessage(Q message) {
        record(method, message, headers);
        if (fault != null && count++ >= fault.receive()) {
          cut.end();
        } else {
          super.onMessage(message);
        }
      }

      @Override
      public void onHalfClose() {
        if (!cut.ended) {
          super.onHalfClose();
        }
      }
    };
  }

  private static final class Cut<Q, R> extends SimpleForwardingServerCall<Q, R> {
    private final @Nullable Fault fault;
    private int count;
    private volatile boolean ended;

    Cut(ServerCall<Q, R> call, @Nullable Fault fault) {
      super(call);
      this.fault = fault;
    }

    void end() {
      if (!ended && fault != null) {
        ended = true;
        Metadata trailers = fault.error().getTrailers();
        super.close(fault.error().getStatus(), trailers == null ? new Metadata() : trailers);
      }
    }

    @Override
    public void sendHeaders(Metadata headers) {
      if (!ended) {
        super.sendHeaders(headers);
      }
    }

    @Override
    public void sendMessage(R message) {
      if (fault != null && count++ >= fault.send()) {
        end();
      } else if (!ended) {
        super.sendMessage(message);
      }
    }

    @Override
    public void close(Status status, Metadata trailers) {
      if (fault != null && status.isOk()) {
        // A call that is to be cut never ends well, however few its messages are.
        end();
      } else if (!ended) {
        super.close(status, trailers);
      }
    }
  }
}
