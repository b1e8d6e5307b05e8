package dev.cairn.server.telemetry;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class AuditLineTest {
  @Test
  void writesPairsInOrderAndLeavesOutWhatIsEmpty() {
    assertThat(
            new AuditLine().with("who", "ada").with("reason", "").with("what", "a.B/C").toString())
        .isEqualTo("who=ada what=a.B/C");
  }

  @Test
  void aValueCannotBeTakenForSeveral() {
    assertThat(AuditLine.quoted("x outcome=OK")).isEqualTo("\"x outcome=OK\"");
    assertThat(AuditLine.quoted("a\"b\\c")).isEqualTo("\"a\\\"b\\\\c\"");
    assertThat(AuditLine.quoted("a\r\nwho=root")).isEqualTo("\"a\\u000d\\u000awho=root\"");
    assertThat(AuditLine.quoted("\u001b[2J\u2028\u202e")).isEqualTo("\"\\u001b[2J\\u2028\\u202e\"");
    assertThat(AuditLine.quoted("Ad\u00e4 L")).isEqualTo("\"Ad\u00e4 L\"");
    assertThat(AuditLine.quoted("x".repeat(300))).isEqualTo("\"" + "x".repeat(256) + "...\"");
  }
}
