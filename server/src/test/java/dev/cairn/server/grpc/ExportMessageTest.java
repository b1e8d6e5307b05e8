package dev.cairn.server.grpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import com.google.protobuf.Timestamp;
import dev.cairn.server.store.ItemBytes;
import dev.cairn.server.store.StoredItem;
import dev.cairn.v1.ExportItemsResponse;
import dev.cairn.v1.Item;
import io.grpc.Drainable;
import io.grpc.KnownLength;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** The bytes are those that generated code would have written. */
final class ExportMessageTest {
  private static final ExportItemsResponse NO_HEAD = ExportItemsResponse.getDefaultInstance();
  private static final Instant CREATED = Instant.parse("2026-02-03T04:05:06.789Z");
  private static final StoredItem ROME =
      new StoredItem(
          "rome",
          ByteString.copyFromUtf8("{\"name\":\"Roma\"}"),
          "ann",
          CREATED,
          CREATED.plusNanos(1),
          3);

  @Test
  void isWhatGeneratedCodeWrites() throws IOException {
    Random random = new Random(7);
    List<StoredItem> items = new ArrayList<>();
    for (int i = 0; i < 2_000; i++) {
      items.add(any(random));
    }
    ExportMessage message = new ExportMessage(NO_HEAD, 100);
    items.forEach(item -> assertThat(add(message, item)).isTrue());

    assertThat(bytes(message)).isEqualTo(generated(items).toByteArray());
    assertThat(message.size()).isEqualTo(generated(items).getSerializedSize());
    assertThat(message.items()).isEqualTo(items.size());
  }

  private static StoredItem any(Random random) {
    byte[] data = new byte[random.nextInt(10) == 0 ? random.nextInt(70_000) : random.nextInt(300)];
    random.nextBytes(data);
    return new StoredItem(
        "id-😀-" + "é".repeat(random.nextInt(100)),
        ByteString.copyFrom(data),
        "o".repeat(random.nextInt(3) * random.nextInt(200)),
        random.nextInt(5) == 0 ? Instant.EPOCH : Instant.ofEpochSecond(random.nextInt(), 500),
        Instant.ofEpochSecond(random.nextLong() >> 29, random.nextInt(1_000_000_000)),
        random.nextInt(5) == 0 ? 0 : random.nextLong());
  }

  @Test
  void writesEveryFieldThatAnItemHas() throws IOException {
    ExportMessage message = new ExportMessage(NO_HEAD, 0);
    add(message, ROME);

    Item item = ExportItemsResponse.parseFrom(bytes(message)).getItems(0);
    assertThat(item.getAllFields().keySet())
        .containsExactlyElementsOf(Item.getDescriptor().getFields());
    assertThat(item).isEqualTo(ItemMessages.toProto(ROME));
  }

  @Test
  void beginsWithWhatElseThereIsToSay() throws IOException {
    ExportItemsResponse head =
        ExportItemsResponse.newBuilder()
            .setItemCount(0)
            .setSnapshotTime(Timestamp.newBuilder().setSeconds(5))
            .build();
    ExportMessage message = new ExportMessage(head, 10);

    assertThat(ExportItemsResponse.parseFrom(bytes(message))).isEqualTo(head);
    add(message, ROME);

    assertThat(ExportItemsResponse.parseFrom(bytes(message)))
        .isEqualTo(head.toBuilder().addItems(ItemMessages.toProto(ROME)).build());
  }

  @Test
  void refusesAnItemThatWouldMakeItTooLargeUnlessItIsTheFirst() {
    ExportMessage message = new ExportMessage(NO_HEAD, 0);

    assertThat(message.add(ItemBytes.of(ROME), 1)).isTrue();
    int one = message.size();
    assertThat(message.add(ItemBytes.of(ROME), 2 * one - 1)).isFalse();
    assertThat(message.size()).isEqualTo(one);
    assertThat(message.items()).isEqualTo(1);
    assertThat(message.add(ItemBytes.of(ROME), 2 * one)).isTrue();
    assertThat(message.size()).isEqualTo(2 * one);
  }

  @Test
  void isReadByATransportInWhicheverWayItLikes() throws IOException {
    ExportMessage message = new ExportMessage(NO_HEAD, 1_000);
    add(message, ROME);
    byte[] whole = bytes(message);

    InputStream stream = ExportMessage.MARSHALLER.stream(message);
    assertThat(stream).isInstanceOf(KnownLength.class);
    assertThat(stream.available()).isEqualTo(whole.length);
    assertThat(stream.read()).isEqualTo(whole[0]);
    ByteArrayOutputStream rest = new ByteArrayOutputStream();
    assertThat(((Drainable) stream).drainTo(rest)).isEqualTo(whole.length - 1);
    assertThat(rest.toByteArray()).isEqualTo(ByteString.copyFrom(whole).substring(1).toByteArray());
    assertThat(stream.read()).isEqualTo(-1);
    assertThatThrownBy(() -> ExportMessage.MARSHALLER.parse(stream))
        .isInstanceOf(UnsupportedOperationException.class);
  }

  private static boolean add(ExportMessage message, StoredItem item) {
    return message.add(ItemBytes.of(item), Integer.MAX_VALUE);
  }

  private static byte[] bytes(ExportMessage message) throws IOException {
    return ExportMessage.MARSHALLER.stream(message).readAllBytes();
  }

  private static ExportItemsResponse generated(List<StoredItem> items) {
    return ExportItemsResponse.newBuilder()
        .addAllItems(items.stream().map(ItemMessages::toProto).toList())
        .build();
  }
}
