package dev.cairn.server.site;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CurrentRecordsTest {
  private static final SiteId SITE = new SiteId("site");
  private static final SiteId LONGER = new SiteId("site-2");

  @TempDir Path directory;
  private final CurrentRecords current = new CurrentRecords("thing");
  private Installation server;

  @BeforeEach
  void open() {
    server = Installation.open(directory);
  }

  @AfterEach
  void close() {
    server.close();
  }

  @Test
  void arePerSiteAndInOrder() {
    note(SITE, "b", true);
    note(SITE, "a", true);
    note(LONGER, "c", true);

    assertThat(ids(SITE)).containsExactly("a", "b");
    assertThat(ids(LONGER)).containsExactly("c");
    assertThat(ids(new SiteId("other"))).isEmpty();
  }

  @Test
  void thoseThatEndedAreLeftOut() {
    note(SITE, "a", true);
    note(SITE, "b", true);
    note(SITE, "a", true);
    note(SITE, "a", false);
    note(SITE, "never-current", false);

    assertThat(ids(SITE)).containsExactly("b");
  }

  @Test
  void aStepSeesWhatItIsAboutToLeave() {
    note(SITE, "a", true);
    note(SITE, "b", true);
    apply(
        transaction -> {
          current.note(transaction, SITE, "a", false);
          current.note(transaction, SITE, "c", true);
          assertThat(current.ids(transaction, SITE)).containsExactly("b", "c");
          assertThat(ids(SITE)).as("everybody else").containsExactly("a", "b");
        });
    assertThat(ids(SITE)).containsExactly("b", "c");
  }

  @Test
  void goWithTheirSite() {
    note(SITE, "a", true);
    note(LONGER, "b", true);
    apply(transaction -> current.removeSite(transaction, SITE));

    assertThat(ids(SITE)).isEmpty();
    assertThat(ids(LONGER)).containsExactly("b");
  }

  @Test
  void areThereAfterARestart() {
    note(SITE, "a", true);
    server.close();
    open();

    assertThat(ids(SITE)).containsExactly("a");
  }

  @Test
  void agreeWithTheRecordsAfterAStart() {
    note(SITE, "right", true);
    note(SITE, "wrong", true);
    recover(name(SITE, "right"), name(LONGER, "missing"));

    assertThat(ids(SITE)).containsExactly("right");
    assertThat(ids(LONGER)).containsExactly("missing");
  }

  @Test
  void areNotWrittenAgainWhereTheyAgree() {
    note(SITE, "a", true);
    long before = server.catalog.lastChange();
    recover(name(SITE, "a"));

    assertThat(server.catalog.lastChange()).isEqualTo(before);
    assertThat(ids(SITE)).containsExactly("a");
  }

  private static CurrentRecords.Name name(SiteId siteId, String id) {
    return new CurrentRecords.Name(siteId, id);
  }

  private void recover(CurrentRecords.Name... names) {
    current.recover(server.catalog, server.commands, List.of(names));
  }

  private List<String> ids(SiteId siteId) {
    return current.ids(server.catalog, siteId);
  }

  private void note(SiteId siteId, String id, boolean isCurrent) {
    apply(transaction -> current.note(transaction, siteId, id, isCurrent));
  }

  private void apply(Consumer<CatalogTransaction> step) {
    server.catalog.apply(
        transaction -> {
          step.accept(transaction);
          return Boolean.TRUE;
        });
  }
}
