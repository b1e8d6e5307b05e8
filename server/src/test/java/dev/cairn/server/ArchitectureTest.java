package dev.cairn.server;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaPackage;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Holds the table of packages: who may know whom. */
class ArchitectureTest {
  private static final String ROOT = "dev.cairn.server";

  /** Each package and those of ours that it may use; sub-packages belong to it. */
  private static final Map<String, List<String>> MAY_USE =
      Map.of(
          "error", List.of(),
          "telemetry", List.of(),
          "config", List.of(),
          "auth", List.of("error", "telemetry"),
          "store", List.of("error", "telemetry"),
          "repository", List.of("error", "telemetry"),
          "site", List.of("error", "telemetry", "store", "repository"),
          "backup", List.of("error", "telemetry", "store", "repository", "site"),
          "restore", List.of("error", "telemetry", "store", "repository", "site", "backup"),
          "grpc",
              List.of(
                  "error",
                  "telemetry",
                  "auth",
                  "store",
                  "repository",
                  "site",
                  "backup",
                  "restore"));

  /** What is delivered, without tests. */
  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .importUrl(ServerMain.class.getProtectionDomain().getCodeSource().getLocation());

  static Set<String> packages() {
    return MAY_USE.keySet();
  }

  @ParameterizedTest
  @MethodSource("packages")
  void packageUsesOnlyThoseBelowIt(String name) {
    String[] allowed =
        Stream.concat(Stream.of(name), MAY_USE.getOrDefault(name, List.of()).stream())
            .map(each -> within(each))
            .toArray(String[]::new);

    classes()
        .that()
        .resideInAPackage(within(name))
        .should()
        .onlyDependOnClassesThat(not(resideInAPackage(ROOT + "..")).or(resideInAnyPackage(allowed)))
        .check(CLASSES);
  }

  @Test
  void everyPackageIsInTheTable() {
    Set<String> found = new TreeSet<>();
    CLASSES.stream()
        .map(each -> each.getPackageName())
        .filter(each -> each.startsWith(ROOT + "."))
        .forEach(each -> found.add(each.substring(ROOT.length() + 1).split("\\.", 2)[0]));

    assertThat(found).isEqualTo(new TreeSet<>(MAY_USE.keySet()));
  }

  @Test
  void onlyTheGrpcPackageAndTheWiringSpeakTheContract() {
    noClasses()
        .that()
        .resideOutsideOfPackages(within("grpc"), ROOT)
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("io.grpc..", "dev.cairn.v1..", "com.google.rpc..")
        .check(CLASSES);
  }

  @Test
  void onlyOnePackageKnowsTheEngine() {
    noClasses()
        .that()
        .resideOutsideOfPackage(ROOT + ".store.rocksdb..")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("org.rocksdb..")
        .check(CLASSES);
    noClasses()
        .that()
        .resideOutsideOfPackages(ROOT, ROOT + ".store.rocksdb..")
        .should()
        .dependOnClassesThat()
        .resideInAPackage(ROOT + ".store.rocksdb..")
        .check(CLASSES);
  }

  @Test
  void onlyTheWiringChoosesARepository() {
    noClasses()
        .that()
        .resideOutsideOfPackages(ROOT, ROOT + ".repository.local..")
        .should()
        .dependOnClassesThat()
        .resideInAPackage(ROOT + ".repository.local..")
        .check(CLASSES);
  }

  @Test
  void onlyOneClassKnowsStatusCodesOfReasons() {
    noClasses()
        .that()
        .haveNameNotMatching(".*\\.StatusMapper(\\$.*)?")
        .should()
        .dependOnClassesThat()
        .haveFullyQualifiedName("com.google.rpc.Code")
        .check(CLASSES);
  }

  @Test
  void timeIsGivenNotTaken() {
    noClasses()
        .that()
        .resideOutsideOfPackage(ROOT)
        .should()
        .callMethod(Instant.class, "now")
        .orShould()
        .callMethod(System.class, "currentTimeMillis")
        .orShould()
        .callMethod(Clock.class, "systemUTC")
        .orShould()
        .callMethod(Thread.class, "sleep", long.class)
        .check(CLASSES);
  }

  @Test
  void everyPackageHasATourAndMeansNullSeriously() throws ClassNotFoundException {
    JavaPackage root = CLASSES.getPackage(ROOT);
    Set<String> names = new TreeSet<>();
    CLASSES.forEach(each -> names.add(each.getPackageName()));
    assertThat(names).contains(root.getName());
    for (String name : names) {
      Class<?> info = Class.forName(name + ".package-info");
      assertThat(info.isAnnotationPresent(NullMarked.class)).as(name).isTrue();
    }
  }

  private static String within(String name) {
    return ROOT + "." + name + "..";
  }
}
