package dev.cairn.client.jsonl;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import com.code_intelligence.jazzer.mutation.annotation.NotNull;
import dev.cairn.v1.Item;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;

/** Whatever a file of items holds, each line is an item or bad; what is written is read again. */
class ItemReaderFuzzTest {
  @FuzzTest
  void linesAreItemsOrBad(byte @NotNull [] file) throws IOException {
    int items = 0;
    try (ItemReader reader =
        new ItemReader(new ByteArrayInputStream(file), ItemReader.Format.DOCUMENTS)) {
      for (int lines = 0; lines <= file.length; lines++) {
        try {
          if (!reader.hasNext()) {
            break;
          }
          assertIsReadAgain(reader.next());
          items++;
        } catch (BadLineException e) {
          assertThat(e).hasMessageMatching("(?s).+");
        }
      }
    }
    assertThat(items).isLessThanOrEqualTo(file.length);
  }

  private static void assertIsReadAgain(Item item) throws IOException {
    if (item.getId().isEmpty()) {
      return; // the server would make one
    }
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (ItemWriter writer = new ItemWriter(out, false)) {
      writer.write(item);
    }
    try (ItemReader reader =
        new ItemReader(new ByteArrayInputStream(out.toByteArray()), ItemReader.Format.DOCUMENTS)) {
      Item again = reader.next();
      assertThat(again.getId()).isEqualTo(item.getId());
      assertThat(reader.hasNext()).isFalse();
    }
  }
}
