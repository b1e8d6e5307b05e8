package dev.cairn.server.site;

import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import dev.cairn.server.store.CollectionId;
import dev.cairn.server.store.CollectionStats;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The collections of sites: their schemas, views and names, and with a name its items' life and
 * death. Thread-safe.
 */
public final class Collections {
  private static final Logger log = LoggerFactory.getLogger(Collections.class);

  private final Sites sites;
  private final CommandLog commands;
  private final InstantSource clock;
  private final int maxPerSite;

  /**
   * @param maxPerSite how many collections a site may have
   */
  public Collections(Sites sites, CommandLog commands, InstantSource clock, int maxPerSite) {
    this.sites = sites;
    this.commands = commands;
    this.clock = clock;
    this.maxPerSite = maxPerSite;
  }

  /** A collection and exactly what it holds. */
  public record Counted(CollectionRecord record, CollectionStats live, CollectionStats sandbox) {}

  /** What a caller says of a collection. */
  public record Description(
      String displayName,
      List<CollectionRecord.Declaration> fields,
      List<CollectionRecord.Declaration> views) {
    public static final Description NONE = new Description("", List.of(), List.of());
  }

  /** Which parts of a {@link Description} to take over. */
  public record Parts(boolean displayName, boolean fields, boolean views) {}

  /**
   * Makes a collection, empty in both environments.
   *
   * @param request when repeated with the same one, gives the first answer again
   * @throws ServiceException COLLECTION_ALREADY_EXISTS; COLLECTION_LIMIT_REACHED;
   *     REQUEST_ID_CONFLICT
   */
  public CollectionRecord create(
      SiteId siteId, CollectionId id, Description description, Optional<RequestId> request) {
    return sites.exclusively(
        siteId,
        section -> {
          Optional<RequestRecord> before = madeBefore(siteId, request);
          if (before.isPresent()) {
            return fresh(id, description, before.get().time());
          }
          if (section.collections().find(id).isPresent()) {
            throw new ServiceException(
                Reason.COLLECTION_ALREADY_EXISTS,
                Map.of("site_id", siteId.value(), "collection_id", id.value()),
                "site " + siteId + " has a collection " + id + " already");
          }
          CollectionRecord record = add(section, id, description, request);
          log.info("collection created site={} collection={}", siteId, id);
          return record;
        });
  }

  private Optional<RequestRecord> madeBefore(SiteId siteId, Optional<RequestId> request) {
    return commands.append(transaction -> RequestRecord.lookup(transaction::get, siteId, request));
  }

  private static CollectionRecord fresh(CollectionId id, Description description, Instant time) {
    return new CollectionRecord(
        id, description.displayName(), description.fields(), description.views(), 1, time, time);
  }

  /** Makes the collection, without schema, unless it exists. */
  CollectionRecord ensure(SiteId siteId, CollectionId id) {
    Optional<CollectionRecord> existing = sites.collections(siteId).find(id);
    if (existing.isPresent()) {
      return existing.get();
    }
    return sites.exclusively(
        siteId,
        section ->
            section
                .collections()
                .find(id)
                .orElseGet(() -> add(section, id, Description.NONE, Optional.empty())));
  }

  private CollectionRecord add(
      SiteSection section, CollectionId id, Description description, Optional<RequestId> request) {
    SiteId siteId = section.siteId();
    if (section.collections().size() >= maxPerSite) {
      throw new ServiceException(
          Reason.COLLECTION_LIMIT_REACHED,
          Map.of("site_id", siteId.value(), "limit", String.valueOf(maxPerSite)),
          "site " + siteId + " has " + maxPerSite + " collections, as many as it may");
    }
    CollectionRecord record = fresh(id, description, clock.instant());
    // A crash while a collection of this name was deleted may have left its items.
    section.write(
        Environment.LIVE,
        transaction -> {
          DropCollection.apply(transaction, id);
          transaction.create(id);
          return Boolean.TRUE;
        });
    drop(section, Environment.SANDBOX, id);
    section.change(
        List.of(record),
        List.of(),
        transaction ->
            RequestRecord.put(transaction, siteId, request, id.value(), record.createTime()));
    return record;
  }

