import Base
import Crypto
import HTTPServer
import Kernel
import Store

/// Which names of client certificates stand for which users.
struct Certificates: Sendable {
    let database: any Database
    let changes: IdentityChanges
    let audit: AuditLog
    let clocks: Clocks

    /// A name and whom it stands for.
    struct Mapping: Sendable, Equatable {
        let name: String
        let userID: Int64
        let createdAt: Timestamp
    }

    /// Everything that a certificate can be known by, the most exact first.
    static func names(of certificate: PeerCertificate) -> [String] {
        ["sha256:" + Hex.encode(certificate.fingerprint)] + certificate.uris.map { "uri:" + $0 }
            + certificate.hostNames.map { "dns:" + $0.lowercased() }
            + certificate.emails.map { "email:" + $0 }
            + ["subject:" + certificate.subject]
    }

    /// The user for whom the first of these names stands that stands for any.
    static func user(among names: [String], in transaction: any ReadTransaction) async throws -> Int64? {
        let found = try await transaction.all(
            "SELECT name, user_id FROM client_certificates WHERE name" + .isAmong(1), [.texts(names)]
        ) { (name: try $0.text(0), user: try $0.integer(1)) }
        for name in names {
            if let mapping = found.first(where: { $0.name == name }) { return mapping.user }
        }
        return nil
    }

    func all() async throws -> [Mapping] {
        try await database.read { transaction in
            try await transaction.all(
                "SELECT name, user_id, created_at FROM client_certificates ORDER BY name LIMIT 10000"
            ) { row in
                Mapping(
                    name: try row.text(0), userID: try row.integer(1),
                    createdAt: Timestamp(milliseconds: try row.integer(2)))
            }
        }
    }

    /// Has a name stand for a user, who must not be allowed more than the actor.
    func put(_ name: String, _ userID: Int64, by actor: Actor) async throws -> Mapping {
        let kinds = ["sha256:", "uri:", "dns:", "email:", "subject:"]
        guard kinds.contains(where: { name.hasPrefix($0) && name.utf8.count > $0.utf8.count }),
            PlainText.isOne(name, bytesMax: 512)
        else { throw APIError.invalid("name", "begins with \(kinds.joined(separator: ", ")) and goes on") }
        // Host names are looked up in lower case.
        let name = name.hasPrefix("dns:") ? name.lowercased() : name
        let mapping = Mapping(name: name, userID: userID, createdAt: clocks.now)
        return try await changes.make { transaction in
            guard let user = try await UserStore.record(userID, in: transaction)?.user else {
                throw APIError(.notFound, "There is no such user")
            }
            try await Authority.check(actor, covers: user, in: transaction)
            try await Self.check(actor, mayTake: name, in: transaction)
            try await transaction.execute(
                """
                INSERT INTO client_certificates (name, user_id, created_at) VALUES ($1, $2, $3)
                ON CONFLICT (name) DO UPDATE SET user_id = excluded.user_id, created_at = excluded.created_at
                """, [.text(name), .integer(userID), .integer(mapping.createdAt.milliseconds)])
            try await audit.record(
                actor.entry("certificate.put", on: "user:\(userID)", detail: name), in: transaction)
            return (mapping, ["certificates"])
        }
    }

    /// Refuses to take a name from a user who may do more than the actor.
    private static func check(
        _ actor: Actor, mayTake name: String, in transaction: any ReadTransaction
    ) async throws {
        guard let id = try await user(among: [name], in: transaction),
            let holder = try await UserStore.record(id, in: transaction)?.user
        else { return }
        try await Authority.check(actor, covers: holder, in: transaction)
    }

    func delete(_ name: String, by actor: Actor) async throws {
        try await changes.make { transaction in
            try await Self.check(actor, mayTake: name, in: transaction)
            guard
                try await transaction.execute(
                    "DELETE FROM client_certificates WHERE name = $1", [.text(name)]) > 0
            else { throw APIError(.notFound, "There is no such mapping") }
            try await audit.record(actor.entry("certificate.delete", detail: name), in: transaction)
            return ((), ["certificates"])
        }
    }
}
