package dev.cairn.server.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.server.telemetry.Telemetry;
import io.grpc.netty.shaded.io.netty.channel.ChannelHandlerContext;
import io.grpc.netty.shaded.io.netty.channel.ChannelInboundHandlerAdapter;
import io.grpc.netty.shaded.io.netty.channel.embedded.EmbeddedChannel;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

class EventLoopLagTest {
  private static final Duration WORK = Duration.ofMillis(20);

  private final EventLoopLag lag = new EventLoopLag(new Telemetry());
  private final EmbeddedChannel listening = new EmbeddedChannel(lag.probes());

  /** A connection that was accepted, and takes a while over each thing that it receives. */
  private EmbeddedChannel accept(Duration work) {
    EmbeddedChannel connection =
        new EmbeddedChannel(
            new ChannelInboundHandlerAdapter() {
              @Override
              public void channelRead(ChannelHandlerContext context, Object message) {
                long end = System.nanoTime() + work.toNanos();
                while (System.nanoTime() < end) {
                  LockSupport.parkNanos(end - System.nanoTime());
                }
              }
            });
    listening.writeInbound(connection);
    assertThat(listening.<EmbeddedChannel>readInbound()).isSameAs(connection);
    return connection;
  }

  @Test
  void isNothingWhileNothingIsReceived() {
    accept(WORK);

    assertThat(lag.takeLongest()).isZero();
  }

  @Test
  void isHowLongTheLoopTakesOverAllThatWasReceived() {
    accept(WORK).writeInbound("one", "two");

    assertThat(lag.takeLongest()).isGreaterThanOrEqualTo(2 * WORK.toNanos());
  }

  @Test
  void isTheLongestSinceItWasTaken() {
    EmbeddedChannel slow = accept(WORK);
    slow.writeInbound("one");
    accept(Duration.ZERO).writeInbound("two");
    assertThat(lag.takeLongest()).isGreaterThanOrEqualTo(WORK.toNanos());

    assertThat(lag.takeLongest()).isZero();

    slow.writeInbound("three");
    assertThat(lag.takeLongest()).isGreaterThanOrEqualTo(WORK.toNanos());
  }
}
