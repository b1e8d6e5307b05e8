package dev.cairn.server.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class NearestTest {
  @ParameterizedTest
  @CsvSource({
    "abc, abc, 0",
    "abc, ab, 1",
    "ab, abc, 1",
    "abc, abd, 1",
    "abc, acb, 1",
    "'', abc, 3",
    "abc, '', 3",
    "kitten, sitting, 3",
  })
  void countsTheChanges(String from, String to, int changes) {
    assertThat(Nearest.distance(from, to)).isEqualTo(changes);
    assertThat(Nearest.distance(to, from)).isEqualTo(changes);
  }

  @Test
  void findsWhatWasMeant() {
    List<String> names = List.of("disk.reserve", "listen.address", "listen.port", "store.port-x");

    assertThat(Nearest.to("lisetn.prt", names)).isEqualTo("listen.port");
    assertThat(Nearest.to("port", names)).isEqualTo("listen.port");
    assertThat(Nearest.to("listen.adress", names)).isEqualTo("listen.address");
  }
}
