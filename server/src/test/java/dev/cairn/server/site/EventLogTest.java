package dev.cairn.server.site;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.assertj.core.groups.Tuple.tuple;

import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.LongStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EventLogTest {
  private static final SiteId A = new SiteId("a");
  private static final SiteId B = new SiteId("b");
  private static final SiteId C = new SiteId("c");

  @TempDir Path data;
  @TempDir Path copy;
  private Installation site;

  /** What events tell of in these tests. */
  record Note(String text) {}

  @BeforeEach
  void start() {
    site = Installation.open(data);
    create(A);
    create(B);
  }

  @AfterEach
  void stop() {
    site.close();
  }

  @Test
  void numbersEventsWithoutGapsInTheirSiteAndInOrderOverAll() {
    happens(A, "one");
    happens(B, "two");
    happens(A, "three");

    assertThat(read(all(new EventFeed.Beginning())))
        .extracting(
            EventRecord::position,
            EventRecord::siteId,
            EventRecord::sequence,
            event -> event.change(Note.class).text())
        .containsExactly(
            tuple(1L, A, 1L, "one"), tuple(2L, B, 1L, "two"), tuple(3L, A, 2L, "three"));
    assertThat(texts(of(A, new EventFeed.Beginning()))).containsExactly("one", "three");
  }

  @Test
  void takesNoNumberForWhatDidNotHappen() {
    happens(A, "one");
    assertThatThrownBy(
            () ->
                site.commands.append(
                    transaction -> {
                      transaction.addEvent(A, site.clock.instant(), "note", new Note("not"));
                      throw new IllegalStateException("given up");
                    }))
        .isInstanceOf(IllegalStateException.class);
    site.store.failAfter(0, FaultyKeyValueStore.Fault.NOT_WRITTEN);
    assertThatThrownBy(() -> happens(A, "not")).isInstanceOf(ServiceException.class);
    site.store.failAfter(0, FaultyKeyValueStore.Fault.NONE);

    happens(A, "two");

    assertThat(read(of(A, new EventFeed.Beginning())))
        .extracting(EventRecord::sequence)
        .containsExactly(1L, 2L);
    assertThat(texts(all(new EventFeed.Beginning()))).containsExactly("one", "two");
  }

  @Test
  void showsWhatWasWrittenAlthoughTheWriterWasToldThatItFailed() {
    site.store.failAfter(0, FaultyKeyValueStore.Fault.WRITTEN);
    assertThatThrownBy(() -> happens(A, "written")).isInstanceOf(ServiceException.class);
    site.store.failAfter(0, FaultyKeyValueStore.Fault.NONE);

    happens(A, "next");

    assertThat(texts(of(A, new EventFeed.Beginning()))).containsExactly("written", "next");
  }

  @Test
  void tellsReadersOfTheirSitesOnly() {
    AtomicInteger ofA = new AtomicInteger();
    AtomicInteger ofAll = new AtomicInteger();
    EventLog log = site.catalog.events();
    try (EventLog.Subscription a = log.subscribe(Optional.of(A), ofA::incrementAndGet);
        EventLog.Subscription all = log.subscribe(Optional.empty(), ofAll::incrementAndGet)) {
      happens(A, "one");
      happens(B, "two");
      site.sites.delete(A, true);
    }
    happens(B, "three");

    assertThat(ofA).hasValue(2); // its deletion too
    assertThat(ofAll).hasValue(3);
    assertThat(log.subscriptionCount()).isZero();
  }

  @Test
  void resumesAfterASequenceOrAPosition() {
    for (int i = 1; i <= 5; i++) {
      happens(A, "a" + i);
      happens(B, "b" + i);
    }

    assertThat(texts(of(A, new EventFeed.AfterSequence(3)))).containsExactly("a4", "a5");
    assertThat(texts(of(A, new EventFeed.AfterSequence(5)))).isEmpty();
    assertThat(texts(of(A, new EventFeed.AfterPosition(7)))).containsExactly("a5");
    assertThat(texts(of(B, new EventFeed.AfterPosition(7)))).containsExactly("b4", "b5");
    assertThat(texts(all(new EventFeed.AfterPosition(8)))).containsExactly("a5", "b5");
    EventFeed now = of(A, new EventFeed.Now());
    assertThat(texts(now)).isEmpty();
    happens(B, "b6");
    happens(A, "a6");
    assertThat(texts(now)).containsExactly("a6");
    assertThat(now.position()).isEqualTo(12);
  }

  @Test
  void goesOnPastWhatConcernsOtherSites() {
    EventFeed feed = of(A, new EventFeed.Now());
    happens(B, "b1");
    assertThat(texts(feed)).isEmpty();
    assertThat(feed.position()).isEqualTo(1);
    happens(A, "a1");

    assertThat(texts(of(A, new EventFeed.AfterPosition(feed.position())))).containsExactly("a1");
  }

  @Test
  void doesNotCountAsReadWhatWasNotPassed() {
    happens(A, "one");
    happens(A, "two");
    EventFeed feed = of(A, new EventFeed.Beginning());

    assertThat(feed.next(10)).hasSize(2);
    feed.passed(feed.next(10).get(0));

    assertThat(texts(feed)).containsExactly("two");
  }

  @Test
  void refusesPlacesThatWereNeverReached() {
    happens(A, "one");

    expired(() -> of(A, new EventFeed.AfterSequence(2)));
    expired(() -> of(A, new EventFeed.AfterPosition(2)));
    expired(() -> all(new EventFeed.AfterPosition(2)));
  }

  @Test
  void purgesTheOldestInStepsAndTellsThoseWhoAreTooLate() {
    for (int i = 1; i <= 6; i++) {
      happens(i % 2 == 1 ? A : B, "old" + i);
    }
    EventFeed slow = of(A, new EventFeed.Beginning());
    slow.passed(slow.next(1).get(0));
    EventFeed idle = all(new EventFeed.Beginning());
    site.clock.advance(Duration.ofDays(31));
    happens(A, "new");

    assertThat(purge(4)).isEqualTo(4);
    assertThat(texts(all(new EventFeed.Beginning()))).containsExactly("old5", "old6", "new");
    assertThat(purge(4)).isEqualTo(2);
    assertThat(purge(4)).isZero();

    assertThat(texts(of(A, new EventFeed.Beginning()))).containsExactly("new");
    assertThat(texts(of(B, new EventFeed.Beginning()))).isEmpty();
    assertThat(texts(of(A, new EventFeed.AfterSequence(3)))).containsExactly("new");
    ServiceException late = expired(() -> of(A, new EventFeed.AfterSequence(2)));
    assertThat(late.metadata())
        .containsEntry("oldest_sequence", "4")
        .containsEntry("newest_sequence", "4");
    assertThat(expired(() -> of(B, new EventFeed.AfterPosition(3))).metadata())
        .containsEntry("oldest_sequence", "4")
        .containsEntry("newest_sequence", "3");
    expired(() -> all(new EventFeed.AfterPosition(3)));
    expired(() -> slow.next(1));
    assertThat(texts(idle)).as("had begun nowhere yet").containsExactly("new");
    happens(B, "later");
    assertThat(read(of(B, new EventFeed.AfterSequence(3))))
        .extracting(EventRecord::sequence)
        .containsExactly(4L);
  }

  @Test
  void endsWithTheSite() {
    happens(A, "one");
    happens(B, "other");
    EventFeed feed = of(A, new EventFeed.Beginning());
    EventFeed all = all(new EventFeed.AfterPosition(0));
    long oldPlace = 1;

    site.sites.delete(A, true);

    gone(() -> feed.next(1));
    gone(() -> of(A, new EventFeed.Now()));
    site.clock.advance(Duration.ofSeconds(1));
    create(A);
    gone(() -> feed.next(1));
    happens(A, "of the new site");
    gone(() -> feed.next(1));
    assertThat(texts(all)).containsExactly("other", "of the new site");
    assertThat(read(of(A, new EventFeed.AfterPosition(oldPlace))))
        .extracting(EventRecord::sequence)
        .containsExactly(1L);
    assertThatThrownBy(() -> happens(C, "nowhere"))
        .isInstanceOfSatisfying(
            ServiceException.class, e -> assertThat(e.reason()).isEqualTo(Reason.SITE_NOT_FOUND));
  }

  @Test
  void goesOnAfterACrashAtAnyInstant() {
    for (int i = 1; i <= 5; i++) {
      happens(A, "a" + i);
      try (Installation after = site.afterCrash(copy.resolve("after" + i))) {
        EventFeed feed =
            new EventFeed(after.catalog.events(), Optional.of(A), new EventFeed.Beginning());
        assertThat(texts(feed)).hasSize(i);
        happens(after, A, "more");
        assertThat(feed.next(1)).extracting(EventRecord::sequence).containsExactly(i + 1L);
      }
    }
  }

  @Test
  void givesEveryReaderEachEventOnceAndInOrderWhileManyWrite() throws Exception {
    create(C);
    List<SiteId> sites = List.of(A, B, C);
    int writers = 6;
    int each = 60;
    CountDownLatch written = new CountDownLatch(writers);
    ExecutorService threads = Executors.newFixedThreadPool(writers + 4);
    try {
      List<Future<List<EventRecord>>> readers = new ArrayList<>();
      readers.add(threads.submit(reader(all(new EventFeed.Beginning()), written)));
      for (SiteId id : sites) {
        readers.add(threads.submit(reader(of(id, new EventFeed.Now()), written)));
      }
      List<Future<?>> work = new ArrayList<>();
      for (int w = 0; w < writers; w++) {
        SiteId id = sites.get(w % sites.size());
        String name = "w" + w + "-";
        work.add(
            threads.submit(
                () -> {
                  for (int i = 0; i < each; i++) {
                    happens(id, name + i);
                  }
                  written.countDown();
                  return null;
                }));
      }
      for (Future<?> one : work) {
        one.get(30, TimeUnit.SECONDS);
      }

      List<EventRecord> seen = readers.get(0).get(30, TimeUnit.SECONDS);
      assertThat(seen).extracting(EventRecord::position).isEqualTo(numbers(writers * each));
      for (int i = 0; i < sites.size(); i++) {
        SiteId id = sites.get(i);
        List<EventRecord> ofSite = readers.get(i + 1).get(30, TimeUnit.SECONDS);
        assertThat(ofSite).extracting(EventRecord::sequence).isEqualTo(numbers(2 * each));
        assertThat(ofSite)
            .isEqualTo(seen.stream().filter(event -> event.siteId().equals(id)).toList());
      }
    } finally {
      threads.shutdownNow();
    }
  }

  /** Reads with pages of all sizes until everything was written and read. */
  private static Callable<List<EventRecord>> reader(EventFeed feed, CountDownLatch written) {
    return () -> {
      List<EventRecord> seen = new ArrayList<>();
      int limit = 1;
      while (true) {
        boolean last = written.getCount() == 0;
        List<EventRecord> some = feed.next(1 + limit++ % 7);
        for (EventRecord event : some) {
          feed.passed(event);
          seen.add(event);
        }
        if (last && some.isEmpty()) {
          return seen;
        }
      }
    };
  }

  /** The log beside a plain list of what happened. */
  @Test
  void agreesWithAModelUnderRandomChanges() {
    long seed = Long.getLong("seed", System.nanoTime());
    Random random = new Random(seed);
    List<EventRecord> model = new ArrayList<>();
    Map<SiteId, Long> sequences = new HashMap<>();
    long purged = 0;
    long last = 0;
    for (int step = 0; step < 250; step++) {
      SiteId id = random.nextBoolean() ? A : B;
      int choice = random.nextInt(20);
      if (choice < 12) {
        happens(id, "step " + step);
        last++;
        long sequence = sequences.merge(id, 1L, Long::sum);
        model.add(
            new EventRecord(
                last,
                id,
                sequence,
                site.clock.instant(),
                "note",
                CatalogCodec.toTree(new Note("step " + step))));
        site.clock.advance(Duration.ofHours(random.nextInt(48)));
      } else if (choice == 12) {
        site.sites.delete(id, true);
        create(id);
        site.clock.advance(Duration.ofHours(1));
        model.removeIf(event -> event.siteId().equals(id));
        sequences.remove(id);
      } else if (choice == 13) {
        int limit = 1 + random.nextInt(5);
        Instant before = site.clock.instant().minus(Duration.ofDays(30));
        site.catalog.events().purge(before, limit);
        for (int i = 0; i < limit && !model.isEmpty(); i++) {
          if (model.get(0).time().isBefore(before)) {
            purged = model.remove(0).position();
          }
        }
      } else if (choice < 17) {
        long from = purged + (last == purged ? 0 : random.nextLong(last - purged + 1));
        assertThat(read(all(new EventFeed.AfterPosition(from))))
            .as("seed %d step %d all after %d", seed, step, from)
            .isEqualTo(model.stream().filter(event -> event.position() > from).toList());
        assertThat(read(of(id, new EventFeed.AfterPosition(from))))
            .as("seed %d step %d %s after %d", seed, step, id, from)
            .isEqualTo(
                model.stream()
                    .filter(event -> event.position() > from && event.siteId().equals(id))
                    .toList());
      } else {
        assertThat(read(of(id, new EventFeed.Beginning())))
            .as("seed %d step %d %s", seed, step, id)
            .isEqualTo(model.stream().filter(event -> event.siteId().equals(id)).toList());
      }
    }
  }

  private void create(SiteId id) {
    site.sites.create(id, "", Map.of(), Optional.empty());
  }

  private void happens(SiteId id, String text) {
    happens(site, id, text);
  }

  private static void happens(Installation where, SiteId id, String text) {
    where.commands.append(
        transaction -> {
          transaction.addEvent(id, where.clock.instant(), "note", new Note(text));
          return Boolean.TRUE;
        });
  }

  private int purge(int limit) {
    return site.catalog.events().purge(site.clock.instant().minus(Duration.ofDays(30)), limit);
  }

  private EventFeed all(EventFeed.Start start) {
    return new EventFeed(site.catalog.events(), Optional.empty(), start);
  }

  private EventFeed of(SiteId id, EventFeed.Start start) {
    return new EventFeed(site.catalog.events(), Optional.of(id), start);
  }

  private static List<EventRecord> read(EventFeed feed) {
    List<EventRecord> seen = new ArrayList<>();
    List<EventRecord> some = feed.next(3);
    while (!some.isEmpty()) {
      some.forEach(feed::passed);
      seen.addAll(some);
      some = feed.next(3);
    }
    return seen;
  }

  private static List<String> texts(EventFeed feed) {
    return read(feed).stream().map(event -> event.change(Note.class).text()).toList();
  }

  private static List<Long> numbers(int count) {
    return LongStream.rangeClosed(1, count).boxed().toList();
  }

  private static ServiceException expired(ThrowingCallable call) {
    return failure(call, Reason.EVENTS_EXPIRED);
  }

  private static void gone(ThrowingCallable call) {
    failure(call, Reason.SITE_NOT_FOUND);
  }

  private static ServiceException failure(ThrowingCallable call, Reason reason) {
    ServiceException thrown = catchThrowableOfType(ServiceException.class, call);
    assertThat(thrown).isNotNull();
    assertThat(thrown.reason()).isEqualTo(reason);
    return thrown;
  }
}
