import Base
import Kernel
import Wire

/// What a grant is about: all chats, all of a bot or an account, or one chat.
package enum GrantTarget: Sendable, Hashable {
    case everything
    case bot(Int64)
    case account(Int64)
    case chat(Int64)

    /// Reads `*`, `bot:5`, `account:3`, `chat:-100123`.
    package init?(_ text: String) {
        if text == "*" {
            self = .everything
            return
        }
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let id = Int64(parts[1]), "\(id)" == parts[1] else { return nil }
        switch parts[0] {
        case "bot": self = .bot(id)
        case "account": self = .account(id)
        case "chat": self = .chat(id)
        default: return nil
        }
    }

    /// The form that it is stored and shown in.
    package var text: String {
        switch self {
        case .everything: "*"
        case .bot(let id): "bot:\(id)"
        case .account(let id): "account:\(id)"
        case .chat(let id): "chat:\(id)"
        }
    }

    /// Whether bounds hold all of it.
    func isWithin(_ bounds: ChatReach.Bounds) -> Bool {
        switch self {
        case .everything: bounds.scopes.isEmpty
        case .bot(let id): bounds.contains(chat: nil, source: .bot(id))
        case .account(let id): bounds.contains(chat: nil, source: .account(id))
        case .chat(let id): bounds.contains(chat: id, source: nil)
        }
    }
}

/// What somebody may do with some chats.
struct Grant: Sendable, Equatable {
    /// `user:7`, `role:support` or `key:…`.
    let subject: String
    let target: GrantTarget
    let canRead: Bool
    let canSend: Bool
    let canManage: Bool
    let grantedBy: String
    let grantedAt: Timestamp

    func allows(_ right: ChatReach.Right) -> Bool {
        switch right {
        case .read: canRead
        case .send: canSend
        case .manage: canManage
        }
    }

    /// Whether a text may be the subject of a grant.
    static func isSubject(_ text: String) -> Bool {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2 else { return false }
        switch parts[0] {
        case "user": return Int64(parts[1]).map { $0 > 0 && "\($0)" == parts[1] } ?? false
        case "role": return Role.isName(String(parts[1]))
        case "key": return APIKeyText.isID(String(parts[1]))
        default: return false
        }
    }
}

extension Grant: JSONWritable {
    func write(to writer: inout JSONWriter) {
        writer.object {
            $0.field("subject", subject)
            $0.field("target", target.text)
            $0.field("canRead", canRead)
            $0.field("canSend", canSend)
            $0.field("canManage", canManage)
            $0.field("grantedBy", grantedBy)
            $0.field("grantedAt", grantedAt.rfc3339)
        }
    }
}

extension EventFilter.Scope {
    /// All of these together.
    init(_ targets: some Sequence<GrantTarget>) {
        var chats: Set<Int64> = []
        var sources: Set<Source> = []
        for target in targets {
            switch target {
            case .everything:
                self = .everything
                return
            case .bot(let id): sources.insert(.bot(id))
            case .account(let id): sources.insert(.account(id))
            case .chat(let id): chats.insert(id)
            }
        }
        self = .of(chats: chats, sources: sources)
    }
}
