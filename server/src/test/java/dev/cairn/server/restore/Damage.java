package dev.cairn.server.restore;

import dev.cairn.server.repository.DurableFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Damage to one file of a directory, or two. Nothing is written in place: whoever shares a file by
 * a hard link keeps it whole.
 *
 * @param names the files that are no longer what they were
 * @param kept where the sound files are until the repair
 */
record Damage(Kind kind, Set<String> names, Path directory, Path kept) {
  /** What happens to files. */
  enum Kind {
    FLIP,
    ZERO,
    OVERWRITE,
    CUT,
    APPEND,
    REMOVE,
    SWAP,
    OF_ANOTHER,
    LINK,
    SURPLUS;

    /** Those that give one byte another value. */
    static final List<Kind> SINGLE_BYTE = List.of(FLIP, ZERO, OVERWRITE);
  }

  /**
   * Damages a file of {@code directory} that {@code random} chooses.
   *
   * @param other a directory with files of the same kind
   * @param kept on the same file system; must not exist
   * @return empty if that file cannot be damaged so: it has no bytes, or it has that value already
   */
  static Optional<Damage> inflict(Kind kind, Path directory, Path other, Path kept, Random random)
      throws IOException {
    List<Path> files = DurableFiles.list(directory);
    Path file = files.get(random.nextInt(files.size()));
    Path second = files.get(random.nextInt(files.size()));
    byte[] sound = Files.readAllBytes(file);
    byte[] swapped = Files.readAllBytes(second);
    Files.createDirectory(kept);
    for (Path each : files) {
      Files.createLink(kept.resolve(each.getFileName()), each);
    }
    Damage damage =
        new Damage(
            kind,
            Stream.of(file, kind == Kind.SWAP ? second : file)
                .map(each -> each.getFileName().toString())
                .collect(Collectors.toSet()),
            directory,
            kept);
    boolean done =
        switch (kind) {
          case FLIP, ZERO, OVERWRITE -> replace(file, sound, changed(kind, sound, random));
          case CUT -> replace(file, sound, Arrays.copyOf(sound, below(sound.length, random)));
          case APPEND -> replace(file, sound, Arrays.copyOf(sound, sound.length + 1));
          case OF_ANOTHER -> replace(file, sound, sameNamed(file, other));
          case SWAP -> replace(file, sound, swapped) && replace(second, swapped, sound);
          case REMOVE -> Files.deleteIfExists(file);
          case LINK -> {
            Files.delete(file);
            Files.createSymbolicLink(file, kept.resolve(file.getFileName()));
            yield true;
          }
          case SURPLUS -> {
            Path surplus = directory.resolve(random.nextInt(1_000) + ".sst");
            Files.copy(file, surplus);
            damage = new Damage(kind, Set.of(surplus.getFileName().toString()), directory, kept);
            yield true;
          }
        };
    if (!done) {
      damage.repair();
    }
    return done ? Optional.of(damage) : Optional.empty();
  }

  private static int below(int bound, Random random) {
    return bound == 0 ? 0 : random.nextInt(bound);
  }

  private static byte[] changed(Kind kind, byte[] sound, Random random) {
    byte[] bad = sound.clone();
    if (bad.length > 0) {
      int at = random.nextInt(bad.length);
      bad[at] =
          (byte)
              switch (kind) {
                case FLIP -> bad[at] ^ (1 << random.nextInt(8));
                case ZERO -> 0;
                default -> random.nextInt(256);
              };
    }
    return bad;
  }

  private static byte[] sameNamed(Path file, Path other) throws IOException {
    Path theirs = other.resolve(file.getFileName());
    return Files.readAllBytes(Files.exists(theirs) ? theirs : file);
  }

  private static boolean replace(Path file, byte[] sound, byte[] bad) throws IOException {
    if (Arrays.equals(sound, bad)) {
      return false;
    }
    Path damaged = file.resolveSibling("damaged");
    Files.write(damaged, bad);
    Files.move(damaged, file, StandardCopyOption.REPLACE_EXISTING);
    return true;
  }

  /** Puts the sound files back, under their names and nothing else. */
  void repair() throws IOException {
    for (Path each : DurableFiles.list(directory)) {
      Files.delete(each);
    }
    for (Path each : DurableFiles.list(kept)) {
      Files.move(each, directory.resolve(each.getFileName()));
    }
    Files.delete(kept);
  }
}
