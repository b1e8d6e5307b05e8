package dev.cairn.server.store.rocksdb;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cairn.server.store.CollectionId;
import dev.cairn.server.store.CopyListener;
import dev.cairn.server.store.ItemStore;
import dev.cairn.server.store.StoreEngine;
import dev.cairn.server.store.StoreFixtures;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CancellationException;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.rocksdb.LiveFileMetaData;

/** Copies that take several table files, which are taken over one after the other. */
class StagingTest {
  private static final CollectionId COPY = new CollectionId("copy");
  private static final int ITEMS = 3_000;

  /** Of some three hundred items. */
  private static final long FILE_BYTES = 100_000;

  /** Of the copy, when most of its files are taken over. */
  private static final int LATE = 2_500;

  private FilledDatabase backup;
  private FilledDatabase live;
  private CollectionRow source;
  private CollectionRow staged;

  @BeforeEach
  void fillDatabases() throws IOException {
    backup = new FilledDatabase(ITEMS);
    live = new FilledDatabase(1);
    source = Objects.requireNonNull(backup.store().row(FilledDatabase.PLACES));
    staged = new CollectionRow(Home.shared(live.store().takeNumber()), source.stats(), 0);
  }

  @AfterEach
  void closeDatabases() {
    live.close();
    backup.close();
  }

  @Test
  void copiesEachItemOnceInWhateverFile() {
    Set<String> before = files();

    stage((destination, items, bytes) -> {});

    assertThat(files()).containsAll(before).hasSizeGreaterThan(before.size() + 8);
    Home from = source.home();
    Home to = staged.home();
    try (Range expected = new Range(backup.database(), from.family(), from.first(), from.end());
        Range copied = new Range(live.database(), to.family(), to.first(), to.end())) {
      for (int i = 0; i < ITEMS; i++) {
        assertThat(expected.next()).isTrue();
        assertThat(copied.next()).isTrue();
        assertThat(ItemCodec.id(copied.key())).isEqualTo(ItemCodec.id(expected.key()));
        assertThat(copied.value()).isEqualTo(expected.value());
      }
      assertThat(copied.next()).isFalse();
    }
  }

  @Test
  void whatWasTakenOverBeforeAFailureIsRemovedAndItsRoomFree() {
    Set<String> before = files();
    Set<String> taken = new HashSet<>();
    RocksStagedCollections unnamed = new RocksStagedCollections(live.store(), Map.of(COPY, staged));
    CopyListener cancels =
        (destination, items, bytes) -> {
          if (items == LATE) {
            taken.addAll(files());
            throw new CancellationException("cancelled");
          }
        };

    assertThatThrownBy(() -> stage(cancels)).isInstanceOf(CancellationException.class);
    assertThat(taken).hasSizeGreaterThan(before.size() + 2);
    unnamed.close();

    assertThat(files()).isEqualTo(before);
    assertThat(numbers(live.database())).containsExactly(live.number());
  }

  @Test
  void whatIsTakenOverWhenTheServerIsKilledIsRemovedWhenItStarts() {
    Path killed = live.directory().resolve("killed");
    CopyListener kills =
        (destination, items, bytes) -> {
          if (items == LATE) {
            copyDatabase(killed);
          }
        };
    stage(kills);

    assertThat(numbersIn(killed)).containsExactly(live.number(), staged.home().number());
    try (StoreEngine engine = TestEngines.small();
        ItemStore store = engine.open(killed)) {
      assertThat(store.stats(FilledDatabase.PLACES).itemCount()).isEqualTo(1);
    }
    assertThat(numbersIn(killed)).containsExactly(live.number());
  }

  private void stage(CopyListener listener) {
    Path scratch = live.directory().resolve("scratch");
    try (Moment moment = new Moment(backup.database())) {
      new Staging(live.database(), live.options(), scratch, listener, FILE_BYTES)
          .run(backup.database(), moment, List.of(new Staging.Copy(source, COPY, staged)));
    } finally {
      assertThat(scratch).doesNotExist();
    }
  }

  private void copyDatabase(Path copy) {
    try {
      StoreFixtures.copyInUse(live.database().directory(), copy);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Set<String> files() {
    return live.database().rocks().getLiveFilesMetaData().stream()
        .map(LiveFileMetaData::fileName)
        .collect(Collectors.toSet());
  }

  private Set<Integer> numbersIn(Path directory) {
    try (Database database =
        Database.openReadOnly(
            live.options().database(), live.options().contentFamilies(directory), directory)) {
      return numbers(database);
    }
  }

  /** The numbers under which there are items. */
  private static Set<Integer> numbers(Database database) {
    Set<Integer> numbers = new TreeSet<>();
    try (Range all = new Range(database, RocksItemStore.DATA, ItemCodec.first(0), null)) {
      while (all.next()) {
        numbers.add(ItemCodec.number(all.key()));
      }
    }
    return numbers;
  }
}
