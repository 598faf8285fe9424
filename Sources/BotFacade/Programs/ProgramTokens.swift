import Base
package import Bots
package import Identity
package import Kernel
package import Store

/// Makes tokens with which programs use a bot through this server.
package struct ProgramTokens: Sendable {
    private let keys: Keys
    private let cursors: Cursors
    private let log: EventLog

    /// Makes them as keys, whose cursors begin at the log's end.
    package init(_ keys: Keys, _ database: any Database, _ log: EventLog) {
        self.keys = keys
        self.log = log
        cursors = Cursors(database)
    }

    /// Makes a token; what comes in from now on is for it.
    package func make(
        for bot: Bot, name: String?, canSend: Bool, expiresInDays: Int? = nil, userID: Int64, by actor: Actor
    ) async throws -> (id: String, token: String) {
        let scopes = [Permission.chatsRead] + (canSend ? [.chatsSend] : [])
        let made = try await keys.create(
            Keys.Draft(
                name: name ?? "program of @\(bot.username)", scopes: scopes.map(\.rawValue),
                targets: [bot.source.text], expiresInDays: expiresInDays), for: userID, by: actor)
        try await cursors.commit(log.end, for: Program(keyID: made.key.id, botID: bot.id).cursor)
        return (made.key.id, "\(bot.id):\(made.text)")
    }
}
