package dev.cairn.server.site.query;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.math.BigDecimal;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DecimalTest {
  @ParameterizedTest
  @CsvSource({
    "1, 1.0",
    "1, 1e0",
    "10, 1e1",
    "0.1, 1e-1",
    "100, 1E+2",
    "0, -0",
    "0, 0.000e99999999999999999",
    "12345678901234567890.5, 123456789012345678905e-1",
    "0.00120, 12e-4",
    "-7.50, -75e-1",
    "1e1000000000000000000000, 10e999999999999999999999"
  })
  void findsTheSameNumberHoweverItIsWritten(String a, String b) {
    assertThat(Decimal.parse(a)).isEqualTo(Decimal.parse(b)).hasSameHashCodeAs(Decimal.parse(b));
    assertThat(Decimal.parse(a)).isEqualByComparingTo(Decimal.parse(b));
  }

  @Test
  void ordersNumbersThatNoMachineHolds() {
    List<Decimal> ascending =
        List.of(
                "-1e99999999999999999999",
                "-1e9999999999",
                "-12345678901234567891",
                "-12345678901234567890",
                "-1",
                "-1e-99999999999999999999",
                "0",
                "1e-99999999999999999999",
                "0.1",
                "0.10000000000000000000000001",
                "1",
                "9007199254740992",
                "9007199254740993",
                "1e999999999",
                "1.1e999999999",
                "1e99999999999999999998",
                "1e99999999999999999999")
            .stream()
            .map(Decimal::parse)
            .toList();
    for (int i = 0; i < ascending.size(); i++) {
      for (int j = 0; j < ascending.size(); j++) {
        assertThat(Integer.signum(ascending.get(i).compareTo(ascending.get(j))))
            .isEqualTo(Integer.compare(i, j));
      }
    }
  }

  @Test
  void comparesAsBigDecimalDoes() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    for (int i = 0; i < 3_000; i++) {
      String a = number(random);
      String b = random.nextInt(5) == 0 ? new BigDecimal(a).toPlainString() : number(random);
      Decimal x = Decimal.parse(a);
      Decimal y = Decimal.parse(b);
      int expected = new BigDecimal(a).compareTo(new BigDecimal(b));
      assertThat(Integer.signum(x.compareTo(y)))
          .as("%s %s, seed %s", a, b, seed)
          .isEqualTo(expected);
      assertThat(x.equals(y)).as("%s %s, seed %s", a, b, seed).isEqualTo(expected == 0);
      assertThat(Decimal.parse(x.toString())).isEqualTo(x);
    }
  }

  private static String number(Random random) {
    String[] parts = {
      random.nextBoolean() ? "-" : "",
      String.valueOf(random.nextInt(random.nextBoolean() ? 10 : 10_000)),
      random.nextBoolean() ? "." + "0".repeat(random.nextInt(3)) + random.nextInt(1_000) : "",
      random.nextBoolean() ? (random.nextBoolean() ? "e" : "E-") + random.nextInt(6) : ""
    };
    return String.join("", parts);
  }

  @ParameterizedTest
  @CsvSource({
    "0.1, 0.1",
    "5e-324, 5e-324",
    "2e23, 2e23",
    "1e23, 1e23",
    "2.2250738585072014e-308," + " 2.2250738585072014e-308",
    "9007199254740993, 9007199254740992",
    "-0.0, 0",
    "100, 100",
    "1.7976931348623157e308, 1.7976931348623157e308",
    "2.0e-3, 0.002",
    "8.41e21, 8.41e21",
    "9.007199254740991e15, 9007199254740991"
  })
  void takesTheShortestDecimalOfADouble(double given, String expected) {
    assertThat(Decimal.of(given)).isEqualTo(Decimal.parse(expected));
  }

  @Test
  void givesBackEachDoubleWithNoMoreDigitsThanJavaSays() {
    Random random = new Random(7);
    for (int i = 0; i < 3_000; i++) {
      double value = Double.longBitsToDouble(random.nextLong());
      if (i % 3 == 0) {
        value = Math.scalb(1.0, random.nextInt(2_000) - 1_000);
      }
      if (Double.isFinite(value)) {
        Decimal decimal = Decimal.of(value);
        assertThat(Double.parseDouble(decimal.toString())).isEqualTo(value);
        assertThat(digits(decimal)).isLessThanOrEqualTo(digits(Decimal.parse("" + value)));
      }
    }
  }

  private static int digits(Decimal decimal) {
    return decimal.toString().replaceAll("e.*", "").length();
  }

  @ParameterizedTest
  @ValueSource(doubles = {Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY})
  void refusesWhatIsNoNumber(double value) {
    assertThatIllegalArgumentException().isThrownBy(() -> Decimal.of(value));
  }

  @Test
  void readsEnormousNumbersQuickly() {
    Assertions.assertTimeout(
        Duration.ofSeconds(2),
        () -> {
          Decimal digits = Decimal.parse("7".repeat(500_000));
          Decimal exponent = Decimal.parse("1e" + "9".repeat(500_000));
          Decimal same = Decimal.parse("0.1e" + "9".repeat(500_000));
          assertThat(digits).isLessThan(exponent).isEqualTo(Decimal.parse("7".repeat(500_000)));
          assertThat(Decimal.parse(exponent.toString())).isEqualTo(exponent);
          assertThat(same).isLessThanOrEqualTo(exponent);
        });
  }
}
