package dev.cairn.it.bench;

/** Something that is measured. Keeps nothing between runs. */
interface Case {
  /** What {@code -Dbench.only} picks it by. */
  String name();

  void run(Subjects subjects, Results results) throws Exception;
}
