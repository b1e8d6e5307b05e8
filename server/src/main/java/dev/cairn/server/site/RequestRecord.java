package dev.cairn.server.site;

import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;

/**
 * Remembers what a creating call made, so that the same call again makes nothing. Written in the
 * same step as what was made.
 *
 * @param fingerprint of the request
 * @param made the id of what was made
 * @param time when
 */
public record RequestRecord(String fingerprint, String made, Instant time) {
  /** Where the records of all sites are. */
  static final String ALL = "request/";

  static String prefix(SiteId siteId) {
    return ALL + siteId + "/";
  }

  /** Reads a record of the catalog, inside or outside of a transaction. */
  @FunctionalInterface
  public interface Reader {
    Optional<RequestRecord> get(String key, Class<RequestRecord> type);
  }

  /**
   * What the same call made before.
   *
   * @throws ServiceException REQUEST_ID_CONFLICT when another request carried the same id
   */
  public static Optional<String> find(Reader reader, SiteId siteId, Optional<RequestId> request) {
    return lookup(reader, siteId, request).map(RequestRecord::made);
  }

  /** The same with all that is remembered. */
  static Optional<RequestRecord> lookup(Reader reader, SiteId siteId, Optional<RequestId> request) {
    if (request.isEmpty()) {
      return Optional.empty();
    }
    RequestId id = request.get();
    Optional<RequestRecord> record = reader.get(prefix(siteId) + id.value(), RequestRecord.class);
    record.ifPresent(found -> requireSame(id, found.fingerprint()));
    return record;
  }

  /** Remembers it, when the call carried a request id. */
  public static void put(
      CatalogTransaction transaction,
      SiteId siteId,
      Optional<RequestId> request,
      String made,
      Instant time) {
    request.ifPresent(
        id ->
            transaction.put(
                prefix(siteId) + id.value(), new RequestRecord(id.fingerprint(), made, time)));
  }

  static void requireSame(RequestId id, String fingerprint) {
    if (!fingerprint.equals(id.fingerprint())) {
      throw new ServiceException(
          Reason.REQUEST_ID_CONFLICT,
          Map.of("request_id", id.value()),
          "request id " + id.value() + " was used for another request; use a new one");
    }
  }
}
