/* Included before each C file of libgit2, instead of the features that its build would choose: what WASI offers. */
#ifndef SANDBAR_GIT_FEATURES_H
#define SANDBAR_GIT_FEATURES_H

#define LIBGIT2_NO_FEATURES_H 1
#define GIT_ARCH_32 1
#define GIT_USE_NSEC 1
#define GIT_USE_STAT_MTIM 1
#define GIT_USE_FUTIMENS 1
#define GIT_HTTPPARSER_BUILTIN 1
#define GIT_SHA1_COLLISIONDETECT 1
#define GIT_SHA256_BUILTIN 1
#define GIT_RAND_GETENTROPY 1
#define GIT_IO_POLL 1

/* Files are read, not mapped; no threads, no users, no child processes, no way to the network but through Rust. */
#define NO_MMAP 1
#define _WASI_EMULATED_SIGNAL 1
#define _GNU_SOURCE 1

#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <sys/types.h>

static inline pid_t getpid(void) { return 1; }
static inline pid_t getppid(void) { return 0; }
static inline pid_t getpgid(pid_t process) { (void)process; return 1; }
static inline pid_t getsid(pid_t process) { (void)process; return 1; }
static inline uid_t getuid(void) { return 1000; }
static inline uid_t geteuid(void) { return 1000; }
static inline gid_t getgid(void) { return 1000; }
static inline mode_t umask(mode_t mask) { (void)mask; return 022; }

#ifndef POLLPRI
#define POLLPRI 0
#endif

/* WASI's open knows no permission bits: what is not as other new files are is given its own here. */
static inline int sandbar_open(const char *path, int flags, ...)
{
	mode_t mode = 0644;
	int descriptor;
	if (flags & O_CREAT) {
		va_list list;
		va_start(list, flags);
		mode = va_arg(list, mode_t) & ~022;
		va_end(list);
	}
	descriptor = open(path, flags, mode);
	if (descriptor >= 0 && (flags & O_CREAT) && mode != 0644)
		(void)chmod(path, mode);
	return descriptor;
}
#define open sandbar_open

#endif
