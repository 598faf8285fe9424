import Base
import Chats
import Kernel

/// `heliograph rebuild`: chats, users and messages made anew of the log.
enum RebuildCommand {
    static func run(_ configuration: Configuration) async -> ExitCode {
        do {
            return try await withDatabase(configuration) { database in
                try await requireSchema(database)
                let log = try await EventLog(database)
                let projector = ChatProjector(database, log, metrics: Metrics(), logger: .silent)
                try await projector.rebuild()
                Terminal.say("rebuilt chats, users and messages from the log, up to \(log.end)\n")
                log.close()
                return .success
            }
        } catch {
            Terminal.complain("heliograph: \(error)\n")
            return .failure
        }
    }
}
