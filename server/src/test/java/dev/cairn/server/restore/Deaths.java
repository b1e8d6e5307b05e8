package dev.cairn.server.restore;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The data directory as a process would have left it that died between any two changes to the disk:
 * a copy whenever it has changed. Confined to the test's thread.
 */
final class Deaths implements Steps {
  private final Path copies;
  private final List<Moment> moments = new ArrayList<>();
  private final Map<String, Integer> deletions = new HashMap<>();
  private Path watched = Path.of("");
  private String lastSignature = "";
  private boolean watching;

  /**
   * @param copies where the copies go
   */
  Deaths(Path copies) {
    this.copies = copies;
  }

  /** The data directory as it was after the named step. */
  record Moment(String step, Path disk) {}

  /** From now on {@code disk} is looked at; what was seen before is forgotten. */
  void watch(Path disk) {
    watched = disk;
    lastSignature = "";
    deletions.clear();
    moments.clear();
    watching = true;
  }

  /** Looks a last time and answers what was seen since {@link #watch}. */
  List<Moment> end() {
    at("after the end");
    watching = false;
    return List.copyOf(moments);
  }

  @Override
  public void at(String step) {
    if (!watching || step.startsWith("while") || deletesOneOfMany(step)) {
      return;
    }
    String signature = ServerUnderTest.signature(watched);
    if (!signature.equals(lastSignature)) {
      lastSignature = signature;
      Path copy = copies.resolve("died-" + watched.getFileName() + "-" + moments.size());
      ServerUnderTest.copyTree(watched, copy);
      moments.add(new Moment(step, copy));
    }
  }

  /** Of the files of one directory that goes, the first two show what there is to see. */
  private boolean deletesOneOfMany(String step) {
    return step.startsWith("before DELETE")
        && deletions.merge(step.substring(0, step.lastIndexOf('/')), 1, Integer::sum) > 2;
  }
}
