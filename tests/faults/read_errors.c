/* Read errors of a disk, for the tests of faults: loaded before a process (LD_PRELOAD), it makes one in
   twenty reads of files under results/ fail as long as the file named by EPIBENCH_READ_ERRORS exists, and
   writes the names of those files into that of EPIBENCH_READ_ERRORS_LOG. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
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
    if (++count % 20) return 0;
    const char *name = getenv("EPIBENCH_READ_ERRORS_LOG");
    int log = name ? open(name, O_WRONLY | O_CREAT | O_APPEND, 0644) : -1;
    if (log >= 0) {
        path[length] = '\n';
        if (write(log, path, length + 1) < 0) perror(name);
        close(log);
    }
    return 1;
}

ssize_t read(int fd, void *buffer, size_t size) {
    ssize_t (*next)(int, void *, size_t) = dlsym(RTLD_NEXT, "read");
    if (fails(fd)) {
        errno = EIO;
        return -1;
    }
    return next(fd, buffer, size);
}
