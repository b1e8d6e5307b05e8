package dev.cairn.server.grpc;

import com.google.rpc.ErrorInfo;
import dev.cairn.server.telemetry.AuditLine;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import java.time.Duration;
import java.util.UUID;
import java.util.function.LongSupplier;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;
import org.slf4j.event.Level;

/**
 * Names each call, by the caller's {@code x-request-id} if there is one, and writes one line for
 * each that failed or was slow. Ids only, never data: not even the error's message, which may quote
 * the request.
 */
final class CallLog implements ServerInterceptor {
  private static final Logger log = LoggerFactory.getLogger(CallLog.class);

  private static final Metadata.Key<String> REQUEST_ID =
      Metadata.Key.of("x-request-id", Metadata.ASCII_STRING_MARSHALLER);
  private static final Pattern REQUEST_ID_FORM = Pattern.compile("[A-Za-z0-9._:-]{1,64}");

  private final LongSupplier nanoTime;
  private final Duration slow;

  /**
   * @param slow how long a call takes that is worth a line although it went well
   */
  CallLog(LongSupplier nanoTime, Duration slow) {
    this.nanoTime = nanoTime;
    this.slow = slow;
  }

  @Override
  public <Q, A> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
    CallInfo info = new CallInfo(id(headers), call.getMethodDescriptor().getFullMethodName());
    return Contexts.interceptCall(
        Context.current().withValue(CallInfo.KEY, info),
        new LoggedCall<>(call, info, nanoTime.getAsLong()),
        headers,
        next);
  }

  private static String id(Metadata headers) {
    String given = headers.get(REQUEST_ID);
    return given != null && REQUEST_ID_FORM.matcher(given).matches()
        ? given
        : UUID.randomUUID().toString().substring(0, 8);
  }

  private static Level level(Status.Code code) {
    return switch (code) {
      case INTERNAL, DATA_LOSS, UNKNOWN -> Level.ERROR;
      case UNAVAILABLE, RESOURCE_EXHAUSTED -> Level.WARN;
      default -> Level.INFO;
    };
  }

  /** What a request names may be anything, also what looks like a line of its own. */
  private static String site(CallInfo info) {
    @Nullable String site = info.names().get("site_id");
    return site == null ? "" : AuditLine.quoted(site);
  }

  private final class LoggedCall<Q, A> extends SimpleForwardingServerCall<Q, A> {
    private final CallInfo info;
    private final long begin;

    LoggedCall(ServerCall<Q, A> call, CallInfo info, long begin) {
      super(call);
      this.info = info;
      this.begin = begin;
    }

    @Override
    public void close(Status status, Metadata trailers) {
      long millis = Duration.ofNanos(nanoTime.getAsLong() - begin).toMillis();
      boolean slowUnary =
          millis >= slow.toMillis() && getMethodDescriptor().getType().serverSendsOneMessage();
      if (!status.isOk() || slowUnary) {
        log(status, trailers, millis);
      }
      super.close(status, trailers);
    }

    /** A call may end on a thread that does not know it. */
    private void log(Status status, Metadata trailers, long millis) {
      @Nullable String before = MDC.get(Workers.CALL_ID);
      MDC.put(Workers.CALL_ID, info.id());
      log.atLevel(status.isOk() ? Level.INFO : level(status.getCode()))
          .log(
              "call {} method={} site={} code={} reason={} ms={}",
              status.isOk() ? "slow" : "failed",
              info.method(),
              site(info),
              status.getCode(),
              StatusMapper.errorInfo(trailers).map(ErrorInfo::getReason).orElse(""),
              millis);
      if (before == null) {
        MDC.remove(Workers.CALL_ID);
      }
    }
  }
}
