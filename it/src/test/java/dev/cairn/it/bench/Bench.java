package dev.cairn.it.bench;

import java.util.List;

/** Runs the cases that were asked for and writes the results. */
final class Bench {
  private static final List<Case> CASES =
      List.of(
          new BackupAndRestore(),
          new Throughput(),
          new SingleWrites(),
          new BatchesAndReads(),
          new Overload(),
          new Waits(),
          new Watchers());

  private Bench() {}

  public static void main(String[] arguments) throws Exception {
    BenchSettings settings = BenchSettings.ofSystemProperties();
    Results results = run(settings);
    System.out.println("results in " + settings.out() + "/bench.md and bench.json");
    if (results.isEmpty()) {
      throw new IllegalArgumentException("no case is called " + settings.only());
    }
  }

  /** What a failed run leaves stays, logs included. */
  static Results run(BenchSettings settings) throws Exception {
    Results results = new Results();
    List<Case> chosen =
        CASES.stream().filter(each -> settings.only().matcher(each.name()).find()).toList();
    for (int items : chosen.isEmpty() ? List.<Integer>of() : settings.items()) {
      try (Subjects subjects = Subjects.start(settings, items)) {
        for (Case each : chosen) {
          each.run(subjects, results);
          results.write(settings.out());
        }
      }
    }
    if (settings.only().matcher(LargeCollection.NAME).find()) {
      for (int items : settings.items()) {
        LargeCollection.run(settings, items, results);
        results.write(settings.out());
      }
    }
    if (settings.only().matcher(ManySites.NAME).find()) {
      for (int sites : settings.sites()) {
        ManySites.run(settings, sites, results);
        results.write(settings.out());
      }
    }
    Processes.deleteTree(settings.work());
    return results;
  }
}
