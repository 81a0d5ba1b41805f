/* Read errors of a disk, for the tests of faults: loaded before a process (LD_PRELOAD), it makes one in
   twenty reads of files under results/ fail as long as the file named by EPIBENCH_READ_ERRORS exists. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int fails(int fd) {
    static unsigned count;
    char link[64], path[4096];
    const char *trigger = getenv("EPIBENCH_READ_ERRORS");
    if (!trigger || access(trigger, F_OK)) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = '\0';
    /* Logs are written, benchmarks are read by Snakemake alone. */
    if (!strstr(path, "/results/") || strstr(path, "/logs/") || strstr(path, "/benchmarks/")) return 0;
    return ++count % 20 == 0;
}

ssize_t read(int fd, void *buffer, size_t size) {
    ssize_t (*next)(int, void *, size_t) = dlsym(RTLD_NEXT, "read");
    if (fails(fd)) {
        errno = EIO;
        return -1;
    }
    return next(fd, buffer, size);
}
