package dev.cairn.server.backup;

import static dev.cairn.server.site.Installation.SITE;
import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.server.backup.Verification.State;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;

final class RetentionTest {
  private static final Predicate<BackupRecord> UNUSED = each -> false;

  private final Retention retention = new Retention(3, 1);
  private int made;

  @Test
  void keepsAsManyAsTheLimitAllows() {
    List<BackupRecord> all = List.of(verified(), verified(), verified());

    assertThat(gone(all, true)).isEmpty();
  }

  @Test
  void oldestGoesFirst() {
    BackupRecord first = verified();
    BackupRecord second = verified();
    List<BackupRecord> all = List.of(verified(), second, first, verified(), verified());

    assertThat(gone(all, true)).containsExactly(first, second);
  }

  @Test
  void onlyReadyOnDemandOnesCount() {
    List<BackupRecord> all = new ArrayList<>(List.of(verified(), verified(), verified()));
    for (BackupState state : BackupState.values()) {
      if (state != BackupState.READY) {
        all.add(record(BackupType.ON_DEMAND, state, false, Verification.NONE));
      }
    }
    for (int i = 0; i < 5; i++) {
      all.add(record(BackupType.AUTO, BackupState.READY, false, Verification.NONE));
    }

    assertThat(gone(all, true)).isEmpty();
  }

  @Test
  void pinnedOnesAndThoseInUseStay() {
    BackupRecord pinned = pinned();
    BackupRecord used = verified();
    BackupRecord third = verified();
    List<BackupRecord> all = List.of(pinned, used, third, verified());

    assertThat(retention.excess(all, each -> each == used, true)).containsExactly(third);
  }

  @Test
  void nothingGoesWhenNothingMay() {
    List<BackupRecord> all = List.of(pinned(), pinned(), pinned(), unverified());

    assertThat(gone(all, false)).isEmpty();
    assertThat(gone(all, true)).isEmpty();
  }

  @Test
  void lastVerifiedWaitsForWhatMayTurnOutGood() {
    BackupRecord last = verified();
    BackupRecord second = unverified();
    List<BackupRecord> waiting = List.of(last, second, unverified(), unverified());

    assertThat(gone(waiting, true)).isEmpty();
    assertThat(gone(waiting, false)).as("nobody will verify them").containsExactly(second);
  }

  @Test
  void lastVerifiedGoesOnceAnotherOneIsVerified() {
    BackupRecord last = verified();

    assertThat(gone(List.of(last, unverified(), unverified(), verified()), true))
        .containsExactly(last);
  }

  @Test
  void corruptOnesGoInsteadOfTheLastVerifiedEvenTheNewest() {
    BackupRecord last = verified();
    BackupRecord corrupt = corrupt();

    assertThat(gone(List.of(last, corrupt, corrupt(), corrupt()), true)).containsExactly(corrupt);
    BackupRecord newest = corrupt();
    assertThat(new Retention(1, 1).excess(List.of(last, newest), UNUSED, true))
        .containsExactly(newest);
  }

  @Test
  void newestStaysThoughNothingElseMayGo() {
    assertThat(new Retention(1, 1).excess(List.of(verified(), unverified()), UNUSED, false))
        .isEmpty();
  }

  @Test
  void verificationThatWasGivenUpIsNotWaitedFor() {
    BackupRecord last = verified();
    BackupRecord given =
        record(
            BackupType.ON_DEMAND,
            BackupState.READY,
            false,
            Verification.NONE.started().abandoned("disk error"));
    BackupRecord other =
        record(
            BackupType.ON_DEMAND,
            BackupState.READY,
            false,
            Verification.NONE.started().abandoned("disk error"));

    assertThat(new Retention(2, 1).excess(List.of(last, given, other), UNUSED, true))
        .containsExactly(given);
  }

  @Test
  void runningVerificationIsWaitedForThoughNoneIsExpected() {
    List<BackupRecord> all =
        List.of(verified(), unverified(), unverified(), onDemand(Verification.NONE.started()));

    assertThat(gone(all, false)).isEmpty();
  }

  @Test
  void oldSafetyBackupsGoButNotPinnedOnes() {
    BackupRecord first = safety(false);
    BackupRecord pinned = safety(true);
    BackupRecord used = safety(false);
    List<BackupRecord> all = List.of(first, pinned, used, safety(false));

    assertThat(retention.excess(all, each -> each == used, true)).containsExactly(first);
  }

  @Test
  void pinnedOnesAreInTheWayWhenTheyTakeAllPlaces() {
    BackupRecord first = pinned();
    BackupRecord second = pinned();
    BackupRecord third = pinned();

    assertThat(retention.pinnedInTheWay(List.of(first, second, verified()))).isEmpty();
    assertThat(retention.pinnedInTheWay(List.of(first, second, third)))
        .containsExactly(first, second, third);
  }

