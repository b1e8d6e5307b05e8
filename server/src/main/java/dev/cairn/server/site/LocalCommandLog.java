package dev.cairn.server.site;

import dev.cairn.server.error.ServiceException;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** Applies commands where they are called, on this server. Thread-safe. */
public final class LocalCommandLog implements CommandLog {
  private final Sites sites;
  private final Catalog catalog;

  public LocalCommandLog(Sites sites, Catalog catalog) {
    this.sites = sites;
    this.catalog = catalog;
  }

  @Override
  public <R> R append(ContentCommand<R> command) {
    return sites.require(command.siteId()).write(List.of(command)).get(0).result();
  }

  @Override
  public <R> CompletableFuture<R> submit(ContentCommand<R> command) {
    try {
      return sites.require(command.siteId()).submit(command);
    } catch (ServiceException e) {
      return CompletableFuture.failedFuture(e);
    }
  }

  @Override
  public <R> List<Submission<R>> append(SiteId siteId, List<? extends ContentCommand<R>> commands) {
    return sites.require(siteId).write(commands);
  }

  @Override
  public <R> R append(CatalogCommand<R> command) {
    return catalog.apply(command);
  }
}
