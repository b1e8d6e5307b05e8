package dev.cairn.server;

import com.sun.management.UnixOperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How many databases may be open and how many files each, and how many connections, with the file
 * handles that the process may have.
 *
 * @param openSites databases
 * @param filesPerSite table files that one database keeps open
 * @param connections of clients
 */
record FileHandles(int openSites, int filesPerSite, int connections) {
  private static final Logger log = LoggerFactory.getLogger(FileHandles.class);

  /** The program itself, its ports, and files that are open for a moment. */
  private static final int OTHERS = 96;

  /** Log, MANIFEST, lock, directories and the first table files of an open database. */
  private static final int PER_SITE = 12;

  private static final int FEW_FILES = 16;

  /**
   * Connections get so much of the handles, whatever is configured: whoever comes late must find
   * some.
   */
  private static final int SHARE_OF_CONNECTIONS = 4;

  /** As configured, or less when the process may not have so many handles. */
  static FileHandles of(int openSites, int filesPerSite, int connections) {
    return within(limit(), openSites, filesPerSite, connections);
  }

  static FileHandles within(long limit, int openSites, int filesPerSite, int connections) {
    int taken = (int) Math.max(1, Math.min(connections, limit / SHARE_OF_CONNECTIONS));
    long room = limit - OTHERS - taken;
    if (room >= (long) openSites * PER_SITE + filesPerSite) {
      return new FileHandles(openSites, filesPerSite, taken);
    }
    int sites = (int) Math.max(1, Math.min(openSites, room / (PER_SITE + FEW_FILES / 2)));
    log.warn(
        "few file handles: fewer databases are kept open; raise the limit (ulimit -n) handles={}"
            + " open_sites={} connections={}",
        limit,
        sites,
        taken);
    return new FileHandles(sites, FEW_FILES, taken);
  }

  private static long limit() {
    return ManagementFactory.getOperatingSystemMXBean() instanceof UnixOperatingSystemMXBean unix
        ? unix.getMaxFileDescriptorCount()
        : Long.MAX_VALUE;
  }
}
