package dev.cairn.server.store;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.protobuf.ByteString;
import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Instant;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * The content of an in-memory store, and its one file. A store's content is never changed once it
 * is visible: a transaction works on a {@link #copy()}. Copies share the items of collections until
 * one of them changes some.
 */
final class InMemoryContent {
  static final Comparator<String> BY_UTF8 =
      (a, b) -> Arrays.compareUnsigned(a.getBytes(UTF_8), b.getBytes(UTF_8));

  private static final String FILE = "CONTENT";

  private final TreeMap<CollectionId, NavigableMap<String, StoredItem>> collections;
  private final Set<CollectionId> owned = new HashSet<>();
  final TreeMap<String, ByteString> markers;
  long appliedIndex;

  private InMemoryContent(
      Map<CollectionId, NavigableMap<String, StoredItem>> collections,
      Map<String, ByteString> markers,
      long appliedIndex) {
    this.collections = new TreeMap<>(collections);
    this.markers = new TreeMap<>(markers);
    this.appliedIndex = appliedIndex;
  }

  static InMemoryContent empty() {
    return new InMemoryContent(Map.of(), Map.of(), 0);
  }

  InMemoryContent copy() {
    owned.clear();
    return new InMemoryContent(collections, markers, appliedIndex);
  }

  Set<CollectionId> collections() {
    return collections.keySet();
  }

  /** The items of a collection, to be read. */
  Optional<NavigableMap<String, StoredItem>> items(CollectionId collection) {
    return Optional.ofNullable(collections.get(collection));
  }

  CollectionStats stats(CollectionId collection) {
    return items(collection).map(InMemoryContent::statsOf).orElse(CollectionStats.EMPTY);
  }

  static CollectionStats statsOf(Map<String, StoredItem> items) {
    return new CollectionStats(
        items.size(), items.values().stream().mapToLong(StoredItem::sizeBytes).sum());
  }

  /** The items of a collection, to be changed; made if it does not exist. */
  NavigableMap<String, StoredItem> change(CollectionId collection) {
    NavigableMap<String, StoredItem> items = collections.get(collection);
    if (items == null || owned.add(collection)) {
      NavigableMap<String, StoredItem> copy = new TreeMap<>(BY_UTF8);
      if (items != null) {
        copy.putAll(items);
      }
      collections.put(collection, copy);
      owned.add(collection);
      return copy;
    }
    return items;
  }

  void replace(CollectionId collection, NavigableMap<String, StoredItem> items) {
    collections.put(collection, items);
    owned.remove(collection);
  }

  void remove(CollectionId collection) {
    collections.remove(collection);
    owned.remove(collection);
  }

  void write(Path directory) {
    try {
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      DataOutputStream out = new DataOutputStream(bytes);
      out.writeLong(appliedIndex);
      out.writeInt(markers.size());
      for (Map.Entry<String, ByteString> marker : markers.entrySet()) {
        writeText(out, marker.getKey());
        writeBytes(out, marker.getValue());
      }
      out.writeInt(collections.size());
      for (Map.Entry<CollectionId, NavigableMap<String, StoredItem>> collection :
          collections.entrySet()) {
        writeText(out, collection.getKey().value());
        out.writeInt(collection.getValue().size());
        for (StoredItem item : collection.getValue().values()) {
          writeItem(out, item);
        }
      }
      Path temporary = directory.resolve(FILE + ".tmp");
      Files.write(temporary, bytes.toByteArray());
      Files.move(temporary, directory.resolve(FILE), StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static InMemoryContent read(Path directory) {
    try (DataInputStream in = new DataInputStream(Files.newInputStream(directory.resolve(FILE)))) {
      InMemoryContent content = empty();
      content.appliedIndex = in.readLong();
      for (int markers = in.readInt(); markers > 0; markers--) {
        content.markers.put(readText(in), readBytes(in));
      }
      for (int collections = in.readInt(); collections > 0; collections--) {
        NavigableMap<String, StoredItem> items = content.change(new CollectionId(readText(in)));
        for (int count = in.readInt(); count > 0; count--) {
          StoredItem item = readItem(in);
          items.put(item.id(), item);
        }
      }
      return content;
    } catch (NoSuchFileException e) {
      throw new ServiceException(Reason.DATA_CORRUPT, "There is no database.");
    } catch (IOException e) {
      throw new ServiceException(Reason.DATA_CORRUPT, "The database is damaged.");
    }
  }

  private static void writeItem(DataOutputStream out, StoredItem item) throws IOException {
    writeText(out, item.id());
    writeBytes(out, item.data());
    writeText(out, item.owner());
    writeTime(out, item.createTime());
    writeTime(out, item.updateTime());
    out.writeLong(item.revision());
  }

  private static StoredItem readItem(DataInputStream in) throws IOException {
    return new StoredItem(
        readText(in), readBytes(in), readText(in), readTime(in), readTime(in), in.readLong());
  }

  private static void writeTime(DataOutputStream out, Instant time) throws IOException {
    out.writeLong(time.getEpochSecond());
    out.writeInt(time.getNano());
  }

  private static Instant readTime(DataInputStream in) throws IOException {
    return Instant.ofEpochSecond(in.readLong(), in.readInt());
  }

  private static void writeText(DataOutputStream out, String text) throws IOException {
    writeBytes(out, ByteString.copyFromUtf8(text));
  }

  private static String readText(DataInputStream in) throws IOException {
    return readBytes(in).toStringUtf8();
  }

  private static void writeBytes(DataOutputStream out, ByteString bytes) throws IOException {
    out.writeInt(bytes.size());
    bytes.writeTo(out);
  }

  private static ByteString readBytes(DataInputStream in) throws IOException {
    return ByteString.copyFrom(in.readNBytes(in.readInt()));
  }
}
