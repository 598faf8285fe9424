package import Base
package import BotAPI
package import HTTPServer
import Wire

/// What a program behind the Bot API endpoint is answered.
package struct PassedAnswer: Sendable, Equatable {
    /// The status of the HTTP answer.
    package let status: Int
    /// Telegram's JSON as it came; where there was none, one in its form.
    package let whole: Bytes
}

extension Sends {
    /// Carries a call of the Bot API out as its bot, and answers as Telegram does.
    ///
    /// What makes or changes messages goes the way of all sends: durable, paced and in order. Everything else goes straight to
    /// Telegram. The rights of the sender are the caller's to check. A body with files is kept whole until it is sent.
    package func pass(
        _ method: BotMethod, _ body: BotAPIBody, bot: Int64, chat: Int64?, owner: String,
        drain: DrainSignal? = nil
    ) async throws -> PassedAnswer {
        guard method.isPaced else { return await passStraight(method, body, bot: bot) }
        guard let carried = try await SendDraft.Body(body, max: core.parts.settings.bodyBytesMax) else {
            return .refusal(413, "Request Entity Too Large")
        }
        let draft = SendDraft(bot: bot, chat: chat, method: method, body: carried)
        // What the program is told is Telegram's own word. Should this node die before it is written down, the row says
        // UNCERTAIN, which is what anybody else can know then.
        let send = try await submit(
            draft, owner: owner, waiting: core.parts.settings.passWait, drain, isEarly: true)
        switch send.state {
        case .sent, .failed: return .telegrams(send)
        case .uncertain: return .telegrams(send, orElse: 504)
        case .pending, .sending, .cancelled: return try await giveUp(send)
        }
    }

    /// Its program waits no longer: what has not begun must not happen behind its back.
    ///
    /// What is on its way may come back, because Telegram wants a pause, and is taken back then.
    private func giveUp(_ send: Send) async throws -> PassedAnswer {
        let deadline = core.parts.clocks.moment + core.parts.settings.timeout + .seconds(5)
        var known = send
        while !known.state.isFinal {
            do {
                known = try await cancel(known)
            } catch SendError.notWaiting(let now) {
                guard core.parts.clocks.moment < deadline else {
                    return .refusal(
                        504, "Gateway Timeout: no answer yet; send \(now.id) is \(now.state.rawValue)")
                }
                known = try await wait(for: now, .milliseconds(500), nil)
            }
        }
        guard known.state == .cancelled else { return .telegrams(known, orElse: 504) }
        let seconds = max(1, budget(of: send.bot)?.silentFor?.components.seconds ?? 1)
        return .refusal(429, "Too Many Requests: retry after \(seconds)", retryAfter: seconds)
    }

    private func passStraight(_ method: BotMethod, _ body: BotAPIBody, bot: Int64) async -> PassedAnswer {
        guard let token = core.parts.token(bot) else { return .refusal(401, "Unauthorized") }
        do throws(BotAPIError) {
            let answer = try await core.parts.client.call(
                method.name, body, as: token, timeout: core.parts.settings.passWait + .seconds(15))
            return PassedAnswer(status: answer.status, whole: answer.whole)
        } catch {
            if error.code == .unauthorized { await core.refused(token, of: bot, error.description) }
            if let whole = error.whole { return PassedAnswer(status: error.status ?? 502, whole: whole) }
            return .refusal(error.code == .timeout ? 504 : 502, "Bad Gateway: \(error.description)")
        }
    }
}

extension PassedAnswer {
    /// Telegram's answer to a send, or what is known of it in the same form.
    fileprivate static func telegrams(_ send: Send, orElse status: Int = 502) -> PassedAnswer {
        if let whole = send.answer { return PassedAnswer(status: send.status ?? 502, whole: whole) }
        return .refusal(
            send.status.map { $0 >= 400 ? $0 : status } ?? status,
            "Bad Gateway: \(send.error ?? "no answer yet"); send \(send.id) is \(send.state.rawValue)")
    }

    /// An error in Telegram's form.
    fileprivate static func refusal(_ status: Int, _ text: String, retryAfter: Int64? = nil) -> PassedAnswer {
        var writer = JSONWriter()
        writer.object {
            $0.field("ok", false)
            $0.field("error_code", status)
            $0.field("description", text)
            guard let retryAfter else { return }
            $0.key("parameters")
            $0.object { $0.field("retry_after", retryAfter) }
        }
        return PassedAnswer(status: status, whole: writer.finish())
    }
}

extension SendDraft.Body {
    /// What is kept until it is sent; nil for what is too large.
    fileprivate init?(_ body: BotAPIBody, max: Int) async throws {
        switch body {
        case .none: self = .json("{}")
        case .json(let bytes): self = .json(bytes)
        case .raw(let bytes, let type): self = .form(bytes, contentType: type)
        case .stream(let type, _, let next):
            var whole: [UInt8] = []
            while let piece = try await next() {
                guard whole.count + piece.count <= max else { return nil }
                whole += piece
            }
            self = .form(Bytes(whole), contentType: type)
        }
        guard parts.bytes.count <= max else { return nil }
    }
}

extension BotMethod {
    /// Whether it makes or changes messages, and so goes the way of all sends.
    package var isPaced: Bool {
        let name = name.lowercased()
        guard name != "sendchataction" else { return false }
        return [
            "send", "forward", "copymessage", "editmessage", "deletemessage", "stoppoll",
            "setmessagereaction",
        ]
        .contains { name.hasPrefix($0) } || ["pinchatmessage", "unpinchatmessage"].contains(name)
    }
}
