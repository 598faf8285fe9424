/// What a caller may do with which chats.
package struct ChatReach: Sendable, Equatable {
    /// What can be done with a chat.
    package enum Right: String, Sendable, CaseIterable { case read, send, manage }

    /// Chats that are reached only where all of these agree: a key's restriction cuts what its user was granted.
    package struct Bounds: Sendable, Equatable {
        /// What must all contain a chat.
        package let scopes: [EventFilter.Scope]

        /// All of these at once; none of them bounds nothing.
        package init(_ scopes: [EventFilter.Scope]) {
            self.scopes = scopes.filter { $0 != .everything }
        }

        /// Nothing at all.
        package static let nothing = Bounds([.of(chats: [], sources: [])])
        /// Everything there is.
        package static let everything = Bounds([])

        /// Whether a chat is within, when it is reached through a source.
        package func contains(chat: Int64?, source: Source?) -> Bool {
            scopes.allSatisfy { $0.contains(chat: chat, source: source) }
        }

        /// Whether there is nothing within.
        package var isEmpty: Bool { scopes.contains(.of(chats: [], sources: [])) }
    }

    /// What may be read.
    package var read: Bounds
    /// What may be sent to.
    package var send: Bounds
    /// What may be granted to others.
    package var manage: Bounds

    /// Puts the parts together.
    package init(read: Bounds, send: Bounds, manage: Bounds) {
        self.read = read
        self.send = send
        self.manage = manage
    }

    /// Nothing at all.
    package static let nothing = ChatReach(read: .nothing, send: .nothing, manage: .nothing)
    /// Everything there is.
    package static let everything = ChatReach(read: .everything, send: .everything, manage: .everything)

    /// The bounds of one right.
    package func bounds(_ right: Right) -> Bounds {
        switch right {
        case .read: read
        case .send: send
        case .manage: manage
        }
    }

    /// The one question that every surface asks: whether this may be done with that chat.
    package func allows(_ right: Right, chat: Int64?, source: Source? = nil) -> Bool {
        bounds(right).contains(chat: chat, source: source)
    }
}

extension ChatReach.Bounds {
    /// Whether a chat can be within, through whatever source: a bound that names sources may hold it.
    package func mayHold(chat: Int64) -> Bool {
        scopes.allSatisfy { scope in
            guard case .of(let chats, let sources) = scope else { return true }
            return chats.contains(chat) || !sources.isEmpty
        }
    }

    /// Whether something of a source can be within: a bound that names chats may hold some.
    package func mayHold(source: Source) -> Bool {
        scopes.allSatisfy { scope in
            guard case .of(let chats, let sources) = scope else { return true }
            return sources.contains(source) || !chats.isEmpty
        }
    }
}
