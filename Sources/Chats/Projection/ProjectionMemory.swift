import Kernel

/// What a projector has written itself, so that it does not write the same again with each message.
///
/// It holds for as long as nobody else writes, which the projector sees by how far the tables are.
struct ProjectionMemory: Sendable {
    private(set) var chats: [Int64: Facts.Chat] = [:]
    private(set) var users: [Int64: Facts.User] = [:]
    private(set) var sources: Set<Facts.Seen> = []

    /// Chats and users that are remembered at most; beyond, all are forgotten and written once more.
    private static let countMax = 20_000

    mutating func remember(_ facts: Facts) {
        if chats.count + users.count + sources.count > Self.countMax { self = ProjectionMemory() }
        chats.merge(facts.chats) { $1 }
        users.merge(facts.users) { $1 }
        sources.formUnion(facts.sources.keys)
    }
}
