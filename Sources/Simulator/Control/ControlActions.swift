import Base
import Wire

/// What the control API can do.
enum ControlActions {
    typealias Action = @Sendable (inout State, Arguments) throws -> BotAnswer

    static func find(_ name: String) -> Action? { making[name] ?? acting[name] ?? reading[name] }

    private static let making: [String: Action] = [
        "createbot": { try $0.createBot($1) },
        "revoketoken": { state, arguments in
            let token = try state.revokeToken(of: state.account(arguments, "bot"))
            return BotAnswer { $0.object { $0.field("token", token) } }
        },
        "createuser": { try $0.createUser($1) },
        "createchat": { try $0.createChat($1) },
        "addmember": { state, arguments in
            let by = arguments.int64("by")
            try state.world.join(
                state.account(arguments, "member"), state.chat(arguments), by: by ?? state.owner(arguments))
            return .done
        },
        "removemember": { state, arguments in
            let by = try arguments.int64("by") ?? state.owner(arguments)
            try state.world.leave(
                state.account(arguments, "member"), state.chat(arguments), by: by,
                banned: arguments.bool("ban"))
            return .done
        },
        "setstatus": { state, arguments in
            guard let status = arguments.string("status").flatMap({ Chat.Status(rawValue: $0) }) else {
                throw BotError.bad(
                    "status is one of creator, administrator, member, restricted, left, kicked")
            }
            try state.world.setStatus(
                of: state.account(arguments, "member"), in: state.chat(arguments), to: status,
                by: arguments.int64("by") ?? state.owner(arguments))
            return .done
        },
        "migrate": { state, arguments in
            let chat = try state.world.migrate(state.chat(arguments))
            return BotAnswer { $0.object { $0.field("id", chat.peer.id(seenBy: 0)) } }
        },
    ]

    private static let acting: [String: Action] = [
        "send": { try $0.userSend($1) },
        "edit": { try $0.userEdit($1) },
        "delete": { state, arguments in
            let (user, message) = try state.target(arguments)
            try state.world.delete(message, by: user)
            return .done
        },
        "press": { try $0.userPress($1) },
        "react": { state, arguments in
            let (user, message) = try state.target(arguments)
            let emoji = arguments.string("emoji").map { $0.isEmpty ? [] : [$0] } ?? []
            try state.world.react(emoji, to: message, by: user)
            return .done
        },
        "join": { state, arguments in
            try state.world.join(state.account(arguments, "user"), state.chat(arguments))
            return .done
        },
        "leave": { state, arguments in
            try state.world.leave(state.account(arguments, "user"), state.chat(arguments))
            return .done
        },
        "block": { state, arguments in
            try state.world.setBlocked(
                true, bot: state.account(arguments, "bot"), by: state.account(arguments, "user"))
            return .done
        },
        "unblock": { state, arguments in
            try state.world.setBlocked(
                false, bot: state.account(arguments, "bot"), by: state.account(arguments, "user"))
            return .done
        },
        "deactivate": { state, arguments in
            try state.world.deactivate(state.account(arguments, "user"))
            return .done
        },
        "vote": { state, arguments in
            let (user, message) = try state.target(arguments)
            guard case .poll(let id) = message.content else { throw BotError.bad("the message is no poll") }
            let options = (arguments.json("options")?.array ?? []).compactMap {
                $0.int64.map { Int(clamping: $0) }
            }
            try state.world.vote(options, poll: id, by: user)
            return .done
        },
        "ask": { state, arguments in
            let query = try state.world.ask(
                state.account(arguments, "bot"), arguments.string("query") ?? "",
                offset: arguments.string("offset") ?? "", by: state.account(arguments, "user"))
            return BotAnswer { $0.object { $0.field("query_id", String(query.id)) } }
        },
        "update": { state, arguments in
            let id = state.inject(
                arguments.string("kind") ?? "unknown", arguments.json("value") ?? .null,
                raw: arguments.string("raw"), lane: arguments.int64("lane") ?? 0,
                to: try state.account(arguments, "bot"))
            return BotAnswer { $0.object { $0.field("update_id", id) } }
        },
        "fault": { try $0.addFault($1) },
        "clearfaults": { state, arguments in
            state.faults.remove(arguments.int("id"))
            return .done
        },
        "limits": { try $0.setLimits($1) },
    ]

    private static let reading: [String: Action] = [
        "answer": { state, arguments in
            guard let id = arguments.string("query_id").flatMap({ Int64($0) }) else {
                throw BotError.bad("query_id is missing")
            }
            return BotAnswer { $0.value(state.answers[id] ?? .null) }
        },
        "messages": { try $0.listMessages($1) },
        "download": { try $0.download($1) },
        "sends": { try $0.listSends($1) },
        "doubles": { state, _ in
            BotAnswer { writer in
                writer.object {
                    for (marker, count) in state.log.markers.sorted(by: { $0.key < $1.key }) where count > 1 {
                        $0.field(marker, count)
                    }
                }
            }
        },
        "statistics": { state, _ in state.statistics() },
        "faults": { state, _ in
            BotAnswer { writer in
                writer.array {
                    for fault in state.faults.all {
                        $0.object {
                            $0.field("id", fault.id)
                            $0.field("kind", "\(fault.kind)")
                            $0.field("hits", fault.hits)
                        }
                    }
                }
            }
        },
        "run": { state, arguments in
            guard let run = arguments.int("id").flatMap({ state.runs[$0] }) else {
                throw BotError.bad("there is no such run")
            }
            return BotAnswer { run.write(to: &$0) }
        },
        "stoprun": { state, arguments in
            guard let id = arguments.int("id"), state.runs[id] != nil else {
                throw BotError.bad("there is no such run")
            }
            state.runs[id]?.isStopped = true
            return .done
        },
    ]
}
