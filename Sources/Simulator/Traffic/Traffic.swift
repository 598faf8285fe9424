import Base
import Wire

/// Messages of many people, at a rate.
struct Traffic: Sendable {
    /// Messages a second; 0 is as fast as can be.
    private let rate: Double
    /// How many messages, in all.
    private let count: Int
    private let text: String
    private let padding: String
    private let scenes: [(user: Int64, peer: Peer)]
    private let run: Int
    private let core: Core

    /// Begins traffic as the arguments say, and gives the number of the run.
    static func start(_ arguments: Arguments, _ core: Core) throws -> BotAnswer {
        let rate = min(max(arguments.double("rate") ?? 0, 0), 1_000_000)
        let seconds = min(max(arguments.double("seconds") ?? 0, 0), 86_400)
        let count = arguments.int("count") ?? Int(rate * seconds)
        guard (1...100_000_000).contains(count) else {
            throw BotError.bad("count, or rate and seconds, are needed")
        }
        let traffic = try core.change { state in
            let scenes = try Self.scenes(arguments, &state)
            let words = arguments.string("text") ?? "traffic"
            let padding = String(repeating: "x", count: min(max(arguments.int("bytes") ?? 0, 0), 3000))
            return Traffic(
                rate: rate, count: count, text: words, padding: padding, scenes: scenes,
                run: state.runs.begin(), core: core)
        }
        core.run { await traffic.go() }
        return BotAnswer {
            $0.object {
                $0.field("id", traffic.run)
                $0.field("count", count)
                $0.field("chats", traffic.scenes.count)
            }
        }
    }

    /// Who writes where: in chats that are there, or in private chats of people made for this.
    private static func scenes(
        _ arguments: Arguments, _ state: inout State
    ) throws -> [(user: Int64, peer: Peer)] {
        if let chats = arguments.json("chat_ids")?.array {
            return try chats.compactMap(\.int64).map { id in
                let peer = Peer.chat(id)
                let members = try state.world.chat(peer).members
                let writer = members.filter { $0.value.isInside && state.bots[$0.key] == nil }.keys.min()
                guard let writer else { throw BotError.bad("chat \(id) has nobody who could write") }
                return (writer, peer)
            }
        }
        let bot = try state.account(arguments, "bot")
        var scenes: [(user: Int64, peer: Peer)] = []
        for number in 1...min(max(arguments.int("chats") ?? 1, 1), 100_000) {
            let user = try state.world.addUser(firstName: "Visitor \(number)")
            scenes.append((user.id, .pair(user: user.id, bot: bot)))
        }
        return scenes
    }

    private func go() async {
        let start = core.settings.clocks.moment
        var sent = 0
        while sent < count {
            let elapsed = core.settings.clocks.moment - start
            let due = rate == 0 ? count : min(count, Int(Double(elapsed.nanosecondsOfSpan) / 1e9 * rate) + 1)
            if due > sent {
                let last = min(due, sent + 100)
                guard post(sent..<last, elapsed) else { break }
                sent = last
                if rate == 0 { await Task.yield() }
            } else {
                guard await core.pause(.milliseconds(2)) else { break }
            }
        }
        core.apply { state in
            state.runs[run]?.isFinished = true
            state.runs[run]?.milliseconds = Int(
                (core.settings.clocks.moment - start).nanosecondsOfSpan / 1_000_000)
        }
    }

    /// Writes some messages; false when the run is to end.
    private func post(_ numbers: Range<Int>, _ elapsed: Duration) -> Bool {
        core.apply { state in
            guard let run = state.runs[run], !run.isStopped else { return false }
            for number in numbers {
                let scene = scenes[number % scenes.count]
                let words = "\(text) \(run.id) \(number)" + (padding.isEmpty ? "" : " " + padding)
                do throws(WorldError) {
                    try state.world.post(.init(.text(StyledText(words))), to: scene.peer, by: scene.user)
                    state.runs[run.id]?.done += 1
                } catch {
                    state.runs[run.id]?.failed += 1
                    if state.runs[run.id]?.failure == nil { state.runs[run.id]?.failure = "\(error)" }
                }
            }
            return true
        }
    }
}
