#define _GNU_SOURCE 1
#include "CLinux.h"
#include <fcntl.h>
#include <link.h>
#include <malloc.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>

/* Kept in C and never inlined: optimised Swift may cache a thread's identity across a suspension. */
static __thread const void *current_loop;

__attribute__((noinline)) const void *hg_current_loop(void) { return current_loop; }
__attribute__((noinline)) void hg_set_current_loop(const void *loop) { current_loop = loop; }
void hg_name_thread(const char *name) { pthread_setname_np(pthread_self(), name); }

int hg_processor_count(void) {
    /* The kernel refuses a set that is smaller than its own, whose size it tells nobody. */
    for (int size = 1024; size <= 1 << 16; size *= 4) {
        cpu_set_t *set = CPU_ALLOC(size);
        if (!set) return 0;
        int status = sched_getaffinity(0, CPU_ALLOC_SIZE(size), set);
        int error = errno, count = status == 0 ? CPU_COUNT_S(CPU_ALLOC_SIZE(size), set) : 0;
        CPU_FREE(set);
        if (status == 0 || error != EINVAL) return count;
    }
    return 0;
}

/* Code and constants are the same in the file: what is let go of comes back from there by itself. */
static int let_go(struct dl_phdr_info *object, size_t size, void *context) {
    (void)size;
    (void)context;
    /* The kernel's own page in every process. */
    if (strncmp(object->dlpi_name, "linux-vdso", 10) == 0) return 0;
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    for (int index = 0; index < object->dlpi_phnum; index++) {
        const ElfW(Phdr) *part = &object->dlpi_phdr[index];
        /* Only what can never have been written to, relocations included. */
        if (part->p_type != PT_LOAD || part->p_flags & PF_W || !(part->p_flags & PF_X)) continue;
        uintptr_t begin = (object->dlpi_addr + part->p_vaddr) & ~(page - 1);
        uintptr_t end = (object->dlpi_addr + part->p_vaddr + part->p_memsz + page - 1) & ~(page - 1);
        if (part->p_filesz == part->p_memsz) madvise((void *)begin, end - begin, MADV_DONTNEED);
    }
    return 0;
}

void hg_settle_memory(void) {
    malloc_trim(0);
    dl_iterate_phdr(let_go, NULL);
}

uint64_t hg_monotonic_nanoseconds(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

#define RETRY(type, call) \
    type result; \
    do { result = (call); } while (result < 0 && errno == EINTR); \
    return result < 0 ? -errno : result

/* The two calls of every request bypass glibc's recv and send: as points where a thread may be cancelled, those set and
   clear a flag by atomic operations each time. Nobody cancels threads here. */
long hg_recv(int fd, void *into, size_t size) { RETRY(long, syscall(SYS_recvfrom, fd, into, size, 0, NULL, NULL)); }
long hg_peek(int fd) { char byte; RETRY(long, recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT)); }
long hg_send(int fd, const void *from, size_t size) {
    RETRY(long, syscall(SYS_sendto, fd, from, size, MSG_NOSIGNAL, NULL, 0));
}
long hg_writev(int fd, const struct iovec *parts, int count) {
    /* sendmsg and not writev: only it takes MSG_NOSIGNAL. */
    struct msghdr message = {.msg_iov = (struct iovec *)parts, .msg_iovlen = (size_t)count};
    RETRY(long, sendmsg(fd, &message, MSG_NOSIGNAL));
}
long hg_read(int fd, void *into, size_t size) { RETRY(long, read(fd, into, size)); }
/* close() is not retried: Linux has released the descriptor even when it says EINTR. */
int hg_close(int fd) { return close(fd) < 0 ? -errno : 0; }

