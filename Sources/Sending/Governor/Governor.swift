import Base

/// Decides which of a bot's sends goes next, and when: within the limits, what is urgent first, all owners in turn.
///
/// A machine without clock or socket. The order of one owner's sends to a chat is kept within a priority, and a chat has one
/// on its way at a time; what only changes messages counts toward the bot's limit alone.
struct Governor: Sendable {
    /// A send that waits.
    struct Entry: Equatable, Sendable {
        let id: Int64
        /// Nil for what belongs to no chat, or one known by name only: it has no order to keep.
        let chat: Int64?
        let owner: String
        let priority: SendPriority
        /// How many messages come of it, which count toward the limits of its chat.
        let messageCount: Int
        /// How much it counts toward the limit of the bot.
        fileprivate var weight: Int { max(1, messageCount) }
    }

    /// What to do next.
    enum Action: Equatable {
        /// This one goes now; ask `departs` when it does, and `finished` or `returned` afterwards.
        case send(Entry)
        /// Nothing may go before then.
        case wait(until: Moment)
        /// Nothing waits, but for what is on its way.
        case rest
    }

    /// What keeps its order.
    struct Lane: Hashable, Sendable {
        let priority: SendPriority
        let owner: String
        /// A chat, or the send itself where there is none.
        let place: Int64
        let isChat: Bool
    }

    private struct Queue {
        var entries: [Entry] = []
        var first = 0
        /// Its head must not go before.
        var notBefore = Moment(nanoseconds: .min)
        var isEmpty: Bool { first == entries.count }
    }

    /// Who has something ready, in turn.
    private struct Turns {
        var owners: [String] = []
        var lanes: [String: [Lane]] = [:]
        /// All of them, to be found at once.
        var standing: Set<Lane> = []
    }

    private let limits: SendLimits
    private var queues: [Lane: Queue] = [:]
    private var ready: [SendPriority: Turns] = [:]
    private var later = TimeQueue<Lane>()
    private(set) var chats: [Int64: ChatPace] = [:]
    private var sweepAt = 1024
    private var bot: Window
    private var silentUntil = Moment(nanoseconds: .min)
    /// What was let through and has not departed.
    private var boarding: Set<Int64> = []
    /// The sends that wait.
    private(set) var count = 0

    init(_ limits: SendLimits) {
        self.limits = limits
        bot = Window(limits.botCount, per: limits.botWindow)
    }

    // MARK: What waits

    /// Takes a send in, behind those of its owner to the same chat.
    mutating func add(_ entry: Entry) {
        let lane = Self.lane(of: entry)
        queues[lane, default: Queue()].entries.append(entry)
        count += 1
        if queues[lane]?.entries.count == 1 { makeReady(lane) }
    }

    /// Takes a send that waits out again; false where it does not wait here.
    mutating func remove(_ entry: Entry) -> Bool {
        let lane = Self.lane(of: entry)
        guard var queue = queues[lane], let place = queue.entries[queue.first...].firstIndex(of: entry) else {
            return false
        }
        queue.entries.remove(at: place)
        if place == queue.first { queue.notBefore = Moment(nanoseconds: .min) }
        count -= 1
        // An empty lane that stands ready or waits is passed over when its turn comes.
        queues[lane] = queue.isEmpty ? nil : queue
        return true
    }

    // MARK: What goes

    /// What to do now.
    mutating func next(at now: Moment) -> Action {
        while let lane = later.pop(through: now) { makeReady(lane) }
        for priority in SendPriority.allCases {
            guard ready[priority]?.owners.isEmpty == false else { continue }
            guard let opening = botOpening(priority, 1) else { return wait(until: nil) }
            if opening > now { return wait(until: opening) }
            switch take(priority, now) {
            case .entry(let entry): return .send(entry)
            case .tooHeavy(let opening): return wait(until: opening)
            case .none: break
            }
        }
        sweep(now)
        return wait(until: nil)
    }

