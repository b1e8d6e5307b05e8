package dev.cairn.server.restore;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.function.Predicate;

/**
 * One step in the life of a server: what is done, and three numbers that say with what. Any act can
 * follow any other; one that makes no sense is a bad call.
 */
record Act(Kind kind, int a, int b, int c) {
  enum Kind {
    CREATE_SITE,
    DELETE_SITE,
    CREATE_COLLECTION,
    DELETE_COLLECTION,
    INSERT,
    UPDATE,
    SAVE,
    SAVE_AT_REVISION,
    SAVE_MANY,
    DELETE_ITEMS,
    TRUNCATE,
    BACK_UP,
    BACK_UP_SOME,
    PIN,
    UNPIN,
    VERIFY,
    DELETE_BACKUP,
    RESTORE,
    RESTORE_SOME,
    UNDO,
    CLOCK,
    RESTART,
    KILL
  }

  /** How often things happen: what fills a site more often than what empties it. */
  private static int weight(Kind kind) {
    return switch (kind) {
      case DELETE_SITE -> 1;
      case SAVE_MANY, RESTORE, UNDO, BACK_UP -> 6;
      case CREATE_COLLECTION, RESTORE_SOME, SAVE, PIN -> 4;
      default -> 2;
    };
  }

  static List<Act> life(Random random, int length) {
    List<Kind> kinds =
        Arrays.stream(Kind.values())
            .flatMap(kind -> Collections.nCopies(weight(kind), kind).stream())
            .toList();
    List<Act> acts = new ArrayList<>();
    for (Kind first : List.of(Kind.CREATE_SITE, Kind.CREATE_COLLECTION, Kind.SAVE_MANY)) {
      acts.add(new Act(first, 0, 0, 5));
    }
    while (acts.size() < length) {
      Kind kind = kinds.get(random.nextInt(kinds.size()));
      acts.add(new Act(kind, random.nextInt(60), random.nextInt(60), random.nextInt(60)));
    }
    return acts;
  }

  /**
   * A shorter life, of smaller numbers, that fails as well.
   *
   * @param fails whether a life fails
   */
  static List<Act> shrunk(List<Act> failing, Predicate<List<Act>> fails) {
    List<Act> least = failing;
    for (int part = Math.max(1, least.size() / 2); part >= 1; part = part / 2) {
      for (int from = 0; from < least.size(); ) {
        List<Act> shorter = new ArrayList<>(least);
        shorter.subList(from, Math.min(least.size(), from + part)).clear();
        if (fails.test(shorter)) {
          least = shorter;
        } else {
          from += part;
        }
      }
    }
    for (int i = 0; i < least.size(); i++) {
      List<Act> simpler = new ArrayList<>(least);
      simpler.set(i, new Act(least.get(i).kind(), 0, 0, 0));
      if (fails.test(simpler)) {
        least = simpler;
      }
    }
    return least;
  }
}
