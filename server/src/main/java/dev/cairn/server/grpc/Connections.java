package dev.cairn.server.grpc;

import io.grpc.netty.shaded.io.netty.channel.Channel;
import io.grpc.netty.shaded.io.netty.channel.ChannelHandler;
import io.grpc.netty.shaded.io.netty.channel.ChannelHandlerContext;
import io.grpc.netty.shaded.io.netty.channel.ChannelInboundHandlerAdapter;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The connections that are open, from the moment they are accepted: a bounded number. One more is
 * closed at once, before a byte of it is read. Thread-safe.
 */
public final class Connections {
  private static final Logger log = LoggerFactory.getLogger(Connections.class);

  private final int max;
  private final AtomicInteger open = new AtomicInteger();
  private final AtomicLong refused = new AtomicLong();
  private final AtomicBoolean full = new AtomicBoolean();

  public Connections(int max) {
    this.max = max;
  }

  /** How many are open, and how many may be. */
  public Load.Place load() {
    return new Load.Place(open.get(), max);
  }

  /** How many were ever refused. */
  public long refused() {
    return refused.get();
  }

  /** Takes a place, if there is one. */
  boolean enter() {
    if (open.incrementAndGet() <= max) {
      return true;
    }
    open.decrementAndGet();
    refused.incrementAndGet();
    if (full.compareAndSet(false, true)) {
      log.warn("connections are refused until others end limit={}", max);
    }
    return false;
  }

  void leave() {
    // Told once for each time that it was full, not at every connection around the limit.
    if (open.decrementAndGet() <= max - Math.max(1, max / 10) && full.compareAndSet(true, false)) {
      log.info("connections are taken again refused_so_far={}", refused.get());
    }
  }

  /** Stands in front of whatever takes the accepted connections of a listening port. */
  ChannelHandler gate() {
    return new ChannelInboundHandlerAdapter() {
      @Override
      public void channelRead(ChannelHandlerContext context, Object message) {
        if (message instanceof Channel connection) {
          if (!enter()) {
            connection.unsafe().closeForcibly();
            return;
          }
          var unused = connection.closeFuture().addListener(closed -> leave());
        }
        context.fireChannelRead(message);
      }
    };
  }
}
