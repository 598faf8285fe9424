package import Bus
package import HTTPServer
package import Kernel
package import Store
import Wire

extension APIError {
    /// What is answered while the database or the bus is not within reach.
    fileprivate static let busy = APIError(
        .unavailable, "The database is not within reach", details: ["retryAfter": .integer(1)],
        fields: ["retry-after": "1"])
}

extension StoreError: APIErrorCause {
    /// An outage is told as one, with when to come again.
    ///
    /// Where it is not known whether something was done, nobody is told to do it again.
    package var apiError: APIError? {
        if code == .outcomeUnknown {
            return APIError(.timeout, "The database went away before it said whether it has that")
        }
        return isTransient ? .busy : nil
    }
}

extension LogError: APIErrorCause {
    /// An outage is told as one, and a cursor that is too old with the oldest that is not.
    package var apiError: APIError? {
        switch self {
        case .unavailable, .overloaded, .closed: .busy
        case .cursorExpired(let oldest):
            APIError(
                .gone, "Events before \(oldest) are gone",
                details: ["reason": "CURSOR_EXPIRED", "oldest": .string("\(oldest)")])
        case .failed(let error): error.apiError
        case .invalid: nil
        }
    }
}

extension BusError: APIErrorCause {
    /// An outage is told as one, with when to come again.
    package var apiError: APIError? { isOutage ? .busy : nil }
}
