package dev.cairn.client.cli;

import dev.cairn.client.jsonl.ItemReader;
import java.io.IOException;
import java.io.InputStream;
import java.util.zip.GZIPInputStream;

/** The data sets in this jar; their README says what they are. */
enum TourData {
  COUNTRIES("countries", "countries.jsonl", 250),
  CITIES("cities", "cities.jsonl.gz", 171_075);

  final String collectionId;
  final String file;
  final long size;

  TourData(String collectionId, String file, long size) {
    this.collectionId = collectionId;
    this.file = file;
    this.size = size;
  }

  ItemReader open() throws IOException {
    InputStream in = TourData.class.getResourceAsStream("/dev/cairn/client/tour/" + file);
    if (in == null) {
      throw new IOException("The jar lacks " + file);
    }
    return new ItemReader(
        file.endsWith(".gz") ? new GZIPInputStream(in, 1 << 16) : in, ItemReader.Format.DOCUMENTS);
  }
}
