package dev.cairn.server.store;

import com.google.protobuf.ByteString;
import java.util.List;
import java.util.Optional;
import java.util.function.BiPredicate;
import org.jspecify.annotations.Nullable;

/**
 * The catalog: an ordered map from text keys to small values. Thread-safe.
 *
 * <p>Throws {@code ServiceException} as {@link ItemStore} does.
 */
public interface KeyValueStore extends AutoCloseable {
  Optional<ByteString> get(String key);

  /**
   * Visits the entries whose key starts with {@code prefix}, as they are at one moment, in
   * ascending order of the keys' UTF-8 bytes, until the visitor answers false.
   *
   * @param after only keys that come after this one; empty for all
   */
  void scan(String prefix, String after, BiPredicate<String, ByteString> visitor);

  /** The same from the last key down. {@code before} empty for all. */
  void scanDescending(String prefix, String before, BiPredicate<String, ByteString> visitor);

  /** Makes all changes or none; durable on return. */
  void write(List<Change> changes);

  @Override
  void close();

  /**
   * One entry's change.
   *
   * @param value the new value; null removes the entry
   */
  record Change(String key, @Nullable ByteString value) {
    public static Change put(String key, ByteString value) {
      return new Change(key, value);
    }

    public static Change delete(String key) {
      return new Change(key, null);
    }
  }
}
