package import Base

/// Every permission that there is: routes need them, roles and scopes of keys are made of them.
extension Permission {
    /// Users, their roles and sessions.
    package static let usersRead = Permission("users.read")
    package static let usersManage = Permission("users.manage")
    /// Keys of everybody; one's own need no permission but `keys.create`.
    package static let keysCreate = Permission("keys.create")
    package static let keysManage = Permission("keys.manage")
    /// Who has done what.
    package static let auditRead = Permission("audit.read")
    /// Settings, parts, metrics.
    package static let systemRead = Permission("system.read")
    package static let systemManage = Permission("system.manage")
    /// Chats; which of them, grants say.
    package static let chatsRead = Permission("chats.read")
    package static let chatsSend = Permission("chats.send")
    package static let chatsManage = Permission("chats.manage")
    package static let botsRead = Permission("bots.read")
    package static let botsManage = Permission("bots.manage")
    package static let accountsRead = Permission("accounts.read")
    package static let accountsManage = Permission("accounts.manage")
    package static let webhooksRead = Permission("webhooks.read")
    package static let webhooksManage = Permission("webhooks.manage")
    package static let campaignsRead = Permission("campaigns.read")
    package static let campaignsManage = Permission("campaigns.manage")
    package static let proxiesRead = Permission("proxies.read")
    package static let proxiesManage = Permission("proxies.manage")

    /// All of them, with what they allow in words.
    package static let catalogue: [(permission: Permission, meaning: String)] = [
        (usersRead, "See users, roles and their sessions"),
        (usersManage, "Make, change and remove users and roles"),
        (keysCreate, "Make API keys of one's own"),
        (keysManage, "See and revoke everybody's API keys"),
        (auditRead, "Read the audit log"),
        (systemRead, "See settings, metrics and the state of the parts"),
        (systemManage, "Change how the system runs: limits, keys"),
        (chatsRead, "Read the chats that were granted"),
        (chatsSend, "Send to the chats that were granted"),
        (chatsManage, "Grant chats to others, within one's own grants"),
        (botsRead, "See bots"),
        (botsManage, "Register, change and remove bots"),
        (accountsRead, "See user accounts"),
        (accountsManage, "Sign user accounts in and out"),
        (webhooksRead, "See webhooks and their deliveries"),
        (webhooksManage, "Make, change and remove webhooks, replay deliveries"),
        (campaignsRead, "See campaigns"),
        (campaignsManage, "Make and steer campaigns"),
        (proxiesRead, "See proxies"),
        (proxiesManage, "Make, change and remove proxies"),
    ]

    /// The set of all.
    package static let all = Set(catalogue.map(\.permission))
}
