import Base
package import Reactor
import Synchronization

/// Two bots and a few chats in which people talk, for a first look.
package final class Demo: Sendable {
    /// A bot of the demonstration.
    package struct Bot: Sendable {
        /// The name for people.
        package let name: String
        /// The username.
        package let username: String
        /// The token.
        package let token: String
    }

    /// A chat of the demonstration.
    package struct Room: Sendable {
        /// The number by which bots know it.
        package let id: Int64
        /// The name of the chat, or of the person.
        package let title: String
        /// What it is.
        package let kind: Chat.Kind
        let peer: Peer
        let people: [Int64]
    }

    /// The bots; the second one is in the channel.
    package let bots: [Bot]
    /// The chats: private, group, supergroup, channel.
    package let rooms: [Room]
    private let simulator: Simulator
    private let pace: Duration
    private let random: Mutex<SeededGenerator>
    private let isStopped = Mutex(false)

    /// Makes the people, bots and chats; `pace` is the time between two messages, more or less.
    package init(in simulator: Simulator, seed: UInt64 = 1, pace: Duration = .seconds(2)) throws {
        self.simulator = simulator
        self.pace = pace
        random = Mutex(SeededGenerator(seed: seed))
        let desk = try simulator.addBot(name: "Harbour Desk", username: "harbour_desk_bot")
        let news = try simulator.addBot(name: "Old Town Bulletin", username: "old_town_bulletin_bot")
        bots = [
            Bot(name: "Harbour Desk", username: "harbour_desk_bot", token: desk.token),
            Bot(name: "Old Town Bulletin", username: "old_town_bulletin_bot", token: news.token),
        ]
        rooms = try simulator.act { world in
            var people: [Int64] = []
            for (first, last, username) in Self.names {
                let user = try world.addUser(firstName: first, lastName: last, username: username)
                people.append(user.id)
            }
            let pair = Peer.pair(user: people[0], bot: desk.id)
            try world.post(
                .init(.text(StyledText("/start", EntityScanner.scan("/start")))), to: pair, by: people[0])
            let group = try world.addChat(
                .group, title: "Allotment 12", creator: people[1], members: [people[2], people[3], desk.id])
            let club = try world.addChat(
                .supergroup, title: "Harbour Runners", username: "harbour_runners", creator: people[2],
                members: Array(people[3...]) + [desk.id, news.id])
            let channel = try world.addChat(
                .channel, title: "Old Town Bulletin", username: "old_town_bulletin", creator: people[4],
                members: [people[0], people[1], news.id])
            return [
                Room(id: people[0], title: "Ada Okafor", kind: .private, peer: pair, people: [people[0]]),
                Room(
                    id: group.peer.id(seenBy: 0), title: group.title, kind: .group, peer: group.peer,
                    people: Array(people[1...3])),
                Room(
                    id: club.peer.id(seenBy: 0), title: club.title, kind: .supergroup, peer: club.peer,
                    people: Array(people[2...])),
                Room(
                    id: channel.peer.id(seenBy: 0), title: channel.title, kind: .channel,
                    peer: channel.peer, people: [people[4]]),
            ]
        }
    }

    private static let names: [(String, String?, String?)] = [
        ("Ada", "Okafor", "ada_okafor"), ("Bruno", "Keller", "bruno_k"), ("Chiara", nil, "chiara_on_foot"),
        ("Dmitri", "Volkov", nil), ("Esther", "Lindqvist", "esther_l"), ("Farid", "Haddad", "farid_h"),
        ("Grace", "Mwangi", nil),
    ]

    private func chance<T>(_ body: (inout SeededGenerator) -> T) -> T { random.withLock { body(&$0) } }
}

extension Demo: Service {
    /// How logs call it.
    package var name: String { "demonstration" }

    /// Has nothing to prepare.
    package func start() async throws {}

    /// Has people talk until it is stopped.
    package func run() async throws {
        var places = rooms.map { _ in 0 }
        while !isStopped.withLock({ $0 }) {
            let room = chance { Int.random(in: 0..<rooms.count, using: &$0) }
            try speak(in: rooms[room], line: places[room])
            places[room] += 1
            let share = chance { Int.random(in: 40...160, using: &$0) }
            guard await simulator.core.pause(pace * share / 100) else { return }
        }
    }

    /// Has everybody fall silent.
    package func stop(by deadline: MonotonicNanoseconds) async -> [String] {
        isStopped.withLock { $0 = true }
        return []
    }

    /// Somebody says the next line of a chat; now and then it is corrected, or answered with an emoji.
    private func speak(in room: Room, line: Int) throws {
        let lines = Conversation.lines(of: room.kind)
        let (speaker, text) = lines[line % lines.count]
        let words = line < lines.count ? text : Conversation.varied(text, round: line / lines.count)
        let author = room.people[speaker % room.people.count]
        let (edits, reacts, replies) = chance {
            (
                Int.random(in: 0..<9, using: &$0) == 0, Int.random(in: 0..<5, using: &$0) == 0,
                Int.random(in: 0..<4, using: &$0) == 0
            )
        }
        try simulator.act { world in
            var draft = World.Draft(.text(StyledText(words, EntityScanner.scan(words))))
            let range = try world.chat(room.peer).messages.range
            if replies, room.kind != .channel, !range.isEmpty { draft.replyTo = range.upperBound - 1 }
            let message = try world.post(draft, to: room.peer, by: author)
            if edits {
                let better = words + " (corrected)"
                try world.edit(message, by: author) {
                    $0.content = .text(StyledText(better, EntityScanner.scan(better)))
                }
            }
            if reacts, let other = room.people.last { try world.react(["👍"], to: message, by: other) }
        }
    }
}
