package dev.cairn.server.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import dev.cairn.server.store.KeyValueStore.Change;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What every {@link KeyValueStore} must do. */
public abstract class KeyValueStoreContract {
  @TempDir Path directory;
  private StoreEngine engine;
  private KeyValueStore catalog;

  protected abstract StoreEngine newEngine();

  @BeforeEach
  void openCatalog() {
    engine = newEngine();
    catalog = engine.openCatalog(directory.resolve("catalog"));
  }

  @AfterEach
  void closeCatalog() {
    catalog.close();
    engine.close();
  }

  @Test
  void returnsWhatWasWritten() {
    catalog.write(List.of(Change.put("a", bytes("1")), Change.put("empty", ByteString.EMPTY)));

    assertThat(catalog.get("a")).contains(bytes("1"));
    assertThat(catalog.get("empty")).contains(ByteString.EMPTY);
    assertThat(catalog.get("none")).isEmpty();
  }

  @Test
  void replacesAndRemovesEntries() {
    catalog.write(List.of(Change.put("a", bytes("1")), Change.put("b", bytes("2"))));

    catalog.write(List.of(Change.put("a", bytes("3")), Change.delete("b"), Change.delete("none")));

    assertThat(catalog.get("a")).contains(bytes("3"));
    assertThat(catalog.get("b")).isEmpty();
    assertThat(keys("", "")).containsExactly("a");
  }

  @Test
  void appliesTheLastOfSeveralChangesToOneKey() {
    catalog.write(
        List.of(Change.put("a", bytes("1")), Change.delete("a"), Change.put("a", bytes("2"))));

    assertThat(catalog.get("a")).contains(bytes("2"));
  }

  @Test
  void keepsItsEntriesWhenOpenedAgain() {
    catalog.write(List.of(Change.put("a", bytes("1"))));
    catalog.close();

    catalog = engine.openCatalog(directory.resolve("catalog"));

    assertThat(catalog.get("a")).contains(bytes("1"));
  }

  @Test
  void scansAPrefixInTheOrderOfUtf8Bytes() {
    putAll("b/2", "b/1", "b/😀", "b/\uffee", "a/1", "b", "c", "b0");

    assertThat(keys("b/", "")).containsExactly("b/1", "b/2", "b/\uffee", "b/😀");
    assertThat(keys("", ""))
        .containsExactly("a/1", "b", "b/1", "b/2", "b/\uffee", "b/😀", "b0", "c");
    assertThat(keys("none", "")).isEmpty();
  }

  @Test
  void scansAfterAKeyWhetherItExistsOrNot() {
    putAll("b/1", "b/11", "b/2", "c");

    assertThat(keys("b/", "b/1")).containsExactly("b/11", "b/2");
    assertThat(keys("b/", "b/10")).containsExactly("b/11", "b/2");
    assertThat(keys("b/", "a")).containsExactly("b/1", "b/11", "b/2");
    assertThat(keys("b/", "b/2")).isEmpty();
    assertThat(keys("b/", "zzz")).isEmpty();
  }

  @Test
  void scansDownFromTheLastKey() {
    putAll("b/1", "b/2", "b/😀", "a/1", "c");

    assertThat(keysDescending("b/", "")).containsExactly("b/😀", "b/2", "b/1");
    assertThat(keysDescending("", "")).containsExactly("c", "b/😀", "b/2", "b/1", "a/1");
    assertThat(keysDescending("none", "")).isEmpty();
  }

  @Test
  void scansDownBeforeAKeyWhetherItExistsOrNot() {
    putAll("a", "b/1", "b/2", "b/3", "c");

    assertThat(keysDescending("b/", "b/3")).containsExactly("b/2", "b/1");
    assertThat(keysDescending("b/", "b/25")).containsExactly("b/2", "b/1");
    assertThat(keysDescending("b/", "c")).containsExactly("b/3", "b/2", "b/1");
    assertThat(keysDescending("b/", "b/1")).isEmpty();
    assertThat(keysDescending("b/", "a")).isEmpty();
  }

  @Test
  void stopsWhenTheVisitorHasEnough() {
    putAll("a", "b", "c");
    List<String> visited = new ArrayList<>();

    catalog.scan(
        "",
        "",
        (key, value) -> {
          visited.add(key);
          return visited.size() < 2;
        });

    assertThat(visited).containsExactly("a", "b");
  }

  @Test
  void scansOneMomentEvenIfTheVisitorWrites() {
    putAll("a", "b");
    List<String> visited = new ArrayList<>();

    catalog.scan(
        "",
        "",
        (key, value) -> {
          catalog.write(List.of(Change.delete("b"), Change.put("c", bytes("new"))));
          return visited.add(key);
        });

    assertThat(visited).containsExactly("a", "b");
    assertThat(keys("", "")).containsExactly("a", "c");
  }

  @Test
  void survivesAVisitorThatFails() {
    putAll("a");

    assertThatThrownBy(
            () ->
                catalog.scan(
                    "",
                    "",
                    (key, value) -> {
                      throw new IllegalArgumentException("stop");
                    }))
        .hasMessage("stop");

    assertThat(keys("", "")).containsExactly("a");
  }

  private void putAll(String... keys) {
    catalog.write(Stream.of(keys).map(key -> Change.put(key, bytes(key))).toList());
  }

  private List<String> keys(String prefix, String after) {
    List<String> keys = new ArrayList<>();
    catalog.scan(prefix, after, (key, value) -> keys.add(key));
    return keys;
  }

  private List<String> keysDescending(String prefix, String before) {
    List<String> keys = new ArrayList<>();
    catalog.scanDescending(prefix, before, (key, value) -> keys.add(key));
    return keys;
  }

  private static ByteString bytes(String text) {
    return ByteString.copyFromUtf8(text);
  }
}
