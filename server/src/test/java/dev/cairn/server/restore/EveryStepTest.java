package dev.cairn.server.restore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.cairn.server.backup.BackupRecord;
import dev.cairn.server.backup.Backups;
import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import dev.cairn.server.repository.DurableFiles;
import dev.cairn.server.restore.Deaths.Moment;
import dev.cairn.server.site.Environment;
import dev.cairn.server.site.SiteId;
import dev.cairn.server.site.SiteLayout;
import dev.cairn.server.store.StoredItem;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Each operation is broken off at each of its steps, by a failure and by the death of the process.
 * It has then happened or it has not, nothing is half done, and done again it succeeds. What the
 * steps are is printed, and how many there have to be stands with the operation.
 */
@Tag("exhaustive")
@ExtendWith(QuietLogs.class)
final class EveryStepTest {
  @TempDir Path directory;

  /** The states between which nothing may lie. */
  private record Expected(Map<String, Object> before, Map<String, Object> after) {}

  private static Expected run(Operation operation, ServerUnderTest server) {
    Map<String, Object> before = state(server);
    operation.run(server);
    return new Expected(before, state(server));
  }

  @ParameterizedTest
  @EnumSource(Operation.class)
  void failureAtAnyStepLeavesTheStateOfBeforeOrAfter(Operation operation) {
    Expected expected;
    try (ServerUnderTest server = prepared(operation, Steps.UNDISTURBED, "undisturbed")) {
      expected = run(operation, server);
    }
    assertThat(expected.after()).isNotEqualTo(expected.before());

    List<String> covered = new ArrayList<>();
    for (int k = 0; k < 200; k++) {
      Faults faults = new Faults();
      try (ServerUnderTest server = prepared(operation, faults, "failing-" + k)) {
        faults.failOnceAt(k);
        Optional<Reason> reported = refusal(operation, server);
        faults.end();
        server.backups.overdue().retry();
        if (faults.failedAt().isEmpty()) {
          break;
        }
        String step = faults.failedAt().get();
        covered.add(reported.map(reason -> reason + ": ").orElse("done: ") + step);
        check(operation, server, expected, "failed at " + step);
        Path disk = server.root;
        server.closeWithNothingLeaked();
        try (ServerUnderTest restarted = ServerUnderTest.on(disk).start()) {
          assertThat(state(restarted))
              .as("restarted after failure at " + step)
              .isEqualTo(expected.after());
          assertThat(folders(restarted)).as(step).isEqualTo(restarted.siteIds());
          assertSound(restarted);
        }
      }
    }

    System.out.println(operation + ", failed at\n  " + String.join("\n  ", covered));
    assertThat(covered)
        .as("steps of %s; if there really are fewer, say so there", operation)
        .hasSizeGreaterThanOrEqualTo(operation.leastSteps());
  }

  @ParameterizedTest
  @EnumSource(Operation.class)
  void deathAtAnyStepLeavesTheStateOfBeforeOrAfter(Operation operation) {
    Deaths deaths = new Deaths(directory);
    Expected expected;
    List<Moment> died;
    try (ServerUnderTest server = prepared(operation, deaths, "server")) {
      Map<String, Object> before = state(server);
      deaths.watch(server.root);
      operation.run(server);
      died = deaths.end();
      expected = new Expected(before, state(server));
    }

    List<Boolean> happened = new ArrayList<>();
    List<String> covered = new ArrayList<>();
    for (Moment moment : died) {
      try (ServerUnderTest server = ServerUnderTest.on(moment.disk()).start()) {
        boolean done = state(server).equals(expected.after());
        happened.add(done);
        covered.add((done ? "after: " : "before: ") + moment.step());
        checkAll(operation, server, expected, "died after " + moment.step());
      }
    }

    System.out.println(operation + ", died after\n  " + String.join("\n  ", covered));
    assertThat(happened).as("%s: once done it stays so", covered).isSorted();
    assertThat(happened).as("acknowledged").endsWith(true);
  }

