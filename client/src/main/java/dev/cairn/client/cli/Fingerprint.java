package dev.cairn.client.cli;

import dev.cairn.v1.Item;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;

/**
 * A set of items in a few bytes: their number and the sum of their SHA-256 checksums, so that order
 * has no part in it and no set needs to be kept. Confined to one thread.
 */
final class Fingerprint {
  private final MessageDigest sha256;
  // Four sums of 64 bits: no carry between them, which costs the comparison nothing.
  private final long[] sums = new long[4];
  private long count;
  private long bytes;

  Fingerprint() {
    try {
      sha256 = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("Every Java has SHA-256", e);
    }
  }

  /** Adds id and document. */
  void addDocument(Item item) {
    add(Item.newBuilder().setId(item.getId()).setData(item.getData()).build());
  }

  /** Adds everything of an item: owner, times and revision, too. */
  void addWhole(Item item) {
    add(item);
  }

  private void add(Item item) {
    ByteBuffer digest = ByteBuffer.wrap(sha256.digest(item.toByteArray()));
    for (int i = 0; i < sums.length; i++) {
      sums[i] += digest.getLong();
    }
    count++;
    bytes += item.getData().size();
  }

  long count() {
    return count;
  }

  long bytes() {
    return bytes;
  }

  /** Whether the same was added to both. */
  boolean matches(Fingerprint other) {
    return count == other.count && Arrays.equals(sums, other.sums);
  }
}
