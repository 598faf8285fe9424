package import Base
import Crypto
import HTTPServer
import Kernel
import Store

/// API keys: making, listing and revoking them.
package struct Keys: Sendable {
    let database: any Database
    let vault: Vault
    let changes: IdentityChanges
    let audit: AuditLog
    let passwords: Passwords
    let clocks: Clocks

    /// Keys that a user may have at once.
    static let perUserMax = 200
    /// The secrets with which requests are signed.
    static let signingColumn = SealedColumn(
        table: "api_keys", id: "id", kind: .text, column: "signing_secret")

    /// What a key is made of.
    package struct Draft: Sendable {
        var name: String
        var scopes: [String]?
        var targets: [String]?
        var inheritsChats: Bool
        var addresses: [String]?
        var expiresAt: Timestamp?
        var expiresInDays: Int?
        var canSign: Bool

        /// Puts the parts together.
        package init(
            name: String, scopes: [String]? = nil, targets: [String]? = nil, inheritsChats: Bool = true,
            addresses: [String]? = nil, expiresAt: Timestamp? = nil, expiresInDays: Int? = nil,
            canSign: Bool = false
        ) {
            self.name = name
            self.scopes = scopes
            self.targets = targets
            self.inheritsChats = inheritsChats
            self.addresses = addresses
            self.expiresAt = expiresAt
            self.expiresInDays = expiresInDays
            self.canSign = canSign
        }
    }

    /// A key that was made just now; nobody can see its secrets again.
    package struct Made: Sendable {
        package let key: APIKey
        package let text: String
        package let signingSecret: String?
    }

    /// Makes a key for a user.
    package func create(_ draft: Draft, for userID: Int64, by actor: Actor) async throws -> Made {
        let key = try key(draft, userID, actor)
        let secret = Base64.url.encode(SecureRandom.bytes(APIKeyText.secretBytes))
        let hash = try await passwords.hashKey(Secret(secret))
        let signing = draft.canSign ? SecureRandom.bytes(32) : nil
        let sealed = try signing.map { try vault.seal($0, for: Self.signingColumn.place(key.id)) }
        try await changes.make { transaction in
            guard let user = try await UserStore.record(userID, in: transaction)?.user, !user.isDisabled
            else {
                throw APIError(.notFound, "There is no such user")
            }
            if actor.userID != userID { try await Authority.check(actor, covers: user, in: transaction) }
            let now = clocks.now
            let others = try await KeyStore.all(of: userID, in: transaction).filter { $0.isGood(at: now) }
            guard others.count < Self.perUserMax else {
                throw APIError(.conflict, "A user has at most \(Self.perUserMax) keys")
            }
            try await KeyStore.insert(key, secretHash: hash, signingSecret: sealed, in: transaction)
            try await audit.record(
                actor.entry(
                    "key.create", on: key.subject,
                    detail: "\(key.name) for user:\(userID): \(key.scopes.map { Permission.text($0) } ?? "*")"
                ),
                in: transaction)
            return ((), [key.subject])
        }
        return Made(
            key: key, text: APIKeyText.prefix + key.id + "_" + secret,
            signingSecret: signing.map { Hex.encode($0) })
    }

    /// The key of a draft; nobody makes one that may do more than themselves.
    private func key(_ draft: Draft, _ userID: Int64, _ actor: Actor) throws(APIError) -> APIKey {
        // What a key is bound to, a key that it made would not be.
        guard !actor.subject.hasPrefix("key:") else { throw APIError(.forbidden, "A key cannot make keys") }
        guard PlainText.isOne(draft.name, bytesMax: 128) else {
            throw APIError.invalid("name", "1 to 128 bytes without control characters")
        }
        var scopes: Set<Permission>?
        if let names = draft.scopes, names != ["*"] {
            let set = Set(names.map { Permission($0) })
            if let unknown = set.subtracting(Permission.all).first {
                throw APIError.invalid("scopes", "there is no permission \(unknown.rawValue)")
            }
            guard set.isSubset(of: actor.permissions) else {
                throw APIError(.forbidden, "The key would be allowed more than you may do")
            }
            scopes = set
        }
        var targets: [GrantTarget] = []
        for text in draft.targets ?? [] {
            guard let target = GrantTarget(text), target != .everything else {
                throw APIError.invalid("targets", "chat:ID, bot:ID or account:ID, not \(text)")
            }
            targets.append(target)
        }
        var ranges: [AddressRange] = []
        for text in draft.addresses ?? [] {
            guard let range = AddressRange(text) else {
                throw APIError.invalid("addresses", "an address or a range such as 10.0.0.0/8, not \(text)")
            }
            ranges.append(range)
        }
        guard targets.count <= 1000, ranges.count <= 100 else {
            throw APIError.invalid("targets", "at most 1000 targets and 100 addresses")
        }
        let now = clocks.now
        var end = draft.expiresAt
        if let days = draft.expiresInDays {
            guard end == nil, (1...3650).contains(days) else {
                throw APIError.invalid("expiresInDays", "1 to 3650, and no expiresAt beside it")
            }
            end = now + .seconds(days * 86_400)
        }
        if let end {
            guard end > now, end <= Timestamp.textRange.upperBound else {
                throw APIError.invalid("expiresAt", "a time in the future")
            }
        }
        return APIKey(
            id: Self.newID(), userID: userID, name: draft.name, scopes: scopes,
            targets: draft.targets == nil ? nil : targets, inheritsChats: draft.inheritsChats,
            addresses: draft.addresses == nil ? nil : ranges, createdAt: now, expiresAt: end,
            canSign: draft.canSign)
    }

    /// 16 letters and digits, 80 bits: a name, not a secret.
    private static func newID() -> String {
        let alphabet = Array("abcdefghijklmnopqrstuvwxyz234567".utf8)
        return String(
            decoding: SecureRandom.bytes(APIKeyText.idCount).map { alphabet[Int($0 & 31)] }, as: UTF8.self)
    }

    func key(_ id: String) async throws -> APIKey? {
        try await database.read { try await KeyStore.record(id, in: $0)?.key }
    }

    /// The keys of a user, the latest first.
    package func all(of user: Int64) async throws -> [APIKey] {
        try await database.read { try await KeyStore.all(of: user, in: $0) }
    }

    func page(after id: String, limit: Int) async throws -> [APIKey] {
        try await database.read { try await KeyStore.page(after: id, limit: limit, in: $0) }
    }

    /// Ends a key, on every node at once.
    package func revoke(_ id: String, by actor: Actor) async throws {
        let now = clocks.now
        try await changes.make { transaction in
            guard try await KeyStore.revoke(id, at: now, in: transaction) else {
                throw APIError(.notFound, "There is no such key, or it is revoked already")
            }
            try await audit.record(actor.entry("key.revoke", on: "key:\(id)"), in: transaction)
            return ((), ["key:\(id)"])
        }
    }
}
