import Store

/// Which events a reader wants, or may see.
package struct EventFilter: Sendable, Equatable {
    /// A part of the log.
    ///
    /// Its chats and sources add up.
    package enum Scope: Sendable, Equatable {
        case everything
        case of(chats: Set<Int64>, sources: Set<Source>)

        /// One chat.
        ///
        package static func chat(_ id: Int64) -> Scope { .of(chats: [id], sources: []) }
        /// One source.
        package static func source(_ source: Source) -> Scope { .of(chats: [], sources: [source]) }

        func contains(_ event: Event) -> Bool {
            contains(chat: event.content.chat, source: event.content.source)
        }

        /// Whether a chat is part of it, when it is reached through a source.
        package func contains(chat: Int64?, source: Source?) -> Bool {
            switch self {
            case .everything: true
            case .of(let chats, let sources):
                source.map(sources.contains) ?? false || chat.map(chats.contains) ?? false
            }
        }
    }

    /// What is asked for.
    package var scope: Scope
    /// What the reader may see; an event must be in all of these, too.
    package var granted: [Scope]
    /// Only these kinds of events, if there are any here.
    package var kinds: Set<String>
    /// Only what these did, if there are any here.
    package var senders: Set<Int64>

    /// A filter; without arguments it lets everything pass.
    package init(
        _ scope: Scope = .everything, granted: [Scope] = [], kinds: Set<String> = [],
        senders: Set<Int64> = []
    ) {
        self.scope = scope
        self.granted = granted
        self.kinds = kinds
        self.senders = senders
    }

    /// Whether an event passes.
    package func matches(_ event: Event) -> Bool {
        (kinds.isEmpty || kinds.contains(event.content.kind))
            && (senders.isEmpty || event.content.sender.map(senders.contains) ?? false)
            && scope.contains(event) && granted.allSatisfy { $0.contains(event) }
    }
}

extension EventFilter {
    /// The index along which a page is read.
    enum Path: Equatable {
        case log
        case chat(Int64)
        case source(Source)
    }

    var path: Path {
        for case .of(let chats, let sources) in [scope] + granted {
            if chats.count == 1, sources.isEmpty, let chat = chats.first { return .chat(chat) }
            if sources.count == 1, chats.isEmpty, let source = sources.first { return .source(source) }
        }
        return .log
    }

    /// Whether the path alone does not decide which events pass.
    var isSelective: Bool {
        guard kinds.isEmpty, senders.isEmpty else { return true }
        return ([scope] + granted).contains { $0 != .everything && $0 != pathScope }
    }

    private var pathScope: Scope {
        switch path {
        case .log: .everything
        case .chat(let chat): .chat(chat)
        case .source(let source): .source(source)
        }
    }

    /// The conditions beyond the path, as SQL.
    func addConditions(to query: inout Query) {
        for scope in [scope] + granted where scope != .everything && scope != pathScope {
            guard case .of(let chats, let sources) = scope else { continue }
            // The plus keeps SQLite from the indexes, along which it would read all that these chats and
            // sources ever had, and not the window alone.
            query.add(SQL(sqlite: " AND (+chat", postgres: " AND (chat"))
            query.add(query.isAmong(.integers(chats.sorted())))
            query.add(SQL(sqlite: " OR +source", postgres: " OR source"))
            query.add(query.isAmong(.texts(sources.map(\.text).sorted())) + ")")
        }
        if !kinds.isEmpty { query.add(" AND kind" + query.isAmong(.texts(kinds.sorted()))) }
        if !senders.isEmpty { query.add(" AND sender" + query.isAmong(.integers(senders.sorted()))) }
    }
}
