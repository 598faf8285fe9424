/* The reference for appends: bare SQLite inserting the same rows into the same schema, in batches of 64, durably.
   raw_sqlite FILE SECONDS prints rows a second. */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void check(int code, sqlite3 *db, const char *what) {
    if (code == SQLITE_OK || code == SQLITE_DONE || code == SQLITE_ROW) return;
    fprintf(stderr, "%s: %s\n", what, sqlite3_errmsg(db));
    exit(1);
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

int main(int argc, char **argv) {
    if (argc != 3) return 64;
    sqlite3 *db;
    check(sqlite3_open(argv[1], &db), db, "open");
    check(sqlite3_exec(db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL", 0, 0, 0), db, "pragma");
    sqlite3_stmt *insert;
    check(sqlite3_prepare_v2(db,
        "INSERT INTO events (position, recorded_at, occurred_at, source, kind, key, chat, sequence, sender, message, payload)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", -1, &insert, 0), db, "prepare");
    char payload[600], source[32], key[64];
    memset(payload, 'x', sizeof payload);
    double begin = now(), end = begin + atof(argv[2]);
    long long number = 0;
    while (now() < end) {
        check(sqlite3_exec(db, "BEGIN IMMEDIATE", 0, 0, 0), db, "begin");
        for (int row = 0; row < 64; row++) {
            number++;
            snprintf(source, sizeof source, "bot:700000000%lld", number % 7);
            snprintf(key, sizeof key, "bot:700000000%lld/%lld", number % 7, number);
            sqlite3_bind_int64(insert, 1, number);
            sqlite3_bind_int64(insert, 2, 1700000000000 + number);
            sqlite3_bind_int64(insert, 3, 1700000000000 + number);
            sqlite3_bind_text(insert, 4, source, -1, SQLITE_STATIC);
            sqlite3_bind_text(insert, 5, "message", 7, SQLITE_STATIC);
            sqlite3_bind_text(insert, 6, key, -1, SQLITE_STATIC);
            sqlite3_bind_int64(insert, 7, -1000000000000 - number % 1000);
            sqlite3_bind_int64(insert, 8, number / 1000 + 1);
            sqlite3_bind_int64(insert, 9, number % 5000);
            sqlite3_bind_int64(insert, 10, number);
            sqlite3_bind_blob(insert, 11, payload, sizeof payload, SQLITE_STATIC);
            check(sqlite3_step(insert), db, "insert");
            sqlite3_reset(insert);
        }
        check(sqlite3_exec(db, "COMMIT", 0, 0, 0), db, "commit");
    }
    printf("%.0f\n", (double)number / (now() - begin));
    sqlite3_finalize(insert);
    sqlite3_close(db);
    return 0;
}
