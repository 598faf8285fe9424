internal import Base
internal import Wire

/// Reads what a Bot API server answers.
struct AnswerReader {
    /// Deeper than anything that Telegram sends, and shallow enough for whoever reads on.
    static let limits = JSONLimits(bytesMax: bytesMax, depthMax: 256)
    /// Room for a hundred updates of the largest kind.
    static let bytesMax = 16 << 20
    /// A pause longer than this is no pause but a mistake; adding it to a time must not overflow.
    private static let retryAfterSecondsMax: Int64 = 10_000_000

    let token: BotToken

    /// The answer and its `result`; throws what the server refused with, or that it is no answer.
    func read(
        status: Int, _ fields: HeaderFields, _ whole: Bytes
    ) throws(BotAPIError) -> (answer: BotAPIAnswer, result: JSONView) {
        let document: JSONDocument
        do {
            document = try JSON.parse(whole, limits: Self.limits)
        } catch {
            throw notJSON(status: status, fields)
        }
        switch document["ok"]?.bool {
        case true?:
            guard let result = document["result"] else { throw malformed("no result", status) }
            let answer = BotAPIAnswer(
                status: status, whole: whole, result: whole[result.sourceRange],
                description: document["description"]?.string)
            return (answer, result)
        case false?: throw refusal(document.root, status: status, fields, whole)
        case nil: throw notJSON(status: status, fields)
        }
    }

    private func refusal(
        _ root: JSONView, status: Int, _ fields: HeaderFields, _ whole: Bytes
    ) -> BotAPIError {
        let number = root["error_code"]?.int ?? status
        let parameters = root["parameters"]
        let migrateTo = parameters?["migrate_to_chat_id"]?.int64
        let code: BotAPIError.Code =
            if number == 400, migrateTo != nil { .chatMigrated } else { Self.code(of: number) }
        let text = root["description"]?.string ?? "error \(number)"
        return BotAPIError(
            code, token.hidden(in: Bytes(text)).repairedText, status: status,
            retryAfter: code == .tooManyRequests
                ? pause(parameters?["retry_after"]?.int64 ?? Self.header(fields)) : nil,
            migrateTo: migrateTo, mayHaveBeenSent: code == .server, whole: token.hidden(in: whole))
    }

    /// A proxy or a gateway in between answers so, by its status alone.
    private func notJSON(status: Int, _ fields: HeaderFields) -> BotAPIError {
        let code = Self.code(of: status)
        guard status >= 400, code != .badRequest else { return malformed("no answer of the Bot API", status) }
        return BotAPIError(
            code, "status \(status) without an answer of the Bot API", status: status,
            retryAfter: code == .tooManyRequests ? pause(Self.header(fields)) : nil,
            mayHaveBeenSent: code == .server)
    }

    private func malformed(_ text: String, _ status: Int) -> BotAPIError {
        BotAPIError(.malformedAnswer, "\(text), status \(status)", status: status, mayHaveBeenSent: true)
    }

    /// Without a number there is still a pause to be made.
    private func pause(_ seconds: Int64?) -> Duration {
        .seconds(min(max(seconds ?? 1, 0), Self.retryAfterSecondsMax))
    }

    private static func header(_ fields: HeaderFields) -> Int64? {
        fields["retry-after"].flatMap { Int64($0) }
    }

    private static func code(of number: Int) -> BotAPIError.Code {
        switch number {
        case 401: .unauthorized
        case 403: .forbidden
        case 404: .notFound
        case 409: .conflict
        case 413: .tooLarge
        case 429: .tooManyRequests
        case 500...: .server
        default: .badRequest
        }
    }
}

extension BotToken {
    /// The same bytes without the token, should a server ever repeat it.
    func hidden(in bytes: Bytes) -> Bytes {
        let token = reveal()
        guard bytes.count >= token.count else { return bytes }
        var result: [UInt8] = []
        var start = 0
        var position = 0
        while position + token.count <= bytes.count {
            if bytes[position] == token[0], bytes.part(position, token.count) == token {
                result.append(contentsOf: bytes.part(start, position - start))
                result.append(contentsOf: description.utf8)
                position += token.count
                start = position
            } else {
                position += 1
            }
        }
        guard start > 0 else { return bytes }
        result.append(contentsOf: bytes.part(start, bytes.count - start))
        return Bytes(result)
    }
}
