/* There are no child processes. */
#ifndef SANDBAR_GIT_WAIT_H
#define SANDBAR_GIT_WAIT_H

#include <sys/types.h>

#define WIFEXITED(status) ((void)(status), 0)
#define WEXITSTATUS(status) ((void)(status), 0)
#define WIFSIGNALED(status) ((void)(status), 0)
#define WTERMSIG(status) ((void)(status), 0)

static inline pid_t waitpid(pid_t process, int *status, int options)
{
	(void)process; (void)status; (void)options;
	return -1;
}
static inline pid_t fork(void) { return -1; }
static inline int execve(const char *path, char *const arguments[], char *const environment[])
{
	(void)path; (void)arguments; (void)environment;
	return -1;
}
static inline int pipe(int ends[2]) { (void)ends; return -1; }
static inline int dup2(int from, int to) { (void)from; (void)to; return -1; }

struct sigaction { void (*sa_handler)(int); };
static inline int sigaction(int number, const struct sigaction *action, struct sigaction *old)
{
	(void)number; (void)action; (void)old;
	return 0;
}

#endif
