package dev.cairn.server.store.rocksdb;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Properties;
import org.rocksdb.BlockBasedTableConfig;
import org.rocksdb.BloomFilter;
import org.rocksdb.Cache;
import org.rocksdb.ColumnFamilyDescriptor;
import org.rocksdb.ColumnFamilyOptions;
import org.rocksdb.CompressionType;
import org.rocksdb.DBOptions;
import org.rocksdb.Env;
import org.rocksdb.HistogramType;
import org.rocksdb.HyperClockCache;
import org.rocksdb.InfoLogLevel;
import org.rocksdb.Options;
import org.rocksdb.Priority;
import org.rocksdb.RateLimiter;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;
import org.rocksdb.Statistics;
import org.rocksdb.StatsLevel;
import org.rocksdb.TickerType;
import org.rocksdb.WALRecoveryMode;
import org.rocksdb.WriteBufferManager;

/**
 * How RocksDB is set up, and the native objects that all databases share.
 *
 * <p>One set of options serves a site of ten items and one of a hundred gigabytes: write buffers
 * grow with what is written, nothing is preallocated, and table files are large. Opening a database
 * copies the options, so they may be used by any number of threads at once. Closed after the last
 * database.
 */
final class EngineOptions implements AutoCloseable {
  private static final long KIB = 1 << 10;
  private static final long MIB = 1 << 20;
  private static final double BLOOM_BITS_PER_KEY = 10;

  private final Cache cache;
  private final WriteBufferManager writeBuffers;
  private final RateLimiter rateLimiter;
  private final BloomFilter bloomFilter;
  private final Statistics statistics;
  private final DBOptions database;
  private final ColumnFamilyOptions data;
  private final ColumnFamilyOptions meta;
  private final ColumnFamilyOptions staged;
  private final Options listing;
  private final long largeCollectionBytes;

  EngineOptions(EngineSettings settings) {
    NativeLibrary.load();
    Env env = Env.getDefault();
    env.setBackgroundThreads(settings.backgroundThreads(), Priority.LOW);
    env.setBackgroundThreads(Math.max(1, settings.backgroundThreads() / 2), Priority.HIGH);
    cache = new HyperClockCache(settings.cacheBytes(), 0, -1, false);
    writeBuffers = new WriteBufferManager(settings.writeBufferBytes(), cache);
    rateLimiter = new RateLimiter(settings.backgroundBytesPerSecond());
    bloomFilter = new BloomFilter(BLOOM_BITS_PER_KEY);
    statistics = new Statistics(EnumSet.allOf(HistogramType.class));
    statistics.setStatsLevel(StatsLevel.EXCEPT_DETAILED_TIMERS);
    database = databaseOptions(settings);
    // A checkpoint writes what is in the buffer first, about 2.7 ms for each MiB.
    data = familyOptions(16 * MIB, CompressionType.ZSTD_COMPRESSION);
    meta = familyOptions(1 * MIB, CompressionType.DISABLE_COMPRESSION_OPTION);
    // What a restoration stages must be quick; later compactions make it small.
    staged = familyOptions(1 * MIB, CompressionType.DISABLE_COMPRESSION_OPTION);
    listing = new Options(database, data);
    largeCollectionBytes = settings.largeCollectionBytes();
  }

  private DBOptions databaseOptions(EngineSettings settings) {
    Properties withoutSetter = new Properties();
    // Checksums of whole table files, for the manifests of backups.
    withoutSetter.put("file_checksum_gen_factory", "FileChecksumGenCrc32cFactory");
    withoutSetter.put("manifest_preallocation_size", "4096");
    DBOptions options = DBOptions.getDBOptionsFromProps(withoutSetter);
    if (options == null) {
      // That is how RocksDB says that it does not know one of them.
      throw new IllegalStateException("this version of RocksDB lacks an option: " + withoutSetter);
    }
    return options
        // The default mode silently drops what follows a damaged record; this one refuses to open,
        // and still accepts a last record that a loss of power cut short.
        .setWalRecoveryMode(WALRecoveryMode.TolerateCorruptedTailRecords)
        // A batch is in the table files of all families or of none. Otherwise one that could not be
        // forced, and so was never applied, comes back for some families only: those that were not
        // flushed since replay it from the log. RocksDB flushes by itself after a full disk.
        .setAtomicFlush(true)
        .setParanoidChecks(true)
        .setStatistics(statistics)
        .setWriteBufferManager(writeBuffers)
        .setRateLimiter(rateLimiter)
        .setMaxBackgroundJobs(Math.max(2, settings.backgroundThreads()))
        // The metadata's buffer hardly ever fills; this bounds the log that it holds on to.
        .setMaxTotalWalSize(64 * MIB)
        // Preallocated logs would take 38 MB of disk for each open database.
        .setAllowFAllocate(false)
        .setWritableFileMaxBufferSize(64 * KIB)
        .setBytesPerSync(1 * MIB)
        .setWalBytesPerSync(1 * MIB)
        .setMaxOpenFiles(settings.maxOpenFiles())
        .setTableCacheNumshardbits(4)
        .setMaxFileOpeningThreads(1)
        .setSkipStatsUpdateOnDbOpen(true)
        .setAvoidUnnecessaryBlockingIO(true)
        .setKeepLogFileNum(1)
        .setInfoLogLevel(InfoLogLevel.WARN_LEVEL)
        .setStatsDumpPeriodSec(0)
        .setStatsPersistPeriodSec(0);
  }

