#pragma once
#include <sqlite3.h>

// sqlite3_db_config is variadic, which Swift does not see. Quoted names are names and never texts, as PostgreSQL has
// it; statements cannot damage the file; a schema cannot call functions that reach outside.
static inline void hg_sqlite_harden(sqlite3 *database) {
    sqlite3_db_config(database, SQLITE_DBCONFIG_DQS_DML, 0, (int *)0);
    sqlite3_db_config(database, SQLITE_DBCONFIG_DQS_DDL, 0, (int *)0);
    sqlite3_db_config(database, SQLITE_DBCONFIG_DEFENSIVE, 1, (int *)0);
    sqlite3_db_config(database, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, (int *)0);
}

// sqlite3_config is variadic as well. Statistics of memory cost a lock that all connections share at each allocation.
static inline int hg_sqlite_configure(void) { return sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); }

// An empty Swift buffer may have no address, which SQLite would take for NULL.
static inline int hg_sqlite_bind_empty_text(sqlite3_stmt *statement, int index) {
    return sqlite3_bind_text(statement, index, "", 0, SQLITE_STATIC);
}

static inline int hg_sqlite_keep_count(void *pages, sqlite3 *database, const char *name, int count) {
    (void)database;
    (void)name;
    *(int *)pages = count;
    return SQLITE_OK;
}

// Has `pages` say after each commit how long the write-ahead log is, instead of moving it into the file at times.
static inline void hg_sqlite_count_log(sqlite3 *database, int *pages) {
    sqlite3_wal_hook(database, hg_sqlite_keep_count, pages);
}
