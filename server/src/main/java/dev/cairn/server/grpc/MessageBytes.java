package dev.cairn.server.grpc;

import io.grpc.Drainable;
import io.grpc.KnownLength;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.OutputStream;

/**
 * A serialized message as the transport wants it: with its length, no copy is needed to find it
 * out; drained, only one in all.
 */
final class MessageBytes extends ByteArrayInputStream implements KnownLength, Drainable {
  /**
   * @param bytes not copied
   * @param size how many of them are the message
   */
  MessageBytes(byte[] bytes, int size) {
    super(bytes, 0, size);
  }

  @Override
  public int drainTo(OutputStream target) throws IOException {
    int rest = count - pos;
    target.write(buf, pos, rest);
    pos = count;
    return rest;
  }
}
