package dev.cairn.server.site;

import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import dev.cairn.server.repository.DurableFiles;
import dev.cairn.server.repository.StorageFailures;
import dev.cairn.server.store.StoreEngine;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The files of sites in the data directory: made, switched and removed so that a crash at any
 * instant leaves a whole site or none, and CURRENT naming one whole generation.
 *
 * <p>Stateless; the callers' locks order the calls for one site. Throws {@code ServiceException}
 * with STORAGE_FAILED or DISK_FULL.
 */
final class SiteFiles {
  private static final Logger log = LoggerFactory.getLogger(SiteFiles.class);

  private final SiteLayout layout;
  private final StoreEngine engine;
  private final DurableFiles files;

  SiteFiles(SiteLayout layout, StoreEngine engine, DurableFiles files) {
    this.layout = layout;
    this.engine = engine;
    this.files = files;
  }

  SiteLayout layout() {
    return layout;
  }

  /** Makes the folder of a new site with an empty first generation; replaces an unfinished one. */
  void create(SiteId id) {
    makeFolder(id);
    engine.create(layout.generation(id, 1)).close();
    writeCurrent(id, 1);
  }

  /** Makes the folder of a new site, empty. */
  void makeFolder(SiteId id) {
    attempt(
        "create site " + id,
        () -> {
          files.deleteTree(layout.site(id));
          files.createDirectories(layout.site(id));
        });
  }

  /** Whether there is a generation, or was one; false for a folder that was just being made. */
  boolean hasContent(SiteId id) {
    return Files.isDirectory(layout.site(id))
        && names(layout.site(id)).stream()
            .anyMatch(
                name ->
                    name.equals(SiteLayout.CURRENT)
                        || name.startsWith(SiteLayout.GENERATION_PREFIX));
  }

  boolean hasSandbox(SiteId id) {
    return Files.isDirectory(layout.sandbox(id));
  }

  /**
   * Makes the empty SANDBOX database under another name first, so that it is whole or absent. One
   * that is there, because an earlier try failed after its last step, is kept.
   */
  void createSandbox(SiteId id) {
    if (hasSandbox(id)) {
      attempt("make the sandbox of site " + id, () -> files.forceDirectory(layout.site(id)));
      return;
    }
    Path work = layout.site(id).resolve(SiteLayout.SANDBOX + ".tmp");
    deleteTree(work);
    engine.create(work).close();
    attempt("make the sandbox of site " + id, () -> files.rename(work, layout.sandbox(id)));
  }

  /**
   * The commit point of a switch: when this returns, {@code generation} is live for good. When it
   * throws, CURRENT may name it or what it named before.
   */
  void writeCurrent(SiteId id, long generation) {
    byte[] content =
        (SiteLayout.generationName(generation) + "\n").getBytes(StandardCharsets.UTF_8);
    attempt(
        "switch the content of site " + id,
        () -> files.writeAtomically(layout.current(id), content));
  }

  /**
   * The generation that CURRENT names.
   *
   * @throws ServiceException DATA_CORRUPT when it is missing or makes no sense
   */
  long readCurrent(SiteId id) {
    try {
      String name = Files.readString(layout.current(id)).strip();
      long number = Long.parseLong(name.substring(SiteLayout.GENERATION_PREFIX.length()));
      if (name.equals(SiteLayout.generationName(number))) {
        return number;
      }
      throw damaged(id, null);
    } catch (NoSuchFileException
        | CharacterCodingException
        | NumberFormatException
        | StringIndexOutOfBoundsException e) {
      throw damaged(id, e);
    } catch (IOException e) {
      throw StorageFailures.of("read which content of site " + id + " is live", e);
    }
  }

  private static ServiceException damaged(SiteId id, @Nullable Throwable cause) {
    return new ServiceException(
        Reason.DATA_CORRUPT,
        Map.of("site_id", id.value()),
        "it cannot be read which content of site " + id + " is live",
        cause);
  }

  void deleteTree(Path directory) {
    attempt("remove files that are no longer needed", () -> files.deleteTree(directory));
  }

  void deleteSite(SiteId id) {
    deleteTree(layout.site(id));
  }

  /** The names of the folders below {@code sites/}, made when absent. */
  List<String> siteNames() {
    attempt("make the data directory", () -> files.createDirectories(layout.sites()));
    return names(layout.sites());
  }

  /** Removes generations that are not live and files in work. */
  void sweep(SiteId id) {
    long live;
    try {
      live = readCurrent(id);
    } catch (ServiceException e) {
      log.error("site cannot be opened, its files are left as they are site={}", id, e);
      return;
    }
    String generation = SiteLayout.generationName(live);
    List<String> there = names(layout.site(id));
    if (!there.contains(generation)) {
      log.error("live content is missing, other files are left as they are site={}", id);
      return;
    }
    Set<String> keep = Set.of(generation, SiteLayout.CURRENT, SiteLayout.SANDBOX);
    for (String name : there) {
      if (!keep.contains(name)) {
        log.info("removing what a crash left site={} name={}", id, name);
        deleteTree(layout.site(id).resolve(name));
      }
    }
  }

  private static List<String> names(Path directory) {
    try {
      return DurableFiles.list(directory).stream()
          .map(path -> path.getFileName().toString())
          .toList();
    } catch (IOException e) {
      throw StorageFailures.of("list the data directory", e);
    }
  }

  private static void attempt(String action, FileChange change) {
    try {
      change.make();
    } catch (IOException e) {
      throw StorageFailures.of(action, e);
    }
  }

  @FunctionalInterface
  private interface FileChange {
    void make() throws IOException;
  }
}
