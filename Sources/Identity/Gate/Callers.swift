import Base
import Crypto
package import HTTPServer
package import Kernel
import Reactor
import Store
import Synchronization
import Wire

/// Finds out who shows a credential, and remembers it until something about it changes.
package final class Callers: Sendable {
    private let database: any Database
    private let vault: Vault
    private let signingKeys: SigningKeys
    private let passwords: Passwords
    private let clocks: Clocks
    private let cache: Cache<ResolvedKey, Resolved>
    private let memory = LoopMemory()
    private let watchers = Mutex<[Int: Watcher]>([:])
    private let nextWatcher = Atomic(0)
    /// When each key was used, until that is written down.
    private let uses = Mutex<[String: Timestamp]>([:])
    private let keysReadAt = Mutex<Timestamp?>(nil)

    private struct Watcher {
        var tags: Set<String>
        let continuation: AsyncStream<Void>.Continuation
    }

    /// How long a caller is remembered when nothing is heard of a change.
    static let remembered = Duration.seconds(300)
    private static let unknown = APIError(
        .unauthorized, "The credential is unknown, expired or revoked", fields: ["www-authenticate": "Bearer"]
    )

    init(
        _ database: any Database, _ vault: Vault, _ signingKeys: SigningKeys, _ passwords: Passwords,
        _ changes: IdentityChanges, clocks: Clocks, metrics: Metrics?
    ) {
        self.database = database
        self.vault = vault
        self.signingKeys = signingKeys
        self.passwords = passwords
        self.clocks = clocks
        cache = Cache(
            "callers", CacheSettings(entriesMax: 20_000, timeToLive: Self.remembered, refreshPart: 1),
            clocks: clocks, metrics: metrics)
        changes.listen { [weak self] in self?.forget($0) }
    }

    // MARK: Changes

    /// Forgets whoever a change concerns, and tells open streams of them; nil: everybody.
    private func forget(_ tags: Set<String>?) {
        if let tags {
            cache.removeAll { _, resolved in !resolved.tags.isDisjoint(with: tags) }
        } else {
            cache.removeAll()
        }
        memory.forget()
        let concerned = watchers.withLock { watchers in
            watchers.values.filter { watcher in tags.map { !$0.isDisjoint(with: watcher.tags) } ?? true }
        }
        for watcher in concerned { watcher.continuation.yield() }
    }

    /// What an open stream waits for: an element whenever something about its caller may have changed.
    func watch(_ resolved: Resolved) -> (id: Int, stream: AsyncStream<Void>) {
        let id = nextWatcher.add(1, ordering: .relaxed).newValue
        let (stream, continuation) = AsyncStream.makeStream(
            of: Void.self, bufferingPolicy: .bufferingNewest(1))
        watchers.withLock { $0[id] = Watcher(tags: resolved.tags, continuation: continuation) }
        return (id, stream)
    }

    /// Has an open stream wait for what its caller depends on by now; whether that is something else than before.
    func rewatch(_ id: Int, _ resolved: Resolved) -> Bool {
        watchers.withLock { watchers in
            guard let tags = watchers[id]?.tags, tags != resolved.tags else { return false }
            watchers[id]?.tags = resolved.tags
            return true
        }
    }

    func unwatch(_ id: Int) {
        let watcher = watchers.withLock { $0.removeValue(forKey: id) }
        watcher?.continuation.finish()
    }

    /// Which keys were used when, since this was last asked.
    func takeUses() -> [String: Timestamp] {
        uses.withLock { uses in
            defer { uses = [:] }
            return uses
        }
    }

    // MARK: Credentials

    /// Who shows these credentials, where that is remembered and all that has to be known.
    func remembered(_ credentials: Credentials, of request: Request) throws(APIError) -> Caller? {
        switch credentials {
        case .token, .key: break
        case .none, .cookie, .signature, .certificate: return nil
        }
        let (connection, now) = (request.connection, clocks.now)
        guard let key = credentials.key,
            let found = memory.find(key, shard: connection.loop.index, at: now, { cache.cached(key) })
        else { return nil }
        guard found.resolved.isGood(at: now, from: request.client) else { throw Self.unknown }
        if !found.isNoted, let id = found.resolved.caller.keyID { noteUse(id, now) }
        return found.resolved.caller
    }

    /// Who shows these credentials; nil where there are none, `UNAUTHORIZED` where they are none of ours.
    ///
    /// `beforeLookUp` is asked where they are not remembered, because looking them up costs something.
    func resolve(
        _ credentials: Credentials, from peer: SocketAddress, beforeLookUp: () throws(APIError) -> Void = {}
    ) async throws -> Resolved? {
        guard let key = credentials.key else { return nil }
        if let known = cache.cached(key) { return try admit(known, from: peer) }
        try beforeLookUp()
        guard let found = try await lookUp(credentials, key) else {
            // A certificate that stands for nobody is no credential; the server has let its holder in as it is.
            if case .certificate = credentials { return nil }
            throw Self.unknown
        }
        return try admit(found, from: peer)
    }

    private func admit(_ resolved: Resolved, from peer: SocketAddress) throws(APIError) -> Resolved {
        let now = clocks.now
        guard resolved.isGood(at: now, from: peer) else { throw Self.unknown }
        if let id = resolved.caller.keyID { noteUse(id, now) }
        return resolved
    }

    private func lookUp(_ credentials: Credentials, _ key: ResolvedKey) async throws -> Resolved? {
        do {
            return try await cache.value(for: key) { [self] in
                guard let resolved = try await load(credentials) else { throw Unknown() }
                return resolved
            }
        } catch is Unknown {
            return nil
        }
    }

    /// Nobody: told as an error, so that it is not remembered.
    private struct Unknown: Error {}

    private func noteUse(_ id: String, _ now: Timestamp) {
        uses.withLock { uses in
            // To the second is enough, and a hot key should not cost a write for each request.
            if let last = uses[id], last.seconds == now.seconds { return }
            if uses.count < 50_000 || uses[id] != nil { uses[id] = now }
        }
    }

    /// Who sent a request, as of now: after a long wait it may be somebody who may do less, or nobody.
    package func again(_ request: Request) async throws -> Caller {
        let credentials = try Credentials.of(request)
        guard let resolved = try await resolve(credentials, from: request.client) else {
            throw Self.unknown
        }
        return resolved.caller
    }

    /// For whom a key acts, where it is good: for what is done in its name without a request.
    package func holder(of keyID: String) async throws -> Caller? {
        guard let record = try await database.read({ try await KeyStore.record(keyID, in: $0) }) else {
            return nil
        }
        return try await resolved(record, .key, signer: nil)?.caller
    }

    // MARK: Loading

    private func load(_ credentials: Credentials) async throws -> Resolved? {
        switch credentials {
        case .none: nil
        case .token(let token, _): try await load(token, .token)
        case .cookie(let token, _): try await load(token, .cookie)
        case .key(let text, _): if let key = APIKeyText(text) { try await load(key) } else { nil }
        case .signature(let parameters): try await loadSigner(parameters.keyID)
        case .certificate(let certificate): try await load(certificate)
        }
    }

    private func load(_ token: Bytes, _ kind: Caller.Credential) async throws -> Resolved? {
        guard let claims = try await claims(of: token), let subject = claims.subject.flatMap({ Int64($0) }),
            let sessionID = claims.others["sid"].flatMap({ Self.text($0) }).flatMap({ Int64($0) })
        else { return nil }
        let csrf = claims.others["csrf"].flatMap { Self.text($0) }
        // A token for a program has nothing that a browser could send along.
        if kind == .cookie, csrf == nil { return nil }
        let now = clocks.now
        return try await database.read { transaction in
            guard let session = try await SessionStore.session(sessionID, in: transaction),
                session.userID == subject, session.isOpen(at: now),
                let owner = try await Self.owner(subject, in: transaction)
            else { return nil }
            let reach = Grants.reach(
                of: try await GrantStore.grants(of: owner.subjects, in: transaction), roles: owner.user.roles)
            let caller = Caller(
                userID: subject, userName: owner.user.username, sessionID: sessionID, credential: kind,
                roles: Set(owner.user.roles), permissions: owner.permissions, reach: reach,
                expiresAt: claims.expiresAt)
            return Resolved(
                caller: caller, tags: Set(owner.subjects + ["session:\(sessionID)"]), csrfDigest: csrf)
        }
    }

    private static func text(_ value: JSONValue) -> String? {
        if case .string(let text) = value { text } else { nil }
    }

    private func claims(of token: Bytes) async throws -> JWTClaims? {
        for attempt in 0..<2 {
            guard let ring = signingKeys.keys else { return nil }
            let verifier = JWTVerifier(
                ring, issuer: SigningKeys.issuer, audience: SigningKeys.audience, leeway: .zero,
                clocks: clocks)
            do throws(JWTError) {
                return try verifier.verify(token)
            } catch {
                // Another node may have begun to sign with a key that this one has not read; strangers who make
                // up names of keys do not make us read more than once a second.
                guard error == .unknownKey, attempt == 0, mayReadKeys() else { return nil }
                _ = try await signingKeys.read()
            }
        }
        return nil
    }

    private func mayReadKeys() -> Bool {
        let now = clocks.now
        return keysReadAt.withLock { last in
            if let last, now - last < .seconds(1) { return false }
            last = now
            return true
        }
    }

    private func load(_ text: APIKeyText) async throws -> Resolved? {
        let record = try await database.read { try await KeyStore.record(text.id, in: $0) }
        // The same work for a key that is not there.
        guard try await passwords.checkKey(text.secret, against: record?.secretHash), let record else {
            return nil
        }
        return try await resolved(record, .key, signer: nil)
    }

    private func loadSigner(_ id: String) async throws -> Resolved? {
        guard let record = try await database.read({ try await KeyStore.record(id, in: $0) }),
            let sealed = record.signingSecret
        else { return nil }
        let secret = try vault.open(sealed, for: Keys.signingColumn.place(id))
        return try await resolved(record, .signature, signer: HMACKey(secret))
    }

    private func resolved(
        _ record: KeyStore.Record, _ kind: Caller.Credential, signer: HMACKey?
    ) async throws -> Resolved? {
        let (key, now) = (record.key, clocks.now)
        guard key.isGood(at: now) else { return nil }
        return try await database.read { transaction in
            guard let owner = try await Self.owner(key.userID, in: transaction) else { return nil }
            let subjects = key.inheritsChats ? owner.subjects : [key.subject]
            var reach = Grants.reach(
                of: try await GrantStore.grants(of: subjects, in: transaction),
                roles: key.inheritsChats ? owner.user.roles : [])
            if let targets = key.targets { reach = reach.within(EventFilter.Scope(targets)) }
            let caller = Caller(
                userID: key.userID, userName: owner.user.username, keyID: key.id, credential: kind,
                roles: Set(owner.user.roles),
                permissions: key.scopes.map { $0.intersection(owner.permissions) } ?? owner.permissions,
                reach: reach, expiresAt: key.expiresAt)
            return Resolved(
                caller: caller, tags: Set(owner.subjects + [key.subject]), addresses: key.addresses,
                signer: signer)
        }
    }

    private func load(_ certificate: PeerCertificate) async throws -> Resolved? {
        let names = Certificates.names(of: certificate)
        let end = Timestamp(seconds: certificate.notAfterSeconds)
        return try await database.read { transaction in
            guard let userID = try await Certificates.user(among: names, in: transaction),
                let owner = try await Self.owner(userID, in: transaction)
            else { return nil }
            let reach = Grants.reach(
                of: try await GrantStore.grants(of: owner.subjects, in: transaction), roles: owner.user.roles)
            let caller = Caller(
                userID: userID, userName: owner.user.username, credential: .certificate,
                roles: Set(owner.user.roles), permissions: owner.permissions, reach: reach, expiresAt: end)
            return Resolved(caller: caller, tags: Set(owner.subjects + ["certificates"]))
        }
    }

    private struct Owner {
        let user: User
        let permissions: Set<Permission>
        /// The user and its roles, as grants and changes call them.
        var subjects: [String] { ["user:\(user.id)"] + user.roles.map { "role:\($0)" } }
    }

    /// A user who may still act.
    private static func owner(_ id: Int64, in transaction: any ReadTransaction) async throws -> Owner? {
        guard let user = try await UserStore.record(id, in: transaction)?.user, !user.isDisabled else {
            return nil
        }
        let roles = try await UserStore.roles(in: transaction)
        return Owner(user: user, permissions: Users.permissions(of: user.roles, among: roles))
    }
}
