/* There is no table of users; the home directory is HOME. */
#ifndef SANDBAR_GIT_PWD_H
#define SANDBAR_GIT_PWD_H

#include <errno.h>
#include <stddef.h>
#include <sys/types.h>

struct passwd { char *pw_name; char *pw_dir; };
static inline int getpwuid_r(uid_t user, struct passwd *out, char *buffer, size_t length, struct passwd **found)
{
	(void)user; (void)out; (void)buffer; (void)length;
	*found = NULL;
	return ENOENT;
}

#endif
