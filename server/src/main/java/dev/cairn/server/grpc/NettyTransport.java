package dev.cairn.server.grpc;

import io.grpc.InsecureServerCredentials;
import io.grpc.ServerBuilder;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.netty.shaded.io.netty.channel.EventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.MultiThreadIoEventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.ServerChannel;
import io.grpc.netty.shaded.io.netty.channel.epoll.Epoll;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollIoHandler;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollServerSocketChannel;
import io.grpc.netty.shaded.io.netty.channel.nio.NioIoHandler;
import io.grpc.netty.shaded.io.netty.channel.socket.nio.NioServerSocketChannel;
import io.grpc.netty.shaded.io.netty.util.concurrent.DefaultThreadFactory;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** HTTP/2 over TCP, with a bound on everything that a client can occupy. */
public final class NettyTransport {
  /** Silent connections are closed soon, dead ones found soon. */
  private static final int HANDSHAKE_SECONDS = 5;

  private static final int KEEPALIVE_SECONDS = 60;
  private static final int KEEPALIVE_TIMEOUT_SECONDS = 20;
  private static final int FLOW_CONTROL_WINDOW = 1 << 20;

  /** Beyond its open calls, a client may reset so many within this time. */
  private static final int RESETS = 200;

  private static final int RESETS_SECONDS = 30;

  /** A message that is a little too large is refused with details, a much larger one is cut off. */
  private static final int SLACK = 2;

  /** How long calls of a connection that is too old may go on. */
  private static final Duration AGE_GRACE = Duration.ofMinutes(1);

  private NettyTransport() {}

  /** The event loops of every server of this process, made when there is one. */
  private static final class Loops {
    static final boolean EPOLL = Epoll.isAvailable();
    static final EventLoopGroup ACCEPTING = group("accept", 1);

    /** Twice the cores, as the library has it. */
    static final EventLoopGroup SERVING = group("event-loop", 0);

    private Loops() {}

    private static EventLoopGroup group(String name, int threads) {
      return new MultiThreadIoEventLoopGroup(
          threads,
          new DefaultThreadFactory(name, true),
          EPOLL ? EpollIoHandler.newFactory() : NioIoHandler.newFactory());
    }

    static ServerChannel listening(Settings settings) {
      ServerChannel channel = EPOLL ? new EpollServerSocketChannel() : new NioServerSocketChannel();
      channel
          .pipeline()
          .addFirst(
              settings.connections().gate(), settings.lag().probes(settings.callsPerConnection()));
      return channel;
    }
  }

  /**
   * How connections are treated.
   *
   * @param connections where they are counted
   * @param lag where it is told how late they are served
   * @param messageBytes the largest message that is received
   * @param metadataBytes of the headers of one call
   * @param callsPerConnection how many calls a connection may have open; fewer while it is too much
   * @param keepalivePermit how often a client may ping
   * @param maxIdle how long a connection without calls is kept
   * @param maxAge how long any connection is kept; empty: for ever
   */
  public record Settings(
      Connections connections,
      EventLoopLag lag,
      int messageBytes,
      int metadataBytes,
      int callsPerConnection,
      Duration keepalivePermit,
      Duration maxIdle,
      Optional<Duration> maxAge) {}

  /**
   * A transport that listens on {@code address} once its server is started.
   *
   * @param tls empty: in plain text
   */
  public static ServerBuilder<?> listenOn(
      InetSocketAddress address, Optional<ServerTls> tls, Settings settings) {
    NettyServerBuilder builder =
        listenOn(address, tls)
            .bossEventLoopGroup(Loops.ACCEPTING)
            .workerEventLoopGroup(Loops.SERVING)
            .channelFactory(() -> Loops.listening(settings))
            .maxInboundMessageSize(
                (int) Math.min(Integer.MAX_VALUE, SLACK * (long) settings.messageBytes()))
            .maxInboundMetadataSize(settings.metadataBytes())
            .maxConcurrentCallsPerConnection(settings.callsPerConnection())
            .maxRstFramesPerWindow(settings.callsPerConnection() + RESETS, RESETS_SECONDS)
            .permitKeepAliveTime(settings.keepalivePermit().toMillis(), TimeUnit.MILLISECONDS)
            .permitKeepAliveWithoutCalls(true)
            .keepAliveTime(KEEPALIVE_SECONDS, TimeUnit.SECONDS)
            .keepAliveTimeout(KEEPALIVE_TIMEOUT_SECONDS, TimeUnit.SECONDS)
            .maxConnectionIdle(settings.maxIdle().toMillis(), TimeUnit.MILLISECONDS)
            .handshakeTimeout(HANDSHAKE_SECONDS, TimeUnit.SECONDS)
            .flowControlWindow(FLOW_CONTROL_WINDOW);
    settings
        .maxAge()
        .ifPresent(
            age ->
                builder
                    .maxConnectionAge(age.toMillis(), TimeUnit.MILLISECONDS)
                    .maxConnectionAgeGrace(AGE_GRACE.toMillis(), TimeUnit.MILLISECONDS));
    return builder;
  }

  private static NettyServerBuilder listenOn(InetSocketAddress address, Optional<ServerTls> tls) {
    return tls.isPresent()
        ? NettyServerBuilder.forAddress(address).sslContext(tls.get().context())
        : NettyServerBuilder.forAddress(address, InsecureServerCredentials.create());
  }
}
