package dev.cairn.server.grpc;

import com.google.rpc.ErrorInfo;
import dev.cairn.server.error.Reason;
import dev.cairn.server.telemetry.AuditLine;
import dev.cairn.server.telemetry.Bursts;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.LongSupplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * Names each call, by the caller's {@code x-request-id} if there is one, tells the caller the name
 * with the answer, and writes one line for each that failed or was slow. The trace of a caller that
 * sends {@code traceparent} is named as well. Ids only, never data: not even the error's message,
 * which may quote the request.
 */
final class CallLog implements ServerInterceptor {
  private static final Logger log = LoggerFactory.getLogger(CallLog.class);

  private static final Metadata.Key<String> REQUEST_ID =
      Metadata.Key.of("x-request-id", Metadata.ASCII_STRING_MARSHALLER);

  /** W3C trace context: version, trace id, the caller's span, flags. */
  private static final Metadata.Key<String> TRACE_PARENT =
      Metadata.Key.of("traceparent", Metadata.ASCII_STRING_MARSHALLER);

  private static final Pattern TRACE_PARENT_FORM =
      Pattern.compile(
          "(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-.*)?");
  private static final Pattern REQUEST_ID_FORM = Pattern.compile("[A-Za-z0-9._:-]{1,64}");

  /** How often one line stands for all calls that the state of the server makes fail alike. */
  private static final Duration BURST = Duration.ofSeconds(10);

  private static final String OVERLOADED = Reason.OVERLOADED.name();

  private final LongSupplier nanoTime;
  private final Duration slow;
  private final Bursts bursts;

  /**
   * @param slow how long a call takes that is worth a line although it went well
   */
  CallLog(LongSupplier nanoTime, Duration slow) {
    this.nanoTime = nanoTime;
    this.slow = slow;
    this.bursts = new Bursts(BURST, nanoTime);
  }

  @Override
  public <Q, A> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
    CallInfo info = info(call, headers);
    return Contexts.interceptCall(
        Context.current().withValue(CallInfo.KEY, info),
        new LoggedCall<>(call, info, nanoTime.getAsLong()),
        headers,
        next);
  }

  /** Tells of a call that was refused before it came here, and its caller the name it gave. */
  void refused(ServerCall<?, ?> call, Metadata headers, Status status, Metadata trailers) {
    given(headers).ifPresent(id -> trailers.put(REQUEST_ID, id));
    bursts
        .next(OVERLOADED)
        .ifPresent(
            told -> log(Level.WARN, info(call, headers), status, OVERLOADED, 0, told.leftOut()));
  }

  private static CallInfo info(ServerCall<?, ?> call, Metadata headers) {
    String id =
        given(headers)
            .orElseGet(() -> HexFormat.of().toHexDigits(ThreadLocalRandom.current().nextInt()));
    return new CallInfo(id, call.getMethodDescriptor().getFullMethodName(), traceId(headers));
  }

  private static Optional<String> given(Metadata headers) {
    return Optional.ofNullable(headers.get(REQUEST_ID))
        .filter(id -> REQUEST_ID_FORM.matcher(id).matches());
  }

  private static String traceId(Metadata headers) {
    String given = headers.get(TRACE_PARENT);
    if (given == null) {
      return "";
    }
    Matcher parts = TRACE_PARENT_FORM.matcher(given);
    return parts.matches() ? parts.group(1) : "";
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

  /** A call may end on a thread that does not know it. */
  private static void log(
      Level level, CallInfo info, Status status, String reason, long millis, long leftOut) {
    Workers.named(
        info,
        () ->
            log.atLevel(level)
                .log(
                    "call {} method={} site={} code={} reason={} ms={}{}",
                    status.isOk() ? "slow" : "failed",
                    info.method(),
                    site(info),
                    status.getCode(),
                    reason,
                    millis,
                    leftOut == 0 ? "" : " others_not_shown=" + leftOut));
  }

  private final class LoggedCall<Q, A> extends SimpleForwardingServerCall<Q, A> {
    private final CallInfo info;
    private final long begin;
    private volatile boolean told;

    LoggedCall(ServerCall<Q, A> call, CallInfo info, long begin) {
      super(call);
      this.info = info;
      this.begin = begin;
    }

    @Override
    public void sendHeaders(Metadata headers) {
      headers.put(REQUEST_ID, info.id());
      told = true;
      super.sendHeaders(headers);
    }

    @Override
    public void close(Status status, Metadata trailers) {
      if (!told) {
        trailers.put(REQUEST_ID, info.id());
      }
      long millis = Duration.ofNanos(nanoTime.getAsLong() - begin).toMillis();
      boolean slowUnary =
          millis >= slow.toMillis() && getMethodDescriptor().getType().serverSendsOneMessage();
      if (!status.isOk()) {
        String reason = StatusMapper.errorInfo(trailers).map(ErrorInfo::getReason).orElse("");
        Level level = level(status.getCode());
        // An overloaded server refuses thousands in a second, and a line costs more than a refusal.
        Optional<Bursts.Told> told =
            level == Level.WARN ? bursts.next(reason) : Optional.of(new Bursts.Told(true, 0));
        told.ifPresent(each -> log(level, info, status, reason, millis, each.leftOut()));
      } else if (slowUnary) {
        log(Level.INFO, info, status, "", millis, 0);
      }
      super.close(status, trailers);
    }
  }
}
