package import Base
package import BotAPI
package import Bus
import HTTPServer
package import Kernel
package import Reactor
package import Store

/// Everything that is sent: taken in durably, paced, sent by one node for each bot, and told about honestly.
///
/// A send is in the database before `submit` returns. The order of one owner's sends to a chat is kept within a priority.
/// What carries files is kept whole until it is sent, and dropped then.
package final class Sends: Sendable {
    /// What the room is made of.
    package struct Parts: Sendable {
        package var database: any Database
        package var log: EventLog
        package var client: BotAPIClient
        package var bus: any Bus
        package var leases: LeaseKeeper
        /// The token of a bot; nil where there is no such bot.
        package var token: @Sendable (Int64) -> BotToken?
        /// The bots that reach a chat.
        package var bots: @Sendable (_ chat: Int64) async throws -> [Int64]
        /// Telegram takes a bot's token no longer.
        package var unauthorized: @Sendable (_ bot: Int64, _ token: BotToken, _ reason: String) async -> Void
        package var settings = SendSettings()
        package var clocks = Clocks.system
        package var metrics = Metrics()
        package var logger = Logger.silent

        /// The parts; the rest has defaults.
        package init(
            database: any Database, log: EventLog, client: BotAPIClient, bus: any Bus, leases: LeaseKeeper,
            token: @escaping @Sendable (Int64) -> BotToken?,
            bots: @escaping @Sendable (_ chat: Int64) async throws -> [Int64],
            unauthorized:
                @escaping @Sendable (_ bot: Int64, _ token: BotToken, _ reason: String) async -> Void
        ) {
            self.database = database
            self.log = log
            self.client = client
            self.bus = bus
            self.leases = leases
            self.token = token
            self.bots = bots
            self.unauthorized = unauthorized
        }
    }

    let core: SendingCore
    let service: SendingService
    let numbers: SendNumbers

    /// Puts the room together; the lease keeper is somebody else's to run.
    package init(_ parts: Parts) {
        core = SendingCore(parts)
        service = SendingService(core)
        numbers = SendNumbers(parts.clocks)
        parts.metrics.gauge("sends_waiting", "Sends that wait for their turn on this node.") { [service] in
            Double(service.waiting)
        }
    }

    /// What runs as long as the program does.
    package var services: [any Service] { [core.events, service] }

    /// What keeps sends from going, in words, for the report of health; nil where nothing does.
    package var trouble: String? { service.trouble }

    // MARK: Sending

    /// Takes a send in; returns once it is durable, or the one that the same request made before.
    package func submit(_ draft: SendDraft, by caller: Caller) async throws -> Send {
        try check(draft, caller)
        return try Self.send(try await place(draft, owner: caller.subject, as: numbers.next()))
    }

    /// Takes a send in and waits until it is done, but no longer than that: it may be on its way yet then.
    ///
    /// The wait ends also when the server stops.
    func submit(
        _ draft: SendDraft, by caller: Caller, waiting span: Duration, drain: DrainSignal? = nil
    ) async throws -> Send {
        try check(draft, caller)
        return try await submit(draft, owner: caller.subject, waiting: span, drain)
    }

    /// An early wait ends with Telegram's answer, a moment before that is written down.
    func submit(
        _ draft: SendDraft, owner: String, waiting span: Duration, _ drain: DrainSignal?,
        isEarly: Bool = false
    ) async throws -> Send {
        let id = numbers.next()
        let ticket = core.waiters.join(id, isEarly: isEarly)
        defer { core.waiters.leave(ticket) }
        let stored = try Self.send(try await place(draft, owner: owner, as: id))
        if stored.state.isFinal { return stored }
        guard stored.id == id else { return try await wait(for: stored, span, drain) }
        return try await wait(for: stored, on: ticket, span, drain)
    }

    /// Takes sends in, all of them durably or none.
    func submit(_ drafts: [SendDraft], by caller: Caller) async throws -> [SendStore.Stored] {
        for draft in drafts { try check(draft, caller) }
        let new = drafts.map {
            SendStore.New(id: numbers.next(), draft: $0, owner: caller.subject, state: .pending)
        }
        let stored = try await core.store.insert(new, under: nil)
        var made: [Int64: [Send]] = [:]
        for case .new(let send) in stored {
            core.changed(send)
            made[send.bot, default: []].append(send)
        }
        for (bot, sends) in made { hand(sends, of: bot) }
        return stored
    }

    /// Whether a caller may send this; throws why not.
    func check(_ draft: SendDraft, _ caller: Caller) throws(SendError) {
        guard core.parts.token(draft.bot) != nil else { throw .unknownBot }
        guard caller.reach.allows(.send, chat: draft.chat, source: .bot(draft.bot)) else { throw .forbidden }
        // What is forwarded, copied or quoted from another chat is read there.
        for chat in try draft.sources() {
            guard caller.may(.chatsRead), caller.reach.allows(.read, chat: chat, source: .bot(draft.bot))
            else {
                throw .forbidden
            }
        }
        let max = core.parts.settings.bodyBytesMax
        guard draft.body.parts.bytes.count <= max else { throw .tooLarge(max: max) }
    }

    private static func send(_ stored: SendStore.Stored) throws(SendError) -> Send {
        switch stored {
        case .new(let send), .known(let send): return send
        case .otherRequest: throw .keyReused
        }
    }

    /// Stores a send; where nothing stands against it, it is on its way at once.
    private func place(_ draft: SendDraft, owner: String, as id: Int64) async throws -> SendStore.Stored {
        let entry = draft.entry(id: id, owner: owner)
        if draft.notBefore == nil, let sender = service.sender(draft.bot), sender.admit(entry) {
            do {
                return try await depart(entry, draft, owner, sender)
            } catch is LeaseLost {
                sender.stop()
            }
        }
        let new = SendStore.New(id: id, draft: draft, owner: owner, state: .pending)
        let stored = try await core.store.insert([new], under: nil)[0]
        if case .new(let send) = stored {
            core.changed(send)
            hand([send], of: draft.bot)
        }
        return stored
    }

    private func depart(
        _ entry: Governor.Entry, _ draft: SendDraft, _ owner: String, _ sender: BotSender
    ) async throws -> SendStore.Stored {
        let new = SendStore.New(id: entry.id, draft: draft, owner: owner, state: .sending)
        do {
            let stored = try await core.store.insert([new], under: sender.lease)[0]
            guard case .new(let send) = stored else {
                sender.forget(entry)
                return stored
            }
            core.changed(send.beginning)
            core.changed(send)
            if sender.depart(entry, SendStore.Departure(send: send, body: draft.body)) { return stored }
            return try await waitAgain(send).map { .new($0) } ?? stored
        } catch let error as StoreError where error.code == .outcomeUnknown {
            sender.doubt(entry)
            throw error
        } catch {
            sender.forget(entry)
            throw error
        }
    }

    /// A send that was marked as on its way, and did not go, waits for the next sender of its bot.
    private func waitAgain(_ send: Send) async throws -> Send? {
        guard let waiting = try await core.store.unmark(send) else { return nil }
        core.changed(waiting)
        service.look(send.bot)
        return waiting
    }

    /// Gives stored sends to whoever sends for their bot.
    private func hand(_ sends: [Send], of bot: Int64) {
        if let sender = service.sender(bot) { sender.add(sends) } else { service.look(bot) }
    }

    // MARK: Looking and taking back

    /// One send; nil where there is none.
    package func send(_ id: Int64) async throws -> Send? { try await core.store.send(id) }

    /// Takes a send back that waits; throws where it waits no more.
    func cancel(_ send: Send) async throws -> Send {
        guard let cancelled = try await core.store.cancel(send.id) else {
            throw SendError.notWaiting(try await self.send(send.id) ?? send)
        }
        core.events.note([cancelled.beginning])
        core.changed(cancelled)
        service.sender(cancelled.bot)?.remove(cancelled)
        return cancelled
    }

    /// What is left of a bot's limits; nil where another node sends for it, or nobody yet.
    package func budget(of bot: Int64) -> SendBudget? { service.sender(bot)?.budget }

    /// The same, as far as the database tells where this node does not send for the bot.
    func currentBudget(of bot: Int64) async throws -> SendBudget {
        if let budget = budget(of: bot) { return budget }
        return try await core.store.budget(of: bot, core.parts.settings.limits)
    }

    /// Waits until a send is done, but no longer than that.
    func wait(for send: Send, _ span: Duration, _ drain: DrainSignal?) async throws -> Send {
        let ticket = core.waiters.join(send.id)
        defer { core.waiters.leave(ticket) }
        return try await wait(for: send, on: ticket, span, drain)
    }

    private func wait(
        for send: Send, on ticket: SendWaiters.Ticket, _ span: Duration, _ drain: DrainSignal?
    ) async throws -> Send {
        let deadline = core.parts.clocks.moment + span
        // Where another node sends, its hint may be lost: the row tells in any case.
        var pause = Duration.milliseconds(50)
        while true {
            let left = max(.zero, deadline - core.parts.clocks.moment)
            if let done = await ticket.wait(min(left, pause)) { return done }
            try Task.checkCancellation()
            let latest = try await self.send(send.id) ?? send
            let isOver = core.parts.clocks.moment >= deadline || drain?.isRaised ?? false
            if latest.state.isFinal || isOver { return latest }
            pause = min(pause * 2, .milliseconds(500))
        }
    }
}
