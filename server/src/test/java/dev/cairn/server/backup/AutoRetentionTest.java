package dev.cairn.server.backup;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cairn.server.site.SiteId;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

class AutoRetentionTest {
  private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");
  private static final Duration DAY = Duration.ofDays(1);

  private final List<BackupRecord> all = new ArrayList<>();
  private Instant now = START;

  private BackupRecord add(BackupType type, Verification.State verification, boolean pinned) {
    now = now.plus(DAY);
    BackupRecord record =
        new BackupRecord(
            new BackupId("%08d".formatted(all.size())),
            new SiteId("shop"),
            type,
            BackupState.READY,
            new BackupRecord.Notes("", Map.of(), pinned),
            "schedule",
            List.of(),
            Optional.empty(),
            new BackupRecord.Times(
                now, Optional.of(now), Optional.of(now), Optional.of(now), Optional.empty()),
            List.of(),
            true,
            1,
            1,
            new Verification(verification, false, Optional.empty(), ""),
            Optional.empty(),
            Optional.empty(),
            List.of(),
            Optional.empty(),
            List.of(),
            all.size());
    all.add(record);
    return record;
  }

  private BackupRecord auto(Verification.State verification) {
    return add(BackupType.AUTO, verification, false);
  }

  private List<BackupRecord> excess(int count, Optional<Duration> maxAge) {
    return new AutoRetention(count, maxAge).excess(all, each -> false, now);
  }

  @Test
  void keepsTheNewestByCount() {
    BackupRecord first = auto(Verification.State.VERIFIED);
    BackupRecord second = auto(Verification.State.VERIFIED);
    auto(Verification.State.VERIFIED);
    auto(Verification.State.VERIFIED);

    assertThat(excess(2, Optional.empty())).containsExactly(first, second);
    assertThat(excess(4, Optional.empty())).isEmpty();
  }

  @Test
  void keepsTheYoungestByAge() {
    BackupRecord first = auto(Verification.State.VERIFIED);
    auto(Verification.State.VERIFIED);
    auto(Verification.State.VERIFIED);

    assertThat(excess(100, Optional.of(DAY))).containsExactly(first);
  }

  @Test
  void neitherCountsNorRemovesPinnedOnes() {
    add(BackupType.AUTO, Verification.State.VERIFIED, true);
    BackupRecord second = auto(Verification.State.VERIFIED);
    add(BackupType.AUTO, Verification.State.VERIFIED, true);
    auto(Verification.State.VERIFIED);

    assertThat(excess(1, Optional.empty())).containsExactly(second);
  }

  @Test
  void leavesWhatIsInUseAlone() {
    BackupRecord first = auto(Verification.State.VERIFIED);
    BackupRecord second = auto(Verification.State.VERIFIED);
    auto(Verification.State.VERIFIED);

    List<BackupRecord> gone =
        new AutoRetention(1, Optional.empty()).excess(all, first::equals, now);

    assertThat(gone).containsExactly(second);
  }

  @Test
  void keepsTheLastVerifiedOneWhateverItsAgeAndNumber() {
    auto(Verification.State.VERIFIED);
    BackupRecord second = auto(Verification.State.UNVERIFIED);
    BackupRecord third = auto(Verification.State.CORRUPT);
    auto(Verification.State.UNVERIFIED);

    assertThat(excess(1, Optional.empty())).containsExactly(second, third);
    now = now.plus(Duration.ofDays(1_000));
    assertThat(excess(100, Optional.of(DAY))).doesNotContain(all.get(0)).hasSize(3);
  }

  @Test
  void aVerifiedOnDemandBackupIsEnoughButASafetyBackupIsNot() {
    BackupRecord old = auto(Verification.State.VERIFIED);
    auto(Verification.State.UNVERIFIED);
    add(BackupType.SAFETY, Verification.State.VERIFIED, false);
    assertThat(excess(1, Optional.empty())).isEmpty();

    add(BackupType.ON_DEMAND, Verification.State.VERIFIED, false);
    assertThat(excess(1, Optional.empty())).containsExactly(old);
  }

  @Test
  void saysWhenOneExpires() {
    BackupRecord record = auto(Verification.State.VERIFIED);

    assertThat(new AutoRetention(4, Optional.of(DAY)).expireTime(record)).contains(now.plus(DAY));
    assertThat(new AutoRetention(4, Optional.empty()).expireTime(record)).isEmpty();
    assertThat(
            new AutoRetention(4, Optional.of(DAY))
                .expireTime(add(BackupType.AUTO, Verification.State.VERIFIED, true)))
        .isEmpty();
    assertThat(
            new AutoRetention(4, Optional.of(DAY))
                .expireTime(add(BackupType.ON_DEMAND, Verification.State.VERIFIED, false)))
        .isEmpty();
  }

  /** Random lives of a site: all retention together, verifications that come late or never. */
  @Test
  void aSiteThatHadAVerifiedBackupAlwaysHasOne() {
    long seed = Long.getLong("seed", System.nanoTime());
    Random random = new Random(seed);
    for (int life = 0; life < 300; life++) {
      all.clear();
      AutoRetention auto =
          new AutoRetention(
              1 + random.nextInt(4),
              random.nextBoolean()
                  ? Optional.of(Duration.ofDays(1 + random.nextInt(10)))
                  : Optional.empty());
      Retention others = new Retention(1 + random.nextInt(3), 1);
      boolean expectVerification = random.nextBoolean();
      for (int step = 0; step < 60; step++) {
        BackupType type =
            random.nextInt(3) > 0
                ? BackupType.AUTO
                : random.nextBoolean() ? BackupType.ON_DEMAND : BackupType.SAFETY;
        add(type, Verification.State.UNVERIFIED, random.nextInt(20) == 0);
        boolean had = verified();
        applyRetention(auto, others, expectVerification);
        assertThat(verified()).as("seed=%d life=%d step=%d", seed, life, step).isEqualTo(had);
        verifySome(random);
      }
    }
  }

  /** Verified, and not by a SAFETY backup, which the next restoration replaces. */
  private boolean verified() {
    return all.stream()
        .anyMatch(
            each ->
                each.isReady()
                    && each.type() != BackupType.SAFETY
                    && each.verification().state() == Verification.State.VERIFIED);
  }

  private void applyRetention(AutoRetention auto, Retention others, boolean expectVerification) {
    List<BackupRecord> gone =
        new ArrayList<>(others.excess(all, each -> false, expectVerification));
    List<BackupRecord> left = new ArrayList<>(all);
    left.removeAll(gone);
    gone.addAll(auto.excess(left, each -> false, now));
    gone.forEach(
        each ->
            all.set(
                all.indexOf(each),
                each.with(
                    draft -> {
                      draft.state = BackupState.DELETED;
                      return draft;
                    })));
  }

  private void verifySome(Random random) {
    all.replaceAll(
        each ->
            each.isReady()
                    && each.verification().state() == Verification.State.UNVERIFIED
                    && random.nextInt(3) == 0
                ? each.with(
                    draft -> {
                      draft.verification =
                          new Verification(
                              random.nextInt(4) == 0
                                  ? Verification.State.CORRUPT
                                  : Verification.State.VERIFIED,
                              false,
                              Optional.of(now),
                              "");
                      return draft;
                    })
                : each);
  }
}