  private static void drop(SiteSection section, Environment environment, CollectionId id) {
    if (environment == Environment.LIVE || section.hasSandbox()) {
      section.write(
          environment,
          transaction -> {
            DropCollection.apply(transaction, id);
            return Boolean.TRUE;
          });
    }
  }

  /**
   * The collection.
   *
   * @throws ServiceException SITE_NOT_FOUND; COLLECTION_NOT_FOUND
   */
  public Counted get(SiteId siteId, CollectionId id) {
    return count(siteId, List.of(sites.collections(siteId).require(id))).get(0);
  }

  /** Up to {@code limit} collections after {@code after} (empty: from the first), by id. */
  public List<Counted> list(SiteId siteId, String after, int limit) {
    List<CollectionRecord> page =
        sites.collections(siteId).all().stream()
            .filter(record -> record.id().value().compareTo(after) > 0)
            .limit(limit)
            .toList();
    return count(siteId, page);
  }

  public int count(SiteId siteId) {
    return sites.collections(siteId).size();
  }

  private List<Counted> count(SiteId siteId, List<CollectionRecord> records) {
    Map<CollectionId, CollectionStats> live = sites.stats(siteId, Environment.LIVE);
    Map<CollectionId, CollectionStats> sandbox = sites.stats(siteId, Environment.SANDBOX);
    return records.stream()
        .map(
            record ->
                new Counted(
                    record,
                    live.getOrDefault(record.id(), CollectionStats.EMPTY),
                    sandbox.getOrDefault(record.id(), CollectionStats.EMPTY)))
        .toList();
  }

  /**
   * Replaces the chosen parts of what is said about a collection; its items stay.
   *
   * @throws ServiceException COLLECTION_NOT_FOUND; REVISION_MISMATCH
   */
  public CollectionRecord update(
      SiteId siteId,
      CollectionId id,
      Description description,
      Parts parts,
      OptionalLong expectedRevision) {
    return sites.exclusively(
        siteId,
        section -> {
          CollectionRecord old = section.collections().require(id);
          requireRevision(siteId, old, expectedRevision);
          CollectionRecord next =
              new CollectionRecord(
                  id,
                  parts.displayName() ? description.displayName() : old.displayName(),
                  parts.fields() ? description.fields() : old.fields(),
                  parts.views() ? description.views() : old.views(),
                  old.revision() + 1,
                  old.createTime(),
                  clock.instant());
          section.change(List.of(next), List.of());
          return next;
        });
  }

  /**
   * Deletes a collection with the items of both environments.
   *
   * @return false if there was none
   * @throws ServiceException REVISION_MISMATCH
   */
  public boolean delete(SiteId siteId, CollectionId id, OptionalLong expectedRevision) {
    return sites.exclusively(
        siteId,
        section -> {
          Optional<CollectionRecord> old = section.collections().find(id);
          if (old.isEmpty()) {
            return false;
          }
          requireRevision(siteId, old.get(), expectedRevision);
          // The record first: what a crash then leaves of the items is invisible and goes later.
          section.change(List.of(), List.of(id));
          for (Environment environment : Environment.values()) {
            drop(section, environment, id);
          }
          log.info("collection deleted site={} collection={}", siteId, id);
          return true;
        });
  }

  private static void requireRevision(
      SiteId siteId, CollectionRecord record, OptionalLong expected) {
    if (expected.isPresent() && expected.getAsLong() != record.revision()) {
      throw new ServiceException(
          Reason.REVISION_MISMATCH,
          Map.of(
              "site_id", siteId.value(),
              "collection_id", record.id().value(),
              "expected_revision", String.valueOf(expected.getAsLong()),
              "actual_revision", String.valueOf(record.revision())),
          "collection " + record.id() + " has changed since it was read");
    }
  }
}
