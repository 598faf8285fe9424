import Base
import HTTPClient
import Reactor
import Wire

/// Delivers one update to a program's URL, the way Telegram does.
struct HookPost: Sendable {
    /// What the program made of it.
    enum Outcome: Sendable {
        /// It has it; the call that it answered with, if it did.
        case delivered(reply: HookReply?)
        /// It is to be tried again, after so long if the program said so.
        case failed(String, retryAfter: Duration?)
    }

    let client: HTTPClient
    let url: String
    let secret: Bytes?
    /// Whether the URL may lead into our own networks.
    let allowsPrivate: Bool

    func send(_ update: Bytes) async -> Outcome {
        var request = HTTPClientRequest(.post, url, body: .bytes(update))
        request.fields.append("content-type", "application/json")
        if let secret { request.fields.append("x-telegram-bot-api-secret-token", secret) }
        request.timeout = .seconds(30)
        request.bodyBytesMax = 1 << 20
        request.decompresses = true
        if !allowsPrivate { request.mayConnect = { AddressGuard.isPublic($0) } }
        do throws(HTTPClientError) {
            let answer = try await client.send(request)
            guard (200..<300).contains(answer.status) else {
                let wait = answer.fields["retry-after"].flatMap { Int($0) }.map { min(3600, max(0, $0)) }
                return .failed(
                    "Wrong response from the webhook: \(answer.status)",
                    retryAfter: wait.map { .seconds($0) })
            }
            return .delivered(reply: HookReply(answer))
        } catch {
            let why =
                switch error.code {
                case .timeout: "Read timeout expired"
                case .refusedByGuard: "The address of the webhook is not allowed"
                case .resolve: "Failed to resolve host"
                case .tls: "SSL error"
                default: "Webhook connection closed"
                }
            return .failed(why, retryAfter: nil)
        }
    }
}

/// A call that a program answers an update with, to save a request.
struct HookReply: Sendable {
    let method: String
    let body: Bytes
    let type: Bytes

    /// Nil where the answer is none; its result is told to nobody, as with Telegram.
    init?(_ answer: HTTPClientResponse) {
        guard !answer.body.isEmpty else { return nil }
        type = answer.fields.bytes("content-type") ?? Bytes()
        body = answer.body
        // What cannot be read is no call.
        guard let arguments = try? CallArguments(query: Bytes(), body: body, type: type),
            let method = arguments["method"]
        else { return nil }
        self.method = method
    }
}
