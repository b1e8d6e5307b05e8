package dev.cairn.server.grpc;

import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import dev.cairn.server.site.RequestId;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Optional;

/** Tells two requests apart by all that they say. */
final class RequestDigest {
  private RequestDigest() {}

  /** SHA-256 of the request's type and fields, but for those named. */
  static byte[] of(Message request, String... without) {
    Message.Builder rest = request.toBuilder();
    for (String name : without) {
      FieldDescriptor field = request.getDescriptorForType().findFieldByName(name);
      if (field != null) {
        rest.clearField(field);
      }
    }
    MessageDigest digest = sha256();
    digest.update(
        request
            .getDescriptorForType()
            .getFullName()
            .getBytes(java.nio.charset.StandardCharsets.UTF_8));
    digest.update((byte) 0);
    return digest.digest(deterministic(rest.build()));
  }

  /** The caller's id for a request that creates something, if it gave one. */
  static Optional<RequestId> requestId(Message request, String id) {
    return id.isEmpty()
        ? Optional.empty()
        : Optional.of(
            new RequestId(
                id.toLowerCase(Locale.ROOT), HexFormat.of().formatHex(of(request, "request_id"))));
  }

  private static byte[] deterministic(Message message) {
    byte[] bytes = new byte[message.getSerializedSize()];
    CodedOutputStream output = CodedOutputStream.newInstance(bytes);
    output.useDeterministicSerialization();
    try {
      message.writeTo(output);
      output.checkNoSpaceLeft();
    } catch (IOException e) {
      throw new UncheckedIOException("writing to memory", e);
    }
    return bytes;
  }

  static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }
}
