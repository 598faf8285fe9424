import Base
import Wire

/// Where a bot's updates go.
extension State {
    mutating func setWebhook(_ call: BotCall) throws -> BotAnswer {
        let arguments = call.arguments
        let url = arguments.string("url") ?? ""
        if url.isEmpty { return try deleteWebhook(call) }
        let webhook = try Self.webhook(url, arguments)
        let moment = world.clocks.moment
        if let last = bots[call.bot]?.lastWebhookCall, moment - last < .seconds(1), settings.rates.areEnforced
        {
            throw BotError.tooMany(1)
        }
        bots[call.bot]?.lastWebhookCall = moment
        endPoll(of: call.bot, .ended(.setWebhook))
        bots[call.bot]?.choose(arguments.json("allowed_updates"))
        if arguments.bool("drop_pending_updates") { dropUpdates(of: call.bot) }
        if let old = bots[call.bot]?.webhook, old.isSame(webhook) {
            return BotAnswer("true", "Webhook is already set")
        }
        let waiting = collectUpdates(of: call.bot)
        bots[call.bot]?.webhook = webhook
        bots[call.bot]?.generation += 1
        bots[call.bot]?.updates.clear()
        for update in waiting { addToLane(update, of: call.bot) }
        return BotAnswer("true", "Webhook was set")
    }

    private static func webhook(_ url: String, _ arguments: Arguments) throws -> Webhook {
        guard url.utf8.count <= 2048, let address = WebAddress(url), !address.description.isEmpty else {
            throw BotError.bad("invalid webhook URL specified")
        }
        let secret = arguments.string("secret_token").flatMap { $0.isEmpty ? nil : $0 }
        if let secret {
            guard secret.utf8.count <= 256 else { throw BotError.bad("secret token is too long") }
            let isPlain = secret.utf8.allSatisfy {
                switch $0 {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x5F: true
                default: false
                }
            }
            guard isPlain else { throw BotError.bad("secret token contains unallowed characters") }
        }
        let count = min(max(arguments.int("max_connections") ?? 40, 1), 100)
        return Webhook(
            url: url, secret: secret, connectionsMax: count, ipAddress: arguments.string("ip_address"),
            hasCertificate: arguments.file("certificate") != nil, slots: Slots(count))
    }

    mutating func deleteWebhook(_ call: BotCall) throws -> BotAnswer {
        if call.arguments.bool("drop_pending_updates") { dropUpdates(of: call.bot) }
        guard bots[call.bot]?.webhook != nil else { return BotAnswer("true", "Webhook is already deleted") }
        removeWebhook(of: call.bot)
        return BotAnswer("true", "Webhook was deleted")
    }

    /// Takes the webhook away; what waits for it is there for `getUpdates`.
    mutating func removeWebhook(of bot: Int64) {
        let waiting = collectUpdates(of: bot)
        bots[bot]?.webhook = nil
        bots[bot]?.generation += 1
        bots[bot]?.updates.replace(with: waiting)
    }

    private mutating func dropUpdates(of bot: Int64) {
        bots[bot]?.updates.clear()
        guard let keys = bots[bot]?.webhook?.lanes.keys.sorted() else { return }
        for key in keys { bots[bot]?.webhook?.lanes[key]?.updates.clear() }
    }

    /// Everything that waits, in order.
    func collectUpdates(of bot: Int64) -> [QueuedUpdate] {
        guard let state = bots[bot] else { return [] }
        guard let webhook = state.webhook else { return Array(state.updates.all) }
        return webhook.lanes.values.flatMap(\.updates.all).sorted { $0.id < $1.id }
    }

    func getWebhookInfo(_ call: BotCall) throws -> BotAnswer {
        guard let state = bots[call.bot] else { throw BotError.unauthorized }
        return BotAnswer { writer in
            writer.object {
                let webhook = state.webhook
                $0.field("url", webhook?.url ?? "")
                $0.field("has_custom_certificate", webhook?.hasCertificate ?? false)
                $0.field("pending_update_count", state.pendingCount)
                if let webhook {
                    if let address = webhook.ipAddress { $0.field("ip_address", address) }
                    if let error = webhook.lastError {
                        $0.field("last_error_date", error.date)
                        $0.field("last_error_message", error.message)
                    }
                    $0.field("max_connections", webhook.connectionsMax)
                }
                if let allowed = state.allowed { $0.field("allowed_updates", allowed.sorted()) }
            }
        }
    }

    // MARK: Delivery

    /// What is to be delivered next from a lane.
    struct Delivery: Sendable {
        let update: QueuedUpdate
        let url: String
        let secret: String?
        let slots: Slots
    }

    /// The head of a lane; nil ends the delivery from it.
    mutating func nextDelivery(_ lane: Effects.Lane) -> Delivery? {
        guard bots[lane.bot]?.generation == lane.generation, bots[lane.bot]?.webhook != nil else {
            return nil
        }
        bots[lane.bot]?.webhook?.lanes[lane.key]?.updates.expire(world.now)
        if let update = bots[lane.bot]?.webhook?.lanes[lane.key]?.updates.peek,
            let webhook = bots[lane.bot]?.webhook
        {
            return Delivery(
                update: update, url: webhook.url, secret: webhook.secret, slots: webhook.slots)
        }
        bots[lane.bot]?.webhook?.lanes[lane.key] = nil
        return nil
    }

    /// Takes note that the other side has an update.
    mutating func delivered(_ update: QueuedUpdate, _ lane: Effects.Lane) {
        log.countDelivery(true)
        // The bot may have another webhook by now, or none; the update is done with all the same.
        bots[lane.bot]?.webhook?.lanes[lane.key]?.updates.remove(id: update.id)
        bots[lane.bot]?.webhook?.goneSince = nil
        if bots[lane.bot]?.webhook == nil {
            let waiting = collectUpdates(of: lane.bot).filter { $0.id != update.id }
            bots[lane.bot]?.updates.replace(with: waiting)
        }
    }

    /// Takes note of an attempt that failed; the webhook goes when it has been gone for a day.
    mutating func failed(_ lane: Effects.Lane, _ words: String, status: Int?) {
        log.countDelivery(false)
        guard bots[lane.bot]?.generation == lane.generation else { return }
        bots[lane.bot]?.webhook?.lastError = (world.now, words)
        guard status == 410 else {
            bots[lane.bot]?.webhook?.goneSince = nil
            return
        }
        let since = bots[lane.bot]?.webhook?.goneSince ?? world.now
        bots[lane.bot]?.webhook?.goneSince = since
        if world.now - since > 23 * 3600 { removeWebhook(of: lane.bot) }
    }

    /// Changes the places of the first two of a lane, where there are two.
    mutating func swapFirst(_ lane: Effects.Lane) {
        guard bots[lane.bot]?.generation == lane.generation else { return }
        bots[lane.bot]?.webhook?.lanes[lane.key]?.updates.swapFirst()
    }
}
