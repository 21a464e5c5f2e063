/* The C library's file operations, made to fail at will: for LD_PRELOAD.
 *
 * faults_begin(folder, n, error, mode) counts the operations on paths below a folder, and on descriptors opened there,
 * and lets the n-th fail (n = 0: none), once, or with all that follow, or takes the folder away just before it.
 *
 * With FAULTS_WRITABLE set, from the start of the process on: everything outside of that folder is a read-only file
 * system, the user has an id without an entry, and what was tried to be written outside is kept in faults_tried().
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum { ONCE = 1, FROM_THEN_ON = 2, TAKE_AWAY = 3 };

static char folder[PATH_MAX], writable[PATH_MAX], away[PATH_MAX];
static char failed[64], tried[16384];
static int error_number, mode, own_user;
static long counted, nth;
static char below[65536]; /* descriptors opened below the folder */

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

__attribute__((constructor)) static void start(void) {
    const char *place = getenv("FAULTS_WRITABLE");
    if (place) {
        snprintf(writable, sizeof writable, "%s", place);
        own_user = 1;
    }
}

void faults_begin(const char *where, long n, int error, int how) {
    snprintf(folder, sizeof folder, "%s", where);
    snprintf(away, sizeof away, "%s.away", where);
    memset(below, 0, sizeof below);
    failed[0] = 0;
    counted = 0;
    nth = n;
    error_number = error;
    mode = how;
}

long faults_end(void) {
    folder[0] = 0;
    return counted;
}

const char *faults_failed(void) { return failed; }
const char *faults_tried(void) { return tried; }

static int starts(const char *path, const char *prefix) {
    size_t length = strlen(prefix);
    return length && !strncmp(path, prefix, length) && (path[length] == '/' || !path[length]);
}

static int inside(int at, const char *path) {
    if (!folder[0]) return 0;
    if (path && path[0] == '/') return starts(path, folder);
    return at >= 0 && at < (int)sizeof below && below[at];
}

/* Whether an operation is to fail; errno is set then. */
static int fails(const char *name, int here) {
    if (!here) return 0;
    counted++;
    if (!nth || (mode == FROM_THEN_ON ? counted < nth : counted != nth)) return 0;
    if (!failed[0]) snprintf(failed, sizeof failed, "%s", name);
    if (mode == TAKE_AWAY) {
        syscall(SYS_rename, folder, away);
        return 0;
    }
    errno = error_number;
    return 1;
}

/* Whether something outside of the only writable folder is to be changed; errno is set then. */
static int refused(const char *name, const char *path) {
    char here[PATH_MAX];
    if (!writable[0] || !path) return 0;
    if (path[0] != '/') path = syscall(SYS_getcwd, here, sizeof here) > 0 ? here : "";
    if (starts(path, writable) || starts(path, "/dev") || starts(path, "/proc")) return 0;
    size_t used = strlen(tried);
    snprintf(tried + used, sizeof tried - used, "%s %s\n", name, path);
    errno = EROFS;
    return 1;
}

static int opened(int fd, int here) {
    if (fd >= 0 && fd < (int)sizeof below) below[fd] = (char)here;
    return fd;
}

static int of(int fd) { return folder[0] && fd >= 0 && fd < (int)sizeof below && below[fd]; }

#define MODE_ARGUMENT \
    mode_t bits = 0; \
    if (flags & (O_CREAT | O_TMPFILE)) { va_list rest; va_start(rest, flags); bits = va_arg(rest, mode_t); va_end(rest); }
#define WRITES(flags) ((flags) & (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC))

#define OPEN(name) \
    int name(const char *path, int flags, ...) { \
        MODE_ARGUMENT \
        int here = inside(-1, path); \
        if (fails("open", here) || (WRITES(flags) && refused("open", path))) return -1; \
        return opened(REAL(name)(path, flags, bits), here); \
    }
OPEN(open)
OPEN(open64)

#define OPENAT(name) \
    int name(int at, const char *path, int flags, ...) { \
        MODE_ARGUMENT \
        int here = inside(at, path); \
        if (fails("openat", here) || (WRITES(flags) && refused("openat", path))) return -1; \
        return opened(REAL(name)(at, path, flags, bits), here); \
    }
