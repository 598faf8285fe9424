package import Base
package import HTTPServer
import Kernel
import Store
import Wire

/// Users and roles: making them, changing them, and what they may do.
package struct Users: Sendable {
    let database: any Database
    let changes: IdentityChanges
    let audit: AuditLog
    let passwords: Passwords
    let clocks: Clocks

    /// What a user is made of.
    package struct Draft: Sendable {
        package var username: String
        package var displayName: String?
        package var password: Secret?
        package var roles: [String]

        /// Puts the parts together.
        package init(username: String, displayName: String? = nil, password: Secret?, roles: [String]) {
            self.username = username
            self.displayName = displayName
            self.password = password
            self.roles = roles
        }
    }

    /// What is to be different about a user.
    struct Change: Sendable {
        var displayName: String?
        var roles: [String]?
        var isDisabled: Bool?
        var password: Secret?
    }

    /// Makes a user; `onlyAsFirst` refuses where there is one already.
    package func create(_ draft: Draft, by actor: Actor, onlyAsFirst: Bool = false) async throws -> User {
        guard let username = User.username(draft.username) else {
            throw APIError.invalid(
                "username", "2 to 64 of a-z, 0-9, _, -, ., @ and +, beginning with a letter, a digit or _")
        }
        let displayName = try Self.displayName(draft.displayName ?? draft.username)
        var hash: String?
        if let password = draft.password { hash = try await passwords.hash(password) }
        let (now, stored) = (clocks.now, hash)
        return try await changes.make { transaction in
            if onlyAsFirst {
                try await transaction.lock("first user")
                guard try await UserStore.isEmpty(in: transaction) else {
                    throw APIError(.conflict, "There are users already")
                }
            }
            try await Authority.check(actor, covers: draft.roles, in: transaction)
            guard try await UserStore.record(named: username, in: transaction) == nil else {
                throw APIError(.conflict, "There is a user of that name already")
            }
            let user = User(
                id: try await IdentityChanges.nextNumber("users", in: transaction), username: username,
                displayName: displayName, roles: Array(Set(draft.roles)).sorted(), isDisabled: false,
                hasPassword: stored != nil, createdAt: now, lastLoginAt: nil)
            try await UserStore.insert(user, passwordHash: stored, in: transaction)
            try await audit.record(
                actor.entry(
                    "user.create", on: "user:\(user.id)",
                    detail: "\(username) with \(user.roles.joined(separator: ", "))"), in: transaction)
            return (user, ["user:\(user.id)"])
        }
    }

    func change(_ id: Int64, _ change: Change, by actor: Actor) async throws -> User {
        let displayName = try change.displayName.map(Self.displayName)
        var hash: String?
        if let password = change.password { hash = try await passwords.hash(password) }
        let (now, stored) = (clocks.now, hash)
        return try await changes.make { transaction in
            var user = try await manageable(id, actor, in: transaction)
            let wasAdmin = user.isAdmin
            if let displayName { user.displayName = displayName }
            if let isDisabled = change.isDisabled { user.isDisabled = isDisabled }
            if let roles = change.roles {
                // Roles that the user has already are nothing that the actor gives.
                try await Authority.check(
                    actor, covers: roles.filter { !user.roles.contains($0) }, in: transaction)
                user.roles = Array(Set(roles)).sorted()
            }
            try await UserStore.update(user, in: transaction)
            if wasAdmin, !user.isAdmin { try await keepAnAdmin(in: transaction) }
            if let stored {
                try await UserStore.setPassword(stored, of: id, at: now, in: transaction)
                user.hasPassword = true
            }
            if stored != nil || user.isDisabled {
                let reason = stored != nil ? "the password was changed" : "the user was disabled"
                try await SessionStore.revokeAll(of: id, but: nil, at: now, reason, in: transaction)
            }
            try await audit.record(
                actor.entry("user.change", on: "user:\(id)", detail: Self.words(change)), in: transaction)
            return (user, ["user:\(id)"])
        }
    }

    func delete(_ id: Int64, by actor: Actor) async throws {
        try await changes.make { transaction in
            let user = try await manageable(id, actor, in: transaction)
            let keys = try await KeyStore.all(of: id, in: transaction)
            for key in keys {
                try await GrantStore.deleteAll(of: "key:\(key.id)", in: transaction)
                try await KeyStore.delete(key.id, in: transaction)
            }
            try await GrantStore.deleteAll(of: "user:\(id)", in: transaction)
            try await UserStore.delete(id, in: transaction)
            if user.isAdmin { try await keepAnAdmin(in: transaction) }
            try await audit.record(
                actor.entry("user.delete", on: "user:\(id)", detail: user.username), in: transaction)
            return ((), ["user:\(id)"])
        }
    }

    /// Sets a password from the command line, also of somebody who is disabled.
    package func setPassword(_ password: Secret, of username: String, by actor: Actor) async throws -> User {
        try await change(try await user(named: username).id, Change(password: password), by: actor)
    }

    /// Lets somebody sign in again, or no more.
    package func setDisabled(_ isDisabled: Bool, _ username: String, by actor: Actor) async throws -> User {
        try await change(try await user(named: username).id, Change(isDisabled: isDisabled), by: actor)
    }

    /// Removes a user, with its keys and grants.
    package func delete(named username: String, by actor: Actor) async throws {
        try await delete(try await user(named: username).id, by: actor)
    }

    /// The user of a name, or `NOT_FOUND`.
    package func user(named username: String) async throws -> User {
        guard let name = User.username(username),
            let record = try await database.read({ try await UserStore.record(named: name, in: $0) })
        else { throw APIError(.notFound, "There is no user of that name") }
        return record.user
    }

    /// The user of a number.
    package func user(_ id: Int64) async throws -> User? {
        try await database.read { try await UserStore.record(id, in: $0)?.user }
    }

    /// Users in the order of their numbers.
    package func page(after id: Int64, limit: Int) async throws -> [User] {
        try await database.read { try await UserStore.page(after: id, limit: limit, in: $0) }
    }

    // MARK: Rules

    /// A user that the actor may change: nobody touches who may do more than themselves.
    private func manageable(_ id: Int64, _ actor: Actor, in transaction: any Transaction) async throws -> User
    {
        // Locked, so that nobody gives it more between the look and the change.
        guard let user = try await UserStore.lockedRecord(id, in: transaction)?.user else {
            throw APIError(.notFound, "There is no such user")
        }
        try await Authority.check(actor, covers: user, in: transaction)
        return user
    }

    /// Locks nobody out: somebody must be left who can let others in.
    private func keepAnAdmin(in transaction: any Transaction) async throws {
        try await transaction.lock("first user")
        let count = try await UserStore.activeCount(withRole: Role.admin.name, in: transaction)
        guard count > 0 else { throw APIError(.conflict, "The last administrator must stay") }
    }

    static func permissions(of names: [String], among roles: [Role]) -> Set<Permission> {
        roles.reduce(into: []) { if names.contains($1.name) { $0.formUnion($1.permissions) } }
    }

    static func displayName(_ text: String) throws(APIError) -> String {
        guard PlainText.isOne(text, bytesMax: 128) else {
            throw APIError.invalid("displayName", "1 to 128 bytes without control characters")
        }
        return text
    }

    private static func words(_ change: Change) -> String {
        var words: [String] = []
        if change.displayName != nil { words.append("name") }
        if let roles = change.roles { words.append("roles to \(roles.sorted().joined(separator: ", "))") }
        if let isDisabled = change.isDisabled { words.append(isDisabled ? "disabled" : "enabled") }
        if change.password != nil { words.append("password") }
        return words.joined(separator: "; ")
    }
}

extension APIError {
    /// A field of the body, or of the query, that does not hold what it may hold.
    package static func invalid(_ field: String, _ what: String) -> APIError {
        // What came from the request may be long, and its sender knows it.
        let what = what.count > 200 ? what.prefix(200) + "…" : what
        return APIError(.validationFailed, "\(field): \(what)", details: ["path": .string(field)])
    }
}
