import Base
import BotAPI
import Kernel
import Reactor
import Synchronization

/// Sends what waits for one bot, on the node that holds the bot's lease.
final class BotSender: Sendable {
    let bot: Int64
    let lease: Lease
    let core: SendingCore
    let state: Mutex<State>
    private let wake = Bell()

    struct State: Sendable {
        var governor: Governor
        /// What waits here or is on its way.
        var known: Set<Int64> = []
        /// What goes at once.
        var departures: [(entry: Governor.Entry, departure: SendStore.Departure)] = []
        var waiting: [SendPriority: Int] = [:]
        /// Where more waits in the database than is known here: nothing may pass by it.
        var overflowing: Set<SendPriority> = []
        /// When the database is to be asked next.
        var lookAt: Timestamp? = Timestamp(milliseconds: 0)
        /// Whether sends may wait in the database that came before those that are handed over here.
        var isBehind = true
        /// Marked as on their way, or not, as the database did not say; none of them has departed.
        var unsure: Set<Int64> = []
        var isStopped = false
        /// What departs now is taken by nobody any more.
        var isOver = false
        /// Failures to reach Telegram, one after the other.
        var failures = 0
        /// What else is wrong.
        var plight: Plight?
    }

    init(_ bot: Int64, _ lease: Lease, _ core: SendingCore, _ governor: Governor) {
        self.bot = bot
        self.lease = lease
        self.core = core
        state = Mutex(State(governor: governor))
    }

    var clocks: Clocks { core.parts.clocks }

    // MARK: From outside

    /// Whether a send that is about to be stored may go at once; then tell `depart`, or `forget`.
    func admit(_ entry: Governor.Entry) -> Bool {
        let (now, time) = (clocks.moment, clocks.now)
        return state.withLock { state in
            guard !state.isStopped, !state.isBehind, state.overflowing.isEmpty,
                state.lookAt.map({ $0 > time }) ?? true, state.governor.admit(entry, at: now)
            else { return false }
            state.known.insert(entry.id)
            return true
        }
    }

    /// What was let through is stored, and goes; false where this sender has ended meanwhile.
    func depart(_ entry: Governor.Entry, _ departure: SendStore.Departure) -> Bool {
        let goes = state.withLock { state in
            if !state.isOver { state.departures.append((entry, departure)) }
            return !state.isOver
        }
        wake.ring()
        return goes
    }

    /// What was let through may be stored or not; it goes if it is.
    func doubt(_ entry: Governor.Entry) {
        state.withLock { _ = $0.unsure.insert(entry.id) }
        comeBack(entry, after: .seconds(1))
    }

    /// What was let through could not be stored.
    func forget(_ entry: Governor.Entry) {
        state.withLock { state in
            state.known.remove(entry.id)
            state.governor.finished(entry)
        }
        wake.ring()
    }

    /// Takes stored sends in.
    func add(_ sends: [Send]) {
        let now = clocks.now
        state.withLock { state in
            if state.isBehind, !sends.isEmpty {
                // They are found behind the others; a look that is under way may have passed them by.
                state.lookAt = Timestamp(milliseconds: 0)
            } else {
                for send in sends { state.add(send, now, core.parts.settings.waitingMax) }
            }
        }
        wake.ring()
    }

    /// Asks the database what waits.
    func look() {
        state.withLock { ($0.lookAt, $0.isBehind) = (Timestamp(milliseconds: 0), true) }
        wake.ring()
    }

    /// A send was taken back.
    func remove(_ send: Send) {
        state.withLock { state in
            guard state.governor.remove(send.entry) else { return }
            state.known.remove(send.id)
            state.unsure.remove(send.id)
            state.waiting[send.priority, default: 1] -= 1
        }
        wake.ring()
    }

    /// What is left of the limits.
    var budget: SendBudget {
        let now = clocks.moment
        return state.withLock { $0.governor.budget(at: now) }
    }

    /// What keeps the sends from going, or from being known, for a while now.
    var trouble: String? {
        let now = clocks.moment
        return state.withLock { state in
            if state.failures > 2 { return "Telegram is out of reach" }
            return state.plight.flatMap { $0.isTrouble(at: now) ? $0.kind.rawValue : nil }
        }
    }

    /// Begins nothing more; `run` returns once everything that is on its way is through.
    func stop() {
        state.withLock { $0.isStopped = true }
        wake.ring()
    }

