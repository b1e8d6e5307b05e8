package dev.cairn.client;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

/** Which package may know which. */
class PackagesTest {
  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .importPackages("dev.cairn.client");

  @Test
  void theFacadeKnowsNothingOfTheCommandLine() {
    noClasses()
        .that()
        .resideInAPackage("dev.cairn.client")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("dev.cairn.client.cli..", "dev.cairn.client.jsonl..", "picocli..")
        .check(CLASSES);
  }

  @Test
  void theCommandLineCallsOnlyThroughTheFacade() {
    noClasses()
        .that()
        .resideInAPackage("dev.cairn.client.cli..")
        .should()
        .dependOnClassesThat()
        .haveSimpleNameEndingWith("Grpc")
        .check(CLASSES);
  }

  @Test
  void jsonLinesKnowNothingOfConnections() {
    noClasses()
        .that()
        .resideInAPackage("dev.cairn.client.jsonl..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("io.grpc..", "dev.cairn.client", "dev.cairn.client.cli..")
        .check(CLASSES);
  }
}
