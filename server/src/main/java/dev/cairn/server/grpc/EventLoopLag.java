package dev.cairn.server.grpc;

import dev.cairn.server.telemetry.Telemetry;
import io.grpc.netty.shaded.io.netty.channel.Channel;
import io.grpc.netty.shaded.io.netty.channel.ChannelHandler;
import io.grpc.netty.shaded.io.netty.channel.ChannelHandlerContext;
import io.grpc.netty.shaded.io.netty.channel.ChannelInboundHandlerAdapter;
import io.grpc.netty.shaded.io.netty.handler.codec.http2.Http2Connection;
import io.grpc.netty.shaded.io.netty.handler.codec.http2.Http2ConnectionHandler;
import io.grpc.netty.shaded.io.netty.handler.codec.http2.Http2Exception;
import io.grpc.netty.shaded.io.netty.handler.codec.http2.Http2Settings;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * How long the event loops take to come round: what is received or to be sent waits for so long
 * until it is its turn. Noticed while something is received, so that a server that has nothing to
 * do does not wake up for it. Connections have fewer calls open while they are late and calls are
 * refused. Thread-safe.
 */
public final class EventLoopLag {
  private static final long SECOND = Duration.ofSeconds(1).toNanos();

  private final AtomicLong longest = new AtomicLong();
  private final LongSupplier clock;
  private final Telemetry.Timing timing;

  /** When calls were last refused. */
  private volatile long lastTooMuch;

  public EventLoopLag(Telemetry telemetry) {
    this(telemetry, System::nanoTime);
  }

  /**
   * @param clock is what the time comes from, in nanoseconds
   */
  EventLoopLag(Telemetry telemetry, LongSupplier clock) {
    this.clock = clock;
    this.lastTooMuch = clock.getAsLong() - SECOND;
    this.timing =
        telemetry.callTiming(
            "cairn_event_loop_seconds",
            "Until an event loop that has received something is done with all connections that have:"
                + " answers wait for so long.");
  }

  /**
   * The longest since this was last asked, in nanoseconds.
   *
   * @param tooMuch whether calls are being refused
   */
  long takeLongest(boolean tooMuch) {
    if (tooMuch) {
      lastTooMuch = clock.getAsLong();
    }
    return longest.getAndSet(0);
  }

  private void noticed(long nanos) {
    longest.accumulateAndGet(nanos, Math::max);
    timing.took(Duration.ofNanos(nanos));
  }

  /**
   * Stands in front of whatever takes the accepted connections of a listening port.
   *
   * @param callsPerConnection how many calls a connection may have open while all is well
   */
  ChannelHandler probes(int callsPerConnection) {
    return new ChannelInboundHandlerAdapter() {
      @Override
      public void channelRead(ChannelHandlerContext context, Object message) {
        if (message instanceof Channel connection) {
          connection.pipeline().addFirst(new Probe(callsPerConnection));
        }
        context.fireChannelRead(message);
      }
    };
  }

  /** Of one connection: asks to be called again once the loop is done with all connections. */
  private final class Probe extends ChannelInboundHandlerAdapter {
    private final CallLimit limit;
    private boolean asked;
    private boolean comesBack;

    /** The last call that was begun when something was last received. */
    private int lastCall;

    private long receivedAt = clock.getAsLong();

    /** The last call that was begun as of a second ago or more, and what will be. */
    private int lastOldCall;

    private int nextOldCall;
    private long lookedAt = receivedAt;
    private @Nullable Http2ConnectionHandler http2;

    Probe(int callsPerConnection) {
      limit = new CallLimit(callsPerConnection, lookedAt);
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
      if (!asked) {
        asked = true;
        long begin = clock.getAsLong();
        context
            .executor()
            .execute(
                () -> {
                  asked = false;
                  long now = clock.getAsLong();
                  noticed(now - begin);
                  limitCalls(context, now - begin, now);
                });
      }
      context.fireChannelRead(message);
    }

    private void limitCalls(ChannelHandlerContext context, long lag, long now) {
      if (http2 == null) {
        http2 = context.pipeline().get(Http2ConnectionHandler.class);
      }
      if (http2 == null || !context.channel().isActive()) {
        return; // TLS is not agreed on yet, or it is over
      }
      look(http2.connection(), now);
      long late = now - lastTooMuch < SECOND ? lag : 0;
      if (limit.isDue(late, now)) {
        judge(context, http2, late, now);
      }
      if (limit.isNarrow() && !comesBack) {
        comeBack(context);
      }
    }

    private void look(Http2Connection connection, long now) {
      if (now - receivedAt >= SECOND) {
        nextOldCall = lastCall;
      }
      lastCall = connection.remote().lastStreamCreated();
      receivedAt = now;
      if (now - lookedAt >= SECOND) {
        lookedAt = now;
        lastOldCall = nextOldCall;
        nextOldCall = lastCall;
      }
    }

    private void judge(
        ChannelHandlerContext context, Http2ConnectionHandler handler, long late, long now) {
      int old = oldCalls(handler.connection());
      int before = limit.told();
      int most = limit.judge(late, handler.connection().numActiveStreams() - old, old, now);
      if (most != before) {
        tell(handler, context.pipeline().context(handler), most);
      }
    }

    /** Where as many calls are open as may be, nothing is received that would remind of it. */
    private void comeBack(ChannelHandlerContext context) {
      comesBack = true;
      var unused =
          context
              .executor()
              .schedule(
                  () -> {
                    comesBack = false;
                    limitCalls(context, 0, clock.getAsLong());
                  },
                  SECOND,
                  TimeUnit.NANOSECONDS);
    }

    /** Those that are open and have been for a second at least. */
    private int oldCalls(Http2Connection connection) {
      int[] old = {0};
      try {
        connection.forEachActiveStream(
            stream -> {
              if (stream.id() <= lastOldCall) {
                old[0]++;
              }
              return true;
            });
      } catch (Http2Exception e) {
        throw new IllegalStateException(e); // it comes from the visitor only
      }
      return old[0];
    }

    private void tell(Http2ConnectionHandler handler, ChannelHandlerContext context, int most) {
      Http2Settings settings = new Http2Settings().maxConcurrentStreams(most);
      var unused = handler.encoder().writeSettings(context, settings, context.newPromise());
      context.flush();
    }
  }
}
