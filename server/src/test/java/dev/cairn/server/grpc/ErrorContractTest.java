package dev.cairn.server.grpc;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Any;
import com.google.rpc.BadRequest;
import com.google.rpc.Code;
import com.google.rpc.ErrorInfo;
import com.google.rpc.PreconditionFailure;
import com.google.rpc.QuotaFailure;
import com.google.rpc.ResourceInfo;
import com.google.rpc.RetryInfo;
import dev.cairn.server.error.FieldViolation;
import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import dev.cairn.v1.ErrorReason;
import io.grpc.Status;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What the comments of ErrorReason promise, and what {@link StatusMapper} does. */
class ErrorContractTest {
  private static final CallInfo CALL = new CallInfo("call", "cairn.v1.ItemService/GetItem", "");
  private static final Map<String, String> COMMENTS = comments();

  @Test
  void reasonsAreThoseOfTheContract() {
    Set<String> contract =
        Arrays.stream(ErrorReason.values())
            .filter(each -> each != ErrorReason.UNRECOGNIZED)
            .filter(each -> each != ErrorReason.ERROR_REASON_UNSPECIFIED)
            .map(each -> each.name().substring("ERROR_REASON_".length()))
            .collect(Collectors.toSet());

    assertThat(Arrays.stream(Reason.values()).map(Enum::name))
        .containsExactlyInAnyOrderElementsOf(contract);
  }

  @ParameterizedTest
  @EnumSource(names = "INTERRUPTED", mode = EnumSource.Mode.EXCLUDE)
  void reasonTravelsAsItsCommentSays(Reason reason) {
    String comment = Objects.requireNonNull(COMMENTS.get(reason.name()));
    Matcher code = Pattern.compile("Status ([A-Z_]+)([^.:]*)[.:]").matcher(comment);
    assertThat(code.find()).as(comment).isTrue();

    List<Any> details = details(new ServiceException(reason, "it failed"));

    assertThat(StatusMapper.code(reason)).isEqualTo(Code.valueOf(code.group(1)));
    assertThat(kinds(details)).isEqualTo(promised(code.group(2)));
  }

  private static Set<Class<?>> promised(String with) {
    return Stream.<Class<?>>of(
            BadRequest.class,
            PreconditionFailure.class,
            QuotaFailure.class,
            ResourceInfo.class,
            RetryInfo.class)
        .filter(type -> with.contains(type.getSimpleName()))
        .collect(Collectors.toSet());
  }

  private static Set<Class<?>> kinds(List<Any> details) {
    return Stream.<Class<? extends com.google.protobuf.Message>>of(
            BadRequest.class,
            PreconditionFailure.class,
            QuotaFailure.class,
            ResourceInfo.class,
            RetryInfo.class)
        .filter(type -> details.stream().anyMatch(any -> any.is(type)))
        .collect(Collectors.toSet());
  }

  @ParameterizedTest
  @EnumSource
  void everyErrorNamesItsReasonAndDomain(Reason reason) {
    StatusMapper.Reply reply = StatusMapper.map(new ServiceException(reason, "x"), CALL);

    ErrorInfo info = reply.errorInfo().orElseThrow();
    assertThat(info.getDomain()).isEqualTo("cairn.dev");
    assertThat(info.getReason())
        .isEqualTo(reason == Reason.INTERRUPTED ? "INTERNAL" : reason.name());
  }

  @Test
  void idsOfTheRequestAreInTheMetadata() {
    CallInfo call = new CallInfo("call", "m", "");
    call.learn(
        dev.cairn.v1.GetItemRequest.newBuilder()
            .setSiteId("shop")
            .setCollectionId("products")
            .setItemId("p1")
            .build());

    StatusMapper.Reply reply = StatusMapper.map(new ServiceException(Reason.DISK_FULL, "x"), call);

    assertThat(reply.errorInfo().orElseThrow().getMetadataMap())
        .containsExactlyInAnyOrderEntriesOf(
            Map.of("site_id", "shop", "collection_id", "products", "item_id", "p1"));
  }

  @Test
  void bugsTellTheCallerNothingButWhereToLook() {
    StatusMapper.Reply reply =
        StatusMapper.map(new IllegalStateException("/var/lib/cairn/secret"), CALL);

    assertThat(reply.status().getCode()).isEqualTo(Status.Code.INTERNAL);
    assertThat(reply.status().getDescription()).doesNotContain("secret");
    assertThat(reply.errorInfo().orElseThrow().getMetadataMap()).containsKey("error_id");
  }

  @Test
  void internalErrorsOfTheDomainGetAnErrorIdToo() {
    StatusMapper.Reply reply =
        StatusMapper.map(new ServiceException(Reason.INTERNAL, "impossible"), CALL);

    assertThat(reply.errorInfo().orElseThrow().getMetadataMap()).containsKey("error_id");
  }

  @Test
  void trailersFitIntoWhatClientsAccept() {
    List<FieldViolation> many =
        Stream.generate(() -> new FieldViolation("entries[999].item.data", "ä".repeat(2_000)))
            .limit(1_000)
            .toList();

    StatusMapper.Reply invalid = StatusMapper.map(ServiceException.invalid(many), CALL);
    StatusMapper.Reply longOne =
        StatusMapper.map(
            new ServiceException(
                Reason.ALL_BACKUPS_PINNED,
                Map.of("backup_ids", "01hxyz0123456789abcdefghjk,".repeat(100), "limit", "100"),
                "😀".repeat(5_000)),
            CALL);

    assertThat(size(invalid)).isLessThan(8_000);
    assertThat(invalid.trailers().get(StatusMapper.DETAILS).getDetailsList()).hasSize(2);
    assertThat(size(longOne)).isLessThan(8_000);
  }

  /** As HTTP/2 counts: Base64 of the details, the percent-encoded message, and the rest. */
  private static int size(StatusMapper.Reply reply) {
    com.google.rpc.Status details = reply.trailers().get(StatusMapper.DETAILS);
    return details.getSerializedSize() * 4 / 3
        + String.valueOf(reply.status().getDescription()).getBytes(UTF_8).length * 3
        + 300;
  }

  private static List<Any> details(ServiceException exception) {
    com.google.rpc.Status details =
        StatusMapper.map(exception, CALL).trailers().get(StatusMapper.DETAILS);
    return Optional.ofNullable(details).orElseThrow().getDetailsList();
  }

  /** The comment above each value, by its name without prefix. */
  private static Map<String, String> comments() {
    Map<String, String> comments = new LinkedHashMap<>();
    StringBuilder comment = new StringBuilder();
    for (String line : proto().lines().map(String::strip).toList()) {
      Matcher value = Pattern.compile("ERROR_REASON_([A-Z_]+) = \\d+;").matcher(line);
      if (line.startsWith("//")) {
        comment.append(line.substring(2).strip()).append(' ');
      } else {
        if (value.matches()) {
          comments.put(value.group(1), comment.toString());
        }
        comment.setLength(0);
      }
    }
    return comments;
  }

  private static String proto() {
    try (InputStream file = ErrorReason.class.getResourceAsStream("/cairn/v1/error_reason.proto")) {
      return new String(Objects.requireNonNull(file).readAllBytes(), UTF_8);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }
}
