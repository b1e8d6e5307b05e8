package dev.cairn.client.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Timestamp;
import com.google.protobuf.Value;
import dev.cairn.client.jsonl.ProtoJson;
import dev.cairn.v1.Backup;
import dev.cairn.v1.BackupRetention;
import dev.cairn.v1.BackupSchedule;
import dev.cairn.v1.CollectionView;
import dev.cairn.v1.Comparison;
import dev.cairn.v1.Filter;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PartsTest {
  @ParameterizedTest
  @CsvSource({
    "0,0 B",
    "999,999 B",
    "1000,1.0 kB",
    "9949,9.9 kB",
    "999499,999 kB",
    "999501,1.0 MB",
    "123456789,123 MB",
    "9223372036854775807,9223 PB"
  })
  void writesBytes(long bytes, String text) {
    assertThat(Format.bytes(bytes)).isEqualTo(text);
  }

  @ParameterizedTest
  @CsvSource({
    "PT0S,0.0s",
    "PT9.94S,9.9s",
    "PT59S,59s",
    "PT60S,1m",
    "PT61S,1m 1s",
    "PT25H,1d 1h",
    "P7D,7d"
  })
  void writesSpans(Duration span, String text) {
    assertThat(Format.span(span)).isEqualTo(text);
  }

  @ParameterizedTest
  @CsvSource({"host,host:7600", "host:1,host:1", "[::1],[::1]:7600", "[::1]:1,[::1]:1"})
  void addsTheUsualPort(String given, String address) {
    assertThat(CairnCli.withPort(given)).isEqualTo(address);
  }

  @Test
  void alignsColumnsByWhatTheyShow() {
    Table table = new Table("A", "N>", "B");
    table.row("日本", "1", "x");
    table.row("e\u0301", "12", "\u001B[31mred");

    assertThat(table.toString()).isEqualTo("A      N  B\n日本   1  x\ne\u0301     12   [31mred\n");
  }

  @ParameterizedTest
  @CsvSource({"abc,3,abc", "abcd,3,ab…", "日本語,5,日本…", "日本,4,日本", "e\u0301x,2,e\u0301x"})
  void shortensTextToItsPlace(String text, int columns, String shortened) {
    assertThat(Table.shortened(text, columns)).isEqualTo(shortened);
  }

  @Test
  void drawsProgress() {
    AtomicLong nanos = new AtomicLong();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    try (ProgressBar bar =
        new ProgressBar(new PrintStream(err, true, UTF_8), true, false, "x", nanos::get)) {
      bar.update(new ProgressBar.State("staging", 0.5, 1_000, 2_000, "items", "eta 1s"));
      nanos.addAndGet(Duration.ofSeconds(1).toNanos());
      bar.update(new ProgressBar.State("staging", 1, 2_000, 2_000, "items", ""));
    }

    assertThat(err.toString(UTF_8))
        .isEqualTo(
            "\rx  [##########----------]   50%  staging  1,000/2,000 items  eta 1s"
                + "\rx  [####################]  100%  staging  2,000/2,000 items  2,000/s"
                + "\rx  [####################]  100%  staging  2,000/2,000 items  2,000/s"
                + System.lineSeparator());
  }

  @Test
  void printsAtMostALineASecondIntoLogs() {
    AtomicLong nanos = new AtomicLong();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    try (ProgressBar bar =
        new ProgressBar(new PrintStream(err, true, UTF_8), false, false, "x", nanos::get)) {
      for (int i = 0; i <= 100; i++) {
        bar.update(
            new ProgressBar.State(i < 50 ? "staging" : "finalizing", i / 100.0, 0, 0, "", ""));
        nanos.addAndGet(Duration.ofMillis(40).toNanos());
      }
    }

    assertThat(err.toString(UTF_8).lines())
        .containsExactly(
            "x    0%  staging",
            "x   25%  staging",
            "x   50%  finalizing",
            "x   75%  finalizing",
            "x  100%  finalizing");
  }

  @Test
  void restoresArgumentsThatTheJvmSpoiled() {
    byte[] commandLine = "java\0-jar\0cairn.jar\0item\0gr\u00FC\u00DFe\0a?b\0".getBytes(UTF_8);

    assertThat(
            ProcessArguments.restored(
                new String[] {"item", "gr\uFFFD\uFFFD\uFFFD\uFFFDe", "a?b"}, commandLine))
        .containsExactly("item", "gr\u00FC\u00DFe", "a?b");
    assertThat(ProcessArguments.restored(new String[] {"other", "x?"}, commandLine))
        .containsExactly("other", "x?");
  }

  @Test
  void namesFilesInUtf8() {
    assertThat(ProcessArguments.path("x/y")).isEqualTo(Path.of("x/y"));
  }

  @Test
  void printsMessagesForPrograms() {
    BackupSchedule schedule =
        BackupSchedule.newBuilder()
            .setInterval(
                com.google.protobuf.Duration.newBuilder().setSeconds(90).setNanos(500_000_000))
            .setRetention(BackupRetention.newBuilder().setCount(4))
            .setNextRunTime(Timestamp.newBuilder().setSeconds(0).setNanos(1))
            .build();

    assertThat(new String(ProtoJson.line(schedule), UTF_8))
        .isEqualTo(
            "{\"siteId\":\"\",\"interval\":\"90.5s\",\"timeZone\":\"\",\"paused\":false,"
                + "\"retention\":{\"count\":4},\"nextRunTime\":\"1970-01-01T00:00:00.000000001Z\","
                + "\"lastBackupId\":\"\",\"etag\":\"\"}\n");
    assertThat(
            new String(
                ProtoJson.line(
                    CollectionView.newBuilder()
                        .setName("v")
                        .setFilter(
                            Filter.newBuilder()
                                .setComparison(
                                    Comparison.newBuilder()
                                        .setField("a")
                                        .setEq(Value.newBuilder().setStringValue("x"))))
                        .build()),
                UTF_8))
        .contains("\"comparison\":{\"field\":\"a\",\"eq\":\"x\"}");
    assertThat(new String(ProtoJson.line(Backup.newBuilder().putLabels("k", "v").build()), UTF_8))
        .contains(
            "\"labels\":{\"k\":\"v\"}",
            "\"sizeBytes\":0",
            "\"state\":\"BACKUP_STATE_UNSPECIFIED\"");
  }
}
