package dev.cairn.server.grpc;

import dev.cairn.server.telemetry.Telemetry;
import io.grpc.netty.shaded.io.netty.channel.Channel;
import io.grpc.netty.shaded.io.netty.channel.ChannelHandler;
import io.grpc.netty.shaded.io.netty.channel.ChannelHandlerContext;
import io.grpc.netty.shaded.io.netty.channel.ChannelInboundHandlerAdapter;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;

/**
 * How long the event loops take to come round: what is received or to be sent waits for so long
 * until it is its turn. Noticed while something is received, so that a server that has nothing to
 * do does not wake up for it. Thread-safe.
 */
public final class EventLoopLag {
  private final AtomicLong longest = new AtomicLong();
  private final Telemetry.Timing timing;

  public EventLoopLag(Telemetry telemetry) {
    this.timing =
        telemetry.callTiming(
            "cairn_event_loop_seconds",
            "Until an event loop that has received something is done with all connections that have:"
                + " answers wait for so long.");
  }

  /** The longest since this was last asked, in nanoseconds. */
  long takeLongest() {
    return longest.getAndSet(0);
  }

  private void noticed(long nanos) {
    longest.accumulateAndGet(nanos, Math::max);
    timing.took(Duration.ofNanos(nanos));
  }

  /** Stands in front of whatever takes the accepted connections of a listening port. */
  ChannelHandler probes() {
    return new ChannelInboundHandlerAdapter() {
      @Override
      public void channelRead(ChannelHandlerContext context, Object message) {
        if (message instanceof Channel connection) {
          connection.pipeline().addFirst(new Probe());
        }
        context.fireChannelRead(message);
      }
    };
  }

  /** Of one connection: asks to be called again once the loop is done with all connections. */
  private final class Probe extends ChannelInboundHandlerAdapter {
    private boolean asked;

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
      if (!asked) {
        asked = true;
        long begin = System.nanoTime();
        context
            .executor()
            .execute(
                () -> {
                  asked = false;
                  noticed(System.nanoTime() - begin);
                });
      }
      context.fireChannelRead(message);
    }
  }
}
