package dev.cairn.server.grpc;

import com.google.protobuf.Message;
import dev.cairn.server.auth.Caller;
import dev.cairn.server.auth.Tokens;
import dev.cairn.server.auth.Tokens.Problem;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import java.util.Iterator;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Finds out who calls, and lets a request on to its service only if the caller may make it. Health
 * is open to everybody; everything else, reflection and methods that do not exist included, is not.
 *
 * <p>A token that was found good before is known at once. Otherwise its signature is checked by a
 * worker, not on the event loop, which serves other connections.
 */
final class AccessControl implements ServerInterceptor {
  /** Where a call keeps who makes it. */
  private static final Context.Key<Caller> CALLER = Context.key("caller");

  private static final Metadata.Key<String> AUTHORIZATION =
      Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);
  private static final String SCHEME = "Bearer ";
  private static final String HEALTH = "grpc.health.v1.Health";

  private final Optional<Tokens> tokens;
  private final Rights rights;
  private final Workers workers;

  /**
   * @param tokens empty: everybody may do everything
   */
  AccessControl(Optional<Tokens> tokens, Rights rights, Workers workers) {
    this.tokens = tokens;
    this.rights = rights;
    this.workers = workers;
  }

  /** Whoever makes the call that the current thread works on. */
  static Caller caller() {
    @Nullable Caller caller = CALLER.get();
    if (caller == null) {
      throw new IllegalStateException("only calls have callers");
    }
    return caller;
  }

  @Override
  public <Q, A> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
    if (HEALTH.equals(call.getMethodDescriptor().getServiceName())) {
      return next.startCall(call, headers);
    }
    if (tokens.isEmpty()) {
      return enter(Caller.ANYONE, call, headers, next);
    }
    Tokens required = tokens.get();
    try {
      String token = token(headers);
      Optional<Caller> known = required.remembered(token);
      if (known.isPresent()) {
        return enter(known.get(), call, headers, next);
      }
      DeferredListener<Q> listener = new DeferredListener<>(e -> refuse(call, e));
      workers.call(() -> listener.become(checked(required, token, call, headers, next)));
      return listener;
    } catch (RuntimeException e) {
      refuse(call, e);
      return new ServerCall.Listener<>() {};
    }
  }

  private <Q, A> ServerCall.Listener<Q> checked(
      Tokens required,
      String token,
      ServerCall<Q, A> call,
      Metadata headers,
      ServerCallHandler<Q, A> next) {
    try {
      return enter(required.check(token), call, headers, next);
    } catch (RuntimeException e) {
      refuse(call, e);
      return new ServerCall.Listener<>() {};
    }
  }

  /** Exactly one: of two, somebody before this server may have looked at the other. */
  private static String token(Metadata headers) {
    @Nullable Iterable<String> all = headers.getAll(AUTHORIZATION);
    if (all == null) {
      throw Tokens.refused(
          Problem.MISSING,
          "this server needs a token: send the header authorization: Bearer TOKEN");
    }
    Iterator<String> each = all.iterator();
    String header = each.next();
    if (each.hasNext() || !header.regionMatches(true, 0, SCHEME, 0, SCHEME.length())) {
      throw Tokens.refused(
          Problem.MALFORMED, "send exactly one header authorization: Bearer TOKEN");
    }
    return header.substring(SCHEME.length()).strip();
  }

  private <Q, A> ServerCall.Listener<Q> enter(
      Caller caller, ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
    CallInfo.current().learn(caller);
    String method = call.getMethodDescriptor().getFullMethodName();
    boolean ofContract = rights.methods().contains(method);
    if (!ofContract) {
      Rights.require(caller, rights.ofForeign(method));
    }
    ServerCall.Listener<Q> listener =
        Contexts.interceptCall(Context.current().withValue(CALLER, caller), call, headers, next);
    return ofContract ? new Guard<>(listener, caller, method) : listener;
  }

  /** What others throw is mapped by {@link ErrorInterceptor}, but not for foreign services. */
  private static void refuse(ServerCall<?, ?> call, RuntimeException why) {
    StatusMapper.Reply reply = StatusMapper.map(why, CallInfo.current());
    call.close(reply.status(), reply.trailers());
  }

  /** Looks at each request before its service does. */
  private final class Guard<Q> extends SimpleForwardingServerCallListener<Q> {
    private final Caller caller;
    private final String method;

    Guard(ServerCall.Listener<Q> listener, Caller caller, String method) {
      super(listener);
      this.caller = caller;
      this.method = method;
    }

    @Override
    public void onMessage(Q message) {
      // One that cannot be read goes on: it becomes an error that tells of nothing but itself.
      if (message instanceof CheckedRequests.Request<?> request
          && request.message() instanceof Message readable) {
        Rights.require(caller, rights.of(method, readable));
      }
      super.onMessage(message);
    }
  }
}
