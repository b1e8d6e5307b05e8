package dev.cairn.server.grpc;

/**
 * How busy the calls keep the server, and how busy they may.
 *
 * @param calls unary calls that wait or are worked on
 * @param scans calls that go through many items, likewise
 * @param streams imports and exports that are open
 * @param watches that are open
 */
public record Load(Place calls, Place scans, Place streams, Place watches) {
  /**
   * Something bounded.
   *
   * @param taken how much of it is in use
   * @param limit how much there is
   */
  public record Place(int taken, int limit) {}
}
