import Base
import HTTPClient
import HTTPServer
import Reactor
import Synchronization
import Wire

/// Sends updates to webhooks the way Telegram does.
final class WebhookClient: Sendable {
    private struct Loops {
        var clients: HTTPClientGroup?
        var group: EventLoopGroup?
    }

    private let state = Mutex(Loops())

    func open(on group: EventLoopGroup) throws {
        var settings = HTTPClientSettings()
        settings.connectionsPerHostMax = 100
        settings.connectionsMax = 1000
        settings.requestsMax = 100_000
        settings.userAgent = ""
        let clients = try HTTPClientGroup(on: group, settings)
        state.withLock { $0 = Loops(clients: clients, group: group) }
    }

    func close() async {
        let clients = state.withLock { $0.clients }
        await clients?.shutdown()
    }

    private enum Outcome {
        case delivered(Bytes)
        case failed(String, status: Int?, wait: Int?)
    }

    /// Delivers what is in a lane, one after the other, until it is empty or the webhook is another.
    func drain(_ lane: State.Effects.Lane, _ core: Core) async {
        var failures = 0
        while !Task.isCancelled {
            if core.apply({ $0.faults.hit(.reorder, bot: lane.bot, now: $0.world.clocks.moment) }) {
                // The next one of the chat gets time to come.
                guard await pause(.milliseconds(200)) else { return }
                core.apply { $0.swapFirst(lane) }
            }
            guard let delivery = core.apply({ $0.nextDelivery(lane) }) else { return }
            await delivery.slots.enter()
            var outcome = await attempt(delivery)
            if core.apply({ $0.faults.hit(.duplicate, bot: lane.bot, now: $0.world.clocks.moment) }) {
                outcome = await attempt(delivery)
            }
            delivery.slots.leave()
            switch outcome {
            case .delivered(let answer):
                failures = 0
                core.apply { $0.delivered(delivery.update, lane) }
                if !answer.isEmpty { BotDoor.reply(answer, bot: lane.bot, core) }
            case .failed(let words, let status, let wait):
                core.apply { $0.failed(lane, words, status: status) }
                let delay = wait.map { Duration.seconds($0) } ?? Self.delay(failures, core.settings)
                failures += 1
                guard await pause(delay) else { return }
            }
        }
    }

    /// The first retry comes at once, then after 2, 4, 8 seconds and so on.
    private static func delay(_ failures: Int, _ settings: Simulator.Settings) -> Duration {
        guard failures > 0 else { return .milliseconds(10) }
        return min(settings.retryFirst * (1 << min(failures - 1, 10)), settings.retryMax)
    }

    /// Waits; false when it was cancelled.
    func pause(_ time: Duration) async -> Bool {
        guard let loop = state.withLock({ $0.group?.next() }) else { return false }
        do { try await loop.sleep(for: time) } catch { return false }
        return true
    }

    private func attempt(_ delivery: State.Delivery) async -> Outcome {
        let (clients, loop) = state.withLock { ($0.clients, $0.group?.next()) }
        guard let clients, let loop else { return .failed("Connection refused", status: nil, wait: nil) }
        var request = HTTPClientRequest(.post, delivery.url, body: .bytes(delivery.update.json))
        request.fields.append("content-type", "application/json")
        if let secret = delivery.secret {
            request.fields.append("x-telegram-bot-api-secret-token", secret)
        }
        request.version = .http1
        request.decompresses = true
        request.tls.verifies = false
        request.bodyBytesMax = 1 << 20
        // An update may come twice anyway; Telegram repeats too.
        request.mayRepeat = true
        do throws(HTTPClientError) {
            let response = try await clients.client(on: loop).send(request)
            guard (200..<300).contains(response.status) else {
                let wait = response.fields["retry-after"].flatMap { Int($0) }.map { min(max($0, 0), 3600) }
                let words =
                    "Wrong response from the webhook: \(response.status) \(Self.reason(response.status))"
                return .failed(words, status: response.status, wait: wait)
            }
            return .delivered(response.body)
        } catch {
            let words =
                switch error.code {
                case .connect, .refusedByGuard, .proxy: "Connection refused"
                case .timeout: "Read timeout expired"
                case .resolve: "Failed to resolve host: Name or service not known"
                case .tls: "SSL error"
                default: "Webhook connection closed"
                }
            return .failed(words, status: nil, wait: nil)
        }
    }

    private static func reason(_ status: Int) -> String { "\(HTTPStatus(status).reason)" }
}
