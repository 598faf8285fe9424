import Base
import Bus
import Crypto
import HTTPServer
import Kernel
import Store
import Wire

/// Signing in, staying signed in, and signing out.
package struct Sessions: Sendable {
    let database: any Database
    let changes: IdentityChanges
    let audit: AuditLog
    let passwords: Passwords
    let keys: SigningKeys
    let bus: any Bus
    let clocks: Clocks

    /// How long a session lasts without being refreshed.
    static let life = Duration.seconds(30 * 86_400)
    private static let refreshPrefix = "hgr_"

    /// What a client gets when it signs in or refreshes.
    struct Pass: Sendable {
        let user: User
        let session: Int64
        let accessToken: Bytes
        let refreshToken: String
        /// What a browser has to send along, where the tokens are in cookies.
        let csrfToken: String?
    }

    /// Signs in by name and password.
    ///
    /// Who is unknown, disabled or wrong gets the same answer after the same work.
    func signIn(
        _ username: String, _ password: Secret, by actor: Actor, agent: String, forBrowser: Bool
    ) async throws -> Pass {
        let name = User.username(username)
        try await throttle(name ?? "-", actor)
        var record: UserStore.Record?
        if let name { record = try await database.read { try await UserStore.record(named: name, in: $0) } }
        let (isRight, newHash) = try await passwords.check(password, against: record?.passwordHash)
        guard isRight, let record, !record.user.isDisabled else {
            // The name is only repeated where it is one: people type passwords into the wrong field.
            audit.note(actor.entry("login.refused", on: record.map { "user:\($0.user.id)" }, .denied))
            throw Self.wrong
        }
        let (user, now, until) = (record.user, clocks.now, clocks.now + Self.life)
        let token = Self.refreshToken()
        let session = try await database.write { transaction in
            // While that was found out, the password may have been changed, and all sessions ended.
            try await Self.check(record, isAsItWas: transaction, otherwise: Self.wrong)
            let session = Session(
                id: try await IdentityChanges.nextNumber("sessions", in: transaction), userID: user.id,
                createdAt: now, usedAt: now, expiresAt: until, address: actor.address,
                agent: String(agent.prefix(200)))
            try await SessionStore.insert(session, in: transaction)
            try await SessionStore.insertToken(Self.hash(token), of: session.id, at: now, in: transaction)
            if let newHash {
                try await UserStore.setPassword(newHash, of: user.id, at: nil, in: transaction)
            }
            try await transaction.execute(
                "UPDATE users SET last_login_at = $2 WHERE id = $1",
                [.integer(user.id), .integer(now.milliseconds)])
            try await audit.record(
                actor.becoming(user).entry("login", on: "user:\(user.id)", detail: "session \(session.id)"),
                in: transaction)
            return session.id
        }
        return try pass(user, session, token, forBrowser: forBrowser)
    }

    /// Gives new tokens for a refresh token, which is used up by it.
    ///
    /// One that is used twice was stolen, by the one or the other: all of its family end.
    func refresh(_ text: String, by actor: Actor, forBrowser: Bool) async throws -> Pass {
        let refused = APIError(.unauthorized, "The refresh token is unknown, used or expired")
        guard text.hasPrefix(Self.refreshPrefix), text.utf8.count <= 128 else { throw refused }
        let (now, until, token) = (clocks.now, clocks.now + Self.life, Self.refreshToken())
        enum Outcome: Sendable { case renewed(User, Int64), refused, stolen }
        let outcome = try await changes.make { transaction -> (Outcome, tags: [String]) in
            guard let use = try await SessionStore.useToken(Self.hash(text), at: now, in: transaction) else {
                return (.refused, [])
            }
            guard let session = try await SessionStore.session(use.session, in: transaction),
                session.isOpen(at: now),
                let user = try await UserStore.record(session.userID, in: transaction)?.user, !user.isDisabled
            else { return (.refused, []) }
            guard use.isFirst else {
                _ = try await SessionStore.revoke(
                    session.id, at: now, "a refresh token was used twice", in: transaction)
                try await audit.record(
                    actor.entry(
                        "refresh.reused", on: "user:\(user.id)", .denied,
                        detail: "session \(session.id) was ended"), in: transaction)
                return (.stolen, ["session:\(session.id)"])
            }
            try await SessionStore.touch(session.id, at: now, until: until, in: transaction)
            try await SessionStore.insertToken(Self.hash(token), of: session.id, at: now, in: transaction)
            return (.renewed(user, session.id), [])
        }
        guard case .renewed(let user, let session) = outcome else { throw refused }
        return try pass(user, session, token, forBrowser: forBrowser)
    }

    /// Ends a session, and with it all of its tokens.
    func end(_ id: Int64, of user: Int64, _ reason: String, by actor: Actor) async throws {
        let now = clocks.now
        try await changes.make { transaction in
            if actor.userID != user, let other = try await UserStore.record(user, in: transaction)?.user {
                try await Authority.check(actor, covers: other, in: transaction)
            }
            guard try await SessionStore.session(id, in: transaction)?.userID == user,
                try await SessionStore.revoke(id, at: now, reason, in: transaction)
            else { throw APIError(.notFound, "There is no such session") }
            try await audit.record(
                actor.entry("session.end", on: "user:\(user)", detail: "session \(id): \(reason)"),
                in: transaction)
            return ((), ["session:\(id)"])
        }
    }

    /// Changes one's own password; all other sessions end.
    func changePassword(
        of user: Int64, session: Int64?, from old: Secret, to new: Secret, by actor: Actor
    ) async throws {
        let record = try await database.read { try await UserStore.record(user, in: $0) }
        try await throttle(record?.user.username ?? "-", actor)
        guard try await passwords.check(old, against: record?.passwordHash).isRight else {
            audit.note(actor.entry("password.refused", on: "user:\(user)", .denied))
            throw Self.presentIsWrong
        }
        let (hash, now) = (try await passwords.hash(new), clocks.now)
        try await changes.make { transaction in
            try await Self.check(record, isAsItWas: transaction, otherwise: Self.presentIsWrong)
            try await UserStore.setPassword(hash, of: user, at: now, in: transaction)
            try await SessionStore.revokeAll(
                of: user, but: session, at: now, "the password was changed", in: transaction)
            try await audit.record(actor.entry("password.change", on: "user:\(user)"), in: transaction)
            return ((), ["user:\(user)"])
        }
    }

    func open(of user: Int64) async throws -> [Session] {
        let now = clocks.now
        return try await database.read { try await SessionStore.open(of: user, at: now, in: $0) }
    }

    // MARK: Inside

    private static let wrong = APIError(.unauthorized, "The name or the password is wrong")
    private static let presentIsWrong = APIError(.forbidden, "The present password is wrong")

    /// Refuses where a user has another password than was compared with, or may not act any more.
    private static func check(
        _ record: UserStore.Record?, isAsItWas transaction: any Transaction, otherwise error: APIError
    ) async throws {
        guard let record,
            let now = try await UserStore.lockedRecord(record.user.id, in: transaction),
            now.passwordHash == record.passwordHash, !now.user.isDisabled
        else { throw error }
    }

    /// Few tries for one name from one address, more for one name from everywhere, so that nobody is locked out by
    /// a stranger as soon as a guesser is.
    private func throttle(_ name: String, _ actor: Actor) async throws {
        let digest = Hex.encode(SHA256.hash(Bytes(name))[0..<16])
        let budgets: [(key: String, interval: Duration, burst: Int)] = [
            ("login:\(digest):\(actor.network)", .seconds(12), 5), ("login:\(digest)", .seconds(3), 50),
        ]
        for budget in budgets {
            let decision = try await bus.take(
                budget.key, cost: 1, emissionInterval: budget.interval, burst: budget.burst)
            guard case .refused(_, let wait) = decision else { continue }
            let seconds = max(1, Int((wait.microseconds + 999_999) / 1_000_000))
            audit.note(actor.entry("login.throttled", .denied))
            throw APIError(
                .rateLimited, "Too many attempts to sign in",
                details: [
                    "retryAfter": .integer(Int64(seconds)), "limit": .integer(Int64(budget.burst)),
                    "current": .integer(Int64(budget.burst)),
                ], fields: ["retry-after": "\(seconds)"])
        }
    }

    private func pass(_ user: User, _ session: Int64, _ refresh: String, forBrowser: Bool) throws -> Pass {
        guard let keys = keys.keys else {
            throw APIError(.unavailable, "The keys of tokens are not there yet")
        }
        let csrf = forBrowser ? Base64.url.encode(SecureRandom.bytes(24)) : nil
        let now = clocks.now
        var claims = JWTClaims(
            issuer: SigningKeys.issuer, audience: [SigningKeys.audience], subject: "\(user.id)",
            expiresAt: now + SigningKeys.tokenLife, notBefore: now, issuedAt: now,
            id: Base64.url.encode(SecureRandom.bytes(12)))
        claims.others["sid"] = .string("\(session)")
        if let csrf { claims.others["csrf"] = .string(TokenClaims.digest(of: csrf)) }
        guard let token = keys.sign(claims) else { throw APIError(.internalError) }
        return Pass(user: user, session: session, accessToken: token, refreshToken: refresh, csrfToken: csrf)
    }

    private static func refreshToken() -> String { refreshPrefix + Base64.url.encode(SecureRandom.bytes(32)) }
    private static func hash(_ token: String) -> Bytes { SHA256.hash(Bytes(token)) }
}

/// What an access token of ours says beyond who and when.
enum TokenClaims {
    /// What stands in a token for the text that a browser has to send along.
    static func digest(of csrf: String) -> String { Base64.url.encode(SHA256.hash(Bytes("csrf:" + csrf))) }
}
