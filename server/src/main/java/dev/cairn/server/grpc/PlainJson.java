package dev.cairn.server.grpc;

import java.util.Arrays;

/**
 * A quick look at JSON that takes nearly everything that is right, and nothing that is wrong: an
 * answer of false means that somebody has to look more closely. Nearly all documents are small and
 * plain, and this looks at each of their bytes once, without making anything of them.
 *
 * <p>Left to others are what is nested deeply, objects with very many keys, and keys with escapes,
 * of which two that look different may be the same. Confined to one thread.
 */
final class PlainJson {
  private static final int MAX_NESTING = 64;
  private static final int MAX_KEYS = 64;
  private static final int[] NO_KEYS = {};

  private final byte[] bytes;
  private int at;

  private PlainJson(byte[] bytes) {
    this.bytes = bytes;
  }

  /**
   * Whether the bytes are one JSON object and nothing else, with no key twice in one object.
   *
   * @param utf8 valid UTF-8
   */
  static boolean isObject(byte[] utf8) {
    PlainJson json = new PlainJson(utf8);
    json.space();
    if (!json.take('{') || !json.object(1)) {
      return false;
    }
    json.space();
    return json.at == utf8.length;
  }

  /** The rest of an object, after its brace. */
  private boolean object(int depth) {
    if (depth > MAX_NESTING) {
      return false;
    }
    space();
    if (take('}')) {
      return true;
    }
    int[] keys = NO_KEYS;
    for (int count = 0; ; count++) {
      if (count == MAX_KEYS) {
        return false;
      }
      int start = at + 1;
      if (!key()) {
        return false;
      }
      if (2 * count == keys.length) {
        keys = Arrays.copyOf(keys, Math.max(16, 2 * keys.length));
      }
      keys[2 * count] = start;
      keys[2 * count + 1] = at - 1;
      if (isTwice(keys, count)) {
        return false;
      }
      space();
      if (!take(':') || !value(depth)) {
        return false;
      }
      space();
      if (!take(',')) {
        return take('}');
      }
      space();
    }
  }

  /** Whether the last of the keys, each given by where it begins and ends, is among the others. */
  private boolean isTwice(int[] keys, int last) {
    int from = keys[2 * last];
    int to = keys[2 * last + 1];
    for (int i = 0; i < last; i++) {
      if (keys[2 * i + 1] - keys[2 * i] == to - from
          && Arrays.equals(bytes, keys[2 * i], keys[2 * i + 1], bytes, from, to)) {
        return true;
      }
    }
    return false;
  }

  /** The rest of an array, after its bracket. */
  private boolean array(int depth) {
    if (depth > MAX_NESTING) {
      return false;
    }
    space();
    if (take(']')) {
      return true;
    }
    while (value(depth)) {
      space();
      if (!take(',')) {
        return take(']');
      }
    }
    return false;
  }

  private boolean value(int depth) {
    space();
    if (at == bytes.length) {
      return false;
    }
    switch (bytes[at]) {
      case '"':
        return text();
      case '{':
        at++;
        return object(depth + 1);
      case '[':
        at++;
        return array(depth + 1);
      case 't':
        return word("true");
      case 'f':
        return word("false");
      case 'n':
        return word("null");
      default:
        return number();
    }
  }

  private boolean word(String word) {
    for (int i = 0; i < word.length(); i++) {
      if (!take(word.charAt(i))) {
        return false;
      }
    }
    return true;
  }

  /** A text without escapes. */
  private boolean key() {
    if (!take('"')) {
      return false;
    }
    while (at < bytes.length) {
      int next = bytes[at++];
      if (next == '"') {
        return true;
      }
      if (next == '\\' || (next >= 0 && next < ' ')) {
        return false;
      }
    }
    return false;
  }

  private boolean text() {
    at++;
    while (at < bytes.length) {
      int next = bytes[at++];
      if (next == '"') {
        return true;
      }
      if (next == '\\') {
        if (!escape()) {
          return false;
        }
      } else if (next >= 0 && next < ' ') {
        return false;
      }
    }
    return false;
  }

  /** The rest of an escape, after its backslash. */
  private boolean escape() {
    if (at == bytes.length) {
      return false;
    }
    int kind = bytes[at++];
    if (kind != 'u') {
      return kind >= 0 && "\"\\/bfnrt".indexOf(kind) >= 0;
    }
    for (int i = 0; i < 4; i++, at++) {
      if (at == bytes.length || Character.digit(bytes[at], 16) < 0) {
        return false;
      }
    }
    return true;
  }

  private boolean number() {
    take('-');
    if (!take('0') && !digits()) {
      return false;
    }
    if (take('.') && !digits()) {
      return false;
    }
    if (take('e') || take('E')) {
      if (!take('+')) {
        take('-');
      }
      return digits();
    }
    return true;
  }

  private boolean digits() {
    int start = at;
    while (at < bytes.length && bytes[at] >= '0' && bytes[at] <= '9') {
      at++;
    }
    return at > start;
  }

  private void space() {
    while (at < bytes.length
        && (bytes[at] == ' ' || bytes[at] == '\n' || bytes[at] == '\r' || bytes[at] == '\t')) {
      at++;
    }
  }

  private boolean take(char wanted) {
    if (at < bytes.length && bytes[at] == wanted) {
      at++;
      return true;
    }
    return false;
  }
}
