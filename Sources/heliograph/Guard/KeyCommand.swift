import Base
import Identity
import Wire

/// `heliograph key`: API keys, from the machine that the server runs on.
enum KeyCommand {
    static let actions = ["create", "list", "revoke"]

    static func run(_ operands: [String], _ options: [String: String], _ configuration: Configuration)
        async throws(UsageError) -> ExitCode
    {
        guard let action = operands.first, actions.contains(action) else {
            throw UsageError("key needs one of \(actions.joined(separator: ", "))")
        }
        if action == "revoke" {
            guard operands.count == 2 else { throw UsageError("key revoke needs the key's id") }
            let id = operands[1]
            return await withIdentity(configuration) { identity in
                try await identity.keys.revoke(id, by: .console)
                Terminal.say("revoked \(id)\n")
            }
        }
        guard let username = options["--username"] else {
            throw UsageError("key \(action) needs --username NAME")
        }
        if action == "list" {
            return await withIdentity(configuration) { identity in
                let user = try await identity.users.user(named: username)
                let keys = try await identity.keys.all(of: user.id)
                var writer = JSONWriter()
                writer.object { $0.field("apiKeys", keys) }
                Terminal.say(writer.finish())
            }
        }
        var days: Int?
        if let text = options["--days"] {
            guard let number = Int(text), (1...3650).contains(number) else {
                throw UsageError("--days needs a whole number from 1 to 3650")
            }
            days = number
        }
        let draft = Keys.Draft(
            name: options["--name"] ?? "made by the command line",
            scopes: options["--scopes"]?.split(separator: ",").map(String.init),
            expiresInDays: days, canSign: options["--signing"] != nil)
        return await withIdentity(configuration) { identity in
            let user = try await identity.users.user(named: username)
            let made = try await identity.keys.create(draft, for: user.id, by: .console)
            guard options["--json"] != nil else {
                Terminal.say("\(made.text)\n")
                if let secret = made.signingSecret { Terminal.say("\(secret)\n") }
                return
            }
            var writer = JSONWriter()
            writer.object {
                $0.field("id", made.key.id)
                $0.field("key", made.text)
                $0.field("signingSecret", made.signingSecret)
            }
            Terminal.say(writer.finish())
        }
    }
}
