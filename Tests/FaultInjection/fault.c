// A layer between a program and its files that fails when it is told to: preloaded by the tests of
// crash consistency (LD_PRELOAD). It counts what changes files below one folder (writes, truncations,
// synchronisations, renames, removals, new files) and fails the k-th of them.
//
//   FAULT_FOLDER  only files below it count
//   FAULT_AT      k, from 1 on; 0 for none
//   FAULT_KIND    eio:    the k-th fails, later ones work (a bad sector, a lost connection)
//                 enospc: the k-th and all later writes and new files fail (a full disk); the k-th
//                         write leaves its first half
//                 kill:   the process is killed in the middle of the k-th
//   FAULT_COUNT   a file into which the number of operations is written at the end
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

enum kind { none, eio, enospc, killed };

static atomic_long count;
static long at;
static enum kind kind;
static const char *folder;
static size_t folder_length;

__attribute__((constructor)) static void start(void) {
  const char *k = getenv("FAULT_AT"), *name = getenv("FAULT_KIND");
  folder = getenv("FAULT_FOLDER");
  folder_length = folder ? strlen(folder) : 0;
  at = k ? atol(k) : 0;
  kind = !name ? none : !strcmp(name, "eio") ? eio : !strcmp(name, "enospc") ? enospc : killed;
}

// The program ends with _exit, which runs no destructors.
static void tell(void) {
  const char *path = getenv("FAULT_COUNT");
  if (!path) return;
  char text[32];
  int length = snprintf(text, sizeof text, "%ld\n", atomic_load(&count));
  int file = syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (file >= 0) {
    syscall(SYS_write, file, text, length);
    close(file);
  }
}

void _exit(int code) {
  tell();
  syscall(SYS_exit_group, code);
  __builtin_unreachable();
}

static int path_counts(const char *path) {
  if (!folder || !path) return 0;
  if (path[0] == '/') return !strncmp(path, folder, folder_length);
  char whole[PATH_MAX];
  if (!getcwd(whole, sizeof whole)) return 0;
  size_t length = strlen(whole);
  snprintf(whole + length, sizeof whole - length, "/%s", path);
  return !strncmp(whole, folder, folder_length);
}

static int file_counts(int file) {
  char name[64], path[PATH_MAX];
  snprintf(name, sizeof name, "/proc/self/fd/%d", file);
  ssize_t length = readlink(name, path, sizeof path - 1);
  if (length <= 0) return 0;
  path[length] = 0;
  return path_counts(path);
}

// The error of this operation, 0 for none. `takes_room`: fails on a full disk.
static int fault(int takes_room, int *is_first) {
  long number = atomic_fetch_add(&count, 1) + 1;
  *is_first = number == at;
  if (!at || number < at) return 0;
  if (kind == enospc) return takes_room ? ENOSPC : 0;
  if (number != at) return 0;
  return kind == killed ? -1 : EIO;
}

static void die(void) { syscall(SYS_kill, getpid(), SIGKILL); }

#define REAL(type, name, ...) \
  static type (*real)(__VA_ARGS__); \
  if (!real) real = (type(*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

// A write that fails on a full disk, or dies, has written its first half.
#define WRITE(call_whole, call_half, bytes) \
  int is_first, error = file_counts(file) ? fault(1, &is_first) : 0; \
  if (!error) return call_whole; \
  if (error < 0) { \
    (void)!(call_half); \
    die(); \
  } \
  if (error == ENOSPC && is_first && (bytes) > 1) return call_half; \
  errno = error; \
  return -1

ssize_t write(int file, const void *data, size_t bytes) {
  REAL(ssize_t, "write", int, const void *, size_t);
  WRITE(real(file, data, bytes), real(file, data, bytes / 2), bytes);
}

ssize_t pwrite(int file, const void *data, size_t bytes, off_t place) {
  REAL(ssize_t, "pwrite", int, const void *, size_t, off_t);
  WRITE(real(file, data, bytes, place), real(file, data, bytes / 2, place), bytes);
}

ssize_t pwrite64(int file, const void *data, size_t bytes, off_t place) {
  REAL(ssize_t, "pwrite64", int, const void *, size_t, off_t);
  WRITE(real(file, data, bytes, place), real(file, data, bytes / 2, place), bytes);
}

#define ORDINARY(takes_room, counts, call) \
  int is_first, error = (counts) ? fault(takes_room, &is_first) : 0; \
  if (!error) return call; \
  if (error < 0) die(); \
  errno = error; \
  return -1

int fsync(int file) {
  REAL(int, "fsync", int);
  ORDINARY(0, file_counts(file), real(file));
}

int fdatasync(int file) {
  REAL(int, "fdatasync", int);
  ORDINARY(0, file_counts(file), real(file));
}

int ftruncate(int file, off_t size) {
  REAL(int, "ftruncate", int, off_t);
  ORDINARY(0, file_counts(file), real(file, size));
}

int ftruncate64(int file, off_t size) {
  REAL(int, "ftruncate64", int, off_t);
  ORDINARY(0, file_counts(file), real(file, size));
}

int rename(const char *from, const char *to) {
  REAL(int, "rename", const char *, const char *);
  ORDINARY(0, path_counts(to), real(from, to));
}

int unlink(const char *path) {
  REAL(int, "unlink", const char *);
  ORDINARY(0, path_counts(path), real(path));
}

int mkdir(const char *path, mode_t mode) {
  REAL(int, "mkdir", const char *, mode_t);
  ORDINARY(1, path_counts(path), real(path, mode));
}

#define OPEN(name) \
  int name(const char *path, int flags, ...) { \
    REAL(int, #name, const char *, int, ...); \
    va_list rest; \
    va_start(rest, flags); \
    mode_t mode = flags & O_CREAT ? va_arg(rest, mode_t) : 0; \
    va_end(rest); \
    int is_new = flags & O_CREAT && access(path, F_OK) != 0; \
    ORDINARY(1, is_new && path_counts(path), real(path, flags, mode)); \
  }

OPEN(open)
OPEN(open64)
