package dev.cairn.server.grpc;

/**
 * The most of anything that one request can carry.
 *
 * @param itemBytes bytes of an item's data
 * @param batchItems items in one batch
 * @param collectionFields declared fields of a collection
 * @param pageSize entries on one page
 * @param filterValues values in one list of a filter
 * @param messageBytes bytes of one message, both ways
 */
public record Limits(
    int itemBytes,
    int batchItems,
    int collectionFields,
    int pageSize,
    int filterValues,
    int messageBytes) {

  /** Room that a message needs beside the data in it: ids, owners, times. */
  private static final int ENVELOPE_BYTES = 64 * 1024;

  /** The limits that the contract names. */
  public static Limits ofContract() {
    return new Limits(500_000, 1_000, 1_000, 1_000, 10, 4 << 20);
  }

  /** What the entries of one page, or one answer, may have together. */
  int answerBytes() {
    return Math.max(messageBytes - ENVELOPE_BYTES, 1);
  }
}
