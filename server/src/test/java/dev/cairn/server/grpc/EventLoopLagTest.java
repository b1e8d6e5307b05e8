package dev.cairn.server.grpc;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.server.telemetry.Telemetry;
import io.grpc.netty.shaded.io.netty.buffer.ByteBuf;
import io.grpc.netty.shaded.io.netty.buffer.Unpooled;
import io.grpc.netty.shaded.io.netty.channel.ChannelHandler;
import io.grpc.netty.shaded.io.netty.channel.ChannelHandlerContext;
import io.grpc.netty.shaded.io.netty.channel.ChannelInboundHandlerAdapter;
import io.grpc.netty.shaded.io.netty.channel.embedded.EmbeddedChannel;
import io.grpc.netty.shaded.io.netty.handler.codec.http2.Http2FrameCodecBuilder;
import io.grpc.netty.shaded.io.netty.handler.codec.http2.Http2Settings;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class EventLoopLagTest {
  private static final Duration WORK = Duration.ofMillis(20);
  private static final int MOST = 1_000;

  // Of HTTP/2.
  private static final int HEADERS = 1;
  private static final int RST_STREAM = 3;
  private static final int SETTINGS = 4;
  private static final int END_HEADERS = 4;
  private static final int MAX_CONCURRENT_STREAMS = 3;
  private static final byte[] POST = {(byte) 0x83, (byte) 0x86, (byte) 0x84};

  private long now;
  private final EventLoopLag lag = new EventLoopLag(new Telemetry(), () -> now);
  private final EmbeddedChannel listening = new EmbeddedChannel(lag.probes(MOST));
  private int lastCall = -1;

  /** A connection that was accepted, and takes a while over each thing that it receives. */
  private EmbeddedChannel accept(Duration work, ChannelHandler... next) {
    EmbeddedChannel connection =
        new EmbeddedChannel(
            new ChannelInboundHandlerAdapter() {
              @Override
              public void channelRead(ChannelHandlerContext context, Object message) {
                now += work.toNanos();
                context.fireChannelRead(message);
              }
            });
    connection.pipeline().addLast(next);
    listening.writeInbound(connection);
    assertThat(listening.<EmbeddedChannel>readInbound()).isSameAs(connection);
    return connection;
  }

  @Test
  void isNothingWhileNothingIsReceived() {
    accept(WORK);

    assertThat(lag.takeLongest(false)).isZero();
  }

  @Test
  void isHowLongTheLoopTakesOverAllThatWasReceived() {
    accept(WORK).writeInbound("one", "two");

    assertThat(lag.takeLongest(false)).isEqualTo(2 * WORK.toNanos());
  }

  @Test
  void isTheLongestSinceItWasTaken() {
    EmbeddedChannel slow = accept(WORK);
    slow.writeInbound("one");
    accept(Duration.ZERO).writeInbound("two");
    assertThat(lag.takeLongest(false)).isEqualTo(WORK.toNanos());

    assertThat(lag.takeLongest(false)).isZero();

    slow.writeInbound("three");
    assertThat(lag.takeLongest(false)).isEqualTo(WORK.toNanos());
  }

  @Test
  void aLateLoopAloneTakesNoCallsAway() {
    EmbeddedChannel connection = speaksHttp2();
    connection.writeInbound(calls(300));

    assertThat(told(connection)).isEmpty();
  }

  @Test
  void fewerCallsMayBeOpenWhileItIsTooMuch() {
    EmbeddedChannel connection = speaksHttp2();
    lag.takeLongest(true);
    connection.writeInbound(calls(300));
    assertThat(told(connection)).containsExactly(150);

    now += Duration.ofMillis(100).toNanos();
    connection.writeInbound(calls(1));
    assertThat(told(connection)).containsExactly(75);
  }

  @Test
  void allMayBeOpenAgainWhenItIsOverThoughNothingIsReceived() {
    EmbeddedChannel connection = speaksHttp2();
    lag.takeLongest(true);
    connection.writeInbound(calls(200));
    connection.writeInbound(endOfCalls(190));
    assertThat(told(connection)).containsExactly(100);

    passSecond(connection);
    assertThat(told(connection)).containsExactly(MOST);
    passSecond(connection);
    assertThat(told(connection)).isEmpty();
  }

  @Test
  void allMayBeOpenAgainThoughItWasTooMuchOnceMoreMeanwhile() {
    EmbeddedChannel connection = speaksHttp2();
    lag.takeLongest(true);
    connection.writeInbound(calls(200));
    pass(connection, Duration.ofMillis(900));
    lag.takeLongest(true);
    connection.writeInbound(endOfCalls(190));
    assertThat(told(connection)).containsExactly(100, CallLimit.LEAST);

    pass(connection, Duration.ofMillis(200));
    assertThat(told(connection)).isEmpty();
    passSecond(connection);
    assertThat(told(connection)).containsExactly(MOST);
  }

  @Test
  void callsThatWereThereLongBeforeDoNotCount() {
    EmbeddedChannel connection = speaksHttp2();
    connection.writeInbound(calls(600));
    for (int i = 0; i < 2; i++) {
      passSecond(connection);
      connection.writeInbound(calls(1));
    }
    lag.takeLongest(true);
    connection.writeInbound(calls(200));

    assertThat(told(connection)).containsExactly(601 + (200 + 1) / 2);
  }

  @Test
  void callsThatWereThereBeforeALongSilenceDoNotCount() {
    EmbeddedChannel connection = speaksHttp2();
    connection.writeInbound(calls(600));
    now += Duration.ofHours(1).toNanos();
    lag.takeLongest(true);
    connection.writeInbound(calls(200));

    assertThat(told(connection)).containsExactly(600 + 200 / 2);
  }

  /** One that has said hello, and is late at whatever comes. */
  private EmbeddedChannel speaksHttp2() {
    Http2Settings settings = Http2Settings.defaultSettings().maxConcurrentStreams(MOST);
    ChannelHandler http2 = Http2FrameCodecBuilder.forServer().initialSettings(settings).build();
    EmbeddedChannel connection = accept(WORK, http2, new Receiver());
    ByteBuf hello = Unpooled.copiedBuffer("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", US_ASCII);
    frame(hello, SETTINGS, 0, 0, new byte[0]);
    connection.writeInbound(hello);
    told(connection);
    now += Duration.ofSeconds(1).toNanos() / 2;
    return connection;
  }

  /** Takes what HTTP/2 makes of the bytes. */
  private static final class Receiver extends ChannelInboundHandlerAdapter {
    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {}
  }

  private ByteBuf calls(int count) {
    ByteBuf frames = Unpooled.buffer();
    for (int i = 0; i < count; i++) {
      lastCall += 2;
      frame(frames, HEADERS, END_HEADERS, lastCall, POST);
    }
    return frames;
  }

  private ByteBuf endOfCalls(int count) {
    ByteBuf frames = Unpooled.buffer();
    for (int i = 0; i < count; i++) {
      frame(frames, RST_STREAM, 0, lastCall - 2 * i, new byte[4]);
    }
    return frames;
  }

  private static void frame(ByteBuf to, int type, int flags, int stream, byte[] payload) {
    to.writeMedium(payload.length).writeByte(type).writeByte(flags).writeInt(stream);
    to.writeBytes(payload);
  }

  private void passSecond(EmbeddedChannel connection) {
    pass(connection, Duration.ofSeconds(1));
  }

  private void pass(EmbeddedChannel connection, Duration time) {
    now += time.toNanos();
    connection.advanceTimeBy(time.toNanos(), TimeUnit.NANOSECONDS);
    connection.runScheduledPendingTasks();
  }

  /** How many calls the other side was told it may have open, each time since this was asked. */
  private static List<Integer> told(EmbeddedChannel connection) {
    ByteBuf sent = Unpooled.buffer();
    for (ByteBuf part = connection.readOutbound(); part != null; part = connection.readOutbound()) {
      sent.writeBytes(part);
      part.release();
    }
    List<Integer> told = new ArrayList<>();
    while (sent.isReadable()) {
      int length = sent.readMedium();
      int type = sent.readByte();
      sent.skipBytes(1 + Integer.BYTES);
      ByteBuf payload = sent.readSlice(length);
      while (type == SETTINGS && payload.isReadable()) {
        int name = payload.readShort();
        int value = payload.readInt();
        if (name == MAX_CONCURRENT_STREAMS) {
          told.add(value);
        }
      }
    }
    return told;
  }
}