  /** What these tests are worth: a server that makes one of these mistakes does not pass. */
  @ParameterizedTest
  @EnumSource(Mistake.class)
  void noticesEveryMistake(Mistake mistake) throws IOException {
    Operation operation = Operation.BACK_UP_AND_EVICT;
    Expected expected;
    try (ServerUnderTest server = prepared(operation, Steps.UNDISTURBED, "right")) {
      expected = run(operation, server);
      checkAll(operation, server, expected, "no mistake");
    }

    try (ServerUnderTest server = prepared(operation, Steps.UNDISTURBED, "wrong")) {
      operation.run(server);
      mistake.make(server);
      assertThat(catchThrowable(() -> checkAll(operation, server, expected, "a mistake")))
          .isInstanceOfAny(AssertionError.class, ServiceException.class);
    } finally {
      mistake.end();
    }
  }

  /** What a start puts in order, when it is not broken off, is what it has to become. */
  @ParameterizedTest
  @EnumSource(
      value = Operation.class,
      names = {"CREATE_SITE", "DELETE_SITE", "BACK_UP_AND_EVICT", "SAVE_IN_NEW_SANDBOX"})
  void startThatFailsOrDiesAtAnyStepIsMadeUpForByTheNext(Operation operation) {
    Deaths deaths = new Deaths(directory);
    List<Moment> died;
    try (ServerUnderTest server = prepared(operation, deaths, "server")) {
      deaths.watch(server.root);
      operation.run(server);
      died = deaths.end();
    }
    assertStartsAnyway(operation.name(), died);
  }

  @ParameterizedTest
  @EnumSource(
      value = Scenario.class,
      names = {"WHOLE", "UNDO_SINGLE"})
  void startAfterARestorationThatFailsOrDiesAtAnyStepIsMadeUpForByTheNext(Scenario scenario) {
    Deaths deaths = new Deaths(directory);
    List<Moment> died;
    try (ServerUnderTest server =
        ServerUnderTest.on(directory.resolve("server")).steps(deaths).start()) {
      scenario.prepare(server);
      deaths.watch(server.root);
      scenario.run(server);
      died = deaths.end();
    }
    assertStartsAnyway(scenario.name(), died);
  }

  /** Of three of the disks that died, spread over the operation, each start is broken off. */
  private void assertStartsAnyway(String what, List<Moment> died) {
    List<String> covered = new ArrayList<>();
    for (int quarter = 1; quarter <= 3; quarter++) {
      Moment moment = died.get(died.size() * quarter / 4);
      Deaths deaths = new Deaths(directory);
      Map<String, Object> expected;
      List<Moment> diedAgain;
      Path disk = copy(moment.disk(), "again-" + quarter);
      deaths.watch(disk);
      try (ServerUnderTest server = ServerUnderTest.on(disk).steps(deaths).start()) {
        diedAgain = deaths.end();
        expected = state(server);
      }
      for (Moment second : diedAgain) {
        covered.add("died after " + moment.step() + ", and then after " + second.step());
        assertPutInOrder(second.disk(), expected, covered);
      }
      for (int k = 0; k < 200; k++) {
        Path failing = copy(moment.disk(), "failing-" + quarter + "-" + k);
        Faults faults = new Faults();
        faults.failOnceAt(k);
        try (ServerUnderTest server = ServerUnderTest.on(failing).steps(faults).start()) {
          faults.end();
          server.backups.overdue().retry();
        } catch (ServiceException e) {
          // It does not start; the next one does.
        }
        if (faults.failedAt().isEmpty()) {
          break;
        }
        covered.add("died after " + moment.step() + ", start failed at " + faults.failedAt().get());
        assertPutInOrder(failing, expected, covered);
      }
    }
    System.out.println("start after " + what + "\n  " + String.join("\n  ", covered));
    assertThat(covered).as("what a start does after %s", what).hasSizeGreaterThan(3);
  }

  private static void assertPutInOrder(
      Path disk, Map<String, Object> expected, List<String> covered) {
    String last = covered.get(covered.size() - 1);
    try (ServerUnderTest server = ServerUnderTest.on(disk).start()) {
      assertThat(state(server)).as(last).isEqualTo(expected);
      assertThat(folders(server)).as(last).isEqualTo(server.siteIds());
      server.assertSound();
      server.closeWithNothingLeaked();
    }
  }

