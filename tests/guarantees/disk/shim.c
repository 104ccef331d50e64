/* Stands between a process and its disk (LD_PRELOAD, Linux), for files below the folder DISK_ROOT.
 *
 * Recording: whatever the process does is written to DISK_LOG in the order it happened, so that a test can replay it and cut
 * the power anywhere. A record is one line, `op path length offset`, with tabs between, then `length` bytes: what was
 * written, or the new name of what was renamed. One lock spans each call and its record.
 *
 * Failing: DISK_FAULT is `read-only` (nothing can be written), `full:N` (there is room for N bytes more) or `sync:N` (the
 * Nth sync reports an error, and all after it). What is below DISK_OUTSIDE stands for another machine and never fails. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static char root[PATH_MAX];
static size_t root_length;
static int log_fd = -1;

static enum { NO_FAULT, READ_ONLY, FULL, SYNC } fault = NO_FAULT;
/* Bytes of room, or syncs, before the fault shows. */
static long long left;
static const char *outside = "";

static int (*real_open64)(const char *, int, ...);
static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_pwrite64)(int, const void *, size_t, off64_t);
static int (*real_ftruncate64)(int, off64_t);
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);
static int (*real_rename)(const char *, const char *);
static int (*real_unlink)(const char *);
static int (*real_mkdir)(const char *, mode_t);

static void begin(void) {
    real_open64 = dlsym(RTLD_NEXT, "open64");
    real_write = dlsym(RTLD_NEXT, "write");
    real_pwrite64 = dlsym(RTLD_NEXT, "pwrite64");
    real_ftruncate64 = dlsym(RTLD_NEXT, "ftruncate64");
    real_fsync = dlsym(RTLD_NEXT, "fsync");
    real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
    real_rename = dlsym(RTLD_NEXT, "rename");
    real_unlink = dlsym(RTLD_NEXT, "unlink");
    real_mkdir = dlsym(RTLD_NEXT, "mkdir");
    const char *folder = getenv("DISK_ROOT");
    const char *log = getenv("DISK_LOG");
    if (folder == NULL || realpath(folder, root) == NULL) {
        return;
    }
    root_length = strlen(root);
    if (log != NULL) {
        log_fd = real_open64(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    }
    const char *how = getenv("DISK_FAULT");
    if (getenv("DISK_OUTSIDE") != NULL) {
        outside = getenv("DISK_OUTSIDE");
    }
    if (how == NULL) {
        return;
    } else if (strcmp(how, "read-only") == 0) {
        fault = READ_ONLY;
    } else if (sscanf(how, "full:%lld", &left) == 1) {
        fault = FULL;
    } else if (sscanf(how, "sync:%lld", &left) == 1) {
        fault = SYNC;
    } else {
        abort();
    }
}

static void enter(void) {
    pthread_once(&once, begin);
    pthread_mutex_lock(&lock);
}

static void leave(void) {
    pthread_mutex_unlock(&lock);
}

static void all(const void *bytes, size_t length) {
    const char *at = bytes;
    while (length > 0) {
        ssize_t done = real_write(log_fd, at, length);
        if (done <= 0) {
            /* A log with a hole would prove something that is not so. */
            abort();
        }
        at += done;
        length -= (size_t)done;
    }
}

/* The path below the folder, or NULL for what is none of ours. */
static const char *below(const char *path) {
    if (root_length == 0 || strncmp(path, root, root_length) != 0) {
        return NULL;
    }
    if (path[root_length] == '\0') {
        return ".";
    }
    return path[root_length] == '/' ? path + root_length + 1 : NULL;
}

static const char *path_of(int fd, char *buffer) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, buffer, PATH_MAX - 1);
    if (length <= 0) {
        return NULL;
    }
    buffer[length] = '\0';
    return below(buffer);
}

static void note(const char *op, const char *path, const void *bytes, size_t length, long long offset) {
    if (log_fd < 0) {
        return;
    }
    char line[PATH_MAX + 80];
    int size = snprintf(line, sizeof line, "%s\t%s\t%zu\t%lld\n", op, path, length, offset);
    all(line, (size_t)size);
    all(bytes, length);
}

/* Whether the path, as `below` gave it, may fail. */
static int ours_to_fail(const char *path) {
    size_t length = strlen(outside);
    return path != NULL && (length == 0 || strncmp(path, outside, length) != 0);
}

/* Whether a change of names or sizes is refused. */
static int refused(const char *path) {
    if (fault == READ_ONLY && ours_to_fail(path)) {
        errno = EROFS;
        return 1;
    }
    return 0;
}

