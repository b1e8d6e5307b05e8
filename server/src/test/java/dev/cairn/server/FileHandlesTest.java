package dev.cairn.server;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class FileHandlesTest {
  @Test
  void keepsWhatIsConfiguredWhereThereAreEnough() {
    assertThat(FileHandles.within(65_536, 500, 512, 10_000))
        .isEqualTo(new FileHandles(500, 512, 10_000));
  }

  @Test
  void keepsFewerDatabasesOpenWhereHandlesAreFew() {
    FileHandles few = FileHandles.within(200, 500, 512, 10_000);

    assertThat(few.connections()).isEqualTo(50);
    assertThat(few.openSites()).isBetween(2, 8);
    assertThat(FileHandles.within(20, 500, 512, 10_000).openSites()).isEqualTo(1);
  }
}
