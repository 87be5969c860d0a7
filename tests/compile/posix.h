/* SPDX-License-Identifier: MIT */
/* Before each source of the library: a system with POSIX and BSD sockets, and
 * without what macOS or an older POSIX lacks. Some are enumerators, which an
 * #undef leaves: they get another name. */
#define MSG_DONTWAIT ABSENT_MSG_DONTWAIT
#define SOCK_CLOEXEC ABSENT_SOCK_CLOEXEC
#define SOCK_NONBLOCK ABSENT_SOCK_NONBLOCK
#include <sys/socket.h>

#undef MSG_DONTWAIT
#undef SO_MEMINFO
#undef SOCK_CLOEXEC
#undef SOCK_NONBLOCK