/* How much of a write there is room for; -1 when there is none, as the system says it. */
static ssize_t room(int fd, size_t length) {
    char buffer[PATH_MAX];
    if (fault != FULL || !ours_to_fail(path_of(fd, buffer))) {
        return (ssize_t)length;
    }
    if (left <= 0) {
        errno = ENOSPC;
        return -1;
    }
    ssize_t fits = (long long)length < left ? (ssize_t)length : (ssize_t)left;
    left -= fits;
    return fits;
}

static int opened(const char *path, int flags, mode_t mode) {
    char buffer[PATH_MAX];
    enter();
    int writes = (flags & (O_ACCMODE | O_CREAT | O_TRUNC)) != O_RDONLY;
    if (writes && refused(below(path))) {
        leave();
        return -1;
    }
    int is_new = (flags & O_CREAT) != 0 && access(path, F_OK) != 0;
    int fd = real_open64(path, flags, mode);
    const char *ours = fd < 0 || (flags & O_DIRECTORY) != 0 ? NULL : path_of(fd, buffer);
    if (ours != NULL && is_new) {
        note("create", ours, "", 0, 0);
    } else if (ours != NULL && (flags & O_TRUNC) != 0) {
        note("truncate", ours, "", 0, 0);
    }
    leave();
    return fd;
}

int open64(const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    mode_t mode = (flags & O_CREAT) != 0 ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    return opened(path, flags, mode);
}

int open(const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    mode_t mode = (flags & O_CREAT) != 0 ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    return opened(path, flags, mode);
}

ssize_t write(int fd, const void *bytes, size_t length) {
    char buffer[PATH_MAX];
    enter();
    ssize_t fits = room(fd, length);
    ssize_t done = fits < 0 ? -1 : real_write(fd, bytes, (size_t)fits);
    if (done > 0) {
        const char *ours = path_of(fd, buffer);
        if (ours != NULL) {
            note("write", ours, bytes, (size_t)done, (long long)(lseek64(fd, 0, SEEK_CUR) - done));
        }
    }
    leave();
    return done;
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t offset) {
    char buffer[PATH_MAX];
    enter();
    ssize_t fits = room(fd, length);
    ssize_t done = fits < 0 ? -1 : real_pwrite64(fd, bytes, (size_t)fits, offset);
    if (done > 0) {
        const char *ours = path_of(fd, buffer);
        if (ours != NULL) {
            note("write", ours, bytes, (size_t)done, (long long)offset);
        }
    }
    leave();
    return done;
}

int ftruncate64(int fd, off64_t length) {
    char buffer[PATH_MAX];
    enter();
    int result = real_ftruncate64(fd, length);
    const char *ours = result == 0 ? path_of(fd, buffer) : NULL;
    if (ours != NULL) {
        note("truncate", ours, "", 0, (long long)length);
    }
    leave();
    return result;
}

/* A file's data and size; a folder's names. */
static int synced(int fd, int (*real)(int)) {
    char buffer[PATH_MAX];
    if (fault == SYNC && ours_to_fail(path_of(fd, buffer)) && --left < 0) {
        errno = EIO;
        return -1;
    }
    int result = real(fd);
    const char *ours = result == 0 ? path_of(fd, buffer) : NULL;
    if (ours != NULL) {
        note("sync", ours, "", 0, 0);
    }
    return result;
}

int fsync(int fd) {
    enter();
    int result = synced(fd, real_fsync);
    leave();
    return result;
}

int fdatasync(int fd) {
    enter();
    int result = synced(fd, real_fdatasync);
    leave();
    return result;
}

int rename(const char *from, const char *to) {
    enter();
    int result = refused(below(to)) ? -1 : real_rename(from, to);
    const char *old = result == 0 ? below(from) : NULL;
    const char *new = result == 0 ? below(to) : NULL;
    if (old != NULL && new != NULL) {
        note("rename", old, new, strlen(new), 0);
    }
    leave();
    return result;
}

int unlink(const char *path) {
    enter();
    int result = refused(below(path)) ? -1 : real_unlink(path);
    const char *ours = result == 0 ? below(path) : NULL;
    if (ours != NULL) {
        note("remove", ours, "", 0, 0);
    }
    leave();
    return result;
}

int mkdir(const char *path, mode_t mode) {
    enter();
    int result = refused(below(path)) ? -1 : real_mkdir(path, mode);
    const char *ours = result == 0 ? below(path) : NULL;
    if (ours != NULL) {
        note("folder", ours, "", 0, 0);
    }
    leave();
    return result;
}
