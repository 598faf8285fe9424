import Base
import HTTPServer
import Kernel
import Store

/// Who reaches which chats: giving and taking.
struct Grants: Sendable {
    let database: any Database
    let changes: IdentityChanges
    let audit: AuditLog
    let clocks: Clocks

    /// Grants that one subject may have: they are read whenever it signs in.
    static let perSubjectMax = 10_000

    func page(
        subject: String?, target: GrantTarget?, after cursor: (subject: String, target: String), limit: Int
    ) async throws -> [Grant] {
        try await database.read {
            try await GrantStore.page(subject: subject, target: target, after: cursor, limit: limit, in: $0)
        }
    }

    /// Gives rights, or changes which were given; nobody gives what they have not.
    func put(
        _ subject: String, _ target: GrantTarget, read: Bool, send: Bool, manage: Bool, by actor: Actor
    ) async throws -> Grant {
        guard Grant.isSubject(subject) else {
            throw APIError.invalid("subject", "user:ID, role:NAME or key:ID")
        }
        guard read || send || manage else {
            throw APIError.invalid("canRead", "at least one of canRead, canSend and canManage")
        }
        for (right, isGiven) in zip(ChatReach.Right.allCases, [read, send, manage]) where isGiven {
            guard target.isWithin(actor.reach.bounds(right)) else {
                throw APIError(.forbidden, "You may not \(right.rawValue) \(target.text) yourself")
            }
        }
        try Self.checkManages(target, actor)
        let grant = Grant(
            subject: subject, target: target, canRead: read, canSend: send, canManage: manage,
            grantedBy: actor.subject, grantedAt: clocks.now)
        return try await changes.make { transaction in
            try await checkExists(subject, in: transaction)
            let others = try await GrantStore.grants(of: [subject], in: transaction)
            guard others.count < Self.perSubjectMax else {
                throw APIError(
                    .conflict, "A subject has at most \(Self.perSubjectMax) grants; use a bot or an account")
            }
            try await GrantStore.put(grant, in: transaction)
            let rights = zip(ChatReach.Right.allCases, [read, send, manage]).filter(\.1).map(\.0.rawValue)
            try await audit.record(
                actor.entry(
                    "grant.put", on: subject, detail: "\(target.text): \(rights.joined(separator: ", "))"),
                in: transaction)
            return (grant, [subject])
        }
    }

    func delete(_ subject: String, _ target: GrantTarget, by actor: Actor) async throws {
        try Self.checkManages(target, actor)
        try await changes.make { transaction in
            guard try await GrantStore.grant(subject, target, in: transaction) != nil else {
                throw APIError(.notFound, "There is no such grant")
            }
            try await GrantStore.delete(subject, target, in: transaction)
            try await audit.record(
                actor.entry("grant.delete", on: subject, detail: target.text), in: transaction)
            return ((), [subject])
        }
    }

    private static func checkManages(_ target: GrantTarget, _ actor: Actor) throws(APIError) {
        guard target.isWithin(actor.reach.manage) else {
            throw APIError(.forbidden, "You may not manage \(target.text)")
        }
    }

    private func checkExists(_ subject: String, in transaction: any Transaction) async throws {
        let parts = subject.split(separator: ":", maxSplits: 1)
        let isThere: Bool
        switch parts[0] {
        case "user": isThere = try await UserStore.record(Int64(parts[1]) ?? 0, in: transaction) != nil
        case "role":
            isThere = try await UserStore.roles(in: transaction).contains { $0.name == parts[1] }
        default: isThere = try await KeyStore.record(String(parts[1]), in: transaction) != nil
        }
        guard isThere else { throw APIError(.notFound, "There is no \(subject)") }
    }

    /// What subjects reach together, and what everybody of these roles does.
    static func reach(of grants: [Grant], roles: [String]) -> ChatReach {
        if roles.contains(Role.admin.name) { return .everything }
        func bounds(_ right: ChatReach.Right) -> ChatReach.Bounds {
            .init([EventFilter.Scope(grants.filter { $0.allows(right) }.map(\.target))])
        }
        var reach = ChatReach(read: bounds(.read), send: bounds(.send), manage: bounds(.manage))
        if roles.contains(Role.operatorRole.name) { (reach.read, reach.send) = (.everything, .everything) }
        return reach
    }
}

extension ChatReach {
    /// The same, where it is also within a scope.
    func within(_ scope: EventFilter.Scope) -> ChatReach {
        ChatReach(
            read: Bounds(read.scopes + [scope]), send: Bounds(send.scopes + [scope]),
            manage: Bounds(manage.scopes + [scope]))
    }
}
