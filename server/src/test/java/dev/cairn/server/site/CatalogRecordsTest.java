package dev.cairn.server.site;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.protobuf.ByteString;
import dev.cairn.server.backup.BackupRecord;
import dev.cairn.server.backup.schedule.BackupSchedule;
import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import dev.cairn.server.restore.RestorationRecord;
import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A record of the catalog of which any one part is missing or something else is called damaged, or
 * is a record that nobody stumbles over: nothing in it is null.
 */
class CatalogRecordsTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final List<String> OTHERS =
      List.of("null", "0", "-1", "\"x\"", "{}", "[]", "[null]");

  static List<Kept> records() {
    return List.of(
        new Kept("backupIsReadOrDamaged/on-demand-ready.json", BackupRecord.class),
        new Kept("backupIsReadOrDamaged/safety-deleted.json", BackupRecord.class),
        new Kept("restorationIsReadOrDamaged/full.json", RestorationRecord.class),
        new Kept("restorationIsReadOrDamaged/undo.json", RestorationRecord.class),
        new Kept("scheduleIsReadOrDamaged/cron.json", BackupSchedule.class),
        new Kept("eventIsReadOrDamaged/restoration.json", EventRecord.class),
        new Kept("collectionIsReadOrDamaged/declared.json", CollectionRecord.class),
        new Kept("siteIsReadOrDamaged/shop.json", SiteRecord.class));
  }

  /** A sound record, in a file of its own. */
  record Kept(String file, Class<?> type) {}

  @ParameterizedTest
  @MethodSource("records")
  void aPartThatIsMissingOrSomethingElseIsDamage(Kept kept) throws IOException {
    JsonNode sound = sound(kept);
    assertThat(read(sound, kept)).isPresent();
    int read = 0;
    int damaged = 0;
    for (Change change : changes(sound)) {
      JsonNode changed = sound.deepCopy();
      change.how().accept(changed);
      if (read(changed, kept).isPresent()) {
        read++;
      } else {
        damaged++;
      }
    }
    assertThat(damaged).as("found damaged; %d were read", read).isGreaterThan(5);
  }

  private record Change(String what, Consumer<JsonNode> how) {}

  /** Each part is taken out, and then replaced by something else. */
  private static List<Change> changes(JsonNode sound) throws IOException {
    List<Change> changes = new ArrayList<>();
    collect("", sound, changes);
    return changes;
  }

  private static void collect(String at, JsonNode node, List<Change> changes) throws IOException {
    List<String> parts = new ArrayList<>();
    if (node.isObject()) {
      node.fieldNames().forEachRemaining(parts::add);
    }
    for (int i = 0; i < (node.isArray() ? node.size() : 0); i++) {
      parts.add(String.valueOf(i));
    }
    for (String part : parts) {
      changes.add(
          new Change(at + "/" + part + " taken out", root -> replace(root.at(at), part, null)));
      for (String other : OTHERS) {
        JsonNode value = JSON.readTree(other);
        changes.add(
            new Change(at + "/" + part + " = " + other, root -> replace(root.at(at), part, value)));
      }
      collect(
          at + "/" + part,
          node.isArray() ? node.get(Integer.parseInt(part)) : node.get(part),
          changes);
    }
  }

  private static void replace(JsonNode parent, String part, @Nullable JsonNode value) {
    if (parent instanceof ObjectNode object) {
      if (value == null) {
        object.remove(part);
      } else {
        object.set(part, value);
      }
    } else if (parent instanceof ArrayNode array) {
      int index = Integer.parseInt(part);
      if (value == null) {
        array.remove(index);
      } else {
        array.set(index, value);
      }
    }
  }

  private static Optional<?> read(JsonNode tree, Kept kept) {
    ByteString bytes = ByteString.copyFromUtf8(tree.toString());
    try {
      Object record = CatalogCodec.decode("key", bytes, kept.type());
      assertWhole(record, kept.type().getSimpleName(), bytes);
      return Optional.of(record);
    } catch (ServiceException e) {
      assertThat(e.reason()).isEqualTo(Reason.DATA_CORRUPT);
      return Optional.empty();
    }
  }

  private static void assertWhole(@Nullable Object value, String path, ByteString bytes) {
    if (value == null) {
      fail("%s is null in a record read from %s", path, bytes.toStringUtf8());
    } else if (value instanceof Optional<?> optional) {
      optional.ifPresent(each -> assertWhole(each, path, bytes));
    } else if (value instanceof Collection<?> all) {
      all.forEach(each -> assertWhole(each, path + "[]", bytes));
    } else if (value instanceof Map<?, ?> map) {
      map.values().forEach(each -> assertWhole(each, path + "{}", bytes));
    } else if (value instanceof Record) {
      for (RecordComponent component : value.getClass().getRecordComponents()) {
        assertWhole(component(value, component), path + "." + component.getName(), bytes);
      }
    }
  }

  private static @Nullable Object component(Object value, RecordComponent component) {
    try {
      component.getAccessor().setAccessible(true);
      return component.getAccessor().invoke(value);
    } catch (ReflectiveOperationException e) {
      throw new LinkageError(String.valueOf(e.getMessage()), e);
    }
  }

  private static JsonNode sound(Kept kept) throws IOException {
    String name = "CatalogCodecFuzzTestInputs/" + kept.file();
    try (InputStream in =
        Objects.requireNonNull(CatalogRecordsTest.class.getResourceAsStream(name), name)) {
      return JSON.readTree(in);
    }
  }
}
