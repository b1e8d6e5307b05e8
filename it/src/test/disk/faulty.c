/*
 * A disk that fails, for a process that is started with this library in LD_PRELOAD. Calls that touch
 * anything below IT_DISK_UNDER fail, or wait, as the sixteen numbers say that lie in the file
 * IT_DISK_RULES; the test writes them there while the process runs. Nothing else is touched: neither
 * sockets nor the log nor the files of the machine it runs on.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { WRITE = 1, FSYNC = 2, FDATASYNC = 4, LINK = 8, RENAME = 16, OPEN = 32, TRUNCATE = 64, MKDIR = 128 };

struct rules {
  _Atomic int32_t operations; /* which of them; 0: all is well */
  _Atomic int32_t error;      /* 0: none, they only wait */
  _Atomic int32_t spared;     /* so many succeed before the first fails */
  _Atomic int32_t chance;     /* of 10,000, that one of the others fails */
  _Atomic int32_t millis;     /* how long each waits */
  _Atomic int32_t failed;     /* how many did, written here */
  _Atomic int32_t seen;       /* how many came, written here */
  int32_t unused[9];
};

static struct rules *rules;
static const char *under;
static size_t under_length;

__attribute__((constructor)) static void begin(void) {
  const char *file = getenv("IT_DISK_RULES");
  under = getenv("IT_DISK_UNDER");
  if (file == NULL || under == NULL) return;
  under_length = strlen(under);
  int fd = open(file, O_RDWR | O_CLOEXEC);
  if (fd < 0) return;
  void *map = mmap(NULL, sizeof(struct rules), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
  if (map != MAP_FAILED) rules = map;
}

static int is_under(const char *path) {
  return path != NULL && strncmp(path, under, under_length) == 0;
}

static int is_file_under(int fd) {
  char name[64], path[PATH_MAX];
  snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(name, path, sizeof path - 1);
  if (length < 0) return 0;
  path[length] = 0;
  return is_under(path);
}

/* Whether the call fails; errno says how. */
static int fails(void) {
  atomic_fetch_add(&rules->seen, 1);
  int32_t millis = rules->millis;
  if (millis > 0) {
    struct timespec pause = {millis / 1000, (millis % 1000) * 1000000L};
    nanosleep(&pause, NULL);
  }
  if (rules->error == 0) return 0;
  if (atomic_fetch_sub(&rules->spared, 1) > 0) return 0;
  static _Thread_local unsigned seed;
  if (seed == 0) seed = (unsigned)(uintptr_t)&seed ^ (unsigned)time(NULL);
  if (rand_r(&seed) % 10000 >= rules->chance) return 0;
  atomic_fetch_add(&rules->failed, 1);
  errno = rules->error;
  return 1;
}

static int on(int operation) { return rules != NULL && (rules->operations & operation) != 0; }
static int fd_fails(int operation, int fd) { return on(operation) && is_file_under(fd) && fails(); }
static int path_fails(int operation, const char *path) { return on(operation) && is_under(path) && fails(); }

#define REAL(type, name, ...) \
  static type (*real)(__VA_ARGS__); \
  if (real == NULL) *(void **)(&real) = dlsym(RTLD_NEXT, name)

ssize_t write(int fd, const void *from, size_t count) {
  REAL(ssize_t, "write", int, const void *, size_t);
  return fd_fails(WRITE, fd) ? -1 : real(fd, from, count);
}

ssize_t writev(int fd, const struct iovec *from, int count) {
  REAL(ssize_t, "writev", int, const struct iovec *, int);
  return fd_fails(WRITE, fd) ? -1 : real(fd, from, count);
}

ssize_t pwrite(int fd, const void *from, size_t count, off_t at) {
  REAL(ssize_t, "pwrite", int, const void *, size_t, off_t);
  return fd_fails(WRITE, fd) ? -1 : real(fd, from, count, at);
}

ssize_t pwrite64(int fd, const void *from, size_t count, off64_t at) {
  REAL(ssize_t, "pwrite64", int, const void *, size_t, off64_t);
  return fd_fails(WRITE, fd) ? -1 : real(fd, from, count, at);
}

int fsync(int fd) {
  REAL(int, "fsync", int);
  return fd_fails(FSYNC, fd) ? -1 : real(fd);
}

int fdatasync(int fd) {
  REAL(int, "fdatasync", int);
  return fd_fails(FDATASYNC, fd) ? -1 : real(fd);
}

int link(const char *from, const char *to) {
  REAL(int, "link", const char *, const char *);
  return path_fails(LINK, to) ? -1 : real(from, to);
}

int linkat(int from_fd, const char *from, int to_fd, const char *to, int flags) {
  REAL(int, "linkat", int, const char *, int, const char *, int);
  return path_fails(LINK, to) ? -1 : real(from_fd, from, to_fd, to, flags);
}

int rename(const char *from, const char *to) {
  REAL(int, "rename", const char *, const char *);
  return path_fails(RENAME, to) ? -1 : real(from, to);
}

int renameat(int from_fd, const char *from, int to_fd, const char *to) {
  REAL(int, "renameat", int, const char *, int, const char *);
  return path_fails(RENAME, to) ? -1 : real(from_fd, from, to_fd, to);
}

int mkdir(const char *path, mode_t mode) {
  REAL(int, "mkdir", const char *, mode_t);
  return path_fails(MKDIR, path) ? -1 : real(path, mode);
}

int ftruncate(int fd, off_t length) {
  REAL(int, "ftruncate", int, off_t);
  return fd_fails(TRUNCATE, fd) ? -1 : real(fd, length);
}

int ftruncate64(int fd, off64_t length) {
  REAL(int, "ftruncate64", int, off64_t);
  return fd_fails(TRUNCATE, fd) ? -1 : real(fd, length);
}

/* Only openings that may make or change a file: reads go on on such disks. */
static int opening_fails(const char *path, int flags) {
  return (flags & (O_CREAT | O_WRONLY | O_RDWR)) != 0 && path_fails(OPEN, path);
}

#define OPENS(name) \
  int name(const char *path, int flags, ...) { \
    mode_t mode = 0; \
    if (flags & O_CREAT) { \
      va_list rest; \
      va_start(rest, flags); \
      mode = va_arg(rest, mode_t); \
      va_end(rest); \
    } \
    REAL(int, #name, const char *, int, ...); \
    return opening_fails(path, flags) ? -1 : real(path, flags, mode); \
  }
OPENS(open)
OPENS(open64)

FILE *fopen(const char *path, const char *mode) {
  REAL(FILE *, "fopen", const char *, const char *);
  return strpbrk(mode, "wa+") != NULL && path_fails(OPEN, path) ? NULL : real(path, mode);
}

FILE *fopen64(const char *path, const char *mode) {
  REAL(FILE *, "fopen64", const char *, const char *);
  return strpbrk(mode, "wa+") != NULL && path_fails(OPEN, path) ? NULL : real(path, mode);
}
