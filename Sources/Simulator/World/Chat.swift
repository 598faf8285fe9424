/// Where messages are: between a person and a bot, or a place with many members.
package enum Peer: Hashable, Sendable {
    case pair(user: Int64, bot: Int64)
    case chat(Int64)

    /// The number by which an account knows it: a private chat has the other's.
    package func id(seenBy account: Int64) -> Int64 {
        switch self {
        case .pair(let user, let bot): account == user ? bot : user
        case .chat(let id): id
        }
    }
}

/// A chat with its members and messages.
package struct Chat: Sendable {
    /// What a chat is.
    package enum Kind: String, Sendable { case `private`, group, supergroup, channel }

    /// What somebody is to a chat.
    package enum Status: String, Sendable {
        case creator, administrator, member, restricted, left, kicked

        /// Whether that is somebody who is in the chat.
        package var isInside: Bool { self != .left && self != .kicked }
        /// Whether that is somebody who may do more than others.
        package var isAdmin: Bool { self == .creator || self == .administrator }
    }

    /// Who and where it is.
    package let peer: Peer
    /// What it is.
    package var kind: Kind
    /// Its name; private chats have none.
    package var title: String
    /// The name by which it can be found.
    package var username: String?
    /// Everybody who is or was in it.
    package var members: [Int64: Status] = [:]
    /// The bots among those who are in it, so that nobody has to look through everybody for each message.
    var bots: [Int64] = []
    /// The messages that are pinned, by serial number, the newest last.
    package var pinned: [Int] = []
    /// The supergroup that a group has become.
    package var migratedTo: Int64?
    /// Its messages.
    package var messages = MessageList(first: 1)

    /// Whether its messages have the same number for everybody.
    package var hasSharedIDs: Bool { kind == .supergroup || kind == .channel }
}

/// The messages of a chat by serial number; the oldest are forgotten beyond a bound.
package struct MessageList: Sendable {
    private var bySerial: [Int: Message] = [:]
    /// What an account calls a message, for chats in which each has its own numbers.
    private var serials: [Int64: [Int: Int]] = [:]
    /// The serial number of the next message.
    private(set) var next: Int
    private var oldest: Int

    init(first: Int) { (next, oldest) = (first, first) }

    /// How many there are.
    package var count: Int { bySerial.count }

    /// The serial numbers in use, from the oldest.
    var range: Range<Int> { oldest..<next }

    /// The message of a serial number.
    package subscript(serial: Int) -> Message? {
        get { bySerial[serial] }
        set { bySerial[serial] = newValue }
    }

    mutating func reserve() -> Int {
        defer { next += 1 }
        return next
    }

    mutating func append(_ message: Message, max: Int) {
        bySerial[message.serial] = message
        for (account, id) in message.ids { serials[account, default: [:]][id] = message.serial }
        while bySerial.count > max, oldest < next {
            remove(oldest)
            oldest += 1
        }
    }

    mutating func remove(_ serial: Int) {
        guard let message = bySerial.removeValue(forKey: serial) else { return }
        for (account, id) in message.ids { serials[account]?[id] = nil }
    }

    func serial(_ id: Int, of account: Int64) -> Int? { serials[account]?[id] }
}