  private Path copy(Path disk, String name) {
    Path copy = directory.resolve(name);
    ServerUnderTest.copyTree(disk, copy);
    return copy;
  }

  /** It is as it was before, and the operation can be done; or it is done. */
  private static void check(
      Operation operation, ServerUnderTest server, Expected expected, String what) {
    assertThat(state(server)).as(what).isIn(expected.before(), expected.after());
    if (state(server).equals(expected.before())) {
      // What was made but not acknowledged may show only when somebody tries to make it again.
      assertThat(refusal(operation, server).map(Reason::name).orElse("ALREADY_EXISTS"))
          .as("again, " + what)
          .endsWith("ALREADY_EXISTS");
    }
    assertThat(state(server)).as("done again, " + what).isEqualTo(expected.after());
  }

  /** The same, and nothing lies about that should not, on disk or in memory. */
  private static void checkAll(
      Operation operation, ServerUnderTest server, Expected expected, String what) {
    assertThat(folders(server)).as(what).isEqualTo(server.siteIds());
    check(operation, server, expected, what);
    assertSound(server);
    server.closeWithNothingLeaked();
  }

  /** After a start; what a collection that is gone has left goes with the next write. */
  private static void assertSound(ServerUnderTest server) {
    server.save("films", "5", "last");
    server.assertSound();
  }

  private static Optional<Reason> refusal(Operation operation, ServerUnderTest server) {
    try {
      operation.run(server);
      return Optional.empty();
    } catch (ServiceException e) {
      return Optional.of(e.reason());
    }
  }

  private ServerUnderTest prepared(Operation operation, Steps steps, String name) {
    Path template = directory.resolve("prepared");
    if (!Files.isDirectory(template)) {
      try (ServerUnderTest server = ServerUnderTest.on(template).start()) {
        server.createSite();
        server.fill("books", 10, "old");
        server.fill("films", 5, "old");
        operation.prepare(server);
      }
    }
    Path disk = directory.resolve(name);
    ServerUnderTest.copyTree(template, disk);
    return ServerUnderTest.on(disk).steps(steps).start();
  }

  /** All that callers can see and that lasts; no ids and times, which differ between runs. */
  private static Map<String, Object> state(ServerUnderTest server) {
    Map<String, Object> state = new TreeMap<>();
    for (String id : server.siteIds()) {
      SiteId site = new SiteId(id);
      state.put(id, values(server.content(site)));
      state.put(
          id + " collections",
          server.sites.collections(site).all().stream()
              .map(each -> each.id() + each.displayName() + each.fields() + each.views())
              .toList());
      state.put(id + " schedule", server.schedules.get(site).schedule().settings());
      boolean sandbox = Files.isDirectory(new SiteLayout(server.root).sandbox(site));
      state.put(
          id + " sandbox",
          sandbox ? server.sites.stats(site, Environment.SANDBOX).toString() : Map.of().toString());
      state.put(
          id + " backups",
          server.backups.list(site, Backups.Filter.ALL).backups().stream()
              .filter(BackupRecord::isReady)
              .map(
                  each ->
                      values(server.contentOf(site, each.id()))
                          + " "
                          + each.notes()
                          + " "
                          + each.verification().state()
                          + (each.verification().running() ? " runs" : ""))
              .toList());
    }
    return state;
  }

  private static Map<String, List<String>> values(Map<String, List<StoredItem>> content) {
    Map<String, List<String>> values = new TreeMap<>();
    content.forEach(
        (collection, items) ->
            values.put(
                collection,
                items.stream()
                    .map(item -> item.id() + item.data().toStringUtf8() + item.revision())
                    .toList()));
    return values;
  }

  /** The folders of sites, which lie beside one another. */
  private static List<String> folders(ServerUnderTest server) {
    try {
      return DurableFiles.list(new SiteLayout(server.root).sites()).stream()
          .map(each -> each.getFileName().toString())
          .sorted()
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
