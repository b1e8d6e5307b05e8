package dev.cairn.it;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;

/**
 * An HTTP/2 connection that writes the frames it is told to, whatever a client should do. Reads
 * what comes back on the thread that asks. Confined to one thread.
 */
final class RawHttp2 implements AutoCloseable {
  static final int DATA = 0;
  static final int HEADERS = 1;
  static final int RST_STREAM = 3;
  static final int SETTINGS = 4;
  static final int PING = 6;
  static final int GOAWAY = 7;

  private static final int END_STREAM = 1;
  private static final int ACK = 1;
  private static final int END_HEADERS = 4;
  private static final byte[] PREFACE =
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII);

  private final Socket socket;
  private final DataOutputStream out;
  private final DataInputStream in;
  private int nextStream = 1;

  RawHttp2(int port) throws IOException {
    socket = new Socket(InetAddress.getLoopbackAddress(), port);
    socket.setSoTimeout(30_000);
    out = new DataOutputStream(new java.io.BufferedOutputStream(socket.getOutputStream()));
    in = new DataInputStream(new java.io.BufferedInputStream(socket.getInputStream()));
    out.write(PREFACE);
    frame(SETTINGS, 0, 0, new byte[0]);
    out.flush();
  }

  /** Opens a call and leaves it open; answers its stream. */
  int open(String path, Map<String, String> more) throws IOException {
    int stream = nextStream;
    nextStream += 2;
    ByteArrayOutputStream block = new ByteArrayOutputStream();
    Map<String, String> headers = new TreeMap<>(more); // pseudo headers sort first
    headers.put(":method", "POST");
    headers.put(":scheme", "http");
    headers.put(":path", path);
    headers.put(":authority", "localhost");
    headers.put("content-type", "application/grpc");
    headers.put("te", "trailers");
    for (Map.Entry<String, String> header : headers.entrySet()) {
      block.write(0); // a literal that is not indexed
      text(block, header.getKey());
      text(block, header.getValue());
    }
    frame(HEADERS, END_HEADERS, stream, block.toByteArray());
    return stream;
  }

  private static void text(ByteArrayOutputStream block, String value) throws IOException {
    byte[] bytes = value.getBytes(StandardCharsets.US_ASCII);
    int left = bytes.length;
    if (left < 127) {
      block.write(left);
    } else {
      block.write(127);
      left -= 127;
      while (left >= 128) {
        block.write(left % 128 + 128);
        left /= 128;
      }
      block.write(left);
    }
    block.write(bytes);
  }

  void reset(int stream) throws IOException {
    frame(RST_STREAM, 0, stream, new byte[] {0, 0, 0, 8});
  }

  /** The beginning of a message that says it has {@code length} bytes. */
  void announceMessage(int stream, int length) throws IOException {
    frame(
        DATA,
        0,
        stream,
        new byte[] {
          0, (byte) (length >>> 24), (byte) (length >>> 16), (byte) (length >>> 8), (byte) length
        });
  }

  void ping() throws IOException {
    frame(PING, 0, 0, new byte[8]);
  }

  void flush() throws IOException {
    out.flush();
  }

  private void frame(int type, int flags, int stream, byte[] payload) throws IOException {
    out.writeByte(payload.length >>> 16);
    out.writeShort(payload.length);
    out.writeByte(type);
    out.writeByte(flags);
    out.writeInt(stream);
    out.write(payload);
  }

  /** A frame that came. */
  record Frame(int type, int flags, int stream, byte[] payload) {
    boolean answersPing() {
      return type == PING && (flags & ACK) != 0;
    }

    boolean endsStream() {
      return type == RST_STREAM || (type == HEADERS && (flags & END_STREAM) != 0);
    }
  }

  /** The next frame; null when the connection is over. */
  @org.jspecify.annotations.Nullable
  Frame next() {
    try {
      int length = in.readUnsignedByte() << 16 | in.readUnsignedShort();
      int type = in.readUnsignedByte();
      int flags = in.readUnsignedByte();
      int stream = in.readInt();
      byte[] payload = in.readNBytes(length);
      if (type == SETTINGS && (flags & ACK) == 0) {
        frame(SETTINGS, ACK, 0, new byte[0]);
        out.flush();
      }
      return new Frame(type, flags, stream, payload);
    } catch (SocketTimeoutException e) {
      throw new AssertionError("the server neither answers nor ends the connection", e);
    } catch (IOException over) {
      return null;
    }
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
