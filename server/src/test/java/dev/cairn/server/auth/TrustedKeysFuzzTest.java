package dev.cairn.server.auth;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import com.code_intelligence.jazzer.mutation.annotation.NotNull;

/** Whatever lies where a JWK Set should be is one, or refused with words for an operator. */
class TrustedKeysFuzzTest {
  @FuzzTest
  void fileIsUsableOrRefused(byte @NotNull [] file) {
    try {
      assertThat(TrustedKeys.parse(file)).isNotNull();
    } catch (UnusableFileException e) {
      assertThat(e).hasMessageMatching("(?s).+");
    }
  }
}
