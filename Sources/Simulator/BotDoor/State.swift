import Base
import Wire

/// The world and what the doors keep of it, changed as one.
struct State: Sendable {
    var world: World
    var bots: [Int64: BotState] = [:]
    var tokens: [String: Int64] = [:]
    var limits: SendLimits
    var log: SendLog
    var faults: FaultTable
    /// What bots have answered to pressed buttons and to questions.
    var answers = AnswerTable()
    /// Traffic and scripts that run or have run.
    var runs = RunTable()
    /// Who is to be told what once the lock is let go.
    var effects = Effects()
    var isStopping = false
    /// No bot's updates begin at a lower number.
    var updateIDFloor: Int64 = 0
    let settings: Simulator.Settings

    /// What is done outside the lock.
    struct Effects: Sendable {
        struct Lane: Sendable {
            let bot: Int64
            let key: Int64
            let generation: Int
        }

        var wakes: [(PollWaiter, PollWaiter.Outcome)] = []
        var lanes: [Lane] = []
    }

    init(_ settings: Simulator.Settings) {
        self.settings = settings
        world = World(
            seed: settings.seed, clocks: settings.clocks, limits: settings.world,
            numbersFromClock: settings.numbersFromClock)
        limits = SendLimits(settings.rates)
        log = SendLog(max: settings.sendLogMax)
        faults = FaultTable(seed: settings.seed)
    }

    /// Makes a bot, and gives its token.
    mutating func addBot(name: String, username: String, readsAll: Bool) throws -> BotState {
        let account = try world.addBot(name: name, username: username, readsAll: readsAll)
        let milliseconds = world.clocks.now.milliseconds - 1_700_000_000_000
        let bot = BotState(
            id: account.id, token: newToken(account.id), updates: UpdateQueue(max: settings.updatesPerBotMax),
            // A world that begins anew later has higher numbers, up to a thousand updates a second.
            nextUpdateID: max(1, milliseconds, updateIDFloor))
        bots[bot.id] = bot
        tokens[bot.token] = bot.id
        return bot
    }

    /// Gives a bot another token; the old one is worth nothing from here on.
    mutating func revokeToken(of id: Int64) throws -> String {
        guard let bot = bots[id] else { throw WorldError.userNotFound }
        tokens[bot.token] = nil
        let token = newToken(id)
        bots[id]?.token = token
        tokens[token] = id
        endPoll(of: id, .ended(.unauthorized))
        return token
    }

    private mutating func newToken(_ id: Int64) -> String { "\(id):AA\(world.random.text(33))" }

    /// Ends the wait of a bot's long poll.
    mutating func endPoll(of id: Int64, _ outcome: PollWaiter.Outcome) {
        guard let poller = bots[id]?.poller else { return }
        bots[id]?.poller = nil
        effects.wakes.append((poller, outcome))
    }

    /// Puts an update into the queue of a bot that wants its kind.
    mutating func enqueue(
        _ kind: String, to bot: Int64, lane: Int64, life: Int64 = 86400,
        _ write: (World, inout JSONWriter) -> Void
    ) {
        // Field by field: a copy of the whole would have its queue copied when that grows.
        guard bots[bot]?.wants(kind) == true, let id = bots[bot]?.nextUpdateID else { return }
        var writer = JSONWriter()
        writer.beginObject()
        writer.field("update_id", id)
        writer.key(kind)
        write(world, &writer)
        writer.endObject()
        push(
            QueuedUpdate(
                id: id, lane: lane, expires: world.now + life, json: writer.finish()), to: bot)
    }

    /// Puts an update of any kind, known or not, into the queue of a bot, and gives its number.
    ///
    /// `raw` stands for the whole update, and need not be JSON.
    mutating func inject(
        _ kind: String, _ value: JSONValue, raw: String?, lane: Int64, to bot: Int64
    ) -> Int64 {
        let id = bots[bot]?.nextUpdateID ?? 0
        let whole: JSONValue = .object(JSONFields([("update_id", .integer(id)), (kind, value)]))
        let json = raw.map { Bytes($0) } ?? Bytes(whole.description)
        push(QueuedUpdate(id: id, lane: lane, expires: world.now + 86400, json: json), to: bot)
        return id
    }

    private mutating func push(_ update: QueuedUpdate, to bot: Int64) {
        bots[bot]?.nextUpdateID += 1
        log.countUpdate()
        guard bots[bot]?.webhook != nil else {
            bots[bot]?.updates.push(update)
            return endPoll(of: bot, .updates)
        }
        addToLane(update, of: bot)
    }

    /// Puts an update into its lane, and has the lane delivered.
    mutating func addToLane(_ update: QueuedUpdate, of bot: Int64) {
        guard let generation = bots[bot]?.generation else { return }
        let fresh = Webhook.Lane(updates: UpdateQueue(max: settings.updatesPerBotMax))
        bots[bot]?.webhook?.lanes[update.lane, default: fresh].updates.push(update)
        guard bots[bot]?.webhook?.lanes[update.lane]?.isRunning == false else { return }
        bots[bot]?.webhook?.lanes[update.lane]?.isRunning = true
        effects.lanes.append(Effects.Lane(bot: bot, key: update.lane, generation: generation))
    }
}