    /// Lets a send that is not among the waiting go at once, if nothing stands against it.
    mutating func admit(_ entry: Entry, at now: Moment) -> Bool {
        guard let opening = botOpening(entry.priority, entry.weight), opening <= now,
            queues[Self.lane(of: entry)] == nil,
            later.first.map({ $0 > now }) ?? true, ready.values.allSatisfy(\.owners.isEmpty)
        else { return false }
        if let chat = entry.chat, let pace = chats[chat] {
            guard !pace.isBusy, pace.parked.isEmpty, self.opening(pace, entry) <= now else { return false }
        }
        begin(entry)
        return true
    }

    /// A send that was let through is about to leave for Telegram: from now on its time counts.
    ///
    /// Returns until when it must wait after all, should Telegram have said so meanwhile; then tell `returned`.
    mutating func departs(_ entry: Entry, at now: Moment) -> Moment? {
        let silent = max(silentUntil, entry.chat.flatMap { chats[$0]?.silentUntil } ?? silentUntil)
        guard silent <= now else { return silent }
        if boarding.remove(entry.id) != nil { bot.depart(entry.weight, at: now) }
        if entry.messageCount > 0, let chat = entry.chat {
            chats[chat, default: ChatPace(chat, limits)].note(entry.messageCount, now)
        }
        return nil
    }

    /// A send is through, however it ended, and whether or not it departed.
    mutating func finished(_ entry: Entry) {
        if boarding.remove(entry.id) != nil { bot.depart(entry.weight, at: nil) }
        guard let chat = entry.chat else { return }
        let parked = chats[chat]?.parked ?? []
        chats[chat]?.isBusy = false
        chats[chat]?.parked = []
        for lane in parked { makeReady(lane) }
    }

    /// A send comes back, to go again before all others of its lane, but not before a moment.
    mutating func returned(_ entry: Entry, notBefore: Moment) {
        let lane = Self.lane(of: entry)
        var queue = queues[lane] ?? Queue()
        queue.entries.replaceSubrange(..<queue.first, with: [entry])
        queue.first = 0
        queue.notBefore = notBefore
        count += 1
        let isParked = entry.chat.flatMap { chats[$0]?.parked.contains(lane) } ?? false
        queues[lane] = queue
        finished(entry)
        if !isParked { makeReady(lane) }
    }

    // MARK: What Telegram says

    /// Nothing of the bot may go before a moment.
    mutating func silence(until moment: Moment) { silentUntil = max(silentUntil, moment) }

    /// Whether all of the bot is silent.
    func isSilent(at now: Moment) -> Bool { silentUntil > now }

    /// Nothing may go to a chat before a moment.
    mutating func silence(chat: Int64, until moment: Moment) {
        let silent = max(chats[chat]?.silentUntil ?? moment, moment)
        chats[chat, default: ChatPace(chat, limits)].silentUntil = silent
    }

    /// Whether a chat other than this must be silent.
    func hasSilentChat(besides chat: Int64, at now: Moment) -> Bool {
        chats.contains { $0.key != chat && $0.value.silentUntil > now }
    }

    /// Counts what another node sent before, so that taking over goes over no limit.
    mutating func note(chat: Int64?, messageCount: Int, at moment: Moment) {
        bot.hold(max(1, messageCount))
        bot.depart(max(1, messageCount), at: moment)
        if messageCount > 0, let chat {
            chats[chat, default: ChatPace(chat, limits)].note(messageCount, moment)
        }
    }

    /// What is left of the limits.
    func budget(at now: Moment) -> SendBudget {
        SendBudget(
            limit: limits.botCount, remaining: max(0, limits.botCount - bot.used(at: now)), waiting: count,
            silentFor: silentUntil > now ? silentUntil - now : nil)
    }

    // MARK: Within

    private enum Taken {
        case entry(Entry)
        /// The next one needs more of the bot's limit than there is.
        case tooHeavy(until: Moment?)
        case none
    }

