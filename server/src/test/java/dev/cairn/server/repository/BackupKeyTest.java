package dev.cairn.server.repository;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class BackupKeyTest {
  @ParameterizedTest
  @ValueSource(strings = {"", ".", "..", "a/b", "/a", ".a", "a b", "a\u0000", "\u00fc", "a\n"})
  void refusesWhatIsNoSafeFileName(String id) {
    assertThatIllegalArgumentException().isThrownBy(() -> new BackupKey(id, "b"));
    assertThatIllegalArgumentException().isThrownBy(() -> new BackupKey("s", id));
  }

  @Test
  void refusesBackupsThatLookStaged() {
    assertThatIllegalArgumentException().isThrownBy(() -> new BackupKey("s", "b.tmp"));
    assertThat(new BackupKey("s.tmp", "b")).hasToString("s.tmp/b");
  }
}
