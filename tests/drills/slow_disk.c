/* Every write to a file and every flush waits first, as on a disk that is worn or far away. Loaded by LD_PRELOAD. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

static void wait_for_disk(int file) {
    struct stat facts;
    const char *wanted = getenv("DRILL_DISK_MILLISECONDS");
    if (wanted == NULL || fstat(file, &facts) != 0 || !(S_ISREG(facts.st_mode) || S_ISDIR(facts.st_mode)))
        return;
    struct timespec pause = {0, atol(wanted) * 1000000L};
    nanosleep(&pause, NULL);
}

#define REAL(name) static __typeof__(&name) real; if (real == NULL) real = dlsym(RTLD_NEXT, #name); wait_for_disk(file)

ssize_t write(int file, const void *from, size_t size) { REAL(write); return real(file, from, size); }
ssize_t pwrite(int file, const void *from, size_t size, off_t at) { REAL(pwrite); return real(file, from, size, at); }
ssize_t pwrite64(int file, const void *from, size_t size, off64_t at) { REAL(pwrite64); return real(file, from, size, at); }
int fsync(int file) { REAL(fsync); return real(file); }
int fdatasync(int file) { REAL(fdatasync); return real(file); }
