package dev.cairn.server.repository;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cairn.server.error.Reason;
import dev.cairn.server.error.ServiceException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class DiskReserveTest {
  private final AtomicLong free = new AtomicLong(100);
  private final DiskReserve reserve = new DiskReserve(100, free::get);

  @Test
  void refusesBelowTheReserveAndNotAtIt() {
    assertThatCode(() -> reserve.require("work")).doesNotThrowAnyException();

    free.set(99);

    assertThatThrownBy(() -> reserve.require("work"))
        .isInstanceOfSatisfying(
            ServiceException.class,
            e -> {
              assertThat(e.reason()).isEqualTo(Reason.DISK_FULL);
              assertThat(e.metadata()).containsEntry("free_bytes", "99");
            })
        .hasMessageContaining("work");
  }

  @Test
  void countsWhatTheWorkNeeds() {
    free.set(150);

    assertThatCode(() -> reserve.require("work", 50)).doesNotThrowAnyException();
    assertThatThrownBy(() -> reserve.require("work", 51)).isInstanceOf(ServiceException.class);
  }

  @Test
  void withoutReserveNothingIsRefused() {
    assertThatCode(() -> DiskReserve.NONE.require("work", Long.MAX_VALUE / 2))
        .doesNotThrowAnyException();
  }

  @Test
  void diskThatDoesNotTellIsAFailureOfTheStorage() {
    DiskReserve silent =
        new DiskReserve(
            1,
            () -> {
              throw new UncheckedIOException(new IOException("gone"));
            });

    assertThatThrownBy(() -> silent.require("work"))
        .isInstanceOfSatisfying(
            ServiceException.class, e -> assertThat(e.reason()).isEqualTo(Reason.STORAGE_FAILED));
    assertThat(silent.freeBytes()).isEqualTo(-1);
  }
}