OPENAT(openat)
OPENAT(openat64)

#define FOPEN(name) \
    FILE *name(const char *path, const char *how) { \
        int here = inside(-1, path); \
        if (fails("fopen", here) || (strpbrk(how, "wa+") && refused("fopen", path))) return NULL; \
        FILE *file = REAL(name)(path, how); \
        if (file) opened(fileno(file), here); \
        return file; \
    }
FOPEN(fopen)
FOPEN(fopen64)

size_t fwrite(const void *data, size_t size, size_t count, FILE *file) {
    return fails("fwrite", of(fileno(file))) ? 0 : REAL(fwrite)(data, size, count, file);
}

DIR *opendir(const char *path) { return fails("opendir", inside(-1, path)) ? NULL : REAL(opendir)(path); }
DIR *fdopendir(int fd) { return fails("fdopendir", of(fd)) ? NULL : REAL(fdopendir)(fd); }

int close(int fd) { /* as Linux has it: the descriptor is gone, whatever is said */
    int here = of(fd), done;
    if (fd >= 0 && fd < (int)sizeof below) below[fd] = 0;
    done = REAL(close)(fd);
    return fails("close", here) ? -1 : done;
}

#define ON_DESCRIPTOR(type, name, declared, given) \
    type name declared { return fails(#name, of(fd)) ? -1 : REAL(name) given; }
ON_DESCRIPTOR(ssize_t, write, (int fd, const void *data, size_t size), (fd, data, size))
ON_DESCRIPTOR(ssize_t, writev, (int fd, const struct iovec *data, int count), (fd, data, count))
ON_DESCRIPTOR(ssize_t, pwrite64, (int fd, const void *data, size_t size, off64_t at), (fd, data, size, at))
ON_DESCRIPTOR(int, ftruncate64, (int fd, off64_t size), (fd, size))
ON_DESCRIPTOR(int, fchmod, (int fd, mode_t bits), (fd, bits))
ON_DESCRIPTOR(int, fstat64, (int fd, struct stat64 *found), (fd, found))

#define ON_PATH(name, at, declared, given) \
    int name declared { return fails(#name, inside(at, path)) || refused(#name, path) ? -1 : REAL(name) given; }
ON_PATH(mkdir, -1, (const char *path, mode_t bits), (path, bits))
ON_PATH(mkdirat, at, (int at, const char *path, mode_t bits), (at, path, bits))
ON_PATH(rmdir, -1, (const char *path), (path))
ON_PATH(unlink, -1, (const char *path), (path))
ON_PATH(unlinkat, at, (int at, const char *path, int flags), (at, path, flags))
ON_PATH(chmod, -1, (const char *path, mode_t bits), (path, bits))
ON_PATH(fchmodat, at, (int at, const char *path, mode_t bits, int flags), (at, path, bits, flags))
ON_PATH(truncate64, -1, (const char *path, off64_t size), (path, size))
ON_PATH(rename, -1, (const char *path, const char *target), (path, target))
ON_PATH(renameat, at, (int at, const char *path, int to, const char *target), (at, path, to, target))

#define LOOKS(name, at, declared, given) \
    int name declared { return fails(#name, inside(at, path)) ? -1 : REAL(name) given; }
LOOKS(stat64, -1, (const char *path, struct stat64 *found), (path, found))
LOOKS(lstat64, -1, (const char *path, struct stat64 *found), (path, found))
LOOKS(fstatat64, at, (int at, const char *path, struct stat64 *found, int flags), (at, path, found, flags))

uid_t getuid(void) { return own_user ? 54321 : REAL(getuid)(); }
uid_t geteuid(void) { return own_user ? 54321 : REAL(geteuid)(); }

struct passwd *getpwuid(uid_t user) { return own_user ? (errno = 0, NULL) : REAL(getpwuid)(user); }

int getpwuid_r(uid_t user, struct passwd *entry, char *text, size_t size, struct passwd **found) {
    if (!own_user) return REAL(getpwuid_r)(user, entry, text, size, found);
    *found = NULL;
    return 0;
}