  @Test
  void agreesWithAModelOfTheRulesAndTellsBeforehandWhatWillGo() {
    long seed = Long.getLong("seed", System.nanoTime());
    Random random = new Random(seed);
    for (int round = 0; round < 20_000; round++) {
      String label = "seed " + seed + " round " + round;
      int limit = 1 + random.nextInt(3);
      boolean expect = random.nextBoolean();
      List<BackupRecord> all = new ArrayList<>();
      for (int i = random.nextInt(7); i > 0; i--) {
        all.add(anything(random));
      }
      Set<BackupRecord> inUse =
          all.isEmpty() ? Set.of() : Set.of(all.get(random.nextInt(all.size())));
      Retention some = new Retention(limit, 1);

      List<BackupRecord> gone =
          some.excess(all, inUse::contains, expect).stream()
              .filter(each -> each.type() == BackupType.ON_DEMAND)
              .toList();

      assertThat(gone).as(label).isEqualTo(model(all, inUse, limit, expect));
      long ready = all.stream().filter(RetentionTest::isCounted).count();
      List<BackupRecord> oneMore = new ArrayList<>(all);
      oneMore.add(unverified());
      Optional<BackupRecord> expected =
          ready < limit
              ? Optional.empty()
              : model(oneMore, inUse, limit, expect).stream().findFirst();
      assertThat(some.next(all, inUse::contains, expect)).as(label).isEqualTo(expected);
    }
  }

  /** The rules of the design, one after the other. */
  private static List<BackupRecord> model(
      List<BackupRecord> all, Set<BackupRecord> inUse, int limit, boolean expect) {
    List<BackupRecord> gone = new ArrayList<>();
    List<BackupRecord> ready =
        new ArrayList<>(all.stream().filter(RetentionTest::isCounted).toList());
    while (ready.size() > limit) {
      List<BackupRecord> mayGo = new ArrayList<>(ready);
      mayGo.removeIf(each -> each.notes().pinned());
      mayGo.removeAll(inUse);
      BackupRecord newest = ready.get(ready.size() - 1);
      if (newest.verification().state() != State.CORRUPT) {
        mayGo.remove(newest);
      }
      List<BackupRecord> good =
          ready.stream().filter(each -> each.verification().state() == State.VERIFIED).toList();
      boolean mustWait =
          good.size() == 1
              && !mayGo.isEmpty()
              && mayGo.get(0) == good.get(0)
              && ready.stream()
                  .anyMatch(
                      each ->
                          each.verification().state() == State.UNVERIFIED
                              && (each.verification().running()
                                  || (expect && each.verification().detail().isEmpty())));
      if (good.size() == 1) {
        mayGo.removeAll(good);
      }
      if (mustWait || mayGo.isEmpty()) {
        return gone;
      }
      ready.remove(mayGo.get(0));
      gone.add(mayGo.get(0));
    }
    return gone;
  }

  private static boolean isCounted(BackupRecord record) {
    return record.state() == BackupState.READY && record.type() == BackupType.ON_DEMAND;
  }

  private BackupRecord anything(Random random) {
    Verification verification =
        List.of(
                Verification.NONE,
                Verification.NONE.started(),
                Verification.NONE.started().abandoned("given up"),
                Verification.NONE.ended(State.VERIFIED, Instant.EPOCH, ""),
                Verification.NONE.ended(State.VERIFIED, Instant.EPOCH, "").started(),
                Verification.NONE.ended(State.CORRUPT, Instant.EPOCH, "bad"))
            .get(random.nextInt(6));
    return record(
        random.nextInt(6) == 0 ? BackupType.AUTO : BackupType.ON_DEMAND,
        random.nextInt(6) == 0 ? BackupState.FAILED : BackupState.READY,
        random.nextInt(4) == 0,
        verification);
  }

  private List<BackupRecord> gone(List<BackupRecord> all, boolean expectVerification) {
    return retention.excess(all, UNUSED, expectVerification);
  }

  private BackupRecord verified() {
    return onDemand(Verification.NONE.ended(State.VERIFIED, Instant.EPOCH, ""));
  }

  private BackupRecord corrupt() {
    return onDemand(Verification.NONE.ended(State.CORRUPT, Instant.EPOCH, "bad"));
  }

  private BackupRecord unverified() {
    return onDemand(Verification.NONE);
  }

  private BackupRecord onDemand(Verification verification) {
    return record(BackupType.ON_DEMAND, BackupState.READY, false, verification);
  }

  private BackupRecord pinned() {
    return record(BackupType.ON_DEMAND, BackupState.READY, true, Verification.NONE);
  }

  private BackupRecord safety(boolean pinned) {
    return record(BackupType.SAFETY, BackupState.READY, pinned, Verification.NONE);
  }

  /** A record whose id comes after those of all others. */
  private BackupRecord record(
      BackupType type, BackupState state, boolean pinned, Verification verification) {
    made++;
    return new BackupRecord(
        new BackupId(String.format("b%09d", made)),
        SITE,
        type,
        state,
        new BackupRecord.Notes("", Map.of(), pinned),
        "",
        List.of(),
        Optional.empty(),
        new BackupRecord.Times(
            Instant.EPOCH, Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty()),
        List.of(),
        true,
        0,
        0,
        verification,
        Optional.empty(),
        Optional.empty(),
        List.of(),
        Optional.empty(),
        List.of(),
        made);
  }
}
