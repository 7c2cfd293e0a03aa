/* libgit2's own sockets are not used: every transport is Rust's. What they name is here so that they compile. */
#ifndef SANDBAR_GIT_NETDB_H
#define SANDBAR_GIT_NETDB_H

#include <sys/socket.h>

struct addrinfo {
	int ai_flags, ai_family, ai_socktype, ai_protocol;
	socklen_t ai_addrlen;
	struct sockaddr *ai_addr;
	char *ai_canonname;
	struct addrinfo *ai_next;
};

static inline int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **out)
{
	(void)node; (void)service; (void)hints; (void)out;
	return -1;
}
static inline void freeaddrinfo(struct addrinfo *list) { (void)list; }
static inline const char *gai_strerror(int code) { (void)code; return "no network"; }
static inline int sandbar_no_socket(void) { return -1; }
#define socket(domain, type, protocol) sandbar_no_socket()
#define connect(descriptor, address, length) sandbar_no_socket()
#define getsockopt(descriptor, level, name, value, length) sandbar_no_socket()
#define setsockopt(descriptor, level, name, value, length) sandbar_no_socket()
#define send(descriptor, bytes, length, flags) sandbar_no_socket()
#define recv(descriptor, bytes, length, flags) sandbar_no_socket()

#endif
