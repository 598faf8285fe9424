import Bus
import HTTPServer
import Store
import Wire

extension APIError {
    /// What a client is to be told of an error; nil for one that is nothing of the client's.
    static func of(_ error: any Error) -> APIError? {
        switch error {
        case let error as APIError: error
        case let error as JSONError: APIError(error)
        case let error as StoreError where error.isTransient: .busy
        case let error as BusError where error.isOutage: .busy
        default: nil
        }
    }

    private static let busy = APIError(
        .unavailable, "The database is not within reach", details: ["retryAfter": .integer(1)],
        fields: ["retry-after": "1"])
}
