import Base
import HTTPServer
import Wire

/// Answers in the form of the Bot API, which programs written for Telegram understand.
enum CallAnswer {
    /// `{"ok":true,"result":…}`, the result being JSON already.
    static func success(_ result: Bytes, description: String? = nil) -> Response {
        var writer = JSONWriter()
        writer.object {
            $0.key("ok")
            $0.value(true)
            $0.key("result")
            $0.raw(result)
            if let description { $0.field("description", description) }
        }
        return .json(writer.finish())
    }

    /// `{"ok":false,…}`; the status of HTTP is the error's code, as with Telegram.
    static func failure(_ code: Int, _ description: String, retryAfter: Int? = nil) -> Response {
        var writer = JSONWriter()
        writer.object {
            $0.key("ok")
            $0.value(false)
            $0.field("error_code", code)
            $0.field("description", description)
            if let retryAfter {
                $0.key("parameters")
                $0.object { $0.field("retry_after", retryAfter) }
            }
        }
        var response = Response.json(writer.finish(), status: HTTPStatus(code))
        if let retryAfter { response.fields.append("retry-after", "\(retryAfter)") }
        return response
    }

    /// An error of ours, in Telegram's form.
    static func failure(_ error: APIError) -> Response {
        var retryAfter: Int?
        if case .integer(let seconds) = error.details["retryAfter"] { retryAfter = Int(seconds) }
        switch error.code {
        case .unauthorized: return failure(401, "Unauthorized")
        case .rateLimited:
            let seconds = retryAfter ?? 1
            return failure(429, "Too Many Requests: retry after \(seconds)", retryAfter: seconds)
        case .forbidden: return failure(403, "Forbidden: \(error.message)")
        case .notFound, .methodNotAllowed: return failure(404, "Not Found")
        // As where Telegram did not answer: nobody knows whether it was done.
        case .timeout: return failure(504, "Gateway Timeout: \(error.message)")
        case .payloadTooLarge: return failure(413, "Request Entity Too Large")
        default:
            guard error.code.status < 500 else {
                var response = failure(error.code.status, "Internal Server Error: \(error.message)")
                // No parameter of the answer: programs would take it for Telegram's limit.
                if let retryAfter { response.fields.append("retry-after", "\(retryAfter)") }
                return response
            }
            return failure(400, "Bad Request: \(error.message)")
        }
    }

    /// The seconds that an answer of Telegram asks to wait.
    static func retryAfter(_ whole: Bytes) -> Int? {
        do { return try JSON.parse(whole).root["parameters"]?["retry_after"]?.int } catch { return nil }
    }

    static let yes: Bytes = "true"
}
