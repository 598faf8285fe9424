import HTTPServer
import Kernel
import Store

/// The rule that keeps rights where they were given: nobody gives, or takes over, more than they have themselves.
enum Authority {
    /// Refuses who may do less, or reaches fewer chats, than a user.
    static func check(_ actor: Actor, covers user: User, in transaction: any ReadTransaction) async throws {
        try await check(actor, user.roles, subjects: ["user:\(user.id)"], in: transaction)
    }

    /// Refuses who may do less, or reaches fewer chats, than whoever has these roles.
    static func check(_ actor: Actor, covers roles: [String], in transaction: any ReadTransaction)
        async throws
    {
        try await check(actor, roles, subjects: [], in: transaction)
    }

    private static func check(
        _ actor: Actor, _ roles: [String], subjects: [String], in transaction: any ReadTransaction
    ) async throws {
        let known = try await UserStore.roles(in: transaction)
        for name in roles where !known.contains(where: { $0.name == name }) {
            throw APIError.invalid("roles", "there is no role \(name)")
        }
        guard Users.permissions(of: roles, among: known).isSubset(of: actor.permissions) else {
            throw APIError(.forbidden, "That would be more than you may do yourself")
        }
        guard actor.reach != .everything else { return }
        let subjects = subjects + roles.map { "role:\($0)" }
        let grants = try await GrantStore.grants(of: subjects, in: transaction)
        for right in ChatReach.Right.allCases {
            let bounds = actor.reach.bounds(right)
            let targets = grants.filter { $0.allows(right) }.map(\.target)
            let isEverywhere = Grants.reach(of: [], roles: roles).bounds(right).scopes.isEmpty
            guard targets.allSatisfy({ $0.isWithin(bounds) }), !isEverywhere || bounds.scopes.isEmpty else {
                throw APIError(.forbidden, "That would reach more chats than you do yourself")
            }
        }
    }
}