    // MARK: The loop

    @concurrent func run() async {
        await withDiscardingTaskGroup { deliveries in
            while true {
                await lookIfDue()
                let (departures, entries, until, isStopped) = step()
                for (entry, departure) in departures {
                    deliveries.addTask { await self.deliver(entry, departure) }
                }
                for entry in entries { deliveries.addTask { await self.begin(entry) } }
                if isStopped { break }
                let span = until.map { $0 - clocks.moment } ?? Self.restMax
                if span > .zero { await wake.wait(min(span, Self.restMax)) }
                if Task.isCancelled { stop() }
            }
        }
    }

    /// How long nothing is looked at, where nobody rings.
    private static let restMax = Duration.seconds(60)

    private typealias Step = (
        departures: [(Governor.Entry, SendStore.Departure)], entries: [Governor.Entry], until: Moment?,
        isStopped: Bool
    )

    private func step() -> Step {
        let (now, time) = (clocks.moment, clocks.now)
        return state.withLock { state in
            var step: Step = (state.departures, [], nil, state.isStopped)
            state.departures = []
            state.isOver = state.isStopped
            while !state.isStopped {
                let action = state.governor.next(at: now)
                if case .send(let entry) = action {
                    state.waiting[entry.priority, default: 1] -= 1
                    step.entries.append(entry)
                    continue
                }
                if case .wait(let until) = action { step.until = until }
                break
            }
            if let look = state.lookAt {
                step.until = min(step.until ?? now + (look - time), now + max(.zero, look - time))
            }
            return step
        }
    }

    // MARK: What waits in the database

    private func lookIfDue() async {
        let (now, max) = (clocks.now, core.parts.settings.waitingMax)
        let isWanted = state.withLock { state in
            guard !state.isStopped else { return false }
            let hasRoom = state.overflowing.contains { state.waiting[$0, default: 0] < max / 2 }
            guard hasRoom || state.lookAt.map({ $0 <= now }) ?? false else { return false }
            (state.lookAt, state.isBehind) = (nil, true)
            return true
        }
        guard isWanted else { return }
        do {
            for priority in SendPriority.allCases { try await look(priority, max) }
            try await settleStray()
            state.withLock { $0.isBehind = $0.lookAt.map { $0.milliseconds == 0 } ?? false }
        } catch {
            state.withLock { $0.lookAt = now + .seconds(1) }
            core.parts.logger.warning("sends wait for the database", ["error": .init(describing: error)])
        }
    }

    private func look(_ priority: SendPriority, _ max: Int) async throws {
        // Those that are known here come first, and must not hide the others.
        let limit = state.withLock { $0.known.count } + max
        let (due, next) = try await core.store.waiting(of: bot, priority, limit: limit)
        let now = clocks.now
        state.withLock { state in
            state.overflowing.remove(priority)
            for send in due { state.add(send, now, max) }
            if due.count == limit { state.overflowing.insert(priority) }
            if let next { state.lookAt = min(state.lookAt ?? next, next) }
        }
    }

    /// What is marked as on its way since long, and is not known here, was left so by a failure to write.
    private func settleStray() async throws {
        let stranded = try await core.store.stranded(of: bot)
        let stray = state.withLock { state in stranded.filter { !state.known.contains($0.id) } }
        guard !stray.isEmpty else { return }
        let settled: [Send]
        do { settled = try await core.store.settle(stray, under: lease, repeating: false) } catch is LeaseLost
        {
            return stop()
        }
        for send in settled { core.changed(send) }
        guard !settled.isEmpty else { return }
        core.parts.logger.warning(
            "it is not known how some sends ended", ["bot": .init(Int(bot)), "count": .init(settled.count)])
    }
}

extension BotSender.State {
    /// Takes a send in that waits in the database.
    mutating func add(_ send: Send, _ now: Timestamp, _ max: Int) {
        guard !known.contains(send.id) else { return }
        if let due = send.notBefore, due > now {
            lookAt = min(lookAt ?? due, due)
            return
        }
        guard !overflowing.contains(send.priority), waiting[send.priority, default: 0] < max else {
            overflowing.insert(send.priority)
            return
        }
        known.insert(send.id)
        waiting[send.priority, default: 0] += 1
        governor.add(send.entry)
    }
}
