package import Base
import Kernel

/// A set of permissions under a name; three are built in, others are made by administrators.
package struct Role: Sendable, Equatable {
    /// The name.
    package let name: String
    /// What it is for, in words.
    package let description: String
    /// What it allows.
    package let permissions: Set<Permission>
    /// Whether it is part of the program and cannot be changed.
    package let isBuiltIn: Bool

    /// Everything, and all chats.
    static let admin = Role(
        name: "admin", description: "May do everything.", permissions: Permission.all, isBuiltIn: true)
    /// Runs bots, accounts and deliveries, and reads and sends in all chats; no users, keys of others, or audit.
    static let operatorRole = Role(
        name: "operator",
        description: "Runs bots, accounts, webhooks and campaigns; reads and sends everywhere.",
        permissions: Permission.all.subtracting([
            .usersManage, .keysManage, .auditRead, .systemManage, .chatsManage,
        ]), isBuiltIn: true)
    /// Looks, at the chats that were granted.
    static let viewer = Role(
        name: "viewer", description: "Sees bots, accounts and webhooks, and the chats that were granted.",
        permissions: [
            .chatsRead, .botsRead, .accountsRead, .webhooksRead, .campaignsRead, .proxiesRead, .keysCreate,
        ], isBuiltIn: true)

    /// Those that are part of the program.
    static let builtIn = [admin, operatorRole, viewer]

    /// What a role may be called.
    static func isName(_ text: String) -> Bool {
        (2...64).contains(text.utf8.count)
            && text.utf8.allSatisfy {
                (0x61...0x7a).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2d || $0 == 0x5f
            }
    }
}
