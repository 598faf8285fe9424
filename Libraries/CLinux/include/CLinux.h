#pragma once
/* What Linux gives as macros, variadics or cached values, as plain functions.
   Every call here retries EINTR and answers a failure as a negative errno, so that no caller reads errno. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

/// The event loop that runs on the calling thread; null on every other thread.
const void *_Nullable hg_current_loop(void);
/// Marks the calling thread as the one that runs `loop`.
void hg_set_current_loop(const void *_Nullable loop);

/// Lets loops keep the jobs that resuming a continuation makes. Once, before the first loop runs.
void hg_capture_install(void);
/// From here on the calling thread keeps the next job that is meant for the global pool.
void hg_capture_begin(void);
/// Ends that, and gives the job that was kept; null when there was none.
void *_Nullable hg_capture_end(void);

/// Names the calling thread, for `top -H` and debuggers (15 characters at most).
void hg_name_thread(const char *_Nonnull name);

/// How many processors the calling thread may run on; 0 where the kernel does not say.
int hg_processor_count(void);

/// Gives back freed memory, and the pages of code that were touched so far; those that are used come back.
void hg_settle_memory(void);

/// The monotonic clock.
uint64_t hg_monotonic_nanoseconds(void);

long hg_recv(int fd, void *_Nonnull into, size_t size);
/// Peeks without taking; used to notice a peer that is gone.
long hg_peek(int fd);
long hg_send(int fd, const void *_Nonnull from, size_t size);
long hg_writev(int fd, const struct iovec *_Nonnull parts, int count);
long hg_read(int fd, void *_Nonnull into, size_t size);
int hg_close(int fd);

int hg_socket(int family, int type);
int hg_bind(int fd, const struct sockaddr_storage *_Nonnull address, socklen_t length);
int hg_listen(int fd, int backlog);
int hg_accept(int fd, struct sockaddr_storage *_Nonnull address, socklen_t *_Nonnull length);
/// Starts to connect; 0 or -EINPROGRESS when it is under way.
int hg_connect(int fd, const struct sockaddr_storage *_Nonnull address, socklen_t length);
int hg_local_address(int fd, struct sockaddr_storage *_Nonnull address, socklen_t *_Nonnull length);
int hg_set_option(int fd, int level, int option, int value);
/// The pending error of a socket (0 when there is none), which the call clears.
int hg_socket_error(int fd);
int hg_shutdown_write(int fd);
/// Makes closing answer with a reset at once.
int hg_reset_on_close(int fd);

int hg_epoll_create(void);
int hg_epoll_control(int epoll, int operation, int fd, uint32_t events, uint64_t token);
int hg_epoll_wait(int epoll, struct epoll_event *_Nonnull events, int count, int timeout_ms);
uint64_t hg_epoll_token(const struct epoll_event *_Nonnull event);
uint32_t hg_epoll_events(const struct epoll_event *_Nonnull event);
int hg_eventfd(void);
int hg_eventfd_signal(int fd);
int hg_eventfd_drain(int fd);

/// From here on the signals do nothing but be reported by the descriptor that is given.
int hg_signals_open(const int *_Nonnull signals, int count);
/// The next signal that has come; -EAGAIN when there is none.
int hg_signals_next(int fd);
void hg_ignore_sigpipe(void);
/// Raises the soft limit of open files to the hard one; the limit in force is returned.
uint64_t hg_raise_file_limit(void);
