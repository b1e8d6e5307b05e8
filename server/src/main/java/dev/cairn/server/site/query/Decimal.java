package dev.cairn.server.site.query;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.List;

/**
 * A decimal number of any length, as JSON writes it. Compared exactly, and in time and memory that
 * grow with its text alone: 1e999999999 costs no more than 1. That, and numbers of half a million
 * digits, which take {@code BigDecimal} seconds to read, are why it is not one.
 *
 * <p>Kept as 0.digits * 10^magnitude with no zero at either end of the digits, so that equal
 * numbers have equal parts. A magnitude of more than {@value #MAX_EXPONENT_DIGITS} digits counts as
 * the greatest of that length. Immutable.
 */
public final class Decimal implements Comparable<Decimal> {
  private static final int MAX_EXPONENT_DIGITS = 1_000;
  private static final int LONG_DIGITS = 18;
  private static final int DOUBLE_DIGITS = 17;
  private static final BigInteger GREATEST =
      BigInteger.TEN.pow(MAX_EXPONENT_DIGITS).subtract(BigInteger.ONE);

  /** So large that no place of the decimal point brings it back. */
  private static final BigInteger TOO_GREAT = BigInteger.TEN.pow(MAX_EXPONENT_DIGITS + 1);

  private static final Decimal ZERO = new Decimal(0, "", BigInteger.ZERO);

  private final int sign;
  private final String digits;
  private final BigInteger magnitude;

  private Decimal(int sign, String digits, BigInteger magnitude) {
    this.sign = sign;
    this.digits = digits;
    this.magnitude = magnitude;
  }

  public static Decimal of(long value) {
    return parse(Long.toString(value));
  }

  /**
   * The shortest decimal that reads back as {@code value}; of several, the nearest to it.
   *
   * @throws IllegalArgumentException not a finite number
   */
  public static Decimal of(double value) {
    if (!Double.isFinite(value)) {
      throw new IllegalArgumentException("must be a finite number");
    }
    // Not Double.toString: before Java 19 it may say more digits than are needed.
    BigDecimal exact = new BigDecimal(value);
    for (int precision = 1; precision < DOUBLE_DIGITS; precision++) {
      // Next to a power of two, the nearest may read back as a neighbour, and the other not.
      for (RoundingMode mode :
          List.of(RoundingMode.HALF_EVEN, RoundingMode.DOWN, RoundingMode.UP)) {
        BigDecimal rounded = exact.round(new MathContext(precision, mode));
        if (rounded.doubleValue() == value) {
          return parse(rounded.toString());
        }
      }
    }
    return parse(exact.round(new MathContext(DOUBLE_DIGITS)).toString());
  }

  /**
   * @param number as JSON writes numbers; not checked
   */
  static Decimal parse(String number) {
    int start = number.charAt(0) == '-' ? 1 : 0;
    int end = exponentAt(number);
    int point = number.indexOf('.');
    String all =
        point < 0
            ? number.substring(start, end)
            : number.substring(start, point) + number.substring(point + 1, end);
    int first = 0;
    while (first < all.length() && all.charAt(first) == '0') {
      first++;
    }
    int last = all.length();
    while (last > first && all.charAt(last - 1) == '0') {
      last--;
    }
    if (first == last) {
      return ZERO;
    }
    int integerDigits = (point < 0 ? end : point) - start;
    BigInteger magnitude = exponent(number, end).add(BigInteger.valueOf(integerDigits - first));
    return new Decimal(
        start == 1 ? -1 : 1,
        all.substring(first, last),
        magnitude.min(GREATEST).max(GREATEST.negate()));
  }

  private static int exponentAt(String number) {
    for (int i = 0; i < number.length(); i++) {
      if (number.charAt(i) == 'e' || number.charAt(i) == 'E') {
        return i;
      }
    }
    return number.length();
  }

  private static BigInteger exponent(String number, int at) {
    if (at == number.length()) {
      return BigInteger.ZERO;
    }
    int from = at + 1;
    boolean negative = number.charAt(from) == '-';
    if (negative || number.charAt(from) == '+') {
      from++;
    }
    while (from < number.length() && number.charAt(from) == '0') {
      from++;
    }
    int length = number.length() - from;
    BigInteger size;
    if (length <= LONG_DIGITS) {
      size = BigInteger.valueOf(length == 0 ? 0 : Long.parseLong(number.substring(from)));
    } else if (length <= MAX_EXPONENT_DIGITS) {
      size = new BigInteger(number.substring(from));
    } else {
      size = TOO_GREAT;
    }
    return negative ? size.negate() : size;
  }

  @Override
  public int compareTo(Decimal other) {
    if (sign != other.sign) {
      return Integer.compare(sign, other.sign);
    }
    int order = magnitude.compareTo(other.magnitude);
    return sign * (order != 0 ? order : digits.compareTo(other.digits));
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Decimal that
        && sign == that.sign
        && digits.equals(that.digits)
        && magnitude.equals(that.magnitude);
  }

  @Override
  public int hashCode() {
    return 31 * digits.hashCode() + magnitude.hashCode() * sign;
  }

  /** A text that {@link #parse} reads as an equal number. */
  @Override
  public String toString() {
    return sign == 0 ? "0" : (sign < 0 ? "-0." : "0.") + digits + "e" + magnitude;
  }
}
