package dev.cairn.client.fake;

import com.google.protobuf.ByteString;
import dev.cairn.v1.*;
import io.grpc.BindableService;
import io.grpc.ManagedChannelBuilder;
import io.grpc.Server;
import io.grpc.ServerInterceptors;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;

/**
 * A server in memory that does what the client needs of it: content, request ids, paging, imports
 * that can be resumed, backups and restorations whose watches show a few states. {@link #faults}
 * makes it fail. It checks little; that is the real server's affair.
 *
 * <p>Thread-safe: one lock for all.
 */
public final class FakeServer implements AutoCloseable {
  /** Items on one message of an export. */
  public static final int EXPORT_PAGE = 3;

  private final FakeContent content = new FakeContent();
  private final Faults faults = new Faults();
  private final String name = UUID.randomUUID().toString();
  private final Server server;

  public FakeServer() {
    InProcessServerBuilder builder = InProcessServerBuilder.forName(name);
    for (BindableService service :
        List.of(
            new FakeSites(content),
            new FakeCollections(content),
            new FakeItems(content),
            new FakeBackups(content),
            new FakeRestorations(content),
            new FakeSchedules(content),
            new FakeEvents(content))) {
      builder.addService(ServerInterceptors.intercept(service, faults));
    }
    this.server = builder.build();
    try {
      server.start();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public ManagedChannelBuilder<?> channel() {
    return InProcessChannelBuilder.forName(name);
  }

  public Faults faults() {
    return faults;
  }

  /** Jobs requested from now on end as FAILED. */
  public void failJobs() {
    synchronized (content.lock) {
      content.failJobs = true;
    }
  }

  /** For tests with many items. */
  public FakeServer withLargeExportPages() {
    synchronized (content.lock) {
      content.exportPage = 1_000;
    }
    return this;
  }

  /** Creates a site with an empty collection. */
  public FakeServer with(String siteId, String collectionId) {
    synchronized (content.lock) {
      content.make(siteId, collectionId);
    }
    return this;
  }

  /** Puts an item there. */
  public FakeServer with(String siteId, String collectionId, String itemId, String data) {
    synchronized (content.lock) {
      content.make(siteId, collectionId);
      content.save(
          content.items(siteId, collectionId, Environment.ENVIRONMENT_LIVE),
          Item.newBuilder().setId(itemId).setData(ByteString.copyFromUtf8(data)).build());
    }
    return this;
  }

  public void addEvent(Event event) {
    synchronized (content.lock) {
      content.events.add(event);
    }
  }

  /** The LIVE items of a collection by id. */
  public Map<String, Item> items(String siteId, String collectionId) {
    synchronized (content.lock) {
      return new TreeMap<>(
          FakeContent.itemsAt(
              content.site(siteId),
              new FakeContent.Place(collectionId, Environment.ENVIRONMENT_LIVE)));
    }
  }

  @Override
  public void close() {
    server.shutdownNow();
  }
}
