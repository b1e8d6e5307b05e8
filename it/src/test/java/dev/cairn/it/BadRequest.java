package dev.cairn.it;

import com.google.protobuf.Message;
import com.google.protobuf.TextFormat;
import dev.cairn.v1.BackupServiceGrpc;
import dev.cairn.v1.CollectionServiceGrpc;
import dev.cairn.v1.ErrorReason;
import dev.cairn.v1.ItemServiceGrpc;
import dev.cairn.v1.RestorationServiceGrpc;
import dev.cairn.v1.SiteServiceGrpc;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.MethodDescriptor;
import io.grpc.ServiceDescriptor;
import io.grpc.Status;
import io.grpc.protobuf.ProtoMethodDescriptorSupplier;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * A line of {@code bad-requests.txt}: a request that has to be refused, and how.
 *
 * @param requests several only for a stream of them
 * @param fields the paths of fields that must be among the violations
 */
record BadRequest(
    String rpc, List<String> requests, Status.Code code, ErrorReason reason, List<String> fields) {
  private static final Path FILE =
      Settings.root().resolve("it/src/test/resources/bad-requests.txt");
  private static final Pattern COLUMNS = Pattern.compile(" *\\| *");
  private static final Pattern TIMES = Pattern.compile("<<(\\d+)\\*(.)>>");
  private static final Pattern NUMBERED = Pattern.compile("<<(\\d+):(.*?)>>");

  private static final Map<String, MethodDescriptor<?, ?>> METHODS =
      Stream.of(
              SiteServiceGrpc.getServiceDescriptor(),
              CollectionServiceGrpc.getServiceDescriptor(),
              ItemServiceGrpc.getServiceDescriptor(),
              BackupServiceGrpc.getServiceDescriptor(),
              RestorationServiceGrpc.getServiceDescriptor())
          .map(ServiceDescriptor::getMethods)
          .flatMap(Collection::stream)
          .collect(
              Collectors.toMap(
                  method -> method.getFullMethodName().replace("cairn.v1.", ""), method -> method));

  static Stream<BadRequest> all() {
    try {
      return Files.readAllLines(FILE).stream()
          .filter(line -> !line.isBlank() && !line.startsWith("#"))
          .map(BadRequest::parse);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static BadRequest parse(String line) {
    String[] columns = COLUMNS.split(line, -1);
    String[] answer = columns[2].strip().split(" ");
    return new BadRequest(
        columns[0].strip(),
        Arrays.stream(columns[1].split(";;")).map(String::strip).toList(),
        Status.Code.valueOf(answer[0]),
        ErrorReason.valueOf("ERROR_REASON_" + answer[1]),
        List.of(answer).subList(2, answer.length));
  }

  /** Makes the call and answers how it was refused. */
  Fault send(Channel channel, Map<String, String> values) {
    MethodDescriptor<Message, Message> method = method();
    List<Message> messages = requests.stream().map(text -> message(method, text, values)).toList();
    return Fault.from(
        () -> {
          switch (method.getType()) {
            case UNARY ->
                ClientCalls.blockingUnaryCall(channel, method, options(), messages.get(0));
            case SERVER_STREAMING ->
                ClientCalls.blockingServerStreamingCall(channel, method, options(), messages.get(0))
                    .forEachRemaining(message -> {});
            default -> stream(channel, method, messages);
          }
        });
  }

  private static CallOptions options() {
    return CallOptions.DEFAULT.withDeadlineAfter(30, TimeUnit.SECONDS);
  }

  @SuppressWarnings("unchecked") // the stubs know better, but here they are told by name
  private MethodDescriptor<Message, Message> method() {
    MethodDescriptor<?, ?> method = METHODS.get(rpc);
    if (method == null) {
      throw new IllegalStateException("there is no " + rpc);
    }
    return (MethodDescriptor<Message, Message>) method;
  }

  private static void stream(
      Channel channel, MethodDescriptor<Message, Message> method, List<Message> messages) {
    LinkedBlockingQueue<Object> answers = new LinkedBlockingQueue<>();
    StreamObserver<Message> requests =
        ClientCalls.asyncBidiStreamingCall(
            channel.newCall(method, options()), new Cairn.Queued<>(answers));
    messages.forEach(requests::onNext);
    while (true) {
      try {
        Object answer = answers.poll(30, TimeUnit.SECONDS);
        if (answer instanceof RuntimeException refusal) {
          throw refusal;
        }
        if (!(answer instanceof Message)) {
          return;
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      }
    }
  }

  private Message message(
      MethodDescriptor<Message, Message> method, String text, Map<String, String> values) {
    var types = (ProtoMethodDescriptorSupplier) method.getSchemaDescriptor();
    var marshaller = (MethodDescriptor.PrototypeMarshaller<Message>) method.getRequestMarshaller();
    if (types == null || marshaller.getMessagePrototype() == null) {
      throw new IllegalStateException(rpc + " was not generated from the contract");
    }
    Message.Builder builder = marshaller.getMessagePrototype().newBuilderForType();
    try {
      TextFormat.merge(expand(text, values), builder);
    } catch (TextFormat.ParseException e) {
      throw new IllegalStateException(this + ": " + e.getMessage(), e);
    }
    return builder.build();
  }

  private static String expand(String text, Map<String, String> values) {
    String expanded =
        TIMES.matcher(text).replaceAll(m -> quote(m.group(2).repeat(Integer.parseInt(m.group(1)))));
    expanded =
        NUMBERED
            .matcher(expanded)
            .replaceAll(
                m ->
                    quote(
                        IntStream.range(0, Integer.parseInt(m.group(1)))
                            .mapToObj(i -> m.group(2).replace("#", String.valueOf(i)))
                            .collect(Collectors.joining(" "))));
    for (Map.Entry<String, String> value : values.entrySet()) {
      expanded = expanded.replace("${" + value.getKey() + "}", value.getValue());
    }
    return expanded;
  }

  private static String quote(String replacement) {
    return java.util.regex.Matcher.quoteReplacement(replacement);
  }

  @Override
  public String toString() {
    return rpc + " " + String.join(" ;; ", requests);
  }
}
