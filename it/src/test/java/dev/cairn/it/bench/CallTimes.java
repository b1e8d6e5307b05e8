package dev.cairn.it.bench;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How long calls of one rpc took as the server itself measures it, from its metrics: those carried
 * out, from their headers to their answer.
 *
 * @param below how many so far took at most so many seconds
 */
record CallTimes(Map<Double, Double> below) {
  private static final Pattern BUCKET =
      Pattern.compile(
          "cairn_call_seconds_bucket\\{method=\"([^\"]*)\",le=\"([0-9.]+)\"\\} ([0-9.E]+)");

  /** As of now. */
  static CallTimes of(int adminPort, String method) throws IOException {
    try {
      List<String> lines =
          HttpClient.newHttpClient()
              .send(
                  HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + adminPort + "/metrics"))
                      .build(),
                  HttpResponse.BodyHandlers.ofLines())
              .body()
              .toList();
      Map<Double, Double> below = new TreeMap<>();
      for (String line : lines) {
        Matcher bucket = BUCKET.matcher(line);
        if (bucket.matches() && bucket.group(1).equals(method)) {
          below.put(Double.valueOf(bucket.group(2)), Double.valueOf(bucket.group(3)));
        }
      }
      return new CallTimes(below);
    } catch (InterruptedException e) {
      throw Processes.interrupted(e);
    }
  }

  /**
   * The 99th percentile since then, in milliseconds, evenly spread within a bucket as Prometheus
   * has it.
   */
  double percentile99Since(CallTimes earlier) {
    double all = 0;
    for (Map.Entry<Double, Double> bucket : below.entrySet()) {
      all = bucket.getValue() - earlier.below.getOrDefault(bucket.getKey(), 0.0);
    }
    double wanted = all * 0.99;
    double lowerBound = 0;
    double lowerCount = 0;
    for (Map.Entry<Double, Double> bucket : below.entrySet()) {
      double count = bucket.getValue() - earlier.below.getOrDefault(bucket.getKey(), 0.0);
      if (count >= wanted && count > lowerCount) {
        double part = (wanted - lowerCount) / (count - lowerCount);
        return 1e3 * (lowerBound + part * (bucket.getKey() - lowerBound));
      }
      lowerBound = bucket.getKey();
      lowerCount = count;
    }
    return 1e3 * lowerBound;
  }
}
