package dev.cairn.it.bench;

import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;

/**
 * One connection that makes unary calls of one rpc in HTTP/2 frames of its own, for a fraction of
 * what a real client costs: who offers four times what a server can do on a core like the server's
 * has no time for more. Never waits. Confined to one thread.
 */
final class RawConnection implements AutoCloseable {
  private static final int DATA = 0;
  private static final int HEADERS = 1;
  private static final int RST_STREAM = 3;
  private static final int SETTINGS = 4;
  private static final int PING = 6;
  private static final int GOAWAY = 7;
  private static final int WINDOW_UPDATE = 8;

  private static final int MAX_CONCURRENT_STREAMS = 3;
  private static final int SETTING = 6;
  private static final int UNKNOWN = 2;
  private static final int END_STREAM = 1;
  private static final int ACK = 1;
  private static final int END_HEADERS = 4;
  private static final int FRAME_HEADER = 9;
  private static final int MESSAGE_HEADER = 5;
  private static final int BUFFER = 1 << 18;
  private static final byte[] PREFACE = ascii("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

  /** With its length, since others begin with the same letters. */
  private static final byte[] STATUS = ascii("\13grpc-status");

  /** By stream; there are never as many open, however long one of them takes. */
  private static final int SLOTS = 1 << 16;

  /** Told what became of a call. */
  interface Listener {
    /**
     * @param begin as it was given with the call
     * @param code of its status
     */
    void ended(long begin, int code);
  }

  private final SocketChannel socket;
  private final Listener listener;
  private final int maxOpen;
  private final ByteBuffer out = ByteBuffer.allocateDirect(BUFFER);
  private final ByteBuffer in = ByteBuffer.allocateDirect(BUFFER);
  private final byte[] first;
  private final byte[] later;
  private final long[] begins = new long[SLOTS];
  private int nextStream = 1;
  private int permitted = Integer.MAX_VALUE;
  private int open;
  private long window = 65_535;

  /**
   * @param maxOpen calls that it has open at once; fewer where the server wants that
   */
  RawConnection(int port, String method, int maxOpen, Listener listener) throws IOException {
    this.maxOpen = maxOpen;
    this.listener = listener;
    this.first = firstHeaders(port, method);
    this.later = laterHeaders();
    this.socket = SocketChannel.open(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
    socket.setOption(StandardSocketOptions.TCP_NODELAY, true);
    socket.configureBlocking(false);
    out.put(PREFACE);
    // No table of headers: then the status of an answer can be read as it stands.
    frame(SETTINGS, 0, 0, 6);
    out.putShort((short) 1).putInt(0);
    frame(WINDOW_UPDATE, 0, 0, 4);
    out.putInt(Integer.MAX_VALUE - 65_535);
  }

  /** Each is kept by the server for later, as real clients have it. */
  private static byte[] firstHeaders(int port, String method) {
    ByteArrayOutputStream block = new ByteArrayOutputStream();
    block.write(0x80 | 3); // :method POST
    block.write(0x80 | 6); // :scheme http
    kept(block, ":path", "/" + method);
    kept(block, ":authority", "127.0.0.1:" + port);
    kept(block, "content-type", "application/grpc");
    kept(block, "te", "trailers");
    kept(block, "user-agent", "bench");
    return block.toByteArray();
  }

  private static byte[] laterHeaders() {
    byte[] block = new byte[7];
    block[0] = (byte) (0x80 | 3);
    block[1] = (byte) (0x80 | 6);
    for (int i = 0; i < 5; i++) {
      block[2 + i] = (byte) (0x80 | (62 + 4 - i));
    }
    return block;
  }

  private static void kept(ByteArrayOutputStream block, String name, String value) {
    block.write(0x40);
    for (String text : new String[] {name, value}) {
      block.write(text.length()); // all are shorter than 127
      block.writeBytes(ascii(text));
    }
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  private void frame(int type, int flags, int stream, int length) {
    out.put((byte) (length >>> 16)).putShort((short) length);
    out.put((byte) type).put((byte) flags).putInt(stream);
  }

  /** Makes a call, unless too many are open or the server takes no more bytes for now. */
  boolean call(byte[] message, long begin) {
    byte[] headers = nextStream == 1 ? first : later;
    int data = MESSAGE_HEADER + message.length;
    if (open >= Math.min(maxOpen, permitted)
        || window < data
        || out.remaining() < 2 * FRAME_HEADER + headers.length + data) {
      return false;
    }
    frame(HEADERS, END_HEADERS, nextStream, headers.length);
    out.put(headers);
    frame(DATA, END_STREAM, nextStream, data);
    out.put((byte) 0).putInt(message.length).put(message);
    window -= data;
    begins[slot(nextStream)] = begin;
    nextStream += 2;
    open++;
    return true;
  }

  private static int slot(int stream) {
    return (stream >>> 1) & (SLOTS - 1);
  }

  int open() {
    return open;
  }

  /** Sends and receives what can be at once; answers whether there was anything. */
  boolean exchange() throws IOException {
    int moved = 0;
    if (out.position() > 0) {
      out.flip();
      moved += socket.write(out);
      out.compact();
    }
    int received = socket.read(in);
    if (received < 0) {
      throw new EOFException("the server closed the connection");
    }
    if (received > 0) {
      in.flip();
      while (takeFrame()) {}
      in.compact();
    }
    return moved + received > 0;
  }

  private boolean takeFrame() throws IOException {
    if (in.remaining() < FRAME_HEADER) {
      return false;
    }
    int begin = in.position();
    int length = (in.get(begin) & 0xff) << 16 | in.getShort(begin + 1) & 0xffff;
    if (in.remaining() < FRAME_HEADER + length) {
      return false;
    }
    int type = in.get(begin + 3);
    int flags = in.get(begin + 4);
    int stream = in.getInt(begin + 5);
    int payload = begin + FRAME_HEADER;
    switch (type) {
      case HEADERS -> {
        if ((flags & END_STREAM) != 0) {
          ended(stream, status(payload, length));
        }
      }
      case RST_STREAM -> ended(stream, UNKNOWN);
      case SETTINGS -> {
        if ((flags & ACK) == 0) {
          for (int at = payload; at < payload + length; at += SETTING) {
            if (in.getShort(at) == MAX_CONCURRENT_STREAMS) {
              permitted = in.getInt(at + Short.BYTES);
            }
          }
          frame(SETTINGS, ACK, 0, 0);
        }
      }
      case PING -> {
        if ((flags & ACK) == 0) {
          frame(PING, ACK, 0, length);
          out.putLong(in.getLong(payload));
        }
      }
      case WINDOW_UPDATE -> {
        if (stream == 0) {
          window += in.getInt(payload);
        }
      }
      case GOAWAY -> throw new IOException("the server ends the connection");
      default -> {} // of no interest
    }
    in.position(payload + length);
    return true;
  }

  /** A stream that has ended with its status may be reset as well; it is told of once. */
  private void ended(int stream, int code) {
    long begin = begins[slot(stream)];
    if (begin != 0) {
      begins[slot(stream)] = 0;
      open--;
      listener.ended(begin, code);
    }
  }

  private int status(int payload, int length) throws IOException {
    for (int at = payload; at + STATUS.length + 1 < payload + length; at++) {
      int same = 0;
      while (same < STATUS.length && in.get(at + same) == STATUS[same]) {
        same++;
      }
      if (same == STATUS.length) {
        int digits = in.get(at + same);
        int code = 0;
        for (int i = 1; i <= digits; i++) {
          code = code * 10 + in.get(at + same + i) - '0';
        }
        return code;
      }
    }
    throw new IOException("an answer without a status");
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
