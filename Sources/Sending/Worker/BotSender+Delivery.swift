import Base
import BotAPI
import Kernel
import Store
import Synchronization
import Wire

extension BotSender {
    /// Marks a send as on its way, and sends it.
    func begin(_ entry: Governor.Entry) async {
        do {
            let isUnsure = state.withLock { $0.unsure.contains(entry.id) }
            guard let departure = try await core.store.begin(entry.id, under: lease, again: isUnsure) else {
                return through(entry)
            }
            if isUnsure { state.withLock { _ = $0.unsure.remove(entry.id) } }
            core.changed(departure.send)
            await deliver(entry, departure)
        } catch is LeaseLost {
            through(entry)
            stop()
        } catch {
            core.parts.logger.warning("a send waits for the database", ["error": .init(describing: error)])
            doubt(entry)
        }
    }

    /// Sends what is marked as on its way, and writes down how that ended.
    func deliver(_ entry: Governor.Entry, _ departure: SendStore.Departure) async {
        let send = departure.send
        guard let token = core.parts.token(bot) else {
            let error = BotAPIError(.unauthorized, "There is no such bot any more")
            return await end(entry, SendStore.Ending(error, .failed))
        }
        let now = clocks.moment
        if let until = state.withLock({ $0.governor.departs(entry, at: now) }) {
            let error = BotAPIError(.tooManyRequests, "Telegram wants a pause")
            return await giveBack(entry, send, error, after: until - now, chat: send.chat, body: nil, [])
        }
        // The next may have waited for its time to count.
        add([])
        do throws(BotAPIError) {
            let answer = try await core.parts.client.call(
                send.method, departure.body.call, as: token, timeout: core.parts.settings.timeout)
            let ending = SendStore.Ending(answer)
            state.withLock { state in
                state.failures = 0
                // Only its row has yet to be told, for which the chat's next need not wait.
                state.governor.finished(entry)
            }
            add([])
            core.waiters.tellEarly(send.ended(ending))
            await write(ending, of: entry)
            _ = state.withLock { $0.known.remove(entry.id) }
        } catch {
            await failed(entry, departure, error, token)
        }
    }

    private func failed(
        _ entry: Governor.Entry, _ departure: SendStore.Departure, _ error: BotAPIError, _ token: BotToken
    ) async {
        let send = departure.send
        let verdict = Verdict(
            error, of: send, hasMigrated: send.errorCode == BotAPIError.Code.chatMigrated.rawValue,
            core.parts.settings)
        let now = clocks.moment
        state.withLock { state in
            if error.code != .unreachable { state.failures = 0 }
            state.plight = Plight(error, after: state.plight, at: now) ?? state.plight
        }
        switch verdict {
        case .sent: await end(entry, SendStore.Ending(.sent, error))
        case .failed:
            if error.code == .unauthorized { await core.refused(token, of: bot, error.description) }
            await end(entry, SendStore.Ending(error, .failed))
        case .uncertain: await end(entry, SendStore.Ending(error, .uncertain))
        case .again(let span, let scope): await again(entry, send, error, after: span, scope)
        case .follow(let chat): await follow(entry, departure, error, to: chat)
        }
    }

    // MARK: Again

    private func again(
        _ entry: Governor.Entry, _ send: Send, _ error: BotAPIError, after span: Duration,
        _ scope: Verdict.PauseScope
    ) async {
        let pauses = pause(entry, span, scope)
        await giveBack(entry, send, error, after: span, chat: send.chat, body: nil, pauses)
    }

    /// Stops what must be silent; returns what must outlive this node.
    private func pause(
        _ entry: Governor.Entry, _ span: Duration, _ scope: Verdict.PauseScope
    ) -> [SendStore.Pause] {
        // Rounded up, so that no node begins a moment too early.
        let (now, until) = (clocks.moment, clocks.now + span + .milliseconds(1))
        return state.withLock { state in
            switch scope {
            case .send: return []
            case .way:
                // Those that were on their way together fail together: that is one failure.
                guard !state.governor.isSilent(at: now) else { return [] }
                state.failures += 1
                state.governor.silence(until: now + core.parts.settings.backOff(state.failures))
                return []
            case .chat:
                guard let chat = entry.chat else { break }
                state.governor.silence(chat: chat, until: now + span)
                // One chat is the chat's fault; several are the bot's.
                if state.governor.hasSilentChat(besides: chat, at: now) { break }
                return [SendStore.Pause(chat: chat, until: until)]
            case .bot: break
            }
            state.governor.silence(until: now + span)
            return [SendStore.Pause(chat: nil, until: until)]
        }
    }

    private func follow(
        _ entry: Governor.Entry, _ departure: SendStore.Departure, _ error: BotAPIError, to chat: Int64
    ) async {
        guard let body = departure.body.addressed(to: chat) else {
            return await end(entry, SendStore.Ending(error, .failed))
        }
        await giveBack(entry, departure.send, error, after: .zero, chat: chat, body: body, [])
    }

    private func giveBack(
        _ entry: Governor.Entry, _ send: Send, _ error: BotAPIError, after span: Duration, chat: Int64?,
        body: SendDraft.Body?, _ pauses: [SendStore.Pause]
    ) async {
        let row = await persist("a send to be repeated") {
            try await core.store.giveBack(send, error, chat: chat, body: body, pauses: pauses)
        }
        guard let row = row.flatMap({ $0 }) else { return through(entry) }
        core.changed(row)
        guard row.chat == entry.chat else {
            // It has another place now.
            through(entry)
            return add([row])
        }
        comeBack(entry, after: span)
    }

    /// A send goes again, before all others of its lane.
    func comeBack(_ entry: Governor.Entry, after span: Duration) {
        let now = clocks.moment
        state.withLock { state in
            state.governor.returned(entry, notBefore: now + span)
            state.waiting[entry.priority, default: 0] += 1
        }
        add([])
    }

    // MARK: The end

    private func end(_ entry: Governor.Entry, _ ending: SendStore.Ending) async {
        await write(ending, of: entry)
        through(entry)
    }

    private func write(_ ending: SendStore.Ending, of entry: Governor.Entry) async {
        let row = await persist("how a send ended") { try await core.store.end(entry.id, ending) }
        if let row = row.flatMap({ $0 }) { core.changed(row) }
    }

    /// A send is no longer this node's concern.
    private func through(_ entry: Governor.Entry) {
        state.withLock { state in
            state.known.remove(entry.id)
            state.unsure.remove(entry.id)
            state.governor.finished(entry)
        }
        add([])
    }

    /// Writes down what only this node knows, however long the database is away; nil where that can no longer be done.
    private func persist<R: Sendable>(
        _ what: StaticString, _ write: () async throws -> R
    ) async -> R? {
        var failures = 0
        while true {
            do { return try await write() } catch is LeaseLost {
                stop()
                return nil
            } catch {
                failures += 1
                core.parts.logger.warning(
                    "\(what) could not be written down", ["error": .init(describing: error)])
                guard !Task.isCancelled, (error as? StoreError)?.isTransient ?? false else { return nil }
                // Cut short only by the task's end.
                try? await Task.sleep(for: core.parts.settings.backOff(failures))
            }
        }
    }
}
