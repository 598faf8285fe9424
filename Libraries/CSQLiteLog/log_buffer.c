#include "CSQLiteLog.h"
#include <sqlite3.h>
#include <string.h>

/* SQLite writes each page of its write-ahead log by two calls of the system, one after the other in the file. For a commit of
   fifty pages that is a hundred calls, which take longer than the disk. The file system that is registered here is SQLite's own
   but for one thing: what is written to the log of a connection is collected, and written at once when it has to be there:
   before it is synced, read, measured, cut off or closed. Others never look at a page of the log before it is synced: a
   connection with `synchronous = FULL`, the only kind that may use this, tells of a commit behind that. What was collected for a
   transaction that is undone must never be written, because others may have written there by then: whoever uses such a
   connection calls `hg_sqlite_forget_log` before each transaction and each checkpoint. */

/* SQLite's own file system writes fewer than 128 KiB at once, and takes more for a full disk. */
#define HG_LOG_BUFFER (120 << 10)

struct hg_log_buffer {
    const sqlite3_io_methods *inner;
    sqlite3_io_methods methods;
    unsigned char *bytes;
    sqlite3_int64 start;
    int count;
};

static sqlite3_vfs *hg_log_inner;
static sqlite3_vfs hg_log_vfs;

/* It stands behind what SQLite's own file system keeps of a file. */
static struct hg_log_buffer *hg_log_of(sqlite3_file *file) {
    return (struct hg_log_buffer *)((char *)file + ((hg_log_inner->szOsFile + 15) & ~15));
}

static int hg_log_flush(sqlite3_file *file) {
    struct hg_log_buffer *log = hg_log_of(file);
    if (log->count == 0) return SQLITE_OK;
    int count = log->count;
    /* If it fails at a commit, SQLite undoes the transaction, and writes these places anew in the next one. */
    log->count = 0;
    return log->inner->xWrite(file, log->bytes, count, log->start);
}

static int hg_log_write(sqlite3_file *file, const void *bytes, int count, sqlite3_int64 start) {
    struct hg_log_buffer *log = hg_log_of(file);
    if (log->count > 0 && (start != log->start + log->count || count > HG_LOG_BUFFER - log->count)) {
        int code = hg_log_flush(file);
        if (code != SQLITE_OK) return code;
    }
    if (!log->bytes) log->bytes = sqlite3_malloc(HG_LOG_BUFFER);
    if (!log->bytes || count > HG_LOG_BUFFER) return log->inner->xWrite(file, bytes, count, start);
    if (log->count == 0) log->start = start;
    memcpy(log->bytes + log->count, bytes, (size_t)count);
    log->count += count;
    return SQLITE_OK;
}

static int hg_log_read(sqlite3_file *file, void *bytes, int count, sqlite3_int64 start) {
    /* A full disk would undo one statement alone; what is lost here is the whole transaction's. */
    if (hg_log_flush(file) != SQLITE_OK) return SQLITE_IOERR_WRITE;
    return hg_log_of(file)->inner->xRead(file, bytes, count, start);
}

static int hg_log_truncate(sqlite3_file *file, sqlite3_int64 size) {
    int code = hg_log_flush(file);
    return code == SQLITE_OK ? hg_log_of(file)->inner->xTruncate(file, size) : code;
}

static int hg_log_sync(sqlite3_file *file, int flags) {
    int code = hg_log_flush(file);
    return code == SQLITE_OK ? hg_log_of(file)->inner->xSync(file, flags) : code;
}

static int hg_log_size(sqlite3_file *file, sqlite3_int64 *size) {
    int code = hg_log_flush(file);
    return code == SQLITE_OK ? hg_log_of(file)->inner->xFileSize(file, size) : code;
}

static int hg_log_close(sqlite3_file *file) {
    struct hg_log_buffer *log = hg_log_of(file);
    /* What is left was never committed. */
    log->count = 0;
    sqlite3_free(log->bytes);
    log->bytes = NULL;
    return log->inner->xClose(file);
}

static int hg_log_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *opened) {
    (void)vfs;
    int code = hg_log_inner->xOpen(hg_log_inner, name, file, flags, opened);
    if (code != SQLITE_OK || !(flags & SQLITE_OPEN_WAL) || !file->pMethods) return code;
    struct hg_log_buffer *log = hg_log_of(file);
    memset(log, 0, sizeof *log);
    log->inner = file->pMethods;
    log->methods = *file->pMethods;
    log->methods.xWrite = hg_log_write;
    log->methods.xRead = hg_log_read;
    log->methods.xTruncate = hg_log_truncate;
    log->methods.xSync = hg_log_sync;
    log->methods.xFileSize = hg_log_size;
    log->methods.xClose = hg_log_close;
    file->pMethods = &log->methods;
    return SQLITE_OK;
}

/* What is moved from the log into the file is synced by the megabyte and not all at its end: otherwise a commit, which waits for
   the same disk, waits until all of it has been written. */
#define HG_STEP (1 << 20)

static sqlite3_vfs hg_step_vfs;

static int hg_step_write(sqlite3_file *file, const void *bytes, int count, sqlite3_int64 start) {
    struct hg_log_buffer *step = hg_log_of(file);
    int code = step->inner->xWrite(file, bytes, count, start);
    step->count += count;
    if (code != SQLITE_OK || step->count < HG_STEP) return code;
    step->count = 0;
    return step->inner->xSync(file, SQLITE_SYNC_NORMAL | SQLITE_SYNC_DATAONLY);
}

static int hg_step_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *opened) {
    (void)vfs;
    int code = hg_log_inner->xOpen(hg_log_inner, name, file, flags, opened);
    if (code != SQLITE_OK || !(flags & SQLITE_OPEN_MAIN_DB) || !file->pMethods) return code;
    struct hg_log_buffer *step = hg_log_of(file);
    memset(step, 0, sizeof *step);
    step->inner = file->pMethods;
    step->methods = *file->pMethods;
    step->methods.xWrite = hg_step_write;
    file->pMethods = &step->methods;
    return SQLITE_OK;
}

static int hg_register(sqlite3_vfs *vfs, const char *name, int (*open)(sqlite3_vfs *, const char *, sqlite3_file *, int, int *)) {
    *vfs = *hg_log_inner;
    vfs->zName = name;
    vfs->pNext = NULL;
    vfs->szOsFile = ((hg_log_inner->szOsFile + 15) & ~15) + (int)sizeof(struct hg_log_buffer);
    vfs->xOpen = open;
    return sqlite3_vfs_register(vfs, 0);
}

int hg_sqlite_register_files(void) {
    hg_log_inner = sqlite3_vfs_find(NULL);
    return hg_log_inner && hg_register(&hg_log_vfs, "heliograph-log", hg_log_open) == SQLITE_OK
        && hg_register(&hg_step_vfs, "heliograph-step", hg_step_open) == SQLITE_OK;
}

void hg_sqlite_forget_log(void *connection) {
    sqlite3_file *file = NULL;
    sqlite3_file_control((sqlite3 *)connection, "main", SQLITE_FCNTL_JOURNAL_POINTER, &file);
    if (file && file->pMethods && file->pMethods->xWrite == hg_log_write) hg_log_of(file)->count = 0;
}
