package dev.cairn.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.server.repository.DurableFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CatalogMarkTest {
  @TempDir Path directory;

  @Test
  void isZeroInADirectoryThatNeverHadOne() throws IOException {
    assertThat(mark().read()).isZero();
  }

  @Test
  void isKeptAsTheNameOfAnEmptyFile() throws IOException {
    CatalogMark mark = mark();

    mark.set(7);
    mark.set(12);

    assertThat(mark.read()).isEqualTo(12);
    assertThat(DurableFiles.list(directory)).containsExactly(file(12));
    assertThat(file(12)).isEmptyFile();
  }

  @Test
  void neverGoesBack() throws IOException {
    CatalogMark mark = mark();
    mark.set(12);

    mark.set(7);

    assertThat(mark.read()).isEqualTo(12);
  }

  @Test
  void anOlderOneThatIsUnpackedBesideItChangesNothing() throws IOException {
    mark().set(12);
    Files.createFile(file(7));

    assertThat(mark().read()).isEqualTo(12);
    mark().set(13);
    assertThat(DurableFiles.list(directory)).containsExactly(file(13));
  }

  @Test
  void namesThatNoServerWroteSayNothing() throws IOException {
    for (String name : List.of("MARK-", "MARK-12", "MARK-9999999999999999999", "RESERVE")) {
      Files.createFile(directory.resolve(name));
    }
    Files.createFile(directory.resolve(file(5).getFileName() + ".tmp")); // as a crash leaves it

    assertThat(mark().read()).isZero();
    mark().set(3);
    assertThat(DurableFiles.list(directory)).containsExactly(file(3), directory.resolve("RESERVE"));
  }

  @Test
  void whereverItFailsItIsTheOldOrTheNewOneAndTheNextCallMakesUpForIt() throws IOException {
    for (int k = 0; ; k++) {
      int[] left = {k};
      boolean[] failed = {false};
      Path place = Files.createDirectory(directory.resolve("at-" + k));
      CatalogMark mark =
          new CatalogMark(
              place,
              new DurableFiles(
                  (step, path) -> {
                    if (left[0]-- == 0) {
                      failed[0] = true;
                      throw new IOException("No space left on device");
                    }
                  }));
      new CatalogMark(place, new DurableFiles()).set(7);

      mark.set(12);

      if (!failed[0]) {
        assertThat(k).as("steps").isGreaterThan(4);
        return;
      }
      assertThat(mark.read()).isIn(7L, 12L);
      mark.set(12);
      assertThat(mark.read()).isEqualTo(12);
      assertThat(DurableFiles.list(place)).containsExactly(place.resolve(file(12).getFileName()));
    }
  }

  private CatalogMark mark() {
    return new CatalogMark(directory, new DurableFiles());
  }

  private Path file(long number) {
    return directory.resolve("MARK-00000000000000000%02d".formatted(number));
  }
}