    private mutating func take(_ priority: SendPriority, _ now: Moment) -> Taken {
        while let lane = popReady(priority) {
            guard var queue = queues[lane],
                let entry = queue.entries.indices.contains(queue.first)
                    ? queue.entries[queue.first] : nil
            else { continue }
            if lane.isChat, chats[lane.place]?.isBusy == true {
                chats[lane.place]?.parked.append(lane)
                continue
            }
            let pace = lane.isChat ? chats[lane.place] : nil
            let earliest = max(queue.notBefore, pace.map { opening($0, entry) } ?? queue.notBefore)
            guard earliest <= now else {
                later.add(lane, at: earliest)
                continue
            }
            let free = botOpening(priority, entry.weight)
            guard let free, free <= now else {
                makeReady(lane, atFront: true)
                return .tooHeavy(until: free)
            }
            queue.first += 1
            queue.notBefore = Moment(nanoseconds: .min)
            if queue.first > 32, queue.first * 2 > queue.entries.count {
                queue.entries.removeFirst(queue.first)
                queue.first = 0
            }
            count -= 1
            begin(entry)
            if queue.isEmpty {
                queues[lane] = nil
            } else {
                queues[lane] = queue
                chats[lane.place]?.parked.append(lane)
            }
            return .entry(entry)
        }
        return .none
    }

    private mutating func begin(_ entry: Entry) {
        bot.hold(entry.weight)
        boarding.insert(entry.id)
        if let chat = entry.chat { chats[chat, default: ChatPace(chat, limits)].isBusy = true }
    }

    private func opening(_ pace: ChatPace, _ entry: Entry) -> Moment {
        entry.messageCount > 0 ? pace.opening(entry.messageCount) : pace.silentUntil
    }

    /// From when on the bot's limit lets one pass; nil until another has departed.
    private func botOpening(_ priority: SendPriority, _ weight: Int) -> Moment? {
        let reserve = priority == .bulk ? limits.interactiveReserve : 0
        return bot.opening(weight, reserve: reserve).map { max(silentUntil, $0) }
    }

    /// The bot's limit stands in the way, or nothing is ready; what waits for its chat may become so before.
    private func wait(until opening: Moment?) -> Action {
        let moments = [opening, later.first].compactMap { $0 }
        return moments.min().map { .wait(until: $0) } ?? .rest
    }

    private mutating func makeReady(_ lane: Lane, atFront: Bool = false) {
        guard queues[lane] != nil else { return }
        var turns = ready[lane.priority] ?? Turns()
        guard turns.standing.insert(lane).inserted else { return }
        if atFront {
            turns.owners.removeAll { $0 == lane.owner }
            turns.owners.insert(lane.owner, at: 0)
            turns.lanes[lane.owner, default: []].insert(lane, at: 0)
        } else {
            if turns.lanes[lane.owner, default: []].isEmpty { turns.owners.append(lane.owner) }
            turns.lanes[lane.owner, default: []].append(lane)
        }
        ready[lane.priority] = turns
    }

    /// The first lane of the owner whose turn it is.
    private mutating func popReady(_ priority: SendPriority) -> Lane? {
        guard var turns = ready[priority], !turns.owners.isEmpty else { return nil }
        let owner = turns.owners.removeFirst()
        let lane = turns.lanes[owner]?.removeFirst()
        if let lane { turns.standing.remove(lane) }
        if turns.lanes[owner]?.isEmpty == false {
            turns.owners.append(owner)
        } else {
            turns.lanes[owner] = nil
        }
        ready[priority] = turns
        return lane
    }

    /// Forgets chats that were sent nothing for a while.
    private mutating func sweep(_ now: Moment) {
        guard chats.count > sweepAt else { return }
        chats = chats.filter { !$0.value.isForgettable(at: now) }
        sweepAt = max(1024, chats.count * 2)
    }

    private static func lane(of entry: Entry) -> Lane {
        Lane(
            priority: entry.priority, owner: entry.owner, place: entry.chat ?? entry.id,
            isChat: entry.chat != nil)
    }
}

/// What is left of a bot's limits.
package struct SendBudget: Sendable, Equatable {
    /// How many calls may go within the window.
    package let limit: Int
    /// How many may go now.
    package let remaining: Int
    /// How many sends wait.
    package let waiting: Int
    /// How long Telegram wants the bot to be silent yet.
    package let silentFor: Duration?
}
