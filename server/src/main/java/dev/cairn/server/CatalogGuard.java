package dev.cairn.server;

import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import dev.cairn.server.repository.DurableFiles;
import dev.cairn.server.site.Catalog;
import dev.cairn.server.site.SiteId;
import dev.cairn.server.site.SiteLayout;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;

/**
 * Sees to it that a server never starts with an empty catalog on a data directory that has content,
 * nor with one from an older copy: what no record tells of is removed at the start as what a crash
 * left, and that would be all, or all that is newer.
 */
final class CatalogGuard {
  private static final String ADVICE =
      "bring back a copy of the data directory, or start once with --rebuild-catalog, which makes"
          + " the catalog anew from the sites and backups on disk (server/README.md says what it"
          + " cannot bring back)";

  /** More changes than a catalog can have made since its mark was set. */
  private static final long UNMARKED = 1_000_000;

  private final SiteLayout layout;
  private final InstantSource clock;
  private final DurableFiles files = new DurableFiles();
  private final CatalogMark mark;

  CatalogGuard(SiteLayout layout, CatalogMark mark, InstantSource clock) {
    this.layout = layout;
    this.mark = mark;
    this.clock = clock;
  }

  /**
   * Looks at what is there, before the catalog is opened. A catalog that is to be made anew gets
   * another name; nothing of it is lost.
   *
   * @param asked whether the catalog is to be made anew in any case
   * @return whether it is, as it was asked for now or before a crash: {@link #rebuilt} says when
   *     that is done
   * @throws StartException DATA if there is none, but content that one would tell of
   */
  boolean prepare(boolean asked) throws IOException {
    if (asked || Files.exists(rebuilding())) {
      files.writeAtomically(rebuilding(), new byte[0]);
      setAside();
      return true;
    }
    boolean missing = !Files.exists(layout.catalog().resolve("CURRENT"));
    if (missing) {
      if (hasContent(layout.sites()) || hasContent(layout.backups())) {
        throw new StartException(
            StartException.Kind.DATA,
            "the catalog " + layout.catalog() + " is missing, but there is content: " + ADVICE);
      }
      mark.clear();
    }
    return false;
  }

  /**
   * Looks at a catalog that was opened and not made anew, before anything is removed.
   *
   * @throws StartException DATA if it has been further than it is now
   */
  void requireNewest(Catalog catalog) throws IOException {
    long reached = mark.read();
    if (catalog.lastChange() < reached) {
      throw new StartException(
          StartException.Kind.DATA,
          "the catalog "
              + layout.catalog()
              + " is older than what is beside it: its last change is number "
              + catalog.lastChange()
              + ", but it had come to "
              + reached
              + ". What was made since would be removed as unknown. Put the newer catalog back if"
              + " it is somewhere, or "
              + ADVICE);
    }
  }

  /** All that is on disk is in the catalog now. The one that was set aside is older from now on. */
  void rebuilt(Catalog catalog) throws IOException {
    catalog.continueAfter(mark.read() + UNMARKED);
    files.delete(rebuilding());
    files.forceDirectory(layout.root());
  }

  /** There while a catalog is made anew: one that is half made tells of half of what there is. */
  private Path rebuilding() {
    return layout.root().resolve("REBUILDING");
  }

  private static boolean hasContent(Path directory) throws IOException {
    return Files.isDirectory(directory)
        && DurableFiles.list(directory).stream()
            .anyMatch(each -> SiteId.isValid(String.valueOf(each.getFileName())));
  }

  private void setAside() throws IOException {
    if (Files.exists(layout.catalog())) {
      String name = "catalog.aside-" + clock.instant().toEpochMilli();
      files.rename(layout.catalog(), layout.root().resolve(name));
    }
  }

  /**
   * What it means that a start failed so. Damage of a site or of a backup does not stop a start, so
   * it is the catalog's.
   */
  static RuntimeException explained(ServiceException failure) {
    return failure.reason() == Reason.DATA_CORRUPT
        ? new StartException(
            StartException.Kind.DATA,
            "the catalog is damaged: " + failure.getMessage() + " To go on, " + ADVICE,
            failure)
        : failure;
  }
}
