#pragma once
#include <libpq-fe.h>

// The field codes of an error are character constants, which Swift does not take over.

static inline const char *hg_error_state(const PGresult *result) {
    return PQresultErrorField(result, PG_DIAG_SQLSTATE);
}

static inline const char *hg_error_message(const PGresult *result) {
    return PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
}

// Never translated; not NULL for what the server itself says.
static inline const char *hg_error_severity(const PGresult *result) {
    return PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
}

static inline void hg_ignore_notice(void *context, const PGresult *result) {
    (void)context;
    (void)result;
}

// By default notices are printed to the program's own output.
static inline void hg_ignore_notices(PGconn *connection) {
    PQsetNoticeReceiver(connection, hg_ignore_notice, NULL);
}
