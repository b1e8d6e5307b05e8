package dev.cairn.client.cli;

import com.google.protobuf.MessageOrBuilder;
import dev.cairn.client.jsonl.ProtoJson;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.function.Supplier;

/** Data of a command, on stdout: for people or for programs. Confined to one thread. */
final class Output {
  /** What {@code --output} may say. */
  enum Form {
    table,
    json
  }

  private final OutputStream out;
  private final Form form;

  Output(OutputStream out, Form form) {
    this.out = out;
    this.form = form;
  }

  boolean isJson() {
    return form == Form.json;
  }

  /** One answer: a JSON document, or the text. */
  void show(MessageOrBuilder message, Supplier<String> text) {
    write(isJson() ? ProtoJson.document(message) : text.get().getBytes(StandardCharsets.UTF_8));
  }

  /** One of many: a JSON document on a line, or the text. */
  void showNext(MessageOrBuilder message, Supplier<String> text) {
    write(isJson() ? ProtoJson.line(message) : text.get().getBytes(StandardCharsets.UTF_8));
  }

  void write(byte[] bytes) {
    try {
      out.write(bytes);
      out.flush();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
