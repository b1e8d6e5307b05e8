package dev.cairn.server.site;

/**
 * A change to records of the catalog.
 *
 * @param <R> what it answers
 */
@FunctionalInterface
public interface CatalogCommand<R> {
  /**
   * Makes the change, in memory and quickly: the whole catalog waits. What it throws leaves the
   * catalog as it was.
   */
  R apply(CatalogTransaction transaction);
}
