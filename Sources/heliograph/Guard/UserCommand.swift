import Base
import Glibc
import Identity
import Wire

/// `heliograph user`: users, from the machine that the server runs on.
///
/// A running server takes it in within a second.
enum UserCommand {
    static let actions = ["create", "list", "password", "enable", "disable", "delete"]

    static func run(_ operands: [String], _ options: [String: String], _ configuration: Configuration)
        async throws(UsageError) -> ExitCode
    {
        guard let action = operands.first, actions.contains(action) else {
            throw UsageError("user needs one of \(actions.joined(separator: ", "))")
        }
        let isJSON = options["--json"] != nil
        if action == "list" {
            return await withIdentity(configuration) { identity in
                var after: Int64 = 0
                var users: [User] = []
                while true {
                    let page = try await identity.users.page(after: after, limit: 500)
                    users += page
                    guard page.count == 500, let last = page.last else { break }
                    after = last.id
                }
                say(users, isJSON)
            }
        }
        guard let username = options["--username"] else {
            throw UsageError("user \(action) needs --username NAME")
        }
        let password = try password(action, options)
        let roles = roles(options)
        return await withIdentity(configuration) { identity in
            switch action {
            case "create":
                let draft = Users.Draft(
                    username: username, displayName: options["--display-name"], password: password,
                    roles: roles)
                say([try await identity.users.create(draft, by: .console)], isJSON)
            case "password":
                guard let password else { return }
                say([try await identity.users.setPassword(password, of: username, by: .console)], isJSON)
            case "enable", "disable":
                say(
                    [try await identity.users.setDisabled(action == "disable", username, by: .console)],
                    isJSON)
            default:
                try await identity.users.delete(named: username, by: .console)
                if isJSON {
                    Terminal.say("{\"deleted\":true}\n")
                } else {
                    Terminal.say("deleted \(username)\n")
                }
            }
        }
    }

    private static func roles(_ options: [String: String]) -> [String] {
        var roles = (options["--roles"] ?? "").split(separator: ",").map(String.init)
        if options["--admin"] != nil { roles.append("admin") }
        return roles
    }

    private static func password(_ action: String, _ options: [String: String]) throws(UsageError) -> Secret?
    {
        guard action == "create" || action == "password" else { return nil }
        guard options["--password-stdin"] != nil else {
            // On a command line it would stand in the list of processes and the shell's history.
            if action == "create" { return nil }
            throw UsageError(
                "user password needs --password-stdin, and the password as standard input's first line")
        }
        guard let line = readLine(strippingNewline: true), !line.isEmpty else {
            throw UsageError("standard input has no password")
        }
        return Secret(line)
    }

    private static func say(_ users: [User], _ isJSON: Bool) {
        guard isJSON else {
            for user in users {
                let state = user.isDisabled ? "disabled" : user.hasPassword ? "" : "no password"
                Terminal.say(
                    "\(user.id)  \(user.username)  \(user.roles.joined(separator: ","))  \(state)\n")
            }
            return
        }
        var writer = JSONWriter()
        writer.object { $0.field("users", users) }
        Terminal.say(writer.finish())
    }
}
