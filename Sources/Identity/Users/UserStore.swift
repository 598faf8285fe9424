import Base
import Kernel
import Store

/// The rows of users and roles.
enum UserStore {
    /// A user with what only signing in needs.
    struct Record: Sendable {
        var user: User
        var passwordHash: String?
    }

    private static let columns: SQL =
        "SELECT id, username, display_name, password_hash, is_disabled, created_at, last_login_at FROM users"

    static func record(_ id: Int64, in transaction: any ReadTransaction) async throws -> Record? {
        let record = try await transaction.first(columns + " WHERE id = $1", [.integer(id)], read)
        return try await withRoles(record, transaction)
    }

    /// The same, which nobody else changes until the transaction has ended.
    static func lockedRecord(_ id: Int64, in transaction: any Transaction) async throws -> Record? {
        let record = try await transaction.first(
            columns + " WHERE id = $1" + SQL(sqlite: "", postgres: " FOR UPDATE"), [.integer(id)], read)
        return try await withRoles(record, transaction)
    }

    static func record(named username: String, in transaction: any ReadTransaction) async throws -> Record? {
        let record = try await transaction.first(columns + " WHERE username = $1", [.text(username)], read)
        return try await withRoles(record, transaction)
    }

    static func page(after id: Int64, limit: Int, in transaction: any ReadTransaction) async throws -> [User]
    {
        let records = try await transaction.all(
            columns + " WHERE id > $1 ORDER BY id LIMIT $2", [.integer(id), .integer(Int64(limit))], read)
        var users: [User] = []
        for record in records {
            if let user = try await withRoles(record, transaction)?.user { users.append(user) }
        }
        return users
    }

    private static func read(_ row: borrowing Row) throws -> Record {
        let hash = try row.optionalText(3)
        let user = User(
            id: try row.integer(0), username: try row.text(1), displayName: try row.text(2), roles: [],
            isDisabled: try row.flag(4), hasPassword: hash != nil,
            createdAt: Timestamp(milliseconds: try row.integer(5)),
            lastLoginAt: try row.optionalInteger(6).map { Timestamp(milliseconds: $0) })
        return Record(user: user, passwordHash: hash)
    }

    private static func withRoles(_ record: Record?, _ transaction: any ReadTransaction) async throws
        -> Record?
    {
        guard var record else { return nil }
        record.user.roles = try await transaction.all(
            "SELECT role FROM user_roles WHERE user_id = $1 ORDER BY role", [.integer(record.user.id)]
        ) { try $0.text(0) }
        return record
    }

    static func insert(_ user: User, passwordHash: String?, in transaction: any Transaction) async throws {
        try await transaction.execute(
            """
            INSERT INTO users (id, username, display_name, password_hash, is_disabled, created_at,
                password_changed_at) VALUES ($1, $2, $3, $4, $5, $6, $7)
            """,
            [
                .integer(user.id), .text(user.username), .text(user.displayName), .text(passwordHash),
                .flag(user.isDisabled), .integer(user.createdAt.milliseconds),
                .integer(passwordHash == nil ? nil : user.createdAt.milliseconds),
            ])
        try await setRoles(user.roles, of: user.id, in: transaction)
    }

    static func update(_ user: User, in transaction: any Transaction) async throws {
        try await transaction.execute(
            "UPDATE users SET display_name = $2, is_disabled = $3 WHERE id = $1",
            [.integer(user.id), .text(user.displayName), .flag(user.isDisabled)])
        try await setRoles(user.roles, of: user.id, in: transaction)
    }

    static func setPassword(
        _ hash: String, of id: Int64, at now: Timestamp?, in transaction: any Transaction
    ) async throws {
        try await transaction.execute(
            "UPDATE users SET password_hash = $2, password_changed_at = coalesce($3, password_changed_at) WHERE id = $1",
            [.integer(id), .text(hash), .integer(now?.milliseconds)])
    }

    private static func setRoles(_ roles: [String], of id: Int64, in transaction: any Transaction)
        async throws
    {
        try await transaction.execute("DELETE FROM user_roles WHERE user_id = $1", [.integer(id)])
        for role in Set(roles) {
            try await transaction.execute(
                "INSERT INTO user_roles (user_id, role) VALUES ($1, $2)", [.integer(id), .text(role)])
        }
    }

    static func delete(_ id: Int64, in transaction: any Transaction) async throws {
        // SQLite cascades only where each connection asks for it; saying it is clearer.
        try await transaction.execute(
            "DELETE FROM refresh_tokens WHERE session_id IN (SELECT id FROM sessions WHERE user_id = $1)",
            [.integer(id)])
        for statement: SQL in [
            "DELETE FROM sessions WHERE user_id = $1", "DELETE FROM user_roles WHERE user_id = $1",
            "DELETE FROM client_certificates WHERE user_id = $1", "DELETE FROM users WHERE id = $1",
        ] {
            try await transaction.execute(statement, [.integer(id)])
        }
    }

    /// How many users with a role may sign in.
    static func activeCount(withRole role: String, in transaction: any ReadTransaction) async throws -> Int64
    {
        try await transaction.first(
            """
            SELECT count(*) FROM users JOIN user_roles ON user_roles.user_id = users.id
            WHERE user_roles.role = $1 AND users.is_disabled = 0
            """, [.text(role)]
        ) { try $0.integer(0) } ?? 0
    }

    static func isEmpty(in transaction: any ReadTransaction) async throws -> Bool {
        try await transaction.first("SELECT count(*) FROM users", []) { try $0.integer(0) } == 0
    }

    // MARK: Roles

    static func roles(in transaction: any ReadTransaction) async throws -> [Role] {
        let made = try await transaction.all(
            "SELECT name, description, permissions FROM roles ORDER BY name"
        ) { row in
            Role(
                name: try row.text(0), description: try row.text(1),
                permissions: Permission.set(try row.text(2)),
                isBuiltIn: false)
        }
        return Role.builtIn + made
    }

    static func putRole(_ role: Role, in transaction: any Transaction) async throws {
        try await transaction.execute(
            """
            INSERT INTO roles (name, description, permissions) VALUES ($1, $2, $3)
            ON CONFLICT (name) DO UPDATE SET description = excluded.description, permissions = excluded.permissions
            """, [.text(role.name), .text(role.description), .text(Permission.text(role.permissions))])
    }

    static func deleteRole(_ name: String, in transaction: any Transaction) async throws -> Bool {
        try await transaction.execute("DELETE FROM user_roles WHERE role = $1", [.text(name)])
        try await transaction.execute("DELETE FROM chat_grants WHERE subject = $1", [.text("role:\(name)")])
        return try await transaction.execute("DELETE FROM roles WHERE name = $1", [.text(name)]) > 0
    }
}

extension Permission {
    /// A set from the form that is stored, names with spaces between; those that are unknown by now are left out.
    static func set(_ text: String) -> Set<Permission> {
        Set(text.split(separator: " ").map { Permission(String($0)) }).intersection(all)
    }

    static func text(_ set: Set<Permission>) -> String { set.map(\.rawValue).sorted().joined(separator: " ") }
}