  private ColumnFamilyOptions familyOptions(long writeBufferBytes, CompressionType bottommost) {
    return new ColumnFamilyOptions()
        .setWriteBufferSize(writeBufferBytes)
        .setArenaBlockSize(32 * KIB)
        .setMaxWriteBufferNumber(4)
        // Many range deletions in memory make reads slow.
        .setMemtableMaxRangeDeletions(256)
        .setTargetFileSizeBase(128 * MIB)
        .setMaxBytesForLevelBase(512 * MIB)
        .setCompressionType(CompressionType.LZ4_COMPRESSION)
        .setBottommostCompressionType(bottommost)
        .setTableFormatConfig(
            new BlockBasedTableConfig()
                .setBlockCache(cache)
                .setBlockSize(16 * KIB)
                .setFilterPolicy(bloomFilter)
                .setCacheIndexAndFilterBlocks(true)
                .setPinL0FilterAndIndexBlocksInCache(true));
  }

  /** What all databases have done so far. */
  EngineStatistics statistics() {
    return new EngineStatistics(
        statistics.getTickerCount(TickerType.BLOCK_CACHE_HIT),
        statistics.getTickerCount(TickerType.BLOCK_CACHE_MISS),
        cache.getUsage(),
        statistics.getTickerCount(TickerType.STALL_MICROS),
        statistics.getTickerCount(TickerType.WAL_FILE_SYNCED),
        statistics.getTickerCount(TickerType.WAL_FILE_BYTES),
        statistics.getTickerCount(TickerType.BYTES_WRITTEN),
        statistics.getTickerCount(TickerType.BYTES_READ)
            + statistics.getTickerCount(TickerType.ITER_BYTES_READ),
        statistics.getTickerCount(TickerType.FLUSH_WRITE_BYTES),
        statistics.getTickerCount(TickerType.COMPACT_WRITE_BYTES));
  }

  /** For opening what exists. */
  DBOptions database() {
    return database;
  }

  /** For making what does not; the caller closes it. */
  DBOptions newDatabase() {
    return new DBOptions(database).setCreateIfMissing(true).setCreateMissingColumnFamilies(true);
  }

  /** Metadata first, then data: the order of {@link RocksItemStore}'s constants. */
  List<ColumnFamilyDescriptor> contentFamilies() {
    return List.of(
        new ColumnFamilyDescriptor(RocksDB.DEFAULT_COLUMN_FAMILY, meta),
        new ColumnFamilyDescriptor("data".getBytes(StandardCharsets.US_ASCII), data));
  }

  /** The same for a database that exists, with the families of single collections after them. */
  List<ColumnFamilyDescriptor> contentFamilies(Path directory) {
    List<ColumnFamilyDescriptor> families = new ArrayList<>(contentFamilies());
    try {
      for (byte[] name : RocksDB.listColumnFamilies(listing, directory.toString())) {
        if (OwnFamilies.isName(name)) {
          families.add(new ColumnFamilyDescriptor(name, data));
        }
      }
    } catch (RocksDBException e) {
      throw Failures.whileOpening(e);
    }
    return families;
  }

  /** For a family of one collection. */
  ColumnFamilyOptions ownFamily() {
    return data;
  }

  /** From so many bytes on, a collection is better off in a family of its own. */
  long largeCollectionBytes() {
    return largeCollectionBytes;
  }

  List<ColumnFamilyDescriptor> catalogFamilies() {
    return List.of(new ColumnFamilyDescriptor(RocksDB.DEFAULT_COLUMN_FAMILY, data));
  }

  /** For writing table files that are to be ingested; the caller closes it. */
  Options staged() {
    return new Options(database, staged);
  }

  @Override
  public void close() {
    listing.close();
    staged.close();
    meta.close();
    data.close();
    database.close();
    bloomFilter.close();
    rateLimiter.close();
    writeBuffers.close();
    statistics.close();
    cache.close();
  }
}