int hg_socket(int family, int type) { RETRY(int, socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)); }
int hg_bind(int fd, const struct sockaddr_storage *address, socklen_t length) {
    RETRY(int, bind(fd, (const struct sockaddr *)address, length));
}
int hg_listen(int fd, int backlog) { RETRY(int, listen(fd, backlog)); }
int hg_accept(int fd, struct sockaddr_storage *address, socklen_t *length) {
    RETRY(int, accept4(fd, (struct sockaddr *)address, length, SOCK_NONBLOCK | SOCK_CLOEXEC));
}
int hg_connect(int fd, const struct sockaddr_storage *address, socklen_t length) {
    return connect(fd, (const struct sockaddr *)address, length) < 0 ? -errno : 0;
}
int hg_local_address(int fd, struct sockaddr_storage *address, socklen_t *length) {
    RETRY(int, getsockname(fd, (struct sockaddr *)address, length));
}
int hg_set_option(int fd, int level, int option, int value) {
    RETRY(int, setsockopt(fd, level, option, &value, sizeof value));
}
int hg_socket_error(int fd) {
    int value = 0;
    socklen_t length = sizeof value;
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &value, &length) < 0 ? errno : value;
}
int hg_shutdown_write(int fd) { RETRY(int, shutdown(fd, SHUT_WR)); }
int hg_reset_on_close(int fd) {
    struct linger now = {.l_onoff = 1, .l_linger = 0};
    RETRY(int, setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now));
}

int hg_epoll_create(void) { RETRY(int, epoll_create1(EPOLL_CLOEXEC)); }
int hg_epoll_control(int epoll, int operation, int fd, uint32_t events, uint64_t token) {
    struct epoll_event event = {.events = events, .data.u64 = token};
    RETRY(int, epoll_ctl(epoll, operation, fd, &event));
}
int hg_epoll_wait(int epoll, struct epoll_event *events, int count, int timeout_ms) {
    /* A signal is an empty round, not a retry: the caller computes its timeout anew. */
    int result = epoll_wait(epoll, events, count, timeout_ms);
    return result < 0 ? (errno == EINTR ? 0 : -errno) : result;
}
uint64_t hg_epoll_token(const struct epoll_event *event) { return event->data.u64; }
uint32_t hg_epoll_events(const struct epoll_event *event) { return event->events; }
int hg_eventfd(void) { RETRY(int, eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)); }
int hg_eventfd_signal(int fd) { uint64_t one = 1; RETRY(int, (int)write(fd, &one, sizeof one)); }
int hg_eventfd_drain(int fd) { uint64_t count; RETRY(int, (int)read(fd, &count, sizeof count)); }

/* A handler and a pipe, not a signalfd: a signalfd needs the signals blocked in every thread, and the runtime starts
   threads of its own before the program's first line. */
static int signal_pipe[2] = {-1, -1};

static void report_signal(int number) {
    int saved = errno;
    unsigned char byte = (unsigned char)number;
    /* A full pipe holds signals enough; the one that does not fit says nothing new. */
    (void)!write(signal_pipe[1], &byte, 1);
    errno = saved;
}

int hg_signals_open(const int *signals, int count) {
    if (signal_pipe[0] < 0 && pipe2(signal_pipe, O_NONBLOCK | O_CLOEXEC) < 0) return -errno;
    struct sigaction action = {.sa_handler = report_signal, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    for (int i = 0; i < count; i++)
        if (sigaction(signals[i], &action, NULL) < 0) return -errno;
    return signal_pipe[0];
}
int hg_signals_next(int fd) {
    unsigned char byte;
    long got = hg_read(fd, &byte, 1);
    return got == 1 ? byte : got < 0 ? (int)got : -EAGAIN;
}
void hg_ignore_sigpipe(void) { signal(SIGPIPE, SIG_IGN); }
uint64_t hg_raise_file_limit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0) return 0;
    rlim_t before = limit.rlim_cur;
    limit.rlim_cur = limit.rlim_max;
    return setrlimit(RLIMIT_NOFILE, &limit) < 0 ? before : limit.rlim_cur;
}
