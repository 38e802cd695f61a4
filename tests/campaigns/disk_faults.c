/* Makes system calls on the service's log files fail, now and then, while the file FAULT_SWITCH is there.
 *
 * Loaded with LD_PRELOAD. FAULT_FOLDER: the folder of the files. FAULT_KINDS: letters, see below. FAULT_EVERY: one call
 * in so many fails. FAULT_COUNT: a file that gets the letter of each fault.
 *
 *   e  write fails with EIO            n  write is cut short, and the next one fails with ENOSPC
 *   s  write is cut short              k  write is cut short by SIGKILL
 *   y  a sync fails with EIO           t  a truncation fails with EIO
 *   l  a lock fails with ENOLCK        u  an unlock says EIO
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static __thread unsigned seed;
static __thread int out_of_space;

static unsigned chance(void) {
    if (!seed) {
        struct timespec now;
        clock_gettime(CLOCK_MONOTONIC, &now);
        seed = ((unsigned)now.tv_nsec ^ (unsigned)gettid() << 16) | 1;
    }
    return (unsigned)rand_r(&seed);
}

static int is_log(int fd) {
    char link[64], path[PATH_MAX];
    const char *folder = getenv("FAULT_FOLDER");
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path);
    return folder && length > 0 && !strncmp(path, folder, strlen(folder));
}

static int strikes(int fd, char kind) {
    const char *kinds = getenv("FAULT_KINDS"), *every = getenv("FAULT_EVERY");
    if (!kinds || !every || !strchr(kinds, kind) || access(getenv("FAULT_SWITCH"), F_OK) || !is_log(fd)) return 0;
    if (chance() % (unsigned)atoi(every)) return 0;
    int count = open(getenv("FAULT_COUNT"), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
    ssize_t written = REAL(write)(count, &kind, 1);
    close(count);
    return written == 1;
}

static int fail(int code) {
    errno = code;
    return -1;
}

ssize_t write(int fd, const void *data, size_t size) {
    if (size < 2) return REAL(write)(fd, data, size);
    size_t part = 1 + chance() % (size - 1);
    if (out_of_space && is_log(fd)) return out_of_space = 0, fail(ENOSPC);
    if (strikes(fd, 'e')) return fail(EIO);
    if (strikes(fd, 's')) return REAL(write)(fd, data, part);
    if (strikes(fd, 'n')) return out_of_space = 1, REAL(write)(fd, data, part);
    if (strikes(fd, 'k')) {
        if (REAL(write)(fd, data, part) > 0) kill(getpid(), SIGKILL);
        pause();
    }
    return REAL(write)(fd, data, size);
}

int fsync(int fd) { return strikes(fd, 'y') ? fail(EIO) : REAL(fsync)(fd); }

int fdatasync(int fd) { return strikes(fd, 'y') ? fail(EIO) : REAL(fdatasync)(fd); }

int ftruncate(int fd, off_t size) { return strikes(fd, 't') ? fail(EIO) : REAL(ftruncate)(fd, size); }

int ftruncate64(int fd, off_t size) { return ftruncate(fd, size); }

int flock(int fd, int operation) {
    if (operation == LOCK_UN) return REAL(flock)(fd, operation) || !strikes(fd, 'u') ? 0 : fail(EIO);
    return strikes(fd, 'l') ? fail(ENOLCK) : REAL(flock)(fd, operation);
}
