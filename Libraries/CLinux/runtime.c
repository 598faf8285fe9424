#include "CLinux.h"

/* Swift resumes a continuation on the global pool, from where the task hops back to its actor's executor: two
   thread switches for a socket that became readable on the very thread where its actor lives. The runtime lets a
   program say where such jobs go. Only while a loop resumes a continuation of its own thread is the job kept and
   given to that loop; every other job takes its usual way. */
#define SWIFT_CALL __attribute__((swiftcall))

typedef SWIFT_CALL void (*enqueue_original)(void *job);
extern SWIFT_CALL void (*swift_task_enqueueGlobal_hook)(void *job, enqueue_original original);

static __thread int capturing;
static __thread void *captured;

static SWIFT_CALL void enqueue(void *job, enqueue_original original) {
    if (!capturing) {
        original(job);
        return;
    }
    capturing = 0;
    captured = job;
}

/* Several groups of loops may be made at once. */
void hg_capture_install(void) { __atomic_store_n(&swift_task_enqueueGlobal_hook, enqueue, __ATOMIC_RELEASE); }

__attribute__((noinline)) void hg_capture_begin(void) {
    capturing = 1;
    captured = NULL;
}

__attribute__((noinline)) void *hg_capture_end(void) {
    capturing = 0;
    return captured;
}
