import Base
package import HTTPServer
package import Kernel
import Wire

/// Where a caller's budget stands after a request, as its answer tells.
package struct RateStanding: Sendable, Equatable {
    private static let (limit, remaining): (Bytes, Bytes) = ("ratelimit-limit", "ratelimit-remaining")
    private static let (reset, warning): (Bytes, Bytes) = ("ratelimit-reset", "ratelimit-warning")

    /// What became of the request.
    package let decision: RateDecision

    /// The standing after a decision.
    package init(_ decision: RateDecision) { self.decision = decision }

    /// Adds to an answer what its caller has left; nothing where nobody counts.
    package func stamp(_ response: inout Response) { add(to: &response.fields) }

    /// The answer to a request that is refused.
    func refusal(retryAfter: Duration) -> APIError {
        let seconds = retryAfter.secondsRoundedUp
        var fields: HeaderFields = ["retry-after": "\(seconds)"]
        add(to: &fields)
        return APIError(
            .rateLimited,
            details: [
                "retryAfter": .integer(Int64(seconds)), "limit": .integer(Int64(decision.limit)),
                "current": .integer(Int64(decision.current)),
            ], fields: fields)
    }

    private func add(to fields: inout HeaderFields) {
        let isWarning: Bool
        switch decision.outcome {
        case .uncounted: return
        case .allowed: isWarning = false
        case .warned, .delayed, .refused, .blocked: isWarning = true
        }
        // Room for what the server itself adds as well.
        fields.reserve(fields: 8, bytes: 256)
        fields.append(Self.limit, Self.number(decision.limit))
        fields.append(Self.remaining, Self.number(decision.remaining))
        fields.append(Self.reset, Self.number(decision.resetAfter.secondsRoundedUp))
        if isWarning { fields.append(Self.warning, "1") }
    }

    private static func number(_ value: Int) -> Bytes {
        var text: [UInt8] = []
        text.append(decimal: value)
        return Bytes(text)
    }
}

extension Duration {
    /// Whole seconds in which the span is over for sure, at least one.
    var secondsRoundedUp: Int {
        let (seconds, rest) = components
        return max(1, Int(clamping: seconds) + (rest > 0 ? 1 : 0))
    }
}
