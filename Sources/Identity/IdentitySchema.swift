package import Store

/// The tables of users, sessions, keys and grants.
package enum IdentitySchema {
    /// The tables; the number is its place among all steps.
    package static func migration(_ number: Int) -> Migration {
        Migration(number, "identity", up: up, down: tables.reversed().map { "DROP TABLE " + $0 })
    }

    private static let tables: [SQL] = [
        "identity_counters", "identity_changes", "users", "roles", "user_roles", "sessions", "refresh_tokens",
        "signing_keys", "api_keys", "chat_grants", "client_certificates",
    ]

    private static let bytes = SQL(sqlite: "BLOB", postgres: "BYTEA")

    private static let up: [SQL] = [
        // Numbers are never given twice: what was granted to a user who is gone must not pass to another.
        "CREATE TABLE identity_counters (name TEXT PRIMARY KEY, value BIGINT NOT NULL)",
        // What changed, so that nodes know what they must not remember any longer.
        "CREATE TABLE identity_changes (id BIGINT PRIMARY KEY, tags TEXT NOT NULL, changed_at BIGINT NOT NULL)",
        """
        CREATE TABLE users (
            id BIGINT PRIMARY KEY, username TEXT NOT NULL UNIQUE, display_name TEXT NOT NULL,
            password_hash TEXT, is_disabled INTEGER NOT NULL, created_at BIGINT NOT NULL,
            password_changed_at BIGINT, last_login_at BIGINT)
        """,
        "CREATE TABLE roles (name TEXT PRIMARY KEY, description TEXT NOT NULL, permissions TEXT NOT NULL)",
        """
        CREATE TABLE user_roles (
            user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE, role TEXT NOT NULL,
            PRIMARY KEY (user_id, role))
        """,
        """
        CREATE TABLE sessions (
            id BIGINT PRIMARY KEY, user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
            created_at BIGINT NOT NULL, used_at BIGINT NOT NULL, expires_at BIGINT NOT NULL, revoked_at BIGINT,
            reason TEXT, address TEXT NOT NULL, agent TEXT NOT NULL)
        """,
        "CREATE INDEX sessions_by_user ON sessions (user_id)",
        "CREATE TABLE refresh_tokens (hash " + bytes
            + """
             PRIMARY KEY, session_id BIGINT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
                issued_at BIGINT NOT NULL, used_at BIGINT)
            """,
        "CREATE INDEX refresh_tokens_by_session ON refresh_tokens (session_id)",
        "CREATE TABLE signing_keys (id TEXT PRIMARY KEY, secret " + bytes
            + ", created_at BIGINT NOT NULL, accepted_until BIGINT)",
        """
        CREATE TABLE api_keys (
            id TEXT PRIMARY KEY, user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
            name TEXT NOT NULL, secret_hash TEXT NOT NULL, scopes TEXT NOT NULL, targets TEXT,
            inherits_chats INTEGER NOT NULL, addresses TEXT, created_at BIGINT NOT NULL, expires_at BIGINT,
            used_at BIGINT, revoked_at BIGINT, signing_secret
        """ + " " + bytes + ")",
        "CREATE INDEX api_keys_by_user ON api_keys (user_id)",
        """
        CREATE TABLE chat_grants (
            subject TEXT NOT NULL, target TEXT NOT NULL, can_read INTEGER NOT NULL, can_send INTEGER NOT NULL,
            can_manage INTEGER NOT NULL, granted_by TEXT NOT NULL, granted_at BIGINT NOT NULL,
            PRIMARY KEY (subject, target))
        """,
        "CREATE INDEX chat_grants_by_target ON chat_grants (target)",
        """
        CREATE TABLE client_certificates (
            name TEXT PRIMARY KEY, user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
            created_at BIGINT NOT NULL)
        """,
    ]
}
